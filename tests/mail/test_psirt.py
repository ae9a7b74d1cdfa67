"""The operator's command, and the record it leaves."""

import json
import os
import shutil
import sqlite3
import subprocess
import unicodedata

import pytest

import letters
import world as people
from process import until
from program import BUILD


@pytest.fixture
def desk(world, daemon):
    d = daemon()
    world.deliver(letters.finder_report(world.finder, world.poc))
    world.deliver(letters.inquiry(), people.STRANGER)
    world.deliver(letters.jpcert_notice(world.forger, world.poc),
                  letters.JPCERT)
    d.start()
    world.wait_mails(letters.FINDER, kind="acknowledge")
    until(lambda: len(d.psirt.letters()) == 3 and all(
        x["state"] not in ("received", "opened") for x in d.psirt.letters()),
        20, "three letters")
    return d


def what(d):
    return [line["what"].replace("-", " ") for line in d.psirt.log()]


def test_today_says_what_needs_a_person(desk):
    today = desk.psirt.json()
    assert [row["state"] for row in today["letters"]].count("inquiry") == 1
    assert "set-aside" in [row["state"] for row in today["letters"]]
    text = desk.psirt.text()
    for row in today["letters"]:
        assert f"psirt letter {row['letter']}" in text


def persons(d):
    """How many lines of the record are a person's."""
    return sum(line["actor"] != "psirtd" for line in d.psirt.log())


def test_list_shows_no_content_and_leaves_no_trace(desk):
    before = persons(desk)
    text = desk.psirt.text("list") + desk.psirt.text("list", "--letters") \
        + desk.psirt.text() + desk.psirt.text("queue")
    for word in ("XYZ-100", "Robin", letters.FINDER, "xylophone"):
        assert word not in text
    assert persons(desk) == before


def test_reading_leaves_a_trace(desk):
    case, = desk.psirt.cases()
    before = what(desk)
    shown = desk.psirt.text("show", case["case"])
    assert letters.FINDER in shown
    letter = [x for x in desk.psirt.letters() if x["case"]][0]
    text = desk.psirt.text("letter", str(letter["letter"]))
    assert "xylophone" in text
    # The daemon may be sending meanwhile; a person's lines count here.
    after = [line for line in desk.psirt.log()[len(before):]
             if line["actor"] != "psirtd"]
    names = [line["what"].replace("-", " ") for line in after]
    assert names == ["case read", "letter read"], names
    assert all(line["actor"] not in ("", "psirtd") for line in after)
    assert after[1]["letter"] == letter["letter"]


def test_raw_letter_is_the_bytes_that_came(world, desk):
    letter = [x for x in desk.psirt.letters() if x["case"]][0]
    done = desk.psirt.run("letter", str(letter["letter"]), "--raw",
                          binary=True)
    assert done.returncode == 0
    stored = world.letters(letters.POC, "Filed")
    assert done.stdout in stored


def test_letter_shows_who_signed(world, desk):
    letter = [x for x in desk.psirt.letters() if x["case"]][0]
    data = desk.psirt.json("letter", str(letter["letter"]))
    assert any(layer["opened"] for layer in data["layers"])
    fields = {f["field"]: f["value"] for f in data["fields"]}
    assert fields["product"] == "XYZ-100" and fields["version"] == "2.3.1"
    kinds = {i["kind"]: i["value"] for i in data["identifiers"]}
    assert kinds["CWE"] == "CWE-120"


def test_usage_and_refusals(desk):
    psirt = desk.psirt
    assert psirt.run("show").returncode == 2
    assert psirt.run("show", "PSIRT-1999-0001").returncode == 1
    assert psirt.run("nonsense").returncode == 2
    assert psirt.run("letter", "999").returncode == 1
    assert psirt.run("route", psirt.cases()[0]["case"],
                     "nobody").returncode == 1


def test_without_a_daemon(desk):
    desk.stop()
    done = desk.psirt.run("list")
    assert done.returncode == 75 and done.stderr
    # A program gets its object all the same.
    for words, code in ((("list",), 75), (("list", "--nope"), 2),
                        (("log", "--case"), 2)):
        done = desk.psirt.run(*words, "--json") if words[-1] != "--case" \
            else desk.psirt.run("--json", *words)
        answer = json.loads(done.stdout)
        assert done.returncode == code == answer["exit"], done
        assert answer["version"] == 1 and answer["data"] == {}
        assert answer["error"] and not done.stderr


