"""The mail server says what it should not, or nothing, or is not there.

Each fault is for one session, or for as long as it is said; what must hold
afterwards is always the same (promises.py).
"""

import itertools
import time

import pytest

import letters
from intake import EACH, Intake, inbox, spread, walk
from process import until
from program import SLOW, Daemon
from promises import digest, mailbox
from proxy import (Before, CutBefore, Foreign, Literal, Meanwhile, Refuse,
                   SilentAfter, Stall, without)
from table import Row, rounds
from world import World

# What no server says, and what one may say at a bad time.
GARBAGE = [
    b"GARBAGE\r\n",
    b"* GARBAGE ((( \"\r\n",
    b"\0\xff\xfe\x80\r\n",
    b"* " + b"x" * 100_000 + b"\r\n",
    b"* 99999999999999999999 EXISTS\r\n",
    b"* 1 FETCH (UID 1 BODY[] {6}\r\nforged)\r\n",
    b"* 1 FETCH (UID 1 BODY[] {1000000}\r\n",
    b"+ go on\r\n",
    b"TAG OK done\r\n",
    b"TAG NO not done\r\n",
    b"XXX OK done\r\n",
    b"* 1 FETCH (" + b"(" * 5000 + b"\r\n",
]
UNILATERAL = [
    b"* 1 EXPUNGE\r\n",
    b"* 1 EXPUNGE\r\n* 1 EXPUNGE\r\n* 1 EXPUNGE\r\n* 0 EXISTS\r\n",
    b"* 9 EXISTS\r\n* 9 RECENT\r\n",
    b"* 0 EXISTS\r\n",
    b"* VANISHED 1:4000000000\r\n",
    b"* 2 FETCH (FLAGS (\\Deleted $PsirtdFiled))\r\n",
    b"* OK [UIDVALIDITY 7] numbered anew\r\n",
    b"* OK [UIDNEXT 1] none\r\n",
    b"* OK [ALERT] going down\r\n",
    b"* BYE going down\r\n",
]


def length(world, daemon):
    with Intake(world, daemon) as intake:
        return intake.length()


def spoken(answers, said, count):
    """Each of them, before answers all over the session."""
    places = itertools.cycle(spread(answers, min(count, 7)))
    return [Before(next(places), text)
            for text in itertools.islice(itertools.cycle(said), count)]


@pytest.mark.parametrize("name, said", [
    ("garbage between the answers", GARBAGE),
    ("unilateral EXPUNGE, EXISTS and others", UNILATERAL)])
def test_said_out_of_turn(world, daemon, name, said):
    answers = length(world, daemon).answers
    with Row(name) as row:
        walk(world, daemon, row,
             spoken(answers, said, rounds(len(said))), timeout="2s")


def test_literal_shorter_and_longer(world, daemon):
    sizes = [-1, -2, -5, -400, -10**6, 1, 3, 30, 4000, 10**6]
    with Row("a literal announced shorter or longer") as row:
        walk(world, daemon, row, (Literal(more) for more in itertools.islice(
            itertools.cycle(sizes), rounds(len(sizes)))), timeout="2s")


def test_foreign_letter(world, daemon):
    with Row("another letter under the uid asked for") as row:
        walk(world, daemon, row,
             (Foreign() for _ in range(min(rounds(2), EACH))), timeout="2s")


def test_server_stalls(world, daemon):
    session = length(world, daemon)
    with Row("a server that stalls at a command") as row:
        walk(world, daemon, row, (Stall(n) for n in spread(
            session.commands, rounds(4))), timeout="1s")
    with Row("a server that stalls in an answer") as row:
        walk(world, daemon, row, (SilentAfter(n) for n in spread(
            session.octets, rounds(3))), timeout="1s")


# ---- the mailbox changes under our hands ----

def empty(world):
    """Another program deletes all that is there."""
    with world.mailbox(letters.POC) as box:
        _, there = box.select("INBOX")
        if there != [b"0"]:
            box.store("1:*", "+FLAGS", "(\\Deleted)")
            box.expunge()


def test_mailbox_emptied_meanwhile(world, daemon):
    with Row("mailbox emptied meanwhile") as row, \
            Intake(world, daemon, row) as intake:
        count = intake.length().commands
        for nth in spread(count, rounds(4)):
            intake.proxy.hold()
            intake.lay()
            intake.struck(intake.proxy.go(
                Meanwhile(nth, lambda: empty(world))))
            intake.filed()
            forget(world, intake)
            intake.kept(emptied=True)
            intake.plain()


def forget(world, intake):
    """Letters that others took away before the desk had them.

    What lies in Filed was moved there, so it must be known.
    """
    known = {digest(intake.d.psirt.run("letter", str(row["letter"]), "--raw",
                                       binary=True).stdout)
             for row in intake.d.psirt.letters()}
    there = mailbox(world)
    intake.delivered[:] = dict.fromkeys(
        raw for raw in intake.delivered
        if digest(raw) in known or digest(raw) in there)


def renumber(world, intake):
    """The server makes the INBOX's uids anew, as after a restore of it."""
    intake.proxy.hold()
    time.sleep(1.1)  # a UIDVALIDITY is a time
    folder = world.mail / letters.POC
    for path in [folder / "dovecot-uidlist", *folder.glob("dovecot.index*")]:
        path.unlink(missing_ok=True)
    intake.proxy.go()


