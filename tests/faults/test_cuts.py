"""The connection to the mailbox is cut, wherever it can be.

Letters come, and the session that would take them ends: after a byte of the
server's, before a command reaches it, after the server has done one and
before its answer arrives.  Then the next session takes them.
"""

import pytest

from intake import Intake, spread, walk
from proxy import Cut, CutAfter, CutBefore, without
from table import Row, rounds

SERVERS = {"with MOVE": None, "without MOVE": without("MOVE")}


def test_cut_after_every_nth_byte(world, daemon):
    with Intake(world, daemon) as intake:
        length = intake.length().octets
    with Row("connection cut after every nth byte") as row:
        walk(world, daemon, row,
             (Cut(n) for n in spread(length, rounds(15))))


@pytest.mark.parametrize("server", SERVERS)
@pytest.mark.parametrize("cut", [CutBefore, CutAfter])
def test_cut_at_every_command(world, daemon, cut, server):
    with Intake(world, daemon, always=SERVERS[server]) as intake:
        count = intake.length().commands
    side = "before" if cut is CutBefore else "after"
    with Row(f"connection cut {side} a command, {server}") as row:
        walk(world, daemon, row,
             (cut(n) for n in spread(count, rounds(4))),
             always=SERVERS[server])
