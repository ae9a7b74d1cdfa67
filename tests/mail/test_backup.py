"""psirt backup and psirtd --restore: a copy while psirtd works, and back."""

import base64
import os
import re
import statistics
import subprocess
import threading
import time

import pytest

import letters
from keys import Home
from process import until
from program import BUILD, SETUP, SLOW
from test_inspect import inspect


def settle(d):
    assert d.once() == 0, d.text()


def test_a_copy_while_letters_come(world, daemon):
    """Writes go on, the letter is answered, and the copy is whole."""
    d = daemon()
    world.deliver(letters.finder_report(world.finder, world.poc))
    settle(d)
    d.start()
    copy = d.folder / "copy.db"
    answer = d.psirt.json("backup", str(copy))
    assert copy.stat().st_mode & 0o777 == 0o600
    code, out, err = inspect(copy)
    assert code == 0, err
    assert (f"record {answer['lines']} lines, whole, head {answer['head']}"
            == out.splitlines()[-1])
    assert any(x.startswith("case ") for x in out.splitlines())
    # Its own line stands in the record, and in the copy.
    line = [x for x in d.psirt.log() if x["what"] == "backup"]
    assert len(line) == 1 and line[0]["line"] == answer["lines"]
    raw = copy.read_bytes()
    for word in (b"xylophone", letters.FINDER.encode(), b"Robin"):
        assert word not in raw


def test_a_large_one_keeps_nobody_waiting(world, daemon):
    """A letter that comes amid a backup is acknowledged, and in the copy or
    not: either is whole."""
    d = daemon()
    for n in range(4):
        world.lay(letters.finder_report(world.finder, world.poc))
    settle(d)
    d.start()
    stop = threading.Event()
    codes = []

    def again():
        n = 0
        while not stop.is_set():
            done = d.psirt.run("backup", str(d.folder / f"c{n}.db"))
            codes.append(done.returncode)
            n += 1

    thread = threading.Thread(target=again)
    thread.start()
    try:
        before = len(world.mails(letters.FINDER))
        world.deliver(letters.finder_report(world.finder2, world.poc),
                      letters.FINDER)
        until(lambda: len(world.mails(letters.FINDER)) > before, 20,
              "an acknowledgement")
    finally:
        stop.set()
        thread.join()
    assert codes and set(codes) == {0}
    for n in range(len(codes)):
        code, _, err = inspect(d.folder / f"c{n}.db")
        assert code == 0, err


PAIRS = 6


@pytest.mark.skipif(SLOW > 1, reason="a ratio of times, under a sanitizer")
def test_an_answer_is_as_quick_amid_a_backup(world, daemon):
    """RULES 19: within 1.1 of the time that it takes without one."""
    d = daemon(limits={"acknowledge_per_hour": 1000})
    lines = b"\r\n".join([base64.b64encode(os.urandom(57))] * 40_000)
    for n in range(8):
        world.lay(b"From: a@other.example\r\nTo: psirt@vendor.example\r\n"
                  b"Subject: large\r\nMessage-ID: <%d@other.example>\r\n\r\n"
                  % n + lines)
    settle(d)
    d.start()

    def at_rest():
        return (all(m["state"] in ("draft", "held") for m in d.psirt.queue())
                and all(x["state"] not in ("received", "opened")
                        for x in d.psirt.letters()))

    def seconds(report):
        before = world.count(letters.FINDER)
        began = time.monotonic()
        world.lay(report)
        until(lambda: world.count(letters.FINDER) > before, 20,
              "an acknowledgement")
        taken = time.monotonic() - began
        until(at_rest, 20, "the desk to come to rest")
        return taken

    def copies(stop):
        while not stop.is_set():
            (d.folder / "copy.db").unlink(missing_ok=True)
            codes.append(d.psirt.run("backup",
                                     str(d.folder / "copy.db")).returncode)

    codes = []
    alone, amid = [], []
    reports = [letters.finder_report(world.finder, world.poc,
                                     f"{letters.ENGLISH}\nThe {n}th.\n")
               for n in range(2 * PAIRS)]
    for n in range(PAIRS):
        alone.append(seconds(reports[2 * n]))
        stop = threading.Event()
        thread = threading.Thread(target=copies, args=(stop,))
        thread.start()
        try:
            amid.append(seconds(reports[2 * n + 1]))
        finally:
            stop.set()
            thread.join()
    assert codes and set(codes) == {0}
    # What the machine does meanwhile lengthens some of either.
    assert min(amid) <= 1.1 * statistics.median(alone), (alone, amid)


