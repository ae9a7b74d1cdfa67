"""What every mail test gets: one world, fresh mailboxes, a time limit.

`world` is made once a run; `daemon(...)` makes a psirtd with a database of
its own, which is ended and removed after the test.  When all tests are over
nothing may be left running.
"""

import os
import signal

import pytest

from procedure import Vendor
from process import left_over
from program import BUILD, SLOW, Daemon
from world import World

LIMIT = 120


@pytest.fixture(scope="session")
def world():
    if not os.access(BUILD / "psirtd", os.X_OK):
        pytest.exit(f"no {BUILD}/psirtd: run make first", 2)
    w = World()
    folder = w.folder
    yield w
    left = w.close()
    assert left == [], "left running"
    assert left_over(folder) == []
    assert not folder.exists()


@pytest.fixture(scope="session")
def vendor(world):
    """All departments and customers of the world, with keys."""
    return Vendor(world)


def pytest_configure(config):
    config.addinivalue_line(
        "markers", "limit(seconds): this test may take longer than others")


@pytest.fixture(autouse=True)
def time_limit(request):
    """A test that hangs fails; the rest go on."""
    longer = request.node.get_closest_marker("limit")
    limit = (longer.args[0] if longer else LIMIT) * SLOW

    def over(signum, frame):
        raise TimeoutError(f"the test ran over {limit} s")
    before = signal.signal(signal.SIGALRM, over)
    signal.alarm(limit)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture
def daemon(world, request):
    """daemon(**settings): a new, not yet started psirtd."""
    made = []
    world.reset()

    def make(**changes):
        made.append(Daemon(world, **changes))
        return made[-1]

    yield make
    logs = [d.text() for d in made]
    failed = getattr(request.node, "failed", False)
    left = []
    for d in made:
        rooms = d.pids() if d.alive() else []
        d.remove()
        left += [pid for pid in rooms if os.path.exists(f"/proc/{pid}")
                 and not _zombie(pid)]
    for n, log in enumerate(logs):
        if failed:
            print(f"---- psirtd {n} ----\n{log}")
    world.reset()
    assert left == [], "rooms outlived their engine"


def _zombie(pid):
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


@pytest.hookimpl(tryfirst=True, hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    if call.when == "call":
        item.failed = outcome.get_result().failed
