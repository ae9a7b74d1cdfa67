"""`psirtd -n`: every error with file:line, before anything is started."""

import re

import pytest

from program import SETUP, TOP


def test_good_settings_pass(daemon):
    d = daemon()
    code, text = d.check()
    assert code == 0, text
    assert not d.database.exists() and not d.socket.exists()


def test_check_names_who_cannot_be_reached_under_pgp(daemon):
    code, text = daemon().check()
    assert code == 0 and "Kei Care" in text


@pytest.mark.parametrize("old, new", [
    (r'route = ".*"', 'route = "sometimes"'),
    (r"(?m)^  port = \d+", "  port = 99999"),
    (r"(?m)^  design = .*", '  design = "nobody"'),
    (r"(?m)^  flow = .*", '  flow = "sideways"'),
    (r'(?m)^  poc = ".*"', '  poc = "1234"'),
    (r"(?m)^adopt", "adoptt"),
    (r"(?m)^  password_file = .*\n", "")])
def test_each_error_is_said_with_its_line(daemon, old, new):
    d = daemon(route="ask")
    text = d.conf.read_text()
    bad, count = re.subn(old, new, text, count=1)
    assert count == 1
    d.conf.write_text(bad)
    code, said = d.check()
    assert code == SETUP
    assert re.search(re.escape(str(d.conf)) + r":\d+: ", said), said


def test_all_errors_at_once(daemon):
    d = daemon(route="ask")
    text = d.conf.read_text().replace('route = "ask"', 'route = "x"')
    d.conf.write_text(text.replace('flow = "jpcert"', 'flow = "x"'))
    code, said = d.check()
    lines = re.findall(r":(\d+): ", said)
    assert code == SETUP and len(set(lines)) >= 2, said


def flow(folder, old, new):
    """The shipped flow of a finder's case, with one change."""
    text = (TOP / "conf/flow-direct.conf").read_text()
    assert old in text
    path = folder / "flow-direct.conf"
    path.write_text(text.replace(old, new, 1))
    return path


@pytest.mark.parametrize("old, new", [
    ('after = {"1.1.1"}', 'after = {"9.9.9"}'),
    ("lead = {poc}", "lead = {gardening}"),
    ('mail "report"', 'mail "poem"'),
    ('guard = {"not_before"}', 'guard = {"not_ever"}'),
    ("expects = {mediation}", "expects = {weather}"),
    # Written for the counterpart: no customer reads it.
    ('mail "report" { to = counterpart', 'mail "report" { to = customers'),
])
def test_a_flow_that_cannot_run_is_refused(daemon, tmp_path, old, new):
    path = flow(tmp_path, old, new)
    d = daemon(procedure={"flow_direct": path})
    line = path.read_text()[:path.read_text().index(new)].count("\n") + 1
    code, said = d.check()
    assert code == SETUP
    assert re.search(rf"{re.escape(str(path))}:({line}|{line - 1}): ",
                     said), said
    # And so it is at a start.
    d.start(ready=False)
    assert d.process.wait(20) == SETUP
    assert str(path) in d.text()
    assert not d.database.exists()


def test_a_guard_taken_away_is_noted(daemon, tmp_path):
    path = flow(tmp_path, 'guard = {"not_before"}', "")
    code, said = daemon(procedure={"flow_direct": path}).check()
    assert code == 0
    assert re.search(rf"{re.escape(str(path))}:\d+: note: .*not_before",
                     said), said


def test_missing_key_is_found(world, daemon):
    d = daemon()
    text = d.conf.read_text().replace(world.design.fingerprint,
                                      world.finder.fingerprint)
    d.conf.write_text(text)
    code, said = d.check()
    assert code == SETUP
    assert names_line(d, said, f"key {world.finder.fingerprint}"), said


def names_line(d, said, what):
    """The line of the settings that is named for this fault: it exists."""
    found = re.search(re.escape(str(d.conf)) + r":(\d+): "
                      + re.escape(what), said)
    lines = d.conf.read_text().splitlines()
    return bool(found) and 0 < int(found[1]) <= len(lines)


def test_missing_key_of_an_operator_is_found(world, daemon):
    d = daemon()
    d.conf.write_text(d.conf.read_text().replace(world.desk.fingerprint,
                                                 world.finder.fingerprint))
    code, said = d.check()
    assert code == SETUP
    found = re.search(r":(\d+): key " + world.finder.fingerprint, said)
    line = d.conf.read_text().splitlines()[int(found[1]) - 1]
    assert line.startswith("operator "), (line, said)


def test_bad_pattern_is_said_with_its_product(daemon):
    d = daemon()
    d.conf.write_text(d.conf.read_text().replace("GW-7[A-Z]?", "GW-7[A-"))
    code, said = d.check()
    assert code == SETUP
    found = re.search(r":(\d+): .*GW-7\[A-", said)
    assert found, said
    line = d.conf.read_text().splitlines()[int(found[1]) - 1]
    assert line.startswith('product "GW-7"'), (line, said)


def test_check_says_when_alerts_reach_nobody(world, daemon):
    d = daemon()
    code, said = d.check()
    assert "alerts" not in said
    text = d.conf.read_text()
    head, operator, tail = text.partition("operator ")
    tail = re.sub(r"(?m)^  (address|fingerprint) = .*\n", "", tail)
    d.conf.write_text(head + operator + tail)
    code, said = d.check()
    assert code == 0, said
    assert names_line(d, said, "note: no operator has"), said


def test_poc_key_that_cannot_sign_is_found(world, daemon):
    world.poc.learn(world.finder2)
    d = daemon(keys={"poc": world.finder2.fingerprint})
    code, said = d.check()
    assert code == SETUP
    assert names_line(d, said, f"key {world.finder2.fingerprint}"), said


def test_template_with_an_unknown_word_is_found(daemon):
    import shutil
    from program import shipped
    d = daemon()
    mine = d.folder / "templates"
    shutil.copytree(shipped(d.world) / "templates", mine)
    path = mine / "en/acknowledge.txt"
    path.write_text(path.read_text() + "\n{{report_text}}\n")
    d.configure(templates=mine)
    code, said = d.check()
    assert code == SETUP
    assert re.search(r"acknowledge\.txt:\d+: .*report_text", said), said


def test_secret_that_everybody_may_read_or_is_missing(daemon):
    d = daemon()
    (d.folder / "mailbox.secret").unlink()
    code, said = d.check()
    assert code == SETUP and "mailbox.secret" in said


def test_password_command(world, daemon):
    import letters
    d = daemon(mailbox={"password_file": None,
                        "password_command": "/bin/cat "
                        + str(world.folder / "pw")})
    (world.folder / "pw").write_text(world.accounts[letters.POC] + "\n")
    assert d.once() == 0, d.text()
