"""A mail on its way out meets whatever a mail server can do to it.

What lies in people's mailboxes is the truth: nothing twice, and nothing
missing but what psirt shows.
"""

import datetime
import ssl

import pytest

from clock import HOUR, needed
from intake import spread
from process import until
from program import SLOW
from promises import arrived
from submission import (ContentAnswered, CutAt, CutContent, NoHandshake,
                        Refuse, Sending)
from table import Row, rounds

EACH = 50  # rounds of one database


def walk(world, make, row, faults):
    """A mail for each of the faults; then a person decides what is left."""
    faults = list(faults)
    for first in range(0, len(faults), EACH):
        with Sending(world, make, row) as desk:
            for fault in faults[first:first + EACH]:
                desk.strike(fault)
                row.round()
                desk.kept()
            desk.row = None
            desk.decide()
            desk.kept()


def length(world, make):
    """Commands before the content, and bytes of it."""
    with Sending(world, make) as desk:
        desk.strike(fault := Refuse("RCPT", "451 4.7.1 not now"))
        assert fault.struck
        commands = desk.proxy.sessions[-1].commands
        count = commands.index("RCPT") + 2
        desk.kept()
        content, = next(iter(desk.proxy.mails.values()))
        return count, len(content)


@pytest.mark.parametrize("done", [False, True])
def test_cut_before_the_content(world, daemon, done):
    count, _ = length(world, daemon)
    side = "after" if done else "before"
    with Row(f"SMTP cut {side} a command") as row:
        walk(world, daemon, row,
             (CutAt(n, done) for n in spread(count, rounds(3))))


def test_cut_in_the_content(world, daemon):
    _, size = length(world, daemon)
    with Row("SMTP cut after every nth byte of a mail") as row:
        walk(world, daemon, row,
             (CutContent(n) for n in spread(size, rounds(4))))


# What the final dot is answered with, whether the mail is taken, and what
# becomes of it.
ANSWERED = [
    (None, True, "uncertain"),
    (None, False, "uncertain"),
    ("999 what", True, "uncertain"),
    ("GARBAGE", False, "uncertain"),
    ("451 4.3.0 not now", False, None),
    ("421 4.3.0 going down", False, None),
    ("552 5.3.4 too large", False, "failed"),
    ("250 fine", True, None),  # and no answer to QUIT
]


def test_after_the_dot(world, daemon):
    """Whether it arrived or not, psirtd cannot know; a person can."""
    with Row("SMTP answers the final dot with something else") as row:
        for first in range(0, max(rounds(8), len(ANSWERED)), len(ANSWERED)):
            with Sending(world, daemon, row) as desk:
                for said, taken, becomes in ANSWERED:
                    known = len(desk.of(becomes))
                    desk.strike(ContentAnswered(said, taken))
                    row.round()
                    desk.kept(silent=len(desk.of("failed")))
                    assert len(desk.of(becomes)) == known + (
                        becomes is not None), (said, desk.d.psirt.queue())
                # Not in a day, nor by a daemon that is started anew.
                left = states(desk)
                desk.clock.jump(20 * HOUR)
                assert desk.d.stop() == 0
                desk.d.start()
                desk.kept(silent=len(desk.of("failed")))
                assert states(desk) == left
                desk.row = None
                desk.decide()
                desk.kept()


def states(desk):
    """Of those that wait for a person; the POC may be told of them just now."""
    return {m["mail"]: m["state"]
            for m in desk.of("uncertain") + desk.of("failed")}


# ---- refused for a while, and for ever ----

FIRST, MOST = 30, HOUR  # daemon/engine_mail.c


@needed
def test_greylisted(world, daemon):
    """Later and later, at most an hour, and it leaves once."""
    tries = 10
    with Row("451 to a recipient, again and again") as row:
        for _ in range(min(rounds(1), 20)):
            with Sending(world, daemon, row) as desk:
                fault = desk.strike(Refuse("RCPT", "451 4.7.1 greylisted",
                                           tries))
                for n in range(tries - 1):
                    wait = min(FIRST << n, MOST)
                    mail, = desk.waiting()
                    assert mail["tries"] == n + 1 and mail["smtp"] == 451
                    assert 0 <= wait - left(desk, mail) <= 20
                    # Not before its time.
                    desk.clock.jump(left(desk, mail) - 5)
                    assert desk.waiting()[0]["tries"] == n + 1
                    desk.proxy.hold()
                    desk.proxy.go(fault)
                    desk.clock.jump(10)
                    until(lambda: mail["tries"] < (
                        desk.waiting() or [mail])[0]["tries"], 10 * SLOW,
                        "another try")
                row.round()
                desk.later(2 * MOST)
                desk.kept()
                assert desk.d.psirt.queue() == []


