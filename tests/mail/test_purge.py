"""psirt purge: what is kept no longer goes, and nothing else."""

import sqlite3

import letters
import world as people
from process import until

YEAR = 366 * 86400


def age(d, seconds):
    """Turn the clock back: what was closed and stored is older by so much."""
    assert not d.alive()
    with sqlite3.connect(d.database) as db:
        db.execute("UPDATE casefile SET closed = closed - ? WHERE closed > 0",
                   (seconds,))
        db.execute("UPDATE letter SET stored = stored - ?", (seconds,))
        db.execute("UPDATE clock SET due = due - ?, warn = warn - ?",
                   (seconds, seconds))
    db.close()


def world_with_a_closed_case(world, daemon):
    """Two cases, one of them closed; an inquiry; the running daemon."""
    d = daemon(procedure={"retention_years": 1})
    world.deliver(letters.finder_report(world.finder, world.poc))
    world.deliver(letters.inquiry(), people.STRANGER)
    assert d.once() == 0, d.text()
    d.start()
    closed = d.psirt.cases()[0]["case"]
    d.psirt.text("note", closed, "a note about the xylophone")
    d.psirt.text("close", closed, "duplicate", "--why", "a reason")
    world.deliver(letters.finder_report(
        world.finder2, world.poc, subject="Flaw in GW-7",
        text="Another flaw, in GW-7: a quince."), people.FINDER2)
    until(lambda: len(d.psirt.cases()) == 2, 20, "a second case")
    until(lambda: len(world.mails(letters.FINDER)) == 2, 20,
          "its acknowledgement")
    d.stop()
    return d, closed


def test_old_goes_and_the_rest_stays(world, daemon):
    d, closed = world_with_a_closed_case(world, daemon)
    d.start()
    assert d.psirt.json("purge", "--dry-run")["cases"] == []
    d.stop()
    age(d, 2 * YEAR)
    d.start()
    letter = [x for x in d.psirt.letters() if x["case"] == closed][0]
    dry = d.psirt.json("purge", "--dry-run")
    assert [x["case"] for x in dry["cases"]] == [closed]
    assert len(dry["letters"]) == 1
    assert d.psirt.case(closed)["purged"] is None
    done = d.psirt.json("purge")
    assert done["cases"] == dry["cases"]
    assert done["letters"] == dry["letters"]
    shown = d.psirt.case(closed)
    assert shown["purged"] and shown["finder"] is None
    assert "letters purged" in d.psirt.text("show", closed)
    refused = d.psirt.run("letter", str(letter["letter"]), "--raw")
    assert refused.returncode == 1 and "purged" in refused.stderr
    d.psirt.text("letter", str(letter["letter"]))
    d.psirt.text("step", closed)
    d.psirt.text("log", "--verify")
    assert len(d.psirt.log()) > 5
    assert d.psirt.json("purge")["cases"] == []
    # The open case is whole.
    other = [x for x in d.psirt.letters()
             if x["case"] not in (None, closed)][0]
    assert "quince" in d.psirt.text("letter", str(other["letter"]))
    d.stop()
    with sqlite3.connect(d.database) as db:
        assert db.execute(
            "SELECT count(DISTINCT letter) FROM letter_chunk").fetchone() \
            == (1,)
        assert db.execute("SELECT count(*) FROM opening").fetchone() == (1,)
        what = db.execute("SELECT count(*) FROM letter"
                          " WHERE digest IS NOT NULL").fetchone()
    db.close()
    assert what == (3,)
    assert d.once() == 0, d.text()


def test_only_a_lead_may(world, daemon):
    d = daemon(operator_role="operator").start()
    assert d.psirt.run("purge").returncode == 1
    assert d.psirt.run("purge", "--dry-run").returncode == 0


def test_a_purged_case_is_asked_everything(world, daemon):
    """Nothing that is gone is taken for what is there."""
    d, closed = world_with_a_closed_case(world, daemon)
    age(d, 2 * YEAR)
    d.start()
    letter = [x for x in d.psirt.letters() if x["case"] == closed][0]
    mails = [m["mail"] for m in d.psirt.case(closed)["mails"]]
    assert mails
    d.psirt.text("purge")
    number = str(letter["letter"])
    refused = [d.psirt.run("letter", number, "--reopen"),
               d.psirt.run("file", number)]
    assert [x.returncode for x in refused] == [1, 1]
    assert "purged" in refused[0].stderr

    def ask_all():
        for words in (["show", closed], ["clock", closed], ["who", closed],
                      ["question", closed], ["step", closed],
                      ["letter", number], ["queue"], ["task"],
                      ["list", "--all"], ["log", "--case", closed],
                      ["log", "--notes", "--case", closed], ["today"],
                      *[["approve", str(m)] for m in mails],
                      *[["queue", "resend", str(m)] for m in mails]):
            said = d.psirt.run(*words)
            assert said.returncode in (0, 1), (words, said.stderr)

    ask_all()
    # Opened again it is a case with nothing in it, and can be closed.
    d.psirt.text("reopen", closed)
    ask_all()
    for words in (["reply", closed, "We looked again."],
                  ["route", closed, "plc"], ["title", closed, "again"],
                  ["note", closed, "opened again"],
                  ["step", closed, "1.1.1", "start"]):
        said = d.psirt.run(*words)
        assert said.returncode in (0, 1), (words, said.stderr)
    ask_all()
    world.deliver(letters.finder_report(world.finder, world.poc))
    world.deliver(letters.finder_report(
        world.finder, world.poc, subject=f"Re: [{closed}] once more",
        text="Is there any news?"))
    until(lambda: len(d.psirt.letters()) == 5, 20, "two letters more")
    ask_all()
    d.psirt.text("close", closed, "duplicate", "--why", "again")
    assert d.alive()
    assert "dead" not in d.text() and "died" not in d.text()
