"""Letters, rooms and users that mean harm: nobody else pays for them.

A room is stopped or ended by its id, so that its answer is late for sure.
Where the engine's memory counts, /proc tells; where time does, it is
measured against nearly as much harmless mail.
"""

import contextlib
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import time

import pytest

import letters
import world as people
from process import descendants, until
from program import SLOW

PROTOCOL = ';\r\n protocol="application/pgp-encrypted"'


def settle(d):
    assert d.once() == 0, d.text()


def sealed_small(world, data):
    """Much that says little, sealed for us: some hundred bytes of armor."""
    return world.finder.gpg("--compress-algo", "bzip2", "--armor",
                            "--recipient", world.poc.fingerprint,
                            "--encrypt", data=data).stdout


def honest(world):
    """A report of somebody else."""
    world.deliver(letters.finder_report(
        world.finder2, world.poc, sender=people.FINDER2, name="Yamada Taro"),
        people.FINDER2)


# ---- letters that are too much ---------------------------------------------

def test_bomb_of_line_ends(world, daemon):
    """1 KB that is over every limit once its line ends are CRLF."""
    d = daemon(workers=1)
    sealed = sealed_small(world, b"Content-Type: text/plain\r\n\r\n"
                          + b"\n" * 104_000_000)
    body = letters.multipart("encrypted", [
        b"Content-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n",
        b"Content-Type: application/octet-stream\r\n\r\n"
        + letters.crlf(sealed) + b"\r\n"], PROTOCOL)
    raw = letters.letter(letters.head("bomb"), body)
    assert len(raw) < 5000
    world.deliver(raw)
    honest(world)
    d.start()
    world.wait_mails(people.FINDER2, 1, world.finder2, "acknowledge",
                     seconds=60 * SLOW)
    bomb, = [x for x in d.psirt.letters() if x["letter"] == 1]
    assert bomb["state"] not in ("received", "opened"), bomb


