"""`psirtd -n`: the files that procedure { } names, each by its own lines."""

from program import SETUP, TOP


def line_of(text, part):
    return text[:text.index(part)].count("\n") + 1


def changed(folder, name, old, new):
    """A shipped flow, changed in one place; its path, and the line of it."""
    text = (TOP / "conf" / name).read_text()
    assert old in text
    path = folder / name
    path.write_text(text.replace(old, new, 1))
    return path, line_of(text, old)


def test_a_guard_taken_away_is_noted(daemon, tmp_path):
    path, line = changed(
        tmp_path, "flow-jpcert.conf",
        'close "declined" { guard = {"requires_sent: 1.4.1"} }',
        'close "declined" {}')
    code, said = daemon(procedure={"flow_jpcert": str(path)}).check()
    assert code == 0, said
    assert (f'{path}:{line}: note: close declined has no guard '
            f'"requires_sent: 1.4.1"') in said


def test_a_mail_to_the_wrong_reader_is_an_error(daemon, tmp_path):
    path, line = changed(
        tmp_path, "flow-direct.conf",
        'mail "report" { to = counterpart policy = approve }',
        'mail "report" { to = {sales} policy = approve }')
    code, said = daemon(procedure={"flow_direct": str(path)}).check()
    assert code == SETUP
    assert f'{path}:{line}: the mail "report" is written for' in said


def test_a_step_that_is_not_there_is_an_error(daemon, tmp_path):
    path, line = changed(tmp_path, "flow-direct.conf",
                         'after = {"3.2.1", "3.2.2"}',
                         'after = {"3.2.1", "3.2.3"}')
    code, said = daemon(procedure={"flow_direct": str(path)}).check()
    assert code == SETUP
    assert f'{path}:{line}: after: "3.2.3" is no step of this flow' in said


def test_a_customer_without_a_key_in_the_keyring_is_an_error(
        daemon, tmp_path):
    path = tmp_path / "customers.csv"
    path.write_text(
        "name,address,fingerprint,nda,products,integrator,language\n"
        f"North,ops@north.example,{'4A' * 20},yes,XYZ-100,,en\n")
    code, said = daemon(procedure={"customers": str(path)}).check()
    assert code == SETUP
    assert f"{path}:2: " in said and "4A" * 20 in said


def test_holidays_are_told_by_their_line(daemon, tmp_path):
    path = tmp_path / "holidays"
    path.write_text("2027-01-01 元日\n2027-02-30 no day\n")
    code, said = daemon(procedure={"holidays": str(path)}).check()
    assert code == SETUP
    assert f'{path}:2: "2027-02-30" must be a day' in said
