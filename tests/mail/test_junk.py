"""Letters in the Junk folder are looked at too, and answered with care."""

import time

import letters
import world as people
from process import until


def settle(d):
    before = len(d.text())
    assert d.once() == 0, d.text()
    return d.text()[before:]


def junk_daemon(daemon, **changes):
    return daemon(mailbox={"junk": "Junk"}, **changes)


def folders_hold(world, inbox, junk, filed):
    until(lambda: [len(world.letters(letters.POC, f)) for f in
                   ("INBOX", "Junk", "Filed")] == [inbox, junk, filed], 15,
          f"{inbox}, {junk}, {filed} letters in INBOX, Junk, Filed")


def test_taken_and_answered_as_the_rules_say(world, daemon):
    """In clear nothing is answered; what was encrypted to us is as ever."""
    d = junk_daemon(daemon, acknowledge="any")
    for letter in (letters.clear_report(), letters.spam(),
                   letters.finder_report(world.finder, world.poc),
                   letters.jpcert_notice(world.jpcert, world.poc)):
        world.put(letter, folder="Junk")
    settle(d)
    folders_hold(world, 0, 0, 4)
    assert len(world.mails(letters.FINDER, kind="acknowledge")) == 1
    assert len(world.mails(letters.JPCERT, kind="acknowledge")) == 1
    assert world.mails(people.STRANGER) == []
    assert world.mails("sales@boxes.example") == []
    d.start()
    rows = d.psirt.letters()
    assert len(rows) == 4 and all(row["junk"] for row in rows)
    assert len(d.psirt.cases()) == 3
    assert any(line["what"] == "no-acknowledge" and "junk" in str(line)
               for line in d.psirt.log())
    inquiry, = [row for row in rows if row["state"] == "inquiry"]
    assert "JUNK" in d.psirt.text()
    assert "as junk" in d.psirt.text("letter", str(inquiry["letter"]))
    # A person says that it is none.
    d.psirt.text("file", str(inquiry["letter"]))
    world.wait_mails("sales@boxes.example", 1, kind="acknowledge")


def test_both_folders_while_running(world, daemon):
    """The server idles on INBOX; Junk is looked at each poll."""
    d = junk_daemon(daemon).start()
    world.deliver(letters.clear_report(), people.STRANGER)
    world.wait_mails(people.STRANGER, 1, kind="acknowledge")
    time.sleep(3)
    world.put(letters.finder_report(world.finder, world.poc), folder="Junk")
    world.wait_mails(letters.FINDER, 1, kind="acknowledge")
    world.deliver(letters.finder_report(world.finder2, world.poc,
                                        sender=people.FINDER2),
                  people.FINDER2)
    world.wait_mails(people.FINDER2, 1, kind="acknowledge")
    folders_hold(world, 0, 0, 3)
    rows = {row["letter"]: row["junk"] for row in d.psirt.letters()}
    assert sorted(rows.values()) == [False, False, True]
    assert "JUNK" in d.psirt.text("list", "--letters")
    assert len(world.imap.logins(letters.POC)) > 0
    assert d.stop() == 0


def test_no_such_folder(world, daemon):
    """It is told, and INBOX goes on; it comes, and that is gone."""
    d = junk_daemon(daemon).start()
    until(lambda: "Junk" in d.psirt.text(), 10, "psirt to say it")
    world.deliver(letters.clear_report(), people.STRANGER)
    world.wait_mails(people.STRANGER, 1, kind="acknowledge")
    world.put(letters.finder_report(world.finder, world.poc), folder="Junk")
    until(lambda: "Trouble" not in d.psirt.text(), 10, "psirt to be content")
    until(lambda: len(d.psirt.letters()) == 2, 10, "the letter in Junk")
    assert d.text().count("does not open the folder Junk") == 1
    assert d.stop() == 0


def test_of_before_the_first_start(world, daemon):
    """adopt speaks of it as well; nobody has to speak for it."""
    for adopt, taken, answered in ((None, 0, 0), ("leave", 0, 0),
                                   ("file", 1, 0), ("answer", 1, 1)):
        world.reset()
        world.put(letters.finder_report(world.finder, world.poc),
                  folder="Junk")
        d = junk_daemon(daemon, adopt=adopt)
        settle(d)
        folders_hold(world, 0, 1 - taken, taken)
        assert len(world.mails(letters.FINDER)) == answered
        # What comes later is looked at in any case.
        world.put(letters.clear_report(), folder="Junk")
        settle(d)
        folders_hold(world, 0, 1 - taken, taken + 1)


def test_without_the_setting_nobody_looks(world, daemon):
    d = daemon()
    world.put(letters.finder_report(world.finder, world.poc), folder="Junk")
    settle(d)
    d.start()
    assert d.psirt.letters() == []
    assert len(world.letters(letters.POC, "Junk")) == 1
    assert d.stop() == 0
