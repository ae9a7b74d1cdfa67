"""What goes wrong on the way, and costs only itself.

A damaged row, a letter that ends its rooms, a mail server that is down or
hangs, an answer that comes too late: the rest goes on, and the desk is told.
"""

import os
import re
import signal
import socket
import sqlite3
import time

import pytest

import letters
import world as people
from broken import SmtpHangsUp
from process import descendants, free_ports, until
from program import SLOW
from test_kill import rooms


def what(d):
    return [line["what"].replace("-", " ") for line in d.psirt.log()]


def mail_of(d, state):
    found = [m for m in d.psirt.queue() if m["state"] == state]
    return found[0] if found else None


def damage(d, sql):
    """What a bad disk does while the daemon is down."""
    database = sqlite3.connect(d.database)
    with database:
        assert database.execute(sql).rowcount > 0
    database.close()


@pytest.mark.parametrize("sql", [
    "UPDATE outmail_wire SET wire = zeroblob(100)",
    "UPDATE outmail SET subject = zeroblob(100)"])
def test_damaged_mail_stops_nothing(world, daemon, sql):
    d = daemon(route="ask")
    world.deliver(letters.clear_report(), people.STRANGER)
    world.smtp.defer(True)
    d.once()
    world.smtp.defer(False)
    damage(d, sql)
    damage(d, "UPDATE outmail SET not_before = 0")
    world.deliver(letters.finder_report(world.finder, world.poc))
    d.start()
    world.wait_mails(letters.FINDER, kind="acknowledge", seconds=10 * SLOW)
    mail = mail_of(d, "failed")
    assert mail and mail["reason"], d.psirt.queue()
    assert mail["mail"] in [m["mail"] for m in d.psirt.json()["mails"]]
    told, = world.wait_mails(people.DESK, 1, world.desk, "alert")
    assert "mail-failed" in told.text
    d.psirt.text("queue", "drop", str(mail["mail"]))
    assert mail_of(d, "failed") is None


def test_damaged_opening_stops_nothing(world, daemon):
    d = daemon()
    d.start()
    assert d.stop() == 0
    world.deliver(letters.clear_report(), people.STRANGER)
    d.start(stop_at="open:1:after", ready=False)
    assert d.process.wait(40 * SLOW) == -signal.SIGKILL, d.text()
    damage(d, "UPDATE opening SET wire = zeroblob(100)")
    world.deliver(letters.finder_report(world.finder, world.poc))
    d.start()
    world.wait_mails(letters.FINDER, kind="acknowledge", seconds=10 * SLOW)
    bad, = [x for x in d.psirt.letters() if x["state"] == "quarantined"]
    assert bad["reason"] == "broken"
    d.psirt.text("letter", str(bad["letter"]), "--reopen")
    world.wait_mails(people.STRANGER, kind="acknowledge")


def test_answer_that_waited_too_long_needs_a_person(world, daemon):
    d = daemon(stale="60s", submission={"port": free_ports(1)[0]})
    world.put(letters.clear_report(), when=time.time() - 50)
    assert d.once() == 75
    time.sleep(12)
    damage(d, "UPDATE outmail SET not_before = 0 WHERE state != 6")
    d.configure(submission={"port": None})
    d.start()
    mail = until(lambda: mail_of(d, "held"), 10 * SLOW, "a held mail")
    assert "too old" in mail["reason"]
    told, = world.wait_mails(people.DESK, 1, world.desk, "alert")
    assert "mail-held" in told.text
    assert world.mails(people.STRANGER) == []
    d.psirt.text("queue", "resend", str(mail["mail"]))
    answer, = world.wait_mails(people.STRANGER, kind="acknowledge")
    assert answer.outer["Auto-Submitted"]


def test_mail_server_that_is_down_is_shown(world, daemon):
    d = daemon(submission={"port": free_ports(1)[0]})
    d.start()
    assert d.psirt.json()["trouble"] is None
    world.deliver(letters.finder_report(world.finder, world.poc))
    trouble = until(lambda: d.psirt.json()["trouble"], 20 * SLOW, "trouble")
    assert "submission" in trouble and "@" not in trouble
    assert d.psirt.json()["mails"] == []
    assert d.stop() == 0
    damage(d, "UPDATE outmail SET tries = 3 WHERE state = 4")
    d.start()
    shown = d.psirt.json()["mails"]
    assert shown and {m["state"] for m in shown} == {"sealed"}


