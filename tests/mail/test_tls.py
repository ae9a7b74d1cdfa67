"""A server that is not the right one gets no secret.

What counts is what the server saw: no LOGIN, no AUTH.
"""

import base64

import pytest

import letters
import world as people
from broken import ImapHidesStartTls, SmtpHidesStartTls
from process import until
from program import TRY_AGAIN
from servers import EXPIRED, FOR_CLIENTS, GOOD, UNKNOWN_CA, WRONG_HOST


BAD = [WRONG_HOST, EXPIRED, UNKNOWN_CA, FOR_CLIENTS]


def auth_lines(world):
    """What Exim logged of somebody called psirtd."""
    return len(world.smtp.attempts("psirtd"))


@pytest.mark.parametrize("starttls", [False, True])
@pytest.mark.parametrize("address", BAD)
def test_bad_imap_server_sees_no_login(world, daemon, address, starttls):
    d = daemon(mailbox={"connect_to": address, "starttls": starttls})
    world.deliver(letters.clear_report(), people.STRANGER)
    before = len(world.imap.attempts())
    tls_lines = _failed_handshakes(world.imap.log)
    assert d.once() == TRY_AGAIN
    assert len(world.imap.attempts()) == before, "a secret was sent"
    # It did come that far: the handshake was begun and refused by us.
    until(lambda: _failed_handshakes(world.imap.log) > tls_lines, 5,
          "a handshake that failed")
    assert len(world.imap.attempts()) == before, "a secret was sent"
    assert "certificate" in d.text().lower()
    assert len(world.letters(letters.POC)) == 1


def _failed_handshakes(log):
    return sum("imap-login" in line and "SSL" in line.upper()
               and ("alert" in line.lower() or "disconnected" in
                    line.lower())
               for line in log.read_text().splitlines())


@pytest.mark.parametrize("starttls", [False, True])
@pytest.mark.parametrize("address", BAD)
def test_bad_smtp_server_sees_no_auth(world, daemon, address, starttls):
    d = daemon(submission={"connect_to": address, "starttls": starttls})
    world.deliver(letters.clear_report(), people.STRANGER)
    before = auth_lines(world)
    refused = world.smtp.text().count("TLS error on connection")
    assert d.once() == TRY_AGAIN
    assert auth_lines(world) == before, "a secret was sent"
    until(lambda: world.smtp.text().count("TLS error on connection")
          > refused, 5, "a handshake that failed")
    assert auth_lines(world) == before, "a secret was sent"
    assert "certificate" in d.text().lower()
    assert world.mails(people.STRANGER) == []
    if starttls or address != EXPIRED:
        return  # the next try is half a minute away: once is enough
    # Nothing is lost: with the right server the same mail goes out.
    d.configure(submission={"connect_to": GOOD})
    d.start()
    world.wait_mails(people.STRANGER, kind="acknowledge", seconds=90)
    assert len(world.mails(people.STRANGER)) == 1
    assert auth_lines(world) > before


def secret_in(seen, user, password):
    """Does what the server saw hold the password, in any usual form?"""
    forms = [password.encode(), base64.b64encode(password.encode()),
             base64.b64encode(f"\0{user}\0{password}".encode()),
             user.encode(), base64.b64encode(user.encode())]
    return any(form in seen for form in forms)


@pytest.mark.parametrize("preauth", [False, True])
def test_hidden_starttls_of_imap(world, daemon, preauth):
    with ImapHidesStartTls(preauth) as server:
        d = daemon(mailbox={"port": server.port, "starttls": True})
        assert d.once() == TRY_AGAIN
        assert server.sessions > 0
        assert b"LOGIN" not in server.seen.upper()
        assert b"AUTHENTICATE" not in server.seen.upper()
        assert not secret_in(server.seen, letters.POC,
                             world.accounts[letters.POC])


def test_hidden_starttls_of_smtp(world, daemon):
    world.deliver(letters.clear_report(), people.STRANGER)
    with SmtpHidesStartTls() as server:
        d = daemon(submission={"port": server.port, "starttls": True})
        assert d.once() == TRY_AGAIN
        until(lambda: server.sessions > 0, 5, "a session")
        assert b"AUTH" not in server.seen.upper()
        assert b"MAIL FROM" not in server.seen.upper()
        assert not secret_in(server.seen, "psirtd",
                             world.submitters["psirtd"])