def memory_most(pid):
    """The most memory that a process ever had, in bytes."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"^VmHWM:\s+(\d+) kB$", status, re.M)[1]) * 1024


def test_bomb_of_many_blocks(world, daemon):
    """What a letter opens to has one limit, not one a layer; no two of its
    blocks are the same, which would be opened once."""
    limit = 1 << 20
    d = daemon(workers=1, mailbox={"letter_max": "1M"})
    d.start()
    before = memory_most(d.process.pid)
    blocks = b"".join(sealed_small(world, (b"%02d" % n + b"A" * 77 + b"\n")
                                   * 24000) for n in range(30))
    body = letters.text_part(blocks.decode())
    assert len(body) < limit // 8
    world.deliver(letters.letter(letters.head("bomb"), body))
    until(lambda: "letter=1 stop=file" in d.text(), 60 * SLOW, "the letter")
    more = memory_most(d.process.pid) - before
    outcomes = [x["outcome"] for x in d.psirt.json("letter", "1")["layers"]]
    assert len(outcomes) == 30
    assert outcomes[0] == "opened" and outcomes.count("opened") < 3, outcomes
    if SLOW == 1:  # the sanitizer keeps what was freed
        assert more < 32 * limit, more


def many_numbers(world, count):
    """So many sealed blocks of 700 numbers each, no two the same."""
    text = "".join(
        f"CVE-2026-{10000 + n} CWE-{100 + n} JVN#{10000000 + n} "
        f"JVNVU#{90000000 + n} JPCERT#{90000000 + n}\n" for n in range(140))
    blocks = [world.finder.encrypt(text.encode(), [world.poc.fingerprint])
              for _ in range(count)]
    return letters.letter(letters.head("numbers"),
                          letters.text_part(b"".join(blocks).decode()))


def test_letters_that_cannot_be_kept_delay_nobody(world, daemon):
    """More numbers than an opening may hold: given up, and no rest taken."""
    took = []
    for count, opened in ((20, True), (30, False)):
        world.reset()
        d = daemon(workers=1)
        for _ in range(2):
            world.deliver(many_numbers(world, count))
        honest(world)
        began = time.monotonic()
        d.start()
        world.wait_mails(people.FINDER2, 1, None, "acknowledge",
                         seconds=100 * SLOW)
        took.append(time.monotonic() - began)
        assert d.psirt.json("letter", "1")["opened"] == opened
        d.stop()
    harmless, harmful = took
    assert harmful < 2 * harmless + 4, took


# ---- keys and signatures that are not what they seem ------------------------

def test_key_beside_a_sealed_letter_is_not_the_finders(world, daemon):
    """Whoever carries the letter may lay a key beside it."""
    d = daemon()
    inside = letters.with_key(letters.text_part(letters.ENGLISH),
                              world.finder)
    sealed = letters.pgp_encrypted(inside, world.finder,
                                   [world.poc.fingerprint])
    world.deliver(letters.letter(letters.head("report"),
                                 letters.with_key(sealed, world.finder2)))
    settle(d)
    ack, = world.mails(letters.FINDER, world.finder, "acknowledge")
    assert ack.encrypted and "PSIRT-" in ack.text


def test_key_beside_a_sealed_letter_alone(world, daemon):
    d = daemon()
    sealed = letters.pgp_encrypted(letters.text_part(letters.ENGLISH),
                                   world.finder, [world.poc.fingerprint])
    world.deliver(letters.letter(letters.head("report"),
                                 letters.with_key(sealed, world.finder2)))
    settle(d)
    ack, = world.mails(letters.FINDER, None, "acknowledge")
    assert not ack.encrypted
    d.start()
    case, = d.psirt.cases()
    assert world.finder2.fingerprint not in str(d.psirt.case(case["case"]))


def test_signed_message_is_not_encrypted(world, daemon):
    """BEGIN PGP MESSAGE may hold what everybody can read."""
    d = daemon(acknowledge="encrypted")
    signed = world.finder.gpg("--armor", "--sign",
                              data=letters.ENGLISH.encode()).stdout
    assert b"BEGIN PGP MESSAGE" in signed
    world.deliver(letters.letter(letters.head("report"),
                                 letters.text_part(signed.decode())))
    settle(d)
    assert world.mails(letters.FINDER, None, "acknowledge") == []
    d.start()
    layer, = d.psirt.json("letter", "1")["layers"]
    assert layer["kind"] == "signed" and layer["outcome"] == "opened"
    text, = [p for p in d.psirt.json("letter", "1")["parts"]
             if p["kind"] == "text"]
    assert not text["encrypted"]


def test_limit_counts_for_whom_the_answer_is(world, daemon):
    """Reply-To does not multiply what one address gets."""
    d = daemon(limits={"acknowledge_per_hour": 1})
    for n in range(3):
        world.deliver(letters.letter(
            letters.head(f"report {n}", Reply_To=people.FINDER2),
            letters.text_part(letters.ENGLISH.replace("2000", f"{n}000"))))
        settle(d)
    assert len(world.mails(people.FINDER2, None, "acknowledge")) == 1
    assert world.mails(letters.FINDER) == []
    d.start()
    assert len(d.psirt.cases()) == 3


# ---- rooms that end, and answer late ----------------------------------------

def rooms(d, name):
    """The rooms of this name, without their jobs' children, in order."""
    found = {}
    for pid in descendants(d.process.pid):
        with contextlib.suppress(OSError):
            line = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()
            stat = pathlib.Path(f"/proc/{pid}/stat").read_text()
            if line.split(b"\0")[1:3] == [b"-x", name.encode()]:
                found[pid] = int(stat.rpartition(")")[2].split()[1])
    return sorted(p for p, parent in found.items() if parent not in found)


def go_on(pid):
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGCONT)