def test_letter_that_ends_its_rooms_is_given_up(world, daemon):
    """Its vault is killed while gpg opens it; thrice is enough."""
    d = daemon(workers=1)
    sealed = world.finder.gpg(
        "--armor", "-z9", "--recipient", world.poc.fingerprint, "--encrypt",
        data=b"\0" * 60_000_000).stdout
    world.deliver(letters.letter(
        letters.head("a bomb", sender=people.STRANGER),
        letters.multipart("encrypted", [
            b"Content-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n",
            b"Content-Type: application/octet-stream\r\n\r\n"
            + letters.crlf(sealed) + b"\r\n"],
            ';\r\n protocol="application/pgp-encrypted"')), people.STRANGER)
    d.start()
    for nth in range(1, 4):
        vault = until(lambda: opening(d), 30 * SLOW, f"opening {nth}")
        os.kill(vault, signal.SIGKILL)
        until(lambda: d.text().count("stop=open interrupted") == nth,
              10 * SLOW, "the room to be missed")
    world.deliver(letters.finder_report(world.finder, world.poc))
    world.wait_mails(letters.FINDER, kind="acknowledge", seconds=60 * SLOW)
    bad = [x for x in d.psirt.letters() if x["state"] == "quarantined"]
    assert [x["reason"] for x in bad] == ["broken"]
    number = str(bad[0]["letter"])
    assert [line["code_text"] for line in d.psirt.log()
            if line["what"].replace("-", " ") == "letter opened"
            and str(line["letter"]) == number] == ["unread"]
    assert (f"psirt letter {number} --reopen"
            in d.psirt.json("letter", number)["next"])


def opening(d):
    """The vault whose gpg is at work on a letter."""
    for vault in rooms(d, "vault"):
        for pid in descendants(vault):
            try:
                with open(f"/proc/{pid}/cmdline", "rb") as line:
                    if b"--decrypt" in line.read():
                        return vault
            except OSError:
                pass
    return None


def test_killed_engine_says_nothing_against_a_letter(world, daemon):
    d = daemon()
    d.start()
    assert d.stop() == 0
    world.deliver(letters.finder_report(world.finder, world.poc))
    for _ in range(4):
        d.start(stop_at="open:1:before", ready=False)
        assert d.process.wait(40 * SLOW) == -signal.SIGKILL, d.text()
    d.start()
    world.wait_mails(letters.FINDER, kind="acknowledge")
    opened, = [line for line in d.psirt.log()
               if line["what"].replace("-", " ") == "letter opened"]
    assert opened["code_text"] not in (None, "unread")


def at_data(server):
    return b"\r\nDATA" in server.seen.upper()


def test_send_room_that_dies_with_a_mail_leaves_it_uncertain(world, daemon):
    with SmtpHangsUp(world, "slow-data") as server:
        d = daemon(submission={"port": server.port}, route="ask")
        world.deliver(letters.clear_report(), people.STRANGER)
        d.start()
        until(lambda: at_data(server), 20 * SLOW, "DATA")
        os.kill(rooms(d, "send")[0], signal.SIGKILL)
        mail = until(lambda: mail_of(d, "uncertain"), 10 * SLOW,
                     "an uncertain mail")
        assert "died" in mail["reason"]
        assert "mail uncertain" in what(d)


def test_stopped_during_data_the_answer_is_waited_for(world, daemon):
    with SmtpHangsUp(world, "slow-data") as server:
        d = daemon(submission={"port": server.port}, route="ask")
        world.deliver(letters.clear_report(), people.STRANGER)
        d.start()
        until(lambda: at_data(server), 20 * SLOW, "DATA")
        assert d.stop() == 0
        assert len(server.letters) == 1
    d.start()
    assert mail_of(d, "uncertain") is None
    assert "mail sent" in what(d)


def test_watchdog_is_fed(world, daemon):
    d = daemon()
    path = d.folder / "n"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
        notify.bind(str(path))
        notify.settimeout(30 * SLOW)
        d._spawn([], notify=path)
        seen = set()
        while not {b"READY=1", b"WATCHDOG=1"} <= seen:
            seen |= set(notify.recv(4096).split(b"\n"))


# ---- keys ----

