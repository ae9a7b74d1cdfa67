"""SIGKILL at any stop: nothing lost, nothing doubled.

psirtd-stops is the same daemon with a hook around every commit; each stop of
the engine's table is killed before and after its commit, then the shipped
psirtd goes on.  Only one thing may then wait for a person: a mail that died
between its DATA and the server's answer is uncertain, and is never sent again
by itself.
"""

import os
import re
import signal
import time

import pytest

import letters
import world as people
from kills import BY_HAND, ROOMS, impatient, push, rooms, stops
from process import until
from program import BUILD, SLOW


def test_shipped_binary_has_no_hook():
    data = (BUILD / "psirtd").read_bytes()
    assert b"PSIRTD_STOP_AT" not in data
    assert b"PSIRTD_STOP_AT" in (BUILD / "psirtd-stops").read_bytes()


@pytest.mark.parametrize("side", ["before", "after"])
@pytest.mark.parametrize("stop", stops())
def test_killed_at_every_stop(world, daemon, stop, side, tmp_path):
    d = daemon(procedure=impatient(tmp_path) if stop == "due" else {})
    d.start()  # the first start, with its new data key, is not the subject
    assert d.stop() == 0
    world.deliver(letters.finder_report(world.finder, world.poc))
    if stop == "alert":
        world.deliver(letters.jpcert_notice(world.forger, world.poc),
                      letters.JPCERT)
    if stop == "decide":
        world.deliver(letters.inquiry(), people.STRANGER)
    if stop == "watch":
        d.configure(reserve="500000G")  # more than any disk has

    d.start(stop_at=f"{stop}:1:{side}", ready=False)
    push(world, d, stop)
    assert d.process.wait(40 * SLOW) == -signal.SIGKILL, (
        f"never came to {stop}:\n{d.text()}")

    if stop == "watch":
        d.configure(reserve="1K")
    d.start()
    if stop in BY_HAND and side == "before":
        push(world, d, stop)  # it was not committed: the person asks again
    expect = {letters.FINDER: 1, people.DESIGN: 1, people.QUALITY: 1}
    if stop == "route":
        expect[people.CARE] = 1
    if stop == "alert" or (stop == "watch" and side == "after"):
        expect[people.DESK] = 1
    if stop == "due":
        expect[people.DESIGN] = 2  # asked, and reminded
    settled(world, d, expect)

    assert len(d.psirt.letters()) == len(world.letters(letters.POC, "Filed"))
    assert len([c for c in d.psirt.cases()]) == (2 if stop == "decide"
                                                 else 1)
    assert world.letters(letters.POC) == []
    assert d.psirt.run("log", "--verify").returncode == 0
    numbers = [c["case"] for c in d.psirt.cases()]
    assert sorted(int(n[-4:]) for n in numbers) == list(
        range(1, len(numbers) + 1)), "numbers have a gap"


def settled(world, d, expect):
    """Each mail is there once, or once a person has decided."""
    def quiet():
        return all(m["state"] in ("held", "uncertain", "failed")
                   for m in d.psirt.queue()) and all(
            x["state"] not in ("received", "opened")
            for x in d.psirt.letters()) and d.psirt.letters()

    def whole():
        queue = d.psirt.queue()
        return quiet() and sum(
            len(world.mails(a)) for a in expect) + len(queue) >= sum(
                expect.values())

    until(whole, 40 * SLOW, "everything to be sent or uncertain")
    for mail in d.psirt.queue():
        assert mail["state"] == "uncertain", mail
        to = {"plc": people.DESIGN, "qa": people.QUALITY,
              "care": people.CARE, "desk": people.DESK,
              "sender": letters.FINDER}[mail["to"]]
        # A person looks whether it arrived, and decides.
        arrived = len(world.mails(to)) == expect[to]
        d.psirt.text("queue", "sent" if arrived else "resend",
                     str(mail["mail"]))
    for address, count in expect.items():
        world.wait_mails(address, count, seconds=20 * SLOW)
    until(lambda: d.psirt.queue() == [], 20, "the queue to empty")
    until(lambda: world.letters(letters.POC) == [], 10, "INBOX to empty")
    for address, count in expect.items():
        got = world.mails(address)
        assert len(got) == count, (address, [m.kind for m in got])
        assert len({m.message_id for m in got}) == count


def test_killed_again_and_again(world, daemon):
    """Three letters, and a kill at each pass of `file`."""
    d = daemon()
    d.start()
    assert d.stop() == 0
    for n in range(3):
        world.deliver(letters.finder_report(
            world.finder, world.poc, letters.ENGLISH + f"\nNo. {n}\n"))
    for _ in range(3):
        d.start(stop_at="file:1:after", ready=False)
        assert d.process.wait(40 * SLOW) == -signal.SIGKILL, d.text()
    d.start()
    settled(world, d, {letters.FINDER: 3, people.DESIGN: 3,
                       people.QUALITY: 3})
    assert len(d.psirt.cases()) == 3


@pytest.mark.parametrize("room", ROOMS)
def test_killed_room_is_started_anew(world, daemon, room):
    d = daemon()
    d.start()
    pid, = rooms(d, room)[:1]
    os.kill(pid, signal.SIGKILL)
    world.deliver(letters.finder_report(world.finder, world.poc))
    world.wait_mails(letters.FINDER, kind="acknowledge", seconds=60 * SLOW)
    assert d.alive()
    until(lambda: rooms(d, room) and pid not in rooms(d, room), 10,
          "the room to be there again")
    assert len(world.mails(letters.FINDER)) == 1
    assert d.stop() == 0


def test_first_start_killed_anywhere_starts_again(world, daemon):
    """The data key is made once; half a first start is no start."""
    for wait in (0.05, 0.15, 0.3, 0.6):
        d = daemon()
        d.start(ready=False)
        time.sleep(wait)
        d.kill()
        d.start()
        world.deliver(letters.clear_report(), people.STRANGER)
        world.wait_mails(people.STRANGER, kind="acknowledge")
        assert d.stop() == 0, d.text()
        world.reset()


def test_record_names_the_uncertain_mail(world, daemon):
    """Killed right after `sending` was committed: not sent by itself."""
    d = daemon()
    d.start()
    assert d.stop() == 0
    world.deliver(letters.clear_report(), people.STRANGER)
    d.start(stop_at="send:1:after", ready=False)
    assert d.process.wait(40 * SLOW) == -signal.SIGKILL, d.text()
    d.start()
    mail, = until(lambda: [m for m in d.psirt.queue()
                           if m["state"] == "uncertain"], 20,
                  "an uncertain mail")
    assert re.search("resend", mail["next"])
    what = [line["what"].replace("-", " ") for line in d.psirt.log()]
    assert "mail uncertain" in what
