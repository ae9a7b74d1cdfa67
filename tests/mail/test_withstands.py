"""Letters that are too much, through the whole program.

Each ends quarantined whole with the limit it passed, the desk sees that at
once, its sender is asked once to send it again where that is safe, and the
report behind it is acknowledged: with one worker alone, the time from the one
to the other is what such a letter costs everybody else.
"""

import contextlib
import os
import pathlib
import re
import signal
import threading
import time

import pytest

import hostile
import letters
import world as people
from hostile import MIB
from process import descendants, until
from program import SLOW
from test_kill import rooms

WALL = 10 * SLOW
MEMORY = 512
SLACK = 5 * SLOW
LIMITS = {"wall": f"{WALL}s", "cpu": f"{WALL - 2}s", "memory": f"{MEMORY}M"}


class Watch:
    """What the rooms take, and how long an operator waits, meanwhile."""

    def __init__(self, d):
        self.d = d
        self.most = {}  # room: bytes
        self.longest = 0.0
        self.over = threading.Event()
        self.threads = [threading.Thread(target=t, daemon=True)
                        for t in (self._memory, self._answers)]

    def __enter__(self):
        for t in self.threads:
            t.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        for t in self.threads:
            t.join()

    def memory(self):
        """Of the largest; the sanitizers' own memory says nothing."""
        return max(self.most.values()) if SLOW == 1 else 0

    def _memory(self):
        while not self.over.wait(0.1):
            for pid in self.d.pids():
                with contextlib.suppress(OSError, TypeError):
                    name, taken = memory_most(pid)
                    self.most[name] = max(self.most.get(name, 0), taken)

    def _answers(self):
        while not self.over.wait(0.2):
            began = time.monotonic()
            answered = self.d.psirt.run("list").returncode == 0
            self.longest = max(self.longest, time.monotonic() - began
                               if answered else float("inf"))


def memory_most(pid):
    """(room or program, the most memory it ever had in bytes)."""
    words = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    name = words[2] if words[1:2] == [b"-x"] else os.path.basename(words[0])
    most = re.search(r"^VmHWM:\s+(\d+) kB$", status, re.M)
    return name.decode(), int(most[1]) * 1024


class Canary:
    """A report of somebody else, which is acknowledged in time."""

    def __init__(self, world):
        self.world = world
        self.count = 0

    def __call__(self, seconds=WALL + SLACK):
        self.count += 1
        self.world.lay(letters.finder_report(
            self.world.finder2, self.world.poc, sender=people.FINDER2,
            text=letters.ENGLISH.replace("2000", f"{self.count}000")))
        until(lambda: self.world.count(people.FINDER2) >= self.count, seconds,
              f"answer {self.count}")

    def answers(self):
        return self.world.mails(people.FINDER2, None, "acknowledge")


def asked(d, number):
    """How often the sender of a letter was asked to send it again."""
    return [x["how"] for x in d.psirt.json("letter", str(number))["answered"]
            ].count("asked to resend")


def lay(world, d, letter):
    """(number, bytes) of a letter; what is laid behind it comes after it."""
    return newest(d) + 1, world.lay(letter)


def newest(d):
    return max((x["letter"] for x in d.psirt.letters()), default=0)


def too_much(world):
    """(name, letter, the limit it passes, how often its sender is asked)."""
    other = people.STRANGER
    entities = [
        ("nested", hostile.nested(50_000), "limit-depth"),
        ("nested, one boundary", hostile.nested(50_000, "b"), "limit-depth"),
        ("nested messages", hostile.nested_messages(50_000), "limit-depth"),
        ("parts", hostile.many_parts(100_000), "limit-parts"),
        ("fields", hostile.many_fields(100_000), "limit-fields")]
    for name, entity, why in entities:
        message = world.finder.encrypt(entity, [world.poc.fingerprint],
                                       armor=False)
        yield name, hostile.in_clear(entity, other), why, 0
        yield f"{name}, sealed", hostile.sealed(message, other), why, 1
    part = hostile.many_parts(1).replace(hostile.TEXT,
                                         hostile.many_fields(100_000))
    yield ("fields of a part", hostile.in_clear(part, other), "limit-fields", 0)
    many = hostile.addresses(5_000)
    yield ("recipients", hostile.in_clear(hostile.TEXT, other, to=many),
           "limit-addresses", 0)
    entity = (b"Subject: many\r\nTo: %b\r\n" % many.encode()
              + hostile.TEXT.replace(b"plain\r",
                                     b'plain; protected-headers="v1"\r'))
    message = world.finder.encrypt(entity, [world.poc.fingerprint],
                                   armor=False)
    yield ("recipients, sealed", hostile.sealed(message, other),
           "limit-addresses", 1)
    message = world.finder.encrypt(hostile.TEXT, [world.poc.fingerprint],
                                   armor=False)
    yield ("keys", hostile.sealed(hostile.for_many(message, 5_000), other),
           "limit-keys", 1)
    for name, again in (("deflate", lambda x: x), ("bzip2", hostile.bzip2)):
        message = hostile.bomb(world.finder, world.poc.fingerprint,
                               1024 * MIB, again)
        yield (f"bomb, {name}", hostile.sealed(message, other),
               "limit-output", 1)
    # In another letter, whose sender was asked already.
    yield (f"bomb, {name}, again", hostile.sealed(message, other),
           "limit-output", 0)


