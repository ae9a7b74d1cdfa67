"""A password that stops working is told at once, and once."""

import time

import letters
import world as people
from process import until
from program import TRY_AGAIN

REASON = "mailbox-password"


def set_password(world, address, password):
    """At the IMAP server; who is logged in is thrown out."""
    users = world.imap.folder / "users"
    rows = users.read_text().splitlines()
    world.imap.stop()
    users.write_text("".join(
        (f"{address}:{{PLAIN}}{password}::::::" if
         row.startswith(f"{address}:") else row) + "\n" for row in rows))
    world.imap.start()


def told(world):
    """Mails to the desk that say so."""
    return [m for m in world.mails(people.DESK, world.desk, kind="alert")
            if REASON in m.text]


def test_after_it_worked(world, daemon):
    d = daemon().start()
    world.deliver(letters.clear_report(), people.STRANGER)
    world.wait_mails(people.STRANGER, kind="acknowledge")
    assert "password" not in d.psirt.text()
    try:
        set_password(world, letters.POC, "another")
        until(lambda: "password" in d.psirt.text(), 20, "psirt to say it")
        until(lambda: told(world), 20, "the mail to the desk")
        # Neither a start nor another refusal tells it again.
        assert d.stop() == 0
        d.start()
        until(lambda: "password" in d.psirt.text(), 20, "psirt to say it")
        time.sleep(4)
        assert len(told(world)) == 1
    finally:
        set_password(world, letters.POC, world.accounts[letters.POC])
    assert d.stop() == 0
    assert "another" not in d.text() + d.at_rest().decode("latin-1")
    # It works again: what came meanwhile is there, and the next time is told.
    world.deliver(letters.finder_report(world.finder, world.poc))
    d.start()
    world.wait_mails(letters.FINDER, kind="acknowledge")
    assert "password" not in d.psirt.text()
    assert d.stop() == 0
    (d.folder / "mailbox.secret").write_text("wrong\n")
    d.start()
    until(lambda: len(told(world)) == 2, 20, "the second mail")


def test_at_the_first_start(world, daemon):
    d = daemon()
    (d.folder / "mailbox.secret").write_text("wrong\n")
    assert d.once() == TRY_AGAIN
    until(lambda: told(world), 20, "the mail to the desk")
    assert d.once() == TRY_AGAIN
    assert len(told(world)) == 1


def test_of_submission(world, daemon):
    """No mail can go, so psirt alone tells it."""
    d = daemon()
    (d.folder / "submission.secret").write_text("wrong\n")
    world.deliver(letters.clear_report(), people.STRANGER)
    d.start()
    text = until(lambda: "submission:" in (t := d.psirt.text()) and t, 20,
                 "psirt to say it")
    assert "password" in text
    assert [m["state"] for m in d.psirt.queue()
            if m["kind"] == "acknowledge"] == ["sealed"]
    assert d.stop() == 0
    d.configure()
    d.start()
    world.wait_mails(people.STRANGER, kind="acknowledge", seconds=60)
    assert "submission:" not in d.psirt.text()
