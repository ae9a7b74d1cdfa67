"""The mailbox: where letters are moved, and what the first start does."""

import time

import pytest

import letters
import world as people
from process import until
from program import SETUP, TRY_AGAIN
from world import World


def inbox_empty(world):
    until(lambda: world.letters(letters.POC) == [], 5, "INBOX to empty")


@pytest.mark.parametrize("starttls", [False, True])
def test_both_ways_of_tls(world, daemon, starttls):
    d = daemon(mailbox={"starttls": starttls},
               submission={"starttls": starttls})
    world.deliver(letters.finder_report(world.finder, world.poc))
    before = len(world.imap.logins(letters.POC))
    assert d.once() == 0, d.text()
    world.wait_mails(letters.FINDER, kind="acknowledge")
    inbox_empty(world)
    logins = world.imap.logins(letters.POC)[before:]
    assert logins and all(", TLS," in line for line in logins)


def test_filed_is_made_when_missing(world, daemon):
    d = daemon()
    world.deliver(letters.clear_report(), people.STRANGER)
    assert "Filed" not in world.folders()
    assert d.once() == 0, d.text()
    assert "Filed" in world.folders()
    inbox_empty(world)
    assert len(world.letters(letters.POC, "Filed")) == 1


def test_letter_is_noticed_while_running(world, daemon):
    """IDLE: much faster than the poll."""
    d = daemon(mailbox={"poll": "10m"}).start()
    time.sleep(1)
    began = time.monotonic()
    world.deliver(letters.clear_report(), people.STRANGER)
    world.wait_mails(people.STRANGER, kind="acknowledge", seconds=15)
    assert time.monotonic() - began < 15
    assert d.stop() == 0


NO_MOVE = ("IMAP4rev1 SASL-IR LOGIN-REFERRALS ID ENABLE IDLE UIDPLUS "
           "LITERAL+")
NO_UIDPLUS = "IMAP4rev1 SASL-IR LOGIN-REFERRALS ID ENABLE LITERAL+"


@pytest.fixture(params=["no MOVE", "no UIDPLUS, no IDLE"])
def poor(request):
    """A server that lacks an extension; it does say so."""
    capability = NO_MOVE if request.param == "no MOVE" else NO_UIDPLUS
    w = World(imap_extra="protocol imap {\n"
              f"  imap_capability = {capability}\n}}\n")
    w.lacks = request.param
    yield w
    assert w.close() == []


def test_server_without_move(poor):
    from program import Daemon
    d = Daemon(poor)
    try:
        poor.deliver(letters.clear_report(), people.STRANGER)
        poor.deliver(letters.inquiry(), people.STRANGER)
        d.start()
        poor.wait_mails(people.STRANGER, kind="acknowledge")
        if poor.lacks == "no MOVE":
            inbox_empty(poor)
            assert len(poor.letters(letters.POC, "Filed")) == 2
        else:
            # Nothing may be expunged without naming it: marked and left.
            until(lambda: [b"$PsirtdFiled" in f for f in
                           poor.flags(letters.POC)] == [True, True], 10,
                  "the keyword")
        # A letter that is left is not taken again.
        assert d.stop() == 0
        assert d.once() == 0, d.text()
        d.start()
        assert len(d.psirt.letters()) == 2
        assert len(poor.mails(people.STRANGER, kind="acknowledge")) == 1
        # Polling, where the server has no IDLE.
        poor.deliver(letters.clear_report(), letters.FINDER)
        until(lambda: len(d.psirt.letters()) == 3, 15, "the third letter")
        assert d.stop() == 0
    finally:
        d.remove()


def test_deleted_by_others_is_not_expunged(poor):
    """What somebody else marked \\Deleted stays (no bare EXPUNGE)."""
    from program import Daemon
    d = Daemon(poor, adopt="leave")
    try:
        poor.put(letters.inquiry())
        with poor.mailbox(letters.POC) as box:
            box.select("INBOX")
            box.store("1", "+FLAGS", "(\\Deleted)")
            box.unselect()
        assert d.once() == 0, d.text()
        poor.deliver(letters.clear_report(), people.STRANGER)
        assert d.once() == 0, d.text()
        assert any(b"\\Deleted" in f for f in poor.flags(letters.POC))
    finally:
        d.remove()


def test_too_large_is_not_fetched(world, daemon):
    d = daemon(mailbox={"letter_max": "100K"})
    world.deliver(letters.of_size(3_000_000), people.STRANGER)
    world.deliver(letters.clear_report(), people.STRANGER)
    d.start()
    world.wait_mails(people.STRANGER, kind="acknowledge")
    inbox_empty(world)
    assert len(world.letters(letters.POC, "Too large")) == 1
    assert len(world.letters(letters.POC, "Filed")) == 1
    rows = {row["reason"]: row for row in d.psirt.letters()}
    assert rows["too-large"]["state"] == "quarantined"
    assert d.database.stat().st_size < 1_500_000
    world.wait_mails(people.DESK, 1, world.desk)


