"""Two psirtd desks and one report between them.

Each answers at most once, whatever it knows of the other, and also where a
server on the way took off what says that a program wrote the mail.
"""

import re
import time

import pytest

import letters
import world as people
from process import until
from program import SLOW, Daemon
from test_loops import settled, silence_of

OTHER = letters.CERT  # the address of the second desk
KNOWN = """\
correspondent "Other desk" {{
  names = {{"Other desk"}}
  addresses = {{"{address}"}}
  fingerprints = {{"{fingerprint}"}}
  flow = "direct"
  language = "en"
}}
"""


class Desk(Daemon):
    """The desk of this address and key; other: whom it has pinned."""

    def __init__(self, world, address, home, other=None):
        self.address, self.other = address, other
        super().__init__(
            world, acknowledge="any",
            mailbox={"poll": "1s", "user": address},
            keys={"gnupghome": home.folder, "poc": home.fingerprint,
                  "recovery": None},
            desk={"address": address, "from_name": address})

    def configure(self, **changes):
        super().configure(**changes)
        (self.folder / "mailbox.secret").write_text(
            self.world.accounts[self.address] + "\n")
        known = KNOWN.format(address=self.other[0],
                             fingerprint=self.other[1].fingerprint
                             ) if self.other else ""
        self.conf.write_text(re.sub(
            r'correspondent "Overseas CERT" \{.*?\n\}\n', known,
            self.conf.read_text(), flags=re.S))


class Two:
    """Ours and the other, and what the mail server took for either."""

    def __init__(self, world, known):
        self.world = world
        world.cert.learn(world.design, world.quality, world.desk,
                         world.jpcert)
        ours, other = (letters.POC, world.poc), (OTHER, world.cert)
        self.desks = [Desk(world, *ours, other if known else None),
                      Desk(world, *other, ours if known else None)]
        self.before = [len(world.smtp.accepted(desk.address))
                       for desk in self.desks]

    def sent(self):
        """How many mails each has had from the other."""
        return [len(self.world.smtp.accepted(desk.address)) - before
                for desk, before in zip(self.desks, self.before)]

    def remove(self):
        for desk in self.desks:
            desk.remove()


@pytest.fixture
def two(world):
    made = []
    world.reset()

    def make(known):
        made.append(Two(world, known))
        return made[-1]
    yield make
    for desks in made:
        desks.remove()
    world.reset()


def from_correspondent(world):
    return letters.overseas_notice(world.cert, world.poc)


def from_finder(world):
    """The key comes along, and is known from then on."""
    return letters.finder_report(world.cert, world.poc, sender=OTHER,
                                 name="Other desk")


def from_nobody(world):
    return letters.clear_report(sender=OTHER)


REPORTS = pytest.mark.parametrize(
    "report", [from_correspondent, from_finder, from_nobody])


def silences(desk):
    """Why each letter of this desk was not answered; [] where it was."""
    return [silence_of(desk, row["letter"])
            for row in sorted(desk.psirt.letters(),
                              key=lambda row: row["letter"])]


@REPORTS
def test_both_at_work(world, two, report):
    desks = two(report is from_correspondent)
    ours, other = desks.desks
    world.lay(report(world))
    for desk in (ours, other):
        desk.start()
    settled(ours, 1)
    settled(other, 1)
    time.sleep(5 * SLOW)  # that many polls of either
    assert desks.sent() == [0, 1]
    assert silences(ours) == [[]]
    assert silences(other) == [["machine"]]


MARKS = re.compile(rb"^(?:Auto-Submitted|X-Auto-Response-Suppress|"
                   rb"X-PSIRTD-Mail): .*\r?\n", re.M)


def unmark(world, address):
    """What a server on the way does that keeps the fields it knows."""
    found = 0
    for path in list((world.mail / address).glob("new/*")):
        raw = path.read_bytes()
        head, end, body = raw.partition(b"\n\n")
        path.unlink()
        world.lay(MARKS.sub(b"", head + b"\n") + end[1:] + body, address)
        found += MARKS.search(head + b"\n") is not None
    return found


@REPORTS
def test_marks_lost_on_the_way(world, two, report):
    """The answer is a letter like any other, and is answered once; the answer
    to that one joins the case."""
    desks = two(report is from_correspondent)
    ours, other = desks.desks
    world.lay(report(world))
    lost = []
    for turn in range(6):
        assert desks.desks[turn % 2].once() == 0, desks.desks[turn % 2].text()
        lost.append(unmark(world, desks.desks[1 - turn % 2].address))
    assert lost == [1, 1, 0, 0, 0, 0]
    assert desks.sent() == [1, 1]
    ours.start()
    other.start()
    assert silences(ours) == [[], ["joined"]]
    assert silences(other) == [[]]
