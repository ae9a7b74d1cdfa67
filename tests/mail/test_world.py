"""The harness itself: its servers are strict, its letters are what they say.

Without this a test of the daemon could pass because the world is lax.
"""

import imaplib
import smtplib
import socket
import ssl

import pytest

import letters
from servers import (CERTIFICATES, EXPIRED, FOR_CLIENTS, GOOD, HOST,
                     UNKNOWN_CA, WRONG_HOST)
from world import Mail


@pytest.mark.parametrize("server", ["imap", "smtp"])
@pytest.mark.parametrize("address, why", [
    (GOOD, None), (WRONG_HOST, "Hostname mismatch"),
    (EXPIRED, "certificate has expired"),
    (UNKNOWN_CA, "unable to get local issuer"),
    (FOR_CLIENTS, "unsuitable certificate purpose|unsupported certificate "
     "purpose")])
def test_certificates_are_what_they_are_named(world, server, address, why):
    port = getattr(world, server).port
    with socket.create_connection((address, port), 5) as plain:
        if why is None:
            with world.context().wrap_socket(plain, server_hostname=HOST):
                return
        with pytest.raises(ssl.SSLCertVerificationError, match=why):
            world.context().wrap_socket(plain, server_hostname=HOST)
    assert address in CERTIFICATES


def test_submission_wants_tls_and_a_password(world):
    with smtplib.SMTP(GOOD, world.smtp.starttls_port) as smtp:
        smtp.ehlo()
        assert not smtp.has_extn("auth")
        assert smtp.docmd("MAIL", "FROM:<a@b.example>")[0] == 250
        assert smtp.docmd("RCPT", f"TO:<{letters.POC}>")[0] == 550
    with smtplib.SMTP(GOOD, world.smtp.starttls_port) as smtp:
        smtp._host = HOST
        smtp.starttls(context=world.context())
        with pytest.raises(smtplib.SMTPAuthenticationError):
            smtp.login("psirtd", "wrong")
    assert world.smtp.attempts("psirtd")


@pytest.mark.parametrize("to, code", [
    ("nobody@unknown.example", 550), ("somebody@later.example", 451)])
def test_submission_refuses_and_defers(world, to, code):
    with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
        world.deliver(letters.inquiry(), to=to)
    assert refused.value.recipients[to][0] == code


def test_mailbox_wants_a_password(world):
    before = len(world.imap.attempts())
    with pytest.raises(imaplib.IMAP4.error):
        good = world.accounts[letters.POC]
        world.accounts[letters.POC] = "wrong"
        try:
            with world.mailbox(letters.POC):
                pass
        finally:
            world.accounts[letters.POC] = good
    assert len(world.imap.attempts()) > before


def test_sealed_letter_opens_with_the_right_key_only(world):
    raw = letters.finder_report(world.finder, world.poc)
    mail = Mail(raw, None, world.finder)
    assert mail.encrypted and b"xylophone" not in raw
    sealed = mail.outer.get_payload()[1].get_payload(decode=True)
    assert b"xylophone" in world.poc.decrypt(sealed)[0]
    with pytest.raises(Exception, match="(?i)secret key"):
        world.cert.decrypt(sealed)


def test_signed_letter_verifies_until_it_is_changed(world):
    raw = letters.signed_report(world.finder)
    assert Mail(raw, None, world.finder).signers == [
        world.finder.fingerprint]
    changed = raw.replace(b"xylophone", b"xylopeone")
    assert Mail(changed, None, world.finder).signers == []


def test_forger_has_the_name_and_another_key(world):
    assert world.forger.user_id == world.jpcert.user_id
    assert world.forger.fingerprint != world.jpcert.fingerprint


def test_delivered_letter_is_read_back_unchanged(world):
    world.reset()
    raw = letters.japanese_inline(world.finder2, world.poc)
    world.deliver(raw)
    got = world.letters(letters.POC)
    assert len(got) == 1 and got[0].rstrip().endswith(raw.rstrip())
    assert b"Return-path: <finder@research.example>" in got[0]
    world.reset()
    assert world.letters(letters.POC) == []
