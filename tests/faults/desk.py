"""A desk, the clock it goes by, and all that was delivered to it."""

from clock import Clock
from intake import inbox
from process import until
from program import SLOW
from promises import ENDLESS, Delivered, promises

AGAIN = 60  # seconds after which what failed once is tried again


class Desk:
    def __init__(self, world, make, row, **settings):
        self.world, self.row = world, row
        world.reset()
        self.delivered = Delivered(world)
        self.d = make(**ENDLESS, **settings)
        self.clock = Clock(self.d)

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind is None:
            assert self.d.stop() == 0, self.d.text()

    def kept(self, **how):
        """Everything that came is taken, and no promise is broken."""
        until(lambda: inbox(self.world) == 0, 60 * SLOW,
              "the mailbox to empty\n" + self.d.text()[-3000:])
        self.later()
        promises(self.world, self.d, self.delivered, self.row, **how)

    def waiting(self):
        """Mails that are tried again by themselves."""
        return [m for m in self.d.psirt.queue() if m["not_before"]
                and m["state"] in ("approved", "sealed")]

    def later(self, seconds=AGAIN):
        if self.waiting():
            self.clock.jump(seconds)