def test_large_letter_goes_through(world, daemon):
    d = daemon()
    world.deliver(letters.finder_report(
        world.finder, world.poc,
        files=[("core.bin", bytes(range(256)) * 12000,
                "application/octet-stream")]))
    assert d.once() == 0, d.text()
    world.wait_mails(letters.FINDER, kind="acknowledge")


# ---- the first start (RULES 4) ----

def test_first_start_on_a_full_mailbox_refuses(world, daemon):
    d = daemon(adopt=None)
    world.deliver(letters.clear_report(), people.STRANGER)
    assert d.once() == SETUP
    assert "adopt" in d.text()
    assert len(world.letters(letters.POC)) == 1
    assert "Filed" not in world.folders()
    # In the foreground too: it ends by itself.
    d.start(ready=False)
    assert d.process.wait(20) == SETUP
    assert world.mails(people.STRANGER) == []


def test_first_start_on_an_empty_mailbox_needs_no_word(world, daemon):
    d = daemon(adopt=None)
    assert d.once() == 0, d.text()
    world.deliver(letters.clear_report(), people.STRANGER)
    assert d.once() == 0, d.text()
    assert len(world.mails(people.STRANGER, kind="acknowledge")) == 1


@pytest.mark.parametrize("adopt, left, filed, answered", [
    ("leave", 1, 0, 0), ("file", 0, 1, 0), ("answer", 0, 1, 1)])
def test_adopt(world, daemon, adopt, left, filed, answered):
    d = daemon(adopt=adopt)
    world.deliver(letters.clear_report(), people.STRANGER)
    assert d.once() == 0, d.text()
    assert len(world.letters(letters.POC)) == left
    assert len(world.letters(letters.POC, "Filed")) == filed
    assert len(world.mails(people.STRANGER)) == answered
    # What comes afterwards is answered in any case.
    world.deliver(letters.finder_report(world.finder, world.poc))
    assert d.once() == 0, d.text()
    assert len(world.mails(letters.FINDER, kind="acknowledge")) == 1
    assert len(world.letters(letters.POC)) == left
    assert len(world.mails(people.STRANGER)) == answered


def test_stale_letter_is_filed_and_not_answered(world, daemon):
    d = daemon()
    world.put(letters.finder_report(world.finder, world.poc),
              when=time.time() - 4 * 86400)
    world.put(letters.clear_report(), when=time.time() - 2 * 86400)
    assert d.once() == 0, d.text()
    assert world.mails(letters.FINDER) == []
    assert len(world.mails(people.STRANGER, kind="acknowledge")) == 1
    d.start()
    assert len(d.psirt.cases()) == 2


def test_renumbered_mailbox_files_nothing_twice(world, daemon):
    """A new UIDVALIDITY: known letters are known by their digest."""
    d = daemon()
    raw = letters.finder_report(world.finder, world.poc)
    world.put(raw)
    assert d.once() == 0, d.text()
    assert len(world.mails(letters.FINDER, kind="acknowledge")) == 1
    with world.mailbox(letters.POC) as box:
        first = box.status("INBOX", "(UIDVALIDITY)")[1]
        box.create("Other")
        box.select("INBOX")
        box.unselect()
    import shutil
    shutil.rmtree(world.mail / letters.POC)
    time.sleep(1.1)  # UIDVALIDITY is a time of creation
    world.put(raw)
    with world.mailbox(letters.POC) as box:
        assert box.status("INBOX", "(UIDVALIDITY)")[1] != first
    assert d.once() == 0, d.text()
    d.start()
    assert len(d.psirt.letters()) == 1 and len(d.psirt.cases()) == 1
    assert len(world.mails(letters.FINDER, kind="acknowledge")) == 1
    inbox_empty(world)


# ---- --once ----

def test_once_says_try_again_when_the_mailbox_is_away(world, daemon):
    from process import free_ports
    d = daemon(mailbox={"port": free_ports(1)[0]})
    assert d.once() == TRY_AGAIN


def test_wrong_password_is_said_and_tried_again(world, daemon):
    d = daemon()
    (d.folder / "mailbox.secret").write_text("wrong\n")
    assert d.once() == TRY_AGAIN
    assert "wrong" not in d.text().replace("went wrong", "")


def test_reconnects_when_the_server_comes_back(world, daemon):
    d = daemon().start()
    world.imap.stop()
    try:
        time.sleep(0.5)
        assert d.alive()
    finally:
        world.imap.start()
    world.deliver(letters.clear_report(), people.STRANGER)
    world.wait_mails(people.STRANGER, kind="acknowledge", seconds=60)
    assert d.stop() == 0