def as_it_should(world, d, canary, data, state, why, times):
    """Lay this letter and a good one; (its number, what is not so)."""
    number, raw = lay(world, d, data)
    canary()
    row = [x for x in d.psirt.json()["letters"] if x["letter"] == number]
    shown = [(x["state"], x["reason"]) for x in row]
    kept = d.psirt.run("letter", str(number), "--raw", binary=True).stdout
    return number, [what for what, so in {
        f"shown as {shown}": shown == [(state, why)],
        f"asked {asked(d, number)} times": asked(d, number) == times,
        "not kept whole": kept == raw}.items() if not so]


def test_each_letter_costs_itself_alone(world, daemon):
    d = daemon(workers=1, limits=LIMITS, mailbox={"poll": "1s"}).start()
    canary = Canary(world)
    wrong, letter = [], {}
    with Watch(d) as watch:
        for name, data, why, times in too_much(world):
            number, what = as_it_should(world, d, canary, data,
                                        "quarantined", why, times)
            wrong += [(name, x) for x in what]
            letter[number] = why
    assert not wrong, "\n".join(map(str, wrong))
    assert len(canary.answers()) == canary.count
    assert "Sanitizer" not in d.text() and "runtime error" not in d.text()
    assert watch.longest < 2 * SLOW
    assert watch.memory() < MEMORY * MIB, watch.most
    # Alerts of ten minutes are one mail; a new start does not wait for it.
    assert d.stop() == 0
    assert d.once() == 0, d.text()
    told = "".join(m.text for m in world.mails(people.DESK, world.desk,
                                               "alert"))
    assert [(n, why) for n, why in letter.items()
            if not re.search(rf"{why}: letter {n}\b", told)] == []


def test_sender_is_told_what_was_too_much(world, daemon):
    d = daemon(workers=1, limits=LIMITS)
    message = world.finder.encrypt(hostile.TEXT, [world.poc.fingerprint],
                                   armor=False)
    world.deliver(hostile.sealed(hostile.for_many(message, 5_000),
                                 people.STRANGER), people.STRANGER)
    assert d.once() == 0, d.text()
    note, = world.mails(people.STRANGER, None, "resend")
    assert "It is encrypted to more keys than we accept." in note.text


def test_finder_of_a_case_is_asked(world, daemon):
    """Its address ties the letter to a case that waits (RULES 6)."""
    d = daemon(workers=1, limits=LIMITS)
    world.deliver(letters.finder_report(world.finder, world.poc))
    d.start()
    world.wait_mails(letters.FINDER, 1, None, "acknowledge",
                     seconds=20 * SLOW)
    data = hostile.in_clear(hostile.many_parts(1_000), letters.FINDER)
    number, wrong = as_it_should(world, d, Canary(world), data, "filed",
                                 "limit-parts", 1)
    assert not wrong, wrong
    assert len(world.wait_mails(letters.FINDER, 1, kind="resend")) == 1


# ---- much, and yet a letter like others -------------------------------------

def test_poisoned_key_is_not_used(world, daemon):
    """100,000 signatures: the report counts, the key is left alone."""
    d = daemon(workers=1, limits=LIMITS).start()
    canary = Canary(world)
    canary()
    key = world.finder.gpg("--export", world.finder.fingerprint).stdout
    key = hostile.poisoned(key, 100_000)
    assert len(key) > 9 * MIB
    entity = letters.multipart("mixed", [
        letters.text_part(letters.ENGLISH),
        letters.file_part("key.asc", key, "application/pgp-keys")])
    message = world.finder.encrypt(entity, [world.poc.fingerprint],
                                   sign=True, armor=False)
    number, raw = lay(world, d, hostile.sealed(message, letters.FINDER))
    canary()
    ack, = world.wait_mails(letters.FINDER, 1, None, "acknowledge")
    assert not ack.encrypted
    row = d.psirt.json("letter", str(number))
    assert (row["state"], row["reason"]) == ("filed", "new-report")
    assert row["layers"][0]["outcome"] == "opened"
    assert d.psirt.run("letter", str(number), "--raw",
                       binary=True).stdout == raw
    for path in (d.folder / "w").rglob("*.kbx"):
        assert path.stat().st_size < MIB, path


def odd(world):
    """(name, letter) that are long or broken, and no reason not to read."""
    entities = [
        ("field", hostile.long_field(10 * MIB)),
        ("line", hostile.long_line(10 * MIB)),
        ("NUL", b"X-Nul: a\0b\r\nSubject: one\0two\r\n" + hostile.TEXT),
        ("folded", b"X-Fold: a\r\n" + b" b\r\n" * 100_000 + hostile.TEXT)]
    for name, entity in entities:
        message = world.finder.encrypt(entity, [world.poc.fingerprint],
                                       armor=False)
        yield name, hostile.in_clear(entity, people.STRANGER)
        yield f"{name}, sealed", hostile.sealed(message, people.STRANGER)