def test_late_answer_of_the_vault(world, daemon):
    """A mail that was sealed late goes to its own reader, or to nobody."""
    d = daemon(workers=1, route="ask")
    world.deliver(letters.finder_report(world.finder, world.poc))
    settle(d)
    d.start()
    case, = d.psirt.cases()
    vault, = until(lambda: rooms(d, "vault"), 10, "the vault")
    read, = until(lambda: rooms(d, "read"), 10, "the read room")
    os.kill(vault, signal.SIGSTOP)
    d.psirt.text("route", case["case"], "plc", "care")
    time.sleep(1)  # the vault has the first mail to seal
    os.kill(read, signal.SIGKILL)
    until(lambda: not os.path.exists(f"/proc/{read}"), 10, "the room's end")
    time.sleep(1.5)  # a new one stands, the next task begins
    go_on(vault)
    overview, = world.wait_mails(people.DESIGN, 1, world.design,
                                 seconds=40 * SLOW)
    notice, = world.wait_mails(people.CARE, 1, seconds=40 * SLOW)
    assert people.DESIGN in overview.outer["To"]
    assert overview.encrypted and overview.text
    assert people.CARE in notice.outer["To"] and not notice.encrypted
    assert d.alive()
    assert all(m["state"] == "sent" for m in d.psirt.queue()), d.psirt.queue()


def test_late_answer_of_the_read_room(world, daemon):
    """No letter is shown with what stands in another."""
    d = daemon(workers=2)
    d.start()
    until(lambda: len(rooms(d, "read")) == 2 and len(rooms(d, "vault")) == 2,
          10, "the rooms")
    read, vault = rooms(d, "read")[0], rooms(d, "vault")[0]
    os.kill(read, signal.SIGSTOP)
    world.deliver(letters.letter(letters.head("letter A"),
                                 letters.text_part(letters.ENGLISH)))
    until(lambda: "letter=1 stop=store" in d.text(), 20 * SLOW, "letter A")
    time.sleep(1)  # the room has it
    assert "letter=1 stop=open" not in d.text()
    os.kill(vault, signal.SIGKILL)
    until(lambda: "letter=1 stop=file" in d.text(), 30 * SLOW,
          "letter A by another room")
    time.sleep(3)  # the ended room stands anew
    world.deliver(letters.letter(
        letters.head("letter B", sender=people.FINDER2),
        letters.text_part(letters.ENGLISH.replace("2000", "777"))),
        people.FINDER2)
    until(lambda: "letter=2 stop=store" in d.text(), 20 * SLOW, "letter B")
    time.sleep(1)
    go_on(read)
    until(lambda: "letter=2 stop=file" in d.text(), 60 * SLOW, "letter B")
    heads = d.psirt.json("letter", "2")["headers"]
    assert heads["subject"] == "letter B"
    assert people.FINDER2 in str(heads["from"])


# ---- users of the socket ----------------------------------------------------

TRICKLE = """
import socket, sys, time
held = []
for _ in range(40):
    s = socket.socket(socket.AF_UNIX)
    s.connect(sys.argv[1])
    held.append(s)
print("held", flush=True)
while True:
    for s in held:
        try:
            s.send(b" ")
        except OSError:
            pass
    time.sleep(0.5)
"""


@pytest.mark.skipif(os.getuid() != 0, reason="needs a second user")
def test_one_user_leaves_places_to_others(world, daemon):
    """Connections that never ask, a byte at a time."""
    d = daemon()
    d.folder.chmod(0o711)
    d.start()
    with subprocess.Popen(
            [sys.executable, "-c", TRICKLE, str(d.socket)],
            stdout=subprocess.PIPE, user="nobody",
            group=os.stat(d.socket).st_gid, extra_groups=[]) as trickle:
        try:
            assert trickle.stdout.readline() == b"held\n"
            for _ in range(3):
                done = d.psirt.run("list")
                assert done.returncode == 0, done.stderr
                time.sleep(0.3)
        finally:
            trickle.kill()


def test_a_request_is_whole_in_time(world, daemon):
    """Who sends a byte now and then keeps no place."""
    d = daemon()
    d.start()
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(str(d.socket))
        s.settimeout(0.5)
        began = time.monotonic()
        while True:
            assert time.monotonic() - began < 20 * SLOW, "still connected"
            try:
                s.send(b" ")
                if s.recv(4096) == b"":
                    break
            except TimeoutError:
                pass
            except OSError:
                break
