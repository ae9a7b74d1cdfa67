"""The disk of the database is full, or cannot be written, or is not ours.

What cannot be committed has not happened: letters stay in the mailbox, mails
unsent, and when there is room again everything goes on.
"""

import re
import subprocess

import pytest

import letters
from desk import Desk
from disk import PAGE, Disk
from process import until
from program import SETUP, SLOW, TRY_AGAIN
from promises import ENDLESS
from table import Row, rounds

EACH = 50  # rounds of one database


class Small(Desk):
    """A desk whose database lies on a disk of its own."""

    def __init__(self, world, make, row=None, **settings):
        super().__init__(world, make, row, **settings)
        self.disk = Disk(self.d.folder)
        self.d.database = self.disk.folder / "psirtd.db"
        # It shall get full: no room is kept free.
        self.d.configure(database=self.d.database, reserve=0)

    def __exit__(self, *error):
        self.disk.empty()
        try:
            super().__exit__(*error)
        finally:
            if self.d.alive():
                self.d.kill()
            self.disk.remove()

    def ready(self, since):
        return "engine: ready" in self.said(since)

    def said(self, since):
        return self.d.text()[since:]


def need(world, make):
    """Pages that a start and the letters of a round write."""
    free = 2000
    with Small(world, make) as desk:
        desk.d.start()
        assert desk.d.stop() == 0
        desk.disk.fill(free)
        desk.d.start()
        lay(desk)
        desk.kept()
        return free - desk.disk.free() // PAGE


def lay(desk):
    desk.delivered.sealed()
    desk.delivered.report()


# Stops that need no person and no time to pass; a round ends at one of them.
# That of `send` writes one page alone and is met by chance.
STOPS = {"store", "open", "file", "flow", "seal", "sent"}


@pytest.mark.limit(300 + 20 * rounds(0))
def test_disk_full_at_every_commit(world, daemon):
    """So many pages are left that one commit more succeeds, and no more."""
    most = need(world, daemon)
    count = min(rounds(2), 4 * EACH)
    failed = set()
    with Row("disk full at a commit") as row:
        for first in range(0, count, EACH):
            with Small(world, daemon, row) as desk:
                desk.d.start()
                assert desk.d.stop() == 0
                for n in range(first, min(first + EACH, count)):
                    failed |= full(desk, (n + 1) * most // (count + 1))
    if count >= 4 * EACH:
        assert failed >= STOPS, f"never full at {STOPS - failed}"


def full(desk, pages):
    """One round; the names of the stops that could not commit."""
    since = len(desk.d.text())
    desk.disk.fill(pages)
    desk.d.start(ready=False)
    lay(desk)
    until(lambda: " full" in desk.said(since), 30 * SLOW,
          f"{pages} pages to be full\n{desk.said(since)}")
    if desk.d.alive() and desk.ready(since):
        # What is read is shown still; what is written is refused.
        assert desk.d.psirt.run("list").returncode == 0
    desk.disk.empty()
    # It began, and goes on; or it could not begin, and may be ending still.
    until(lambda: desk.ready(since) or not desk.d.alive(), 30 * SLOW,
          f"{pages} pages: psirtd to begin or to end\n{desk.said(since)}")
    if not desk.d.alive():
        assert desk.d.process.returncode == TRY_AGAIN
        desk.d.start()
    desk.row.round()
    desk.kept()
    # The write-ahead log goes, and the next round begins without.
    assert desk.d.stop() == 0, desk.d.text()
    return set(re.findall(r"engine: (\w+): database: [^\n]* full",
                          desk.said(since)))


def stopped(desk):
    """What came is done, psirtd stopped, and more has come since."""
    lay(desk)
    desk.kept()
    assert desk.d.stop() == 0
    lay(desk)


def ended(desk, code):
    """What a start said that ended with this code."""
    since = len(desk.d.text())
    desk.d.start(ready=False)
    assert desk.d.process.wait(20 * SLOW) == code
    return desk.said(since)


def test_disk_full_at_the_start(world, daemon):
    """It ends to be started anew: the unit gives up on what a person set."""
    with Row("disk full at the start") as row, \
            Small(world, daemon, row) as desk:
        desk.d.start()
        for _ in range(min(rounds(1), EACH)):
            stopped(desk)
            desk.disk.fill()
            assert " full" in ended(desk, TRY_AGAIN)
            desk.disk.empty()
            desk.d.start()
            row.round()
            desk.kept()


def test_disk_full_when_a_person_decides(world, daemon):
    """Refused, with the reason; said again it is done, once."""
    with Row("disk full when a person decides") as row, \
            Small(world, daemon, row) as desk:
        desk.d.start()
        desk.delivered.sealed()
        desk.delivered.lay(letters.inquiry())
        desk.kept()
        case, = [c["case"] for c in desk.d.psirt.cases()]
        inquiry, = [x["letter"] for x in desk.d.psirt.letters()
                    if x["state"] == "inquiry"]
        for words in (("title", case, "Overflow"), ("route", case, "care"),
                      ("file", str(inquiry))):
            assert desk.d.stop() == 0
            desk.d.start()
            desk.disk.fill()
            before = desk.d.psirt.log()
            done = desk.d.psirt.run(*words)
            assert done.returncode != 0 and " full" in done.stderr, done
            assert desk.d.psirt.log() == before
            desk.disk.empty()
            desk.d.psirt.text(*words)
            row.round()
            desk.kept()
        assert len(desk.d.psirt.cases()) == 2


# ---- not to be written, or not ours ----

SAID = {"disk": "it cannot be written", "file": "it cannot be written",
        "folder": "unable to open database file"}


def forbid(desk, what, yes):
    if what == "disk":
        desk.disk.read_only(yes)
        return
    path = desk.d.database if what == "file" else desk.disk.folder
    if subprocess.run(["chattr", "+i" if yes else "-i", path]).returncode:
        pytest.skip("a tmpfs of this kernel has no files that cannot change")


@pytest.mark.parametrize("what", SAID)
def test_read_only(world, daemon, what):
    """Said with the file's name, and a person has to act."""
    with Row(f"database that may not be written: {what}") as row, \
            Small(world, daemon, row) as desk:
        desk.d.start()
        for _ in range(min(rounds(1), EACH)):
            stopped(desk)
            forbid(desk, what, True)
            try:
                said = ended(desk, SETUP)
            finally:
                forbid(desk, what, False)
            assert str(desk.d.database) in said and SAID[what] in said
            row.round()
            desk.d.start()
            desk.kept()


def test_second_daemon(world, daemon):
    """Refused, again and again, while the first one takes letters."""
    with Row("a second daemon on the same database") as row, \
            Desk(world, daemon, row) as desk:
        desk.d.start()
        other = daemon(**ENDLESS, database=desk.d.database)
        for n in range(min(rounds(3), 2 * EACH)):
            lay(desk)
            since = len(other.text())
            if n % 3 == 2:
                assert other.once() == SETUP
            else:
                other.start(ready=False)
                assert other.process.wait(20 * SLOW) == SETUP
            assert (f"{desk.d.database}: it is in use by another process"
                    in other.text()[since:])
            row.round()
            desk.kept()
        # The first one dies: nothing stale is left in the other's way.
        desk.d.kill()
        assert other.once() == 0, other.text()
        desk.d.start()
        desk.kept()