def test_the_same_route_twice(desk):
    case, = desk.psirt.cases()
    desk.psirt.text("route", case["case"], "plc", "--again")
    refused = desk.psirt.run("route", case["case"], "plc")
    assert refused.returncode == 1 and "add --again" in refused.stderr
    desk.psirt.text("route", case["case"], "plc", "--again")


def test_viewer_may_look_and_not_act(world, daemon):
    d = daemon(operator_role="viewer")
    world.deliver(letters.inquiry(), people.STRANGER)
    assert d.once() == 0, d.text()
    d.start()
    letter, = d.psirt.letters()
    assert d.psirt.run("letter", str(letter["letter"])).returncode == 0
    refused = d.psirt.run("drop", str(letter["letter"]), "--why", "x")
    assert refused.returncode == 1
    assert d.psirt.letters()[0]["state"] == "inquiry"
    assert "refused" in what(d)


def test_stranger_on_the_machine_is_refused(world, daemon):
    if os.getuid() != 0:
        pytest.skip("takes another user's identity")
    d = daemon().start()
    os.chmod(d.folder, 0o755)
    os.chmod(d.socket, 0o666)
    # A copy: the stranger need not be able to look into the build.
    program = shutil.copy(BUILD / "psirt", d.folder / "psirt")
    done = subprocess.run([program, "--socket", str(d.socket), "list"],
                          capture_output=True, text=True, timeout=60,
                          user=65534, group=65534, extra_groups=[],
                          cwd="/", env={"PATH": "/usr/bin:/bin", **{
                              name: os.environ[name] for name in
                              ("ASAN_OPTIONS", "LSAN_OPTIONS")
                              if name in os.environ}})
    assert done.returncode == 1
    assert "cases" not in done.stdout
    assert "refused" in what(d)


def test_columns_stand_under_each_other(world, daemon):
    """Full-width characters take two columns."""
    d = daemon()
    world.deliver(letters.japanese_inline(world.finder2, world.poc),
                  people.FINDER2)
    world.deliver(letters.finder_report(world.finder, world.poc))
    assert d.once() == 0, d.text()
    d.start()

    def columns(line, upto):
        return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1
                   for c in line[:upto])

    rows = [line for line in d.psirt.text("list").splitlines()
            if "PSIRT-" in line]
    assert len(rows) == 2
    at = {columns(line, line.index("direct")) for line in rows}
    assert len(at) == 1


def test_record_is_whole_until_somebody_touches_it(desk):
    done = desk.psirt.run("log", "--verify")
    assert done.returncode == 0
    desk.stop()
    base = sqlite3.connect(desk.database)
    table, = [row[0] for row in base.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE "
        "'%record%' AND sql LIKE '%chain%'")][:1]
    rows = base.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
    assert rows > 10
    columns = [row[1] for row in base.execute(
        f"PRAGMA table_info({table})")]
    when = [c for c in columns if c in ("at", "time", "made")][0]
    base.execute("DROP TRIGGER record_not_changed")
    base.execute(f"UPDATE {table} SET {when} = {when} + 1 WHERE rowid = 5")
    base.commit()
    base.close()
    desk.start()
    done = desk.psirt.run("log", "--verify")
    assert done.returncode == 1
    assert "5" in done.stdout + done.stderr


def test_record_holds_no_content(desk):
    text = desk.psirt.text("log", "--json")
    for word in ("XYZ-100", letters.FINDER, "xylophone", "JVN#12345678"):
        assert word not in text


def test_numbers_are_free_of_gaps(world, daemon):
    d = daemon()
    for n in range(4):
        world.deliver(letters.plain(f"GW-7B fails, take {n}.\n",
                                    subject=f"GW-7B {n}"), people.STRANGER)
    assert d.once() == 0, d.text()
    d.start()
    numbers = sorted(c["case"] for c in d.psirt.cases())
    assert [int(n[-4:]) for n in numbers] == [1, 2, 3, 4]


def test_version_and_help():
    for name in ("psirt", "psirtd"):
        done = subprocess.run([str(BUILD / name), "--help"],
                              capture_output=True, text=True)
        assert done.returncode == 0 and "usage" in done.stdout.lower()
