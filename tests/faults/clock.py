"""The clock of one psirtd goes as we say (libfaketime).

    clock = Clock(d)        # before d is started
    clock.jump(2 * DAY)     # forward, or back, from where it is now

The engine alone is led astray: rooms get an environment made anew, and the
clock that does not jump (CLOCK_MONOTONIC) is left as it is.  A build with
ASan does not start under libfaketime; there every clock is right.
"""

import glob
import os
import time

import pytest

HOUR, DAY = 3600, 86400
FOUND = glob.glob("/usr/lib/*/faketime/libfaketime.so.1")
WORKS = bool(FOUND) and not os.environ.get("SANITIZE")

needed = pytest.mark.skipif(
    not WORKS, reason="libfaketime is not there, or not for this build")


class Clock:
    def __init__(self, d):
        self.d, self.offset = d, 0
        # In a folder that the engine may read when its walls are up.
        self.path = d.folder / "clock"
        if not WORKS:
            return
        d.environment = {"LD_PRELOAD": FOUND[0],
                         "FAKETIME_TIMESTAMP_FILE": str(self.path),
                         "FAKETIME_NO_CACHE": "1",
                         "FAKETIME_DONT_FAKE_MONOTONIC": "1",
                         "FAKETIME_DISABLE_SHM": "1"}
        self.jump(0)

    def now(self):
        return time.time() + self.offset

    def jump(self, seconds):
        """Written at once, for psirtd may look at any moment."""
        if not WORKS:
            return
        self.offset += seconds
        new = self.path.with_suffix(".new")
        new.write_text(f"{self.offset:+}\n")
        new.rename(self.path)
        if self.d.alive():
            self.d.psirt.run("queue")  # it looks at the time when it wakes
