"""More letters than anybody can read, from one address and from many: none is
lost, the answers keep to their limits, the desk is told once.

In the short form some hundred letters; with 500 rounds and more 10,000.
"""

import os
import re
import time

import letters
import pytest
import world as people
from intake import inbox
from process import until
from program import SLOW
from promises import Delivered, promises, settle
from table import Row, rounds
from test_loops import alerts

LONG = rounds(0) >= 500
COUNT = 10000 if LONG else 150
SEALED = 10            # one of so many is sealed
EACH, ALL = 3, 20      # the limits on automatic mail in an hour
WRITERS = (people.STRANGER, letters.FINDER, "crowd")
GROWTH = 32 << 20      # octets that the engine may have taken on


def address(number):
    return f"somebody{number}@flood.example"


@pytest.fixture
def crowd(world):
    """The mail server takes mails to as many addresses as there are letters,
    into one mailbox."""
    table = world.smtp.folder / "mailboxes"
    before = table.read_text()
    table.write_text(before + "".join(
        f"{address(n)}: {world.mail / 'crowd'}\n" for n in range(COUNT)))
    yield
    table.write_text(before)


def lay(world, delivered):
    """Every other one from one address, the rest from one each."""
    for number in range(COUNT):
        sender = people.STRANGER if number % 2 else address(number)
        if number % SEALED < 2:  # of either sort
            delivered.lay(letters.finder_report(
                world.finder, world.poc, delivered.text(), sender=sender,
                key_attached=False, sign=False))
        else:
            delivered.report(sender)


def most_memory(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return int(re.search(r"VmHWM:\s+(\d+) kB", status.read())[1]) << 10


@pytest.mark.limit(7000 if LONG else 120)
def test_flood(world, daemon, crowd):
    d = daemon(limits={"acknowledge_per_hour": EACH,
                       "automatic_per_hour": ALL})
    delivered = Delivered(world)
    delivered.sealed()  # before the flood: what a desk at work takes
    d.start()
    world.wait_mails(letters.FINDER)
    before = most_memory(d.process.pid)
    taken = len(world.smtp.text())
    began = time.monotonic()
    with Row(f"a flood of {COUNT:,} letters") as row:
        lay(world, delivered)
        until(lambda: time.sleep(0.2) or inbox(world) == 0, COUNT * SLOW,
              "the flood to be taken")
        settle(d, COUNT, late=True)
        seconds = time.monotonic() - began
        grown = most_memory(d.process.pid) - before
        print(f"{COUNT} letters in {seconds:.0f} s, the engine took "
              f"{grown >> 10} kB more")
        assert grown < GROWTH or os.environ.get("SANITIZE")
        limits_hold(world, d, world.smtp.text()[taken:],
                    1 + int(seconds) // 3600)
        row.round()
        promises(world, d, delivered, row, late=True,
                 silent=len(unsent(d)))


def unsent(d):
    return [mail for mail in d.psirt.queue()
            if mail["kind"] == "acknowledge"]


def limits_hold(world, d, log, hours):
    """What left is within the limits of so many hours; the rest waits for its
    hour, or for a person where that would be too much."""
    assert 0 < world.count(people.STRANGER) <= EACH * hours
    assert sum(world.count(name) for name in WRITERS) <= ALL * hours
    # Those to departments and to the desk are counted, too.
    assert log.count(" <= ") <= (ALL + 1) * hours
    waiting = unsent(d)
    assert {mail["state"] for mail in waiting} == {"approved", "held"}
    assert len([mail for mail in waiting
                if mail["state"] == "approved"]) <= ALL
    # The desk is told of it once an hour: that answers are late, and that
    # some are held, in a mail or two.
    until(lambda: alerts(world, "answer-late"), 20 * SLOW, "the alert")
    for reason in ("answer-late", "answer-held"):
        assert len(alerts(world, reason)) <= hours
    assert world.count(people.DESK) <= 2 * hours
