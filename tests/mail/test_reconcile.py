"""Letters that psirtd does not know are found, wherever they stand (RULES 9)."""

import shutil
import sqlite3
import time

import pytest

import letters
import world as people
from process import until
from test_backup import restore, set_aside
from world import World

DAY = 86400


def report(word):
    """In clear, and each another flaw."""
    return letters.clear_report().replace(b"tangerine", word.encode())


def a_day_later(d):
    """It was gone through a day ago; the daemon is down."""
    with sqlite3.connect(d.database) as db:
        done = db.execute("UPDATE memo SET value = value - ? WHERE name ="
                          " 'reconciled'", (DAY + 1,)).rowcount
    db.close()
    assert done == 1


def rows(d, sql, *values):
    with sqlite3.connect(d.database) as db:
        found = db.execute(sql, values).fetchall()
    db.close()
    return found


def settle(d):
    before = len(d.text())
    assert d.once() == 0, d.text()
    return d.text()[before:]


def answers(d):
    """State and reason of what answers letters."""
    return [(m["state"], m["reason"] or "") for m in d.psirt.queue()
            if m["kind"] == "acknowledge"]


def test_dragged_into_filed_by_hand(world, daemon):
    """Before psirtd saw it: taken, left there, and answered by nobody but
    the person who decides."""
    d = daemon()
    settle(d)
    world.put(letters.finder_report(world.finder, world.poc), folder="Filed")
    settle(d)  # not yet a day
    a_day_later(d)
    settle(d)
    d.start()
    letter, = d.psirt.letters()
    assert letter["state"] == "filed" and len(d.psirt.cases()) == 1
    assert len(world.letters(letters.POC, "Filed")) == 1
    (state, why), = answers(d)
    assert state == "uncertain" and "answered before" in why
    assert "uncertain" in d.psirt.text()
    assert world.mails(letters.FINDER) == []
    assert world.wait_mails(people.DESK, 1, world.desk)
    mail, = [m for m in d.psirt.queue() if m["kind"] == "acknowledge"]
    d.psirt.text("queue", "resend", str(mail["mail"]))
    world.wait_mails(letters.FINDER, 1, kind="acknowledge")
    assert d.stop() == 0
    # And it is known from now on.
    a_day_later(d)
    assert "stop=store" not in settle(d)
    assert rows(d, "SELECT count(*) FROM letter") == [(1,)]


def test_while_running_too(world, daemon):
    """The first start goes through everything at once; nothing is moved."""
    world.put(letters.finder_report(world.finder, world.poc), folder="Filed")
    d = daemon().start()
    until(lambda: d.psirt.letters(), 20, "the letter in Filed")
    world.deliver(letters.clear_report(), people.STRANGER)
    world.wait_mails(people.STRANGER, 1, kind="acknowledge")
    assert world.mails(letters.FINDER) == []
    until(lambda: len(world.letters(letters.POC, "Filed")) == 2, 10, "Filed")


@pytest.mark.parametrize("adopt, taken, held", [
    ("leave", 0, 0), (None, 0, 0), ("file", 1, 0), ("answer", 1, 1)])
def test_filed_of_before_the_first_start(world, daemon, adopt, taken, held):
    """INBOX is empty: only adopt speaks of what stands in Filed."""
    world.put(letters.finder_report(world.finder, world.poc), folder="Filed")
    d = daemon(adopt=adopt)
    settle(d)
    assert rows(d, "SELECT count(*) FROM letter") == [(taken,)]
    d.start()
    assert [a[0] for a in answers(d)] == ["uncertain"] * held
    assert d.stop() == 0
    # What somebody puts there from now on is taken.
    world.put(letters.clear_report(), folder="Filed")
    a_day_later(d)
    settle(d)
    assert rows(d, "SELECT count(*) FROM letter") == [(taken + 1,)]
    assert world.mails(letters.FINDER) == world.mails(people.STRANGER) == []


def test_moved_letters_are_known_where_they_are(world, daemon):
    """COPYUID tells: not one is fetched again."""
    d = daemon()
    settle(d)
    for n in range(3):
        world.deliver(letters.clear_report(), people.STRANGER)
    settle(d)
    copies = rows(d, "SELECT uid, letter FROM copy WHERE folder = 'Filed'")
    assert len(copies) == 3 and len({c[1] for c in copies}) == 3
    with world.mailbox(letters.POC) as box:
        box.select("Filed", readonly=True)
        there = box.uid("SEARCH", "ALL")[1][0].split()
    assert sorted(int(u) for u in there) == sorted(c[0] for c in copies)
    a_day_later(d)
    assert "stop=store" not in settle(d)
    # Without those rows each is fetched once, and known by its digest.
    rows(d, "DELETE FROM copy WHERE folder = 'Filed'")
    a_day_later(d)
    assert settle(d).count("stop=store known") == 3
    assert len(rows(d, "SELECT 1 FROM copy WHERE folder = 'Filed'")) == 3
    assert rows(d, "SELECT count(*) FROM letter") == [(3,)]
    assert len(world.letters(letters.POC, "Filed")) == 3


def renumber(world, folder, *raw):
    """The folder is made anew, with these letters in it."""
    path = world.mail / letters.POC
    if folder != "INBOX":
        path = path / f".{folder}"
    with world.mailbox(letters.POC) as box:
        before = box.status(folder, "(UIDVALIDITY)")[1]
    shutil.rmtree(path)
    if folder != "INBOX":
        for name in ("dovecot.list.index", "dovecot.list.index.log"):
            (world.mail / letters.POC / name).unlink(missing_ok=True)
    time.sleep(1.1)
    for letter in raw:
        world.put(letter, folder=folder)
    with world.mailbox(letters.POC) as box:
        assert box.status(folder, "(UIDVALIDITY)")[1] != before