def test_uidvalidity_changed(world, daemon):
    with Row("UIDVALIDITY changed meanwhile") as row, \
            Intake(world, daemon, row) as intake:
        count = intake.length().commands
        for n, nth in enumerate(spread(count, rounds(4)), 1):
            # What was not known before is not answered.
            intake.strike(CutBefore(nth), lambda: renumber(world, intake),
                          silent=2 * n)
            until(lambda: intake.d.text().count("numbered INBOX anew") == n,
                  10 * SLOW, "the daemon to see it")


def rename(world, old, new):
    with world.mailbox(letters.POC) as box:
        assert box.rename(old, new)[0] == "OK"


def test_folder_renamed_meanwhile(world, daemon):
    """And named back: until then there is nothing to take."""
    with Row("mailbox renamed, and named back") as row, \
            Intake(world, daemon, row, folder="Reports") as intake:
        for nth in spread(intake.length().commands, min(rounds(3), 15)):
            intake.strike(
                Meanwhile(nth, lambda: rename(world, "Reports", "Old"),
                          cut=True),
                lambda: gone(world, intake.d))


def gone(world, d):
    until(lambda: "does not open" in str(d.psirt.json()["trouble"]),
          20 * SLOW, "psirt to say that the folder is not there")
    rename(world, "Old", "Reports")


# ---- quota, extensions ----

def left(world):
    """All letters of the INBOX are marked as filed."""
    flags = world.flags(letters.POC)
    return flags and all(b"$PsirtdFiled" in row for row in flags)


def test_full_quota(world, daemon):
    with Row("full quota: NO to MOVE and COPY") as row, \
            Intake(world, daemon, row) as intake:
        for _ in range(min(rounds(2), EACH)):
            intake.proxy.hold()
            intake.lay()
            intake.struck(intake.proxy.go(Refuse({"MOVE", "COPY"})))
            until(lambda: left(world), 20 * SLOW, "the letters to be marked")
            intake.kept()
        # Room again: what comes now is filed; what is marked stays.
        before = inbox(world)
        intake.proxy.hold()
        intake.lay()
        intake.proxy.go()
        until(lambda: len(world.letters(letters.POC, "Filed")) == 3,
              20 * SLOW, "the letters to be filed")
        intake.kept()
        assert inbox(world) == before


@pytest.mark.parametrize("lacks", [("MOVE",), ("UIDPLUS",), ("IDLE",),
                                   ("MOVE", "UIDPLUS", "IDLE")])
def test_poor_server(world, daemon, lacks):
    with Row(f"server without {', '.join(lacks)}") as row, \
            Intake(world, daemon, row, without(*lacks), poll="1s") as intake:
        for n in range(1, min(rounds(2), EACH) + 1):
            intake.lay()  # no reason to look but IDLE and the poll
            if len(lacks) == 1:
                intake.filed()
            else:
                until(lambda: inbox(world) == 3 * n and left(world),
                      20 * SLOW, "the letters to be marked")
            intake.kept()


# ---- the server refuses us, or is not there ----

def password(world, right):
    """Of the desk's account, as the server knows it."""
    path = world.imap.folder / "users"
    good = f"{letters.POC}:{{PLAIN}}{world.accounts[letters.POC]}:"
    bad = f"{letters.POC}:{{PLAIN}}another:"
    text = path.read_text()
    path.write_text(text.replace(*((bad, good) if right else (good, bad))))
    time.sleep(1.1)  # it looks for another file once a second


def test_password_stops_working(world, daemon):
    """Shown while it does; a server is asked once a minute, no more."""
    with Row("password that stops working") as row, \
            Intake(world, daemon, row) as intake:
        for _ in range(min(rounds(1), 5)):
            intake.proxy.hold()
            intake.lay()
            password(world, False)
            try:
                intake.proxy.go()
                until(lambda: "password" in str(
                    intake.d.psirt.json()["trouble"]), 10 * SLOW,
                    "psirt to say that the password is refused")
                assert inbox(world) == 3
                asked = len(intake.proxy.sessions)
                time.sleep(2)
                assert len(intake.proxy.sessions) == asked
            finally:
                password(world, True)
            assert intake.d.stop() == 0
            intake.d.start()
            intake.filed()
            intake.kept()


def test_server_is_gone_for_a_while(world, daemon):
    with Row("server gone in a session, and back") as row, \
            Intake(world, daemon, row) as intake:
        for nth in spread(intake.length().commands, min(rounds(3), 15)):
            intake.strike(Meanwhile(nth, world.imap.stop, cut=True),
                          lambda: back(world))


def back(world):
    time.sleep(1)
    world.imap.start()


QUOTA = """
mail_plugins = quota
plugin {
  quota = count:User quota
  quota_vsizes = yes
  quota_rule = *:storage=8K
  quota_grace = 0
}
protocol imap {
  imap_capability = IMAP4rev1 SASL-IR ID ENABLE IDLE UIDPLUS LITERAL+
}
"""


def test_full_quota_of_dovecot(daemon):
    """Its own plugin: a COPY is refused while the mailbox is full."""
    world = World(imap_extra=QUOTA)
    made, said = [], []

    def make(**settings):
        made.append(Daemon(world, **settings))
        return made[0]

    def hear(answer):
        said.append(answer)
        return answer
    try:
        with Row("full quota of Dovecot, without MOVE") as row, \
                Intake(world, make, row, hear) as intake:
            for _ in range(3):
                intake.lay()
            until(lambda: inbox(world) > 0 and left(world), 20 * SLOW,
                  "the letters to be marked")
            assert any(b"NO [OVERQUOTA]" in answer for answer in said)
            intake.kept()
    finally:
        for d in made:
            d.remove()
        assert world.close() == []