def test_long_lines_and_nul_are_read(world, daemon):
    d = daemon(workers=1, limits=LIMITS).start()
    canary = Canary(world)
    for name, data in odd(world):
        number, raw = lay(world, d, data)
        canary()
        row = d.psirt.json("letter", str(number))
        assert row["state"] == "filed", (name, row["state"], row["reason"])
        assert "XYZ-100" in "".join(p["text"] or "" for p in row["parts"])
        assert d.psirt.run("letter", str(number), "--raw",
                           binary=True).stdout == raw, name


def test_letters_of_50_mb(world, daemon):
    """The largest is read, one octet more is left in its folder."""
    d = daemon(workers=1, limits={**LIMITS, "memory": "1G"}).start()
    canary = Canary(world)
    canary()
    entity = hostile.TEXT + b"large enough\r\n"
    whole = hostile.in_clear(entity, people.STRANGER)
    line = b"a" * 70 + b"\r\n"
    fill = 50 * MIB - len(whole)
    largest = whole + line * (fill // 72) + line[-(fill % 72):]
    assert len(largest) == 50 * MIB
    with Watch(d) as watch:
        number, raw = lay(world, d, largest)
        canary()
        over, _ = lay(world, d, largest + b"\n")
        canary()
    row = d.psirt.json("letter", str(number))
    assert (row["state"], row["opened"]) == ("filed", True), row["reason"]
    assert d.psirt.run("letter", str(number), "--raw",
                       binary=True).stdout == raw
    row, = [x for x in d.psirt.json()["letters"] if x["letter"] == over]
    assert (row["state"], row["reason"]) == ("quarantined", "too-large")
    kept, = (world.mail / letters.POC / ".Too large").glob("[cn]*/*")
    assert kept.read_bytes() == largest + b"\n"
    assert asked(d, over) == 0
    assert watch.longest < WALL
    assert watch.memory() < 1024 * MIB, watch.most


# ---- gpg hangs, or dies -----------------------------------------------------

def gpg(d):
    """The gpg that decrypts for the vault."""
    for vault in rooms(d, "vault"):
        for pid in descendants(vault):
            with contextlib.suppress(OSError):
                line = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()
                if b"--decrypt" in line.split(b"\0"):
                    return pid
    return None


def agent(d):
    for pid in d.pids():
        with contextlib.suppress(OSError):
            line = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()
            if line.startswith(b"gpg-agent\0"):
                return pid
    return None


@pytest.mark.parametrize("how", [signal.SIGSTOP, signal.SIGKILL])
def test_gpg_that_hangs_or_dies(world, daemon, how):
    """While it is at work; the next letters have another one."""
    d = daemon(workers=1, limits={**LIMITS, "wall": f"{4 * SLOW}s"}).start()
    canary = Canary(world)
    canary()
    message = hostile.bomb(world.finder, world.poc.fingerprint, 45 * MIB)
    raw = world.lay(hostile.sealed(message, people.STRANGER))
    os.kill(until(lambda: gpg(d), 20 * SLOW, "gpg"), how)
    canary(4 * SLOW + SLACK)
    row, = [x for x in d.psirt.json()["letters"] if x["letter"] == 2]
    assert (row["state"], row["reason"]) == ("quarantined", "limit-time")
    assert asked(d, 2) == 1
    assert d.psirt.run("letter", "2", "--raw", binary=True).stdout == raw


@pytest.mark.parametrize("how", [signal.SIGSTOP, signal.SIGKILL])
def test_gpg_agent_that_hangs_or_dies(world, daemon, how):
    """It is no letter's fault, and costs none."""
    d = daemon(workers=1, limits={**LIMITS, "wall": f"{4 * SLOW}s"}).start()
    canary = Canary(world)
    canary()
    os.kill(until(lambda: agent(d), 5, "the agent"), how)
    canary(4 * SLOW + SLACK)
    canary()
    assert [x["reason"] for x in d.psirt.letters()] == ["new-report"] * 3


def test_read_room_that_hangs(world, daemon):
    """Whatever keeps it busy: its child is stopped after that one letter."""
    d = daemon(workers=1, limits={**LIMITS, "wall": f"{4 * SLOW}s"}).start()
    canary = Canary(world)
    canary()
    raw = world.lay(hostile.in_clear(hostile.many_parts(400_000),
                                     people.STRANGER))
    os.kill(until(lambda: reading(d), 20 * SLOW, "the read room"),
            signal.SIGSTOP)
    canary(4 * SLOW + SLACK)
    row, = [x for x in d.psirt.json()["letters"] if x["letter"] == 2]
    assert (row["state"], row["reason"]) == ("quarantined", "limit-time")
    assert d.psirt.run("letter", "2", "--raw", binary=True).stdout == raw


def reading(d):
    """The read room's child that has a letter."""
    for room in rooms(d, "read"):
        for pid in descendants(room):
            return pid
    return None
