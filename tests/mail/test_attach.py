"""Nobody but root looks into a running psirtd: not another user of the host,
and not a process of its own user, as a shell got by some other way.

The daemon runs as a plain user here, whose processes may look into each other
where nothing forbids it.
"""

import os
import pwd
import shutil
import subprocess
import sys

import pytest

import letters
import world as people
from process import die_with_parent, until
from program import BUILD
from test_walls import real, roles
from test_way_in import own

pytestmark = [real, pytest.mark.skipif(
    os.getuid() != 0, reason="root alone starts it as another user")]
OURS, STRANGER = "games", "news"  # users of every Debian

# Which of these ways in are open, a line for each process.
ATTACK = """
import ctypes, os, sys
ptrace = ctypes.CDLL(None).ptrace
ptrace.argtypes = [ctypes.c_long] * 4
def seize(pid):
    assert ptrace(0x4206, pid, 0, 0) == 0
def opens(name):
    return lambda pid: os.close(os.open(f"/proc/{pid}/{name}", os.O_RDONLY))
def lists(pid):
    os.listdir(f"/proc/{pid}/fd")
ways = {"ptrace": seize, "mem": opens("mem"), "environ": opens("environ"),
        "fd": lists}
for pid in map(int, sys.argv[1:]):
    found = []
    for name, way in ways.items():
        try:
            way(pid)
            found.append(name)
        except (OSError, AssertionError):
            pass
    print(pid, *found)
"""


def attack(user, pids):
    """{pid: the ways that are open to this user}"""
    who = pwd.getpwnam(user)
    said = subprocess.run(
        [sys.executable, "-I", "-c", ATTACK, *map(str, pids)], text=True,
        user=who.pw_uid, group=who.pw_gid, extra_groups=[], cwd="/",
        capture_output=True, check=True, timeout=60).stdout
    rows = [line.split() for line in said.splitlines()]
    return {int(pid): ways for pid, *ways in rows}


@pytest.fixture
def running(world, daemon):
    """At work as a plain user, with all that it needs."""
    d = own(daemon())
    who = pwd.getpwnam(OURS)
    shutil.copy(BUILD / "psirtd", d.folder)
    for path in [d.folder, *d.folder.rglob("*")]:
        os.chown(path, who.pw_uid, who.pw_gid)
    with open(d.log, "ab") as log:
        d.process = subprocess.Popen(
            [str(d.folder / "psirtd"), "-c", str(d.conf)],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/",
            env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
            user=who.pw_uid, group=who.pw_gid, extra_groups=[],
            preexec_fn=die_with_parent)
    world.deliver(letters.clear_report(), people.STRANGER)
    world.wait_mails(people.STRANGER, seconds=60)
    until(lambda: "agent" in roles(d).values(), 10, "the agents")
    return d


def test_the_attack_works(running):
    """On a process that does not defend itself."""
    who = pwd.getpwnam(OURS)
    with subprocess.Popen(["/bin/sleep", "60"], user=who.pw_uid,
                          group=who.pw_gid, extra_groups=[]) as plain:
        try:
            assert attack(OURS, [plain.pid])[plain.pid] == [
                "ptrace", "mem", "environ", "fd"]
            assert attack(STRANGER, [plain.pid])[plain.pid] == []
        finally:
            plain.kill()


def test_a_stranger_looks_into_nothing(running):
    for pid, ways in attack(STRANGER, running.pids()).items():
        assert ways == [], pid


def test_its_own_user_looks_into_nothing(running):
    """Nor into gpg-agent, which takes care of that by itself."""
    there = roles(running)
    assert set(there.values()) == {"engine", "starter", "fetch", "read",
                                   "vault", "send", "agent"}
    assert {there[pid]: ways for pid, ways in attack(OURS, there).items()
            if ways} == {}
