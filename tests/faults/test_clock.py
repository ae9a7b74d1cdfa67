"""The clock of the machine jumps, forward and back.

It orders nothing: states do.  What waits for a time that was reckoned with a
wrong clock waits no longer than it would have, and nothing is said twice.
"""

import collections
import re
import time

import pytest

import letters
import world as people
from clock import DAY, HOUR, needed
from desk import Desk
from kills import impatient
from post import Received
from process import until
from program import SLOW
from promises import arrived
from table import Row, rounds

pytestmark = needed
EACH = 50


def reminded(world):
    """How often design was reminded of each case."""
    return collections.Counter(
        re.search(r"\[(\S+)\]", str(h["Subject"]))[1]
        for h in arrived(world) if h["X-PSIRTD-Mail"] == "reminder")


@pytest.mark.parametrize("first", [2 * DAY, -2 * DAY])
def test_clock_jumps(world, daemon, tmp_path, first):
    """While letters come and departments are late at once."""
    way = "ahead" if first > 0 else "behind"
    with Row(f"clock two days {way}, and right again") as row, \
            Received(world, daemon, row, 0,
                     procedure=impatient(tmp_path)) as desk:
        desk.d.start()
        for _ in range(min(rounds(2), EACH)):
            for jump in (first, -first):
                wait(desk, 3)
                desk.clock.jump(jump)
            row.round()
            desk.kept()
        # A case was late by either clock, once: the next reminder
        # is due after three days of any clock.
        assert reminded(world)
        assert set(reminded(world).values()) == {1}


def wait(desk, count):
    """Until so many letters more are filed."""
    enough = len(desk.d.psirt.letters()) + count
    until(lambda: len(desk.d.psirt.letters()) >= enough, 30 * SLOW,
          "letters to come")


def test_mail_that_waits_when_the_clock_goes_back(world, daemon):
    """It was to be tried again half a minute on, by a clock that is wrong."""
    with Row("clock goes back while a mail waits") as row, \
            Desk(world, daemon, row) as desk:
        desk.d.start()
        for _ in range(min(rounds(1), EACH)):
            desk.clock.jump(2 * DAY)
            world.smtp.defer(True)
            desk.delivered.report()
            until(desk.waiting, 20 * SLOW, "the mail to wait")
            world.smtp.defer(False)
            desk.clock.jump(-2 * DAY)
            until(lambda: desk.d.psirt.letters() and not desk.waiting(),
                  20 * SLOW, "the mail to leave")
            row.round()
            desk.kept()


def told(world):
    return len(world.mails(people.DESK, kind="alert"))


def test_alert_when_the_clock_went_back(world, daemon):
    """A flood makes one mail in ten minutes, of those that there are."""
    with Row("clock goes back before an alert") as row, \
            Desk(world, daemon, row) as desk:
        desk.d.start()
        desk.clock.jump(2 * DAY)
        for count in (1, 2):
            desk.delivered.lay(letters.jpcert_notice(world.forger, world.poc))
            until(lambda: told(world) == count, 20 * SLOW,
                  "the POC to be told")
            desk.clock.jump(-2 * DAY)
        row.round()
        desk.kept()


def test_answers_when_the_clock_went_back(world, daemon):
    """What left in time to come counts for no limit of today."""
    with Row("clock goes back, and limits count on") as row, \
            Desk(world, daemon, row) as desk:
        desk.d.configure(limits={"acknowledge_per_hour": 2})
        desk.d.start()
        desk.clock.jump(2 * DAY)
        for _ in range(2):
            desk.delivered.report()
        desk.kept()
        desk.clock.jump(-2 * DAY)
        desk.delivered.report()
        until(lambda: len(desk.d.psirt.letters()) == 3, 20 * SLOW,
              "the letter")
        until(desk.waiting, 20 * SLOW, "its answer")
        desk.clock.jump(HOUR)
        row.round()
        desk.kept()
        assert desk.d.psirt.queue() == []


def mornings(world):
    return len(world.mails(people.DESK, kind="morning"))


def test_morning_mail_when_the_clock_went_back(world, daemon):
    """One a morning, whichever mornings the clock shows."""
    # Six hours from now; the daemon's clock is in Japan.
    morning = time.strftime("%H:%M", time.gmtime(time.time() + 15 * HOUR))
    with Row("clock goes back between mornings") as row, \
            Desk(world, daemon, row,
                 procedure={"morning": morning}) as desk:
        desk.d.start()
        for jump, count in ((2 * DAY, 1), (HOUR, 1), (-2 * DAY, 1),
                            (DAY, 2), (HOUR, 2)):
            desk.clock.jump(jump)
            until(lambda: mornings(world) >= count, 20 * SLOW,
                  "the morning mail")
            desk.kept()
            assert mornings(world) == count
        row.round()