def test_never_over_a_file_and_never_half_of_one(world, daemon):
    d = daemon().start()
    there = d.folder / "there.db"
    there.write_text("precious")
    done = d.psirt.run("backup", str(there))
    assert done.returncode == 1 and "is there" in done.stderr
    assert there.read_text() == "precious"
    done = d.psirt.run("backup", str(d.folder / "no" / "where.db"))
    assert done.returncode == 1
    d.kill()
    gone = d.folder / "gone.db"
    assert d.psirt.run("backup", str(gone)).returncode == 75
    assert not gone.exists()


# ---- and back ----

def restore(d, copy):
    done = subprocess.run(
        [str(BUILD / "psirtd"), "-c", str(d.conf), "--restore", str(copy)],
        capture_output=True, text=True, timeout=60,
        env={"PATH": "/usr/bin:/bin"})
    return done.returncode, done.stdout + done.stderr


def set_aside(d):
    for path in d.folder.glob("psirtd.db*"):
        path.unlink()


def test_nothing_leaves_before_the_release(world, daemon):
    """What was about to leave is uncertain, and what is made meanwhile."""
    d = daemon()
    world.deliver(letters.finder_report(world.finder, world.poc))
    world.smtp.defer(True)
    d.start()
    until(lambda: [m for m in d.psirt.queue() if m["state"] == "sealed"], 20,
          "a sealed mail")
    copy = d.folder / "copy.db"
    d.psirt.text("backup", str(copy))
    assert restore(d, copy)[0] == SETUP          # a daemon runs
    d.stop()
    assert restore(d, copy)[0] == SETUP          # a database is there
    set_aside(d)
    world.smtp.defer(False)
    code, said = restore(d, copy)
    assert code == 0, said
    assert "queue release" in said

    assert d.once() == 75, d.text()
    assert world.mails(letters.FINDER) == []
    d.start()
    mail, = [m for m in d.psirt.queue() if m["kind"] == "acknowledge"]
    assert mail["state"] == "uncertain"
    assert "queue release" in d.psirt.text()
    world.deliver(letters.finder_report(world.finder, world.poc,
                                        subject="Another flaw"))
    def answers(state):
        return [m["mail"] for m in d.psirt.queue()
                if m["kind"] == "acknowledge" and m["state"] == state]

    # That letter may have lain there before, and been answered.
    until(lambda: len(answers("uncertain")) == 2, 20, "the second one")
    assert [m for m in d.psirt.queue() if m["state"] == "approved"]
    # A start in between changes nothing.
    d.stop()
    d.start()
    assert len(answers("uncertain")) == 2
    assert [m for m in d.psirt.queue() if m["state"] == "approved"]
    assert world.mails(letters.FINDER) == []
    d.psirt.text("queue", "release")
    until(lambda: not [m for m in d.psirt.queue()
                       if m["state"] == "approved"], 20, "the alert")
    assert world.mails(letters.FINDER) == []
    d.psirt.text("queue", "resend", str(max(answers("uncertain"))))
    until(lambda: world.mails(letters.FINDER), 20, "the mail")
    assert d.psirt.run("queue", "release").returncode == 1
    assert "queue release" not in d.psirt.text()
    what = [x["what"] for x in d.psirt.log()]
    assert what.count("restored") == what.count("released") == 1
    # The uncertain one never left by itself.
    assert [m["state"] for m in d.psirt.queue()
            if m["kind"] == "acknowledge"] == ["uncertain"]
    assert len(world.mails(letters.FINDER)) == 1
    d.psirt.text("log", "--verify")


def test_opened_by_the_recovery_key_alone(world, daemon):
    """The POC key is lost: a new one, and the recovery key from the safe."""
    d = daemon(keys={"recovery": world.recovery.fingerprint})
    world.deliver(letters.finder_report(world.finder, world.poc))
    settle(d)
    number = re.search(r"PSIRT-\d{4}-\d{4}", world.mails(
        letters.FINDER, world.finder)[0].subject)[0]
    d.start()
    copy = d.folder / "copy.db"
    d.psirt.text("backup", str(copy))
    d.stop()
    set_aside(d)
    assert restore(d, copy)[0] == 0

    home = Home(d.folder / "g2", f"New PSIRT <{letters.POC}>")
    try:
        home.learn(world.jpcert, world.cert, world.design, world.quality,
                   world.desk, world.recovery)
        d.configure(keys={"gnupghome": str(home.folder),
                          "poc": home.fingerprint,
                          "recovery": world.recovery.fingerprint})
        # Without the secret recovery key nobody opens it.
        assert d.once() == SETUP, d.text()
        home.gpg("--import", data=world.recovery.gpg(
            "--export-secret-keys", world.recovery.fingerprint).stdout)
        d.start()
        assert d.psirt.case(number)["case"] == number
        d.psirt.text("key", "reseal")
        d.stop()
        home.gpg("--delete-secret-keys", world.recovery.fingerprint)
        d.start()
        assert d.psirt.case(number)["case"] == number
    finally:
        d.stop()
        home.stop()