def test_inbox_numbered_anew(world, daemon):
    """What is not known may have been answered; what comes later was not."""
    d = daemon()
    known = letters.finder_report(world.finder, world.poc)
    world.put(known)
    settle(d)
    renumber(world, "INBOX", known, letters.clear_report())
    settle(d)
    d.start()
    assert len(d.psirt.letters()) == 2
    assert [a[0] for a in answers(d)] == ["uncertain"]
    world.deliver(report("other"), people.STRANGER)
    world.wait_mails(people.STRANGER, 1, kind="acknowledge")
    assert len(world.mails(letters.FINDER, kind="acknowledge")) == 1
    assert d.stop() == 0


def test_filed_numbered_anew(world, daemon):
    d = daemon()
    known = letters.finder_report(world.finder, world.poc)
    world.deliver(known)
    settle(d)
    kept, = world.letters(letters.POC, "Filed")
    renumber(world, "Filed", kept, letters.clear_report())
    a_day_later(d)
    said = settle(d)
    assert said.count("stop=store known") == 1
    assert said.count("stop=store received") == 1
    d.start()
    assert len(d.psirt.letters()) == 2
    assert [a[0] for a in answers(d)] == ["uncertain"]
    assert len(world.letters(letters.POC, "Filed")) == 2
    assert d.stop() == 0


def backup_then(world, d, *after):
    """A backup; then these letters come, are answered, and all is lost."""
    d.start()
    until(lambda: "adopted" in [x["what"] for x in d.psirt.log()], 20,
          "the first look at INBOX")
    copy = d.folder / "copy.db"
    d.psirt.text("backup", str(copy))
    for letter, sender in after:
        world.deliver(letter, sender)
        world.wait_mails(sender, 1, kind="acknowledge")
    until(lambda: len(d.psirt.letters()) >= len(after), 20, "the letters")
    d.kill()
    set_aside(d)
    code, said = restore(d, copy)
    assert code == 0, said


def test_restored_in_the_middle_of_work(world, daemon):
    """Nothing lost, nothing answered twice, nothing leaves unasked."""
    d = daemon()
    world.deliver(letters.finder_report(world.finder2, world.poc,
                                        sender=people.FINDER2),
                  people.FINDER2)
    settle(d)
    backup_then(world, d,
                (letters.finder_report(world.finder, world.poc),
                 letters.FINDER),
                (letters.clear_report(), people.STRANGER))
    # And one came that nobody has seen yet.
    world.deliver(report("another"), people.STRANGER)
    assert d.once() == 75, d.text()
    assert rows(d, "SELECT count(*) FROM letter") == [(4,)]
    d.start()
    assert [a[0] for a in answers(d)] == ["uncertain"] * 3
    d.psirt.text("queue", "release")
    time.sleep(2)
    assert [a[0] for a in answers(d)] == ["uncertain"] * 3
    for who in (letters.FINDER, people.FINDER2, people.STRANGER):
        assert len(world.mails(who, kind="acknowledge")) == 1
    # What comes from now on is answered as ever.
    world.deliver(report("third"), people.STRANGER)
    world.wait_mails(people.STRANGER, 2, kind="acknowledge")
    d.psirt.text("log", "--verify")
    assert d.stop() == 0


@pytest.mark.parametrize("adopt", ["leave", None])
def test_restored_from_before_filed_was_there(world, daemon, adopt):
    """Of the first day: Filed is made with the first letter, after the
    backup, and holds all that came since."""
    d = daemon(adopt=adopt)
    backup_then(world, d, (letters.clear_report(), people.STRANGER))
    until(lambda: len(world.letters(letters.POC, "Filed")) == 1, 10, "Filed")
    assert rows(d, "SELECT 1 FROM mailbox WHERE folder = 'Filed'") == []
    assert d.once() == 75, d.text()
    assert rows(d, "SELECT count(*) FROM letter") == [(1,)]
    d.start()
    assert [a[0] for a in answers(d)] == ["uncertain"]
    assert d.stop() == 0
    assert len(world.mails(people.STRANGER, kind="acknowledge")) == 1


def test_restored_from_before_the_first_look(world, daemon):
    """INBOX, too, may hold what came since."""
    d = daemon(adopt="leave")
    settle(d)
    rows(d, "DELETE FROM mailbox")
    copy = d.folder / "copy.db"
    shutil.copy(d.database, copy)
    set_aside(d)
    world.put(letters.clear_report())
    code, said = restore(d, copy)
    assert code == 0, said
    assert d.once() == 75, d.text()
    assert rows(d, "SELECT count(*) FROM letter") == [(1,)]
    d.start()
    assert [a[0] for a in answers(d)] == ["uncertain"]
    assert d.stop() == 0


def test_restored_where_letters_stay_in_the_folder():
    """No MOVE, no UIDPLUS: what we marked is not known any more."""
    from program import Daemon
    w = World(imap_extra="protocol imap {\n  imap_capability = IMAP4rev1 "
              "SASL-IR LOGIN-REFERRALS ID ENABLE LITERAL+\n}\n")
    d = Daemon(w)
    try:
        settle(d)
        backup_then(w, d, (letters.clear_report(), people.STRANGER))
        until(lambda: [b"$PsirtdFiled" in f for f in w.flags(letters.POC)]
              == [True], 10, "the keyword")
        assert d.once() == 75, d.text()
        assert rows(d, "SELECT count(*) FROM letter") == [(1,)]
        d.start()
        assert [a[0] for a in answers(d)] == ["uncertain"]
        assert d.stop() == 0
        assert len(w.mails(people.STRANGER, kind="acknowledge")) == 1
    finally:
        d.remove()
        assert w.close() == []
