"""A desk whose mailbox is reached through the proxy, struck again and again.

A round: the session ends, three letters are laid while the next one waits,
and that one has the fault; the sessions after it have none.  When the INBOX
is empty, promises() looks.  One daemon goes through many rounds.
"""

import collections

import letters
from process import until
from program import SLOW
from promises import ENDLESS, Delivered, promises
from proxy import Proxy

EACH = 50   # rounds of one database: more than that is slow to look through
VARY = 40   # octets by which sessions differ: a signature, a duration

# How many there are in every session; behind NOOP comes one command more.
Length = collections.namedtuple("Length", "commands answers octets")


class Intake:
    def __init__(self, world, make, row=None, always=None, **mailbox):
        self.world, self.row = world, row
        world.reset()
        self.proxy = Proxy(world, always)
        self.delivered = Delivered(world,
                                   folder=mailbox.get("folder", "INBOX"))
        if self.delivered.folder != "INBOX":
            with world.mailbox(letters.POC) as box:
                box.create(self.delivered.folder)
        self.d = make(**ENDLESS,
                      mailbox={"port": self.proxy.port, **mailbox}).start()

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        try:
            if kind is None:
                assert self.d.stop() == 0, self.d.text()
        finally:
            self.proxy.close()

    def lay(self):
        """Three letters: in clear, sealed, and one that is known."""
        self.delivered.sealed()
        self.delivered.again(self.delivered.report())

    def strike(self, fault, then=None, **how):
        """One round; then: what ends the fault once it has struck."""
        self.proxy.hold()
        self.lay()
        self.proxy.go(fault)
        if then is not None:
            self.struck(fault)
            then()
        self.filed()
        self.struck(fault)
        self.kept(**how)

    @staticmethod
    def struck(fault):
        until(lambda: fault.struck, 10 * SLOW, "the fault to come")

    def filed(self, seconds=30):
        until(lambda: inbox(self.world, self.delivered.folder) == 0,
              seconds * SLOW, "the mailbox to empty\n" + self.d.text()[-3000:])

    def kept(self, **how):
        if self.row is not None:
            self.row.round()
        promises(self.world, self.d, self.delivered, self.row, **how)

    def plain(self):
        """A session without a fault; letters moved, it has no back-off."""
        self.proxy.hold()
        self.lay()
        self.proxy.go()
        self.filed()

    def length(self):
        """Of a session without a fault, when all folders are there."""
        for _ in range(2):
            self.plain()
            session = self.proxy.sessions[-1]
            until(lambda: "NOOP" in session.commands, 5 * SLOW,
                  "the session to end")
        last = session.commands.index("NOOP")
        given, answers = session.before[last]
        return Length(last + 2, answers, given - VARY)


def inbox(world, folder="INBOX"):
    """How many letters lie in the folder that is watched."""
    box = world.mail / letters.POC
    if folder != "INBOX":
        box /= f".{folder}"
    return len([path for name in ("new", "cur")
                for path in (box / name).glob("*")])


def spread(most, count):
    """At most count numbers of 0 … most-1, evenly spread, the ends too."""
    if most <= count:
        return list(range(most))
    return sorted({round(n * (most - 1) / (count - 1)) for n in range(count)})


def walk(world, make, row, faults, **how):
    """A round for each of the faults."""
    faults = list(faults)
    for first in range(0, len(faults), EACH):
        with Intake(world, make, row, **how) as intake:
            for fault in faults[first:first + EACH]:
                intake.strike(fault)
