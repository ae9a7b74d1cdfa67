"""SIGKILL at any moment, and around every commit.

The processes are killed while letters come; what the tables say when psirtd
starts again is all that it has to go on by.
"""

import itertools
import os
import random
import secrets
import signal
import time

import pytest

import letters
from intake import inbox
from kills import BY_HAND, ROOMS, impatient, push, rooms, starter, stops
from post import Received
from process import until
from program import SLOW, TRY_AGAIN
from promises import ENDLESS, Delivered, promises
from table import Row, rounds

EACH = 50     # rounds of one database: more than that is slow to look through
SERIES = 3 if rounds(0) == 0 else 10  # kills on kills, then a look
LATEST = 0.8  # seconds from its start, at most

# Any run can be had again, as far as the machine's own timing goes.
SEED = int(os.environ.get("FAULT_SEED") or secrets.randbits(32))


def struck(world, make, row, count, strike):
    """strike(desk, chance) count times, and a look after each series."""
    print(f"FAULT_SEED={SEED}")
    chance = random.Random(SEED)
    for first in range(0, count, EACH):
        with Received(world, make, row, SEED + first) as desk:
            for n in range(first, min(first + EACH, count)):
                strike(desk, chance, n)
                row.round()
                if n % SERIES == SERIES - 1:
                    running(desk.d)
                    desk.kept()
            running(desk.d)
            desk.kept()


def running(d):
    if not d.alive():
        d.start()


def moment(chance):
    time.sleep(chance.uniform(0, LATEST) * SLOW)


def kill_psirtd(desk, chance, _):
    """From its start on, or from when it was ready on."""
    if not desk.d.alive():
        desk.d.start(ready=chance.random() < 0.5)
    moment(chance)
    assert desk.d.alive(), "psirtd ended:\n" + desk.d.text()[-3000:]
    desk.d.kill()


def kill_room(desk, chance, n):
    """One process of each room in turn; the others go on."""
    running(desk.d)
    moment(chance)
    found = until(lambda: rooms(desk.d, ROOMS[n % len(ROOMS)]), 10 * SLOW,
                  "the room to be there")
    os.kill(chance.choice(found), signal.SIGKILL)
    moment(chance)
    assert desk.d.alive(), "psirtd ended:\n" + desk.d.text()[-3000:]


def kill_starter(desk, chance, _):
    """It takes all rooms along, so psirtd ends, to be started anew."""
    running(desk.d)
    moment(chance)
    os.kill(until(lambda: starter(desk.d), 5, "the starter")[0],
            signal.SIGKILL)
    assert desk.d.process.wait(20 * SLOW) == TRY_AGAIN, desk.d.text()[-3000:]


def test_psirtd_killed_at_random(world, daemon):
    with Row("SIGKILL of psirtd at a random moment") as row:
        struck(world, daemon, row, rounds(6), kill_psirtd)


def test_room_killed_at_random(world, daemon):
    with Row("SIGKILL of a room at a random moment") as row:
        struck(world, daemon, row, rounds(4), kill_room)


def test_starter_killed_at_random(world, daemon):
    with Row("SIGKILL of what starts the rooms") as row:
        struck(world, daemon, row, min(rounds(2), EACH), kill_starter)


# ---- at every stop ----

def lead(world, delivered, stop):
    """Letters that lead through this stop."""
    delivered.sealed()
    if stop == "alert":
        delivered.lay(letters.jpcert_notice(world.forger, world.poc))
    if stop == "decide":
        delivered.lay(letters.inquiry())


def killed_at(world, make, row, stop, side, tmp_path):
    world.reset()
    delivered = Delivered(world)
    d = make(**ENDLESS,
             procedure=impatient(tmp_path) if stop == "due" else {}).start()
    assert d.stop() == 0  # the first start makes the data key
    lead(world, delivered, stop)
    if stop == "watch":
        d.configure(reserve="500000G")  # more than any disk has
    d.start(stop_at=f"{stop}:1:{side}", ready=False)
    push(world, d, stop)
    assert d.process.wait(40 * SLOW) == -signal.SIGKILL, (
        f"never came to {stop}:\n{d.text()}")
    d.configure(reserve="1K")
    d.start()
    if stop in BY_HAND and side == "before":
        push(world, d, stop)  # it was not committed: the person asks again
    until(lambda: inbox(world) == 0, 20 * SLOW,
          "the mailbox to empty")
    row.round()
    promises(world, d, delivered, row)
    assert d.stop() == 0, d.text()
    d.remove()


@pytest.mark.parametrize("side", ["before", "after"])
def test_psirtd_killed_around_commits(world, daemon, side, tmp_path):
    """Each stop of the engine's table; the short form takes some of them."""
    names = stops()
    count = rounds(2)
    if count < len(names):
        names = random.Random(SEED).sample(names, count)
    print(f"FAULT_SEED={SEED}")
    with Row(f"SIGKILL {side} each kind of commit") as row:
        for stop in itertools.islice(itertools.cycle(names), count):
            killed_at(world, daemon, row, stop, side, tmp_path)