def with_keys(world, *blocks, sign=True):
    entity = letters.multipart("mixed", [
        letters.text_part(letters.ENGLISH),
        *(b'Content-Type: application/pgp-keys; name="k.asc"\r\n\r\n'
          + letters.crlf(block) + b"\r\n" for block in blocks)])
    return letters.letter(
        letters.head("...", name="Robin Finder"),
        letters.pgp_encrypted(entity, world.finder,
                              [world.poc.fingerprint], sign=sign))


def test_finders_key_behind_known_ones_is_found(world, daemon):
    """A mail program may attach whom it wrote to as well."""
    d = daemon()
    world.deliver(with_keys(world, world.poc.public(),
                            world.design.public(), world.finder.public()))
    assert d.once() == 0, d.text()
    ack, = world.mails(letters.FINDER, world.finder, "acknowledge")
    assert ack.encrypted and ack.signers == [world.poc.fingerprint]


def test_two_keys_in_one_block_are_nobodys(world, daemon):
    d = daemon()
    world.deliver(with_keys(
        world, world.finder.public() + world.finder2.public()))
    assert d.once() == 0, d.text()
    ack, = world.mails(letters.FINDER, kind="acknowledge")
    assert not ack.encrypted


def test_own_key_goes_along_with_answers(world, daemon):
    d = daemon()
    world.deliver(letters.finder_report(world.finder, world.poc))
    world.deliver(letters.broken_for_us(world.finder, world.poc))
    assert d.once() == 0, d.text()
    for kind in ("acknowledge", "resend"):
        mail, = world.mails(letters.FINDER, world.finder, kind)
        key, = [p for p in mail.inner.walk()
                if p.get_content_type() == "application/pgp-keys"]
        shown = world.finder.gpg("--show-keys", "--with-colons",
                                 data=key.get_payload(decode=True)).stdout
        assert world.poc.fingerprint.encode() in shown, kind


def test_held_mail_is_told_without_naming_the_key(world, daemon):
    """The finder's key ran out between filing and sealing."""
    d = daemon(route="ask")
    d.start()
    assert d.stop() == 0
    short = world.finder.make("Short <short@research.example>",
                              expire="seconds=15")
    world.deliver(with_keys(world, world.finder.public(short),
                            sign=False))
    d.start(stop_at="file:1:after", ready=False)
    assert d.process.wait(14) == -signal.SIGKILL, d.text()
    time.sleep(15)
    d.start()
    mail = until(lambda: mail_of(d, "held"), 10 * SLOW, "a held mail")
    told, = world.wait_mails(people.DESK, 1, world.desk, "alert")
    assert "mail-held" in told.text
    assert "mail held" in what(d)
    assert mail["reason"] and short not in d.text()
    assert not re.search(r"\b[0-9A-F]{40}\b", d.text())


def test_record_says_who_signed(world, daemon):
    d = daemon()
    world.deliver(letters.jpcert_notice(world.jpcert, world.poc),
                  letters.JPCERT)
    world.deliver(letters.clear_report(), people.STRANGER)
    assert d.once() == 0, d.text()
    d.start()
    said = [line["code_text"] for line in d.psirt.log()
            if line["what"].replace("-", " ") == "letter opened"]
    assert len(said) == 2 and len(set(said)) == 2 and "pinned" in said, said


def test_layers_have_a_depth(world, daemon):
    """Six in one another: four are opened, and the rest is said to be."""
    d = daemon()
    block = letters.ENGLISH.encode()
    for _ in range(6):
        block = world.finder.encrypt(block, [world.poc.fingerprint])
    world.deliver(letters.letter(letters.head("nested"),
                                 letters.text_part(block.decode())))
    assert d.once() == 0, d.text()
    d.start()
    layers = d.psirt.json("letter", "1")["layers"]
    outcomes = [x["outcome"] for x in layers]
    assert outcomes == ["opened"] * 4 + ["nested too deep"], outcomes


def test_text_of_the_newest_letter_is_handed_on(world, daemon):
    d = daemon(route="ask")
    for more in ("", "\n詳細情報: walrus-detail\n"):
        world.deliver(letters.jpcert_notice(world.jpcert, world.poc,
                                            letters.NOTICE + more),
                      letters.JPCERT)
        assert d.once() == 0, d.text()
    d.start()
    case, = d.psirt.cases()
    d.psirt.text("route", case["case"], "plc", "--details")
    mail = world.wait_mails(people.DESIGN, 1, world.design)[-1]
    assert "walrus-detail" in mail.text