def left(desk, mail):
    """Seconds until it is tried again, by psirtd's clock."""
    at = datetime.datetime.fromisoformat(mail["not_before"])
    return int(at.timestamp() - desk.clock.now())


# Where it is refused, with what, and whether that is about this mail.
REFUSED = [("MAIL", "550 5.7.1 not you"), ("RCPT", "550 5.1.1 nobody"),
           ("DATA", "554 5.6.0 not this")]


def test_refused_for_ever(world, daemon):
    with Row("5xx to a recipient") as row:
        for first in range(0, rounds(3), EACH):
            with Sending(world, daemon, row) as desk:
                for n in range(first, min(first + EACH, rounds(3))):
                    fault = Refuse(*REFUSED[n % len(REFUSED)])
                    desk.strike(fault)
                    row.round()
                    desk.kept(silent=n - first + 1)
                    # It is shown, and no other mail waits for it.
                    mail = desk.of("failed")[-1]
                    assert str(mail["smtp"]) == fault.said[:3]
                    desk.delivered.sealed()
                # Not by itself, however long.
                desk.clock.jump(20 * HOUR)
                desk.kept(silent=n - first + 1)
                assert {m["tries"] for m in desk.of("failed")} == {1}
                desk.row = None
                desk.decide()
                desk.kept()


# ---- no session at all ----

def closed(desk, what):
    """Mails wait and psirt says why; nothing of theirs was said."""
    desk.delivered.sealed()
    desk.delivered.report()
    until(lambda: what in str(desk.d.psirt.json()["trouble"]), 20 * SLOW,
          f"psirt to say: {what}\n{desk.d.text()[-3000:]}")
    until(lambda: len(desk.waiting()) >= 4, 20 * SLOW, "all mails to wait")
    assert not desk.proxy.mails and arrived(desk.world) == []


def opened(desk, row):
    desk.clock.jump(2 * HOUR)
    row.round()
    desk.kept()
    assert not desk.d.psirt.json()["trouble"]


@needed
@pytest.mark.parametrize("name", ["wrong-host", "expired", "unknown-ca"])
def test_wrong_certificate(world, daemon, name):
    with Row(f"SMTP server with a certificate: {name}") as row, \
            Sending(world, daemon, row) as desk:
        good = desk.proxy.context
        bad = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        bad.load_cert_chain(world.tls / f"{name}.pem",
                            world.tls / "server.key")
        desk.proxy.context = bad
        closed(desk, "certificate")
        desk.proxy.context = good
        opened(desk, row)


@needed
def test_handshake_is_cut(world, daemon):
    with Row("SMTP connection cut in the TLS handshake") as row:
        walk(world, daemon, row, (NoHandshake() for _ in range(
            min(rounds(2), EACH))))


@needed
def test_password_is_refused(world, daemon):
    users = world.smtp.folder / "users"
    right = users.read_text()
    with Row("SMTP AUTH refused") as row, \
            Sending(world, daemon, row) as desk:
        users.write_text(right.replace(world.submitters["psirtd"], "other"))
        try:
            closed(desk, "password")
            tried = len(world.smtp.attempts("psirtd"))
            desk.clock.jump(6 * HOUR)
            desk.clock.jump(6 * HOUR)
            desk.settled()
            assert len(world.smtp.attempts("psirtd")) > tried
            assert arrived(world) == []
        finally:
            users.write_text(right)
        opened(desk, row)


@needed
def test_server_is_away_for_hours(world, daemon):
    with Row("SMTP server away for hours") as row, \
            Sending(world, daemon, row) as desk:
        world.smtp.stop()
        try:
            closed(desk, "the server closed the connection")
            for _ in range(8):
                desk.clock.jump(HOUR)
                desk.delivered.report()
                desk.settled()
            until(lambda: len(desk.waiting()) >= 12, 20 * SLOW,
                  "all mails to wait")
            assert all(0 < left(desk, m) <= MOST for m in desk.waiting())
        finally:
            world.smtp.start()
        opened(desk, row)
