"""Rights of the rooms, and what rests where.

What is looked at is the kernel's view of the running processes (/proc) and
the bytes on disk, not what the program says of itself.
"""

import os
import pathlib
import re
import subprocess
import time

import pytest

import letters
import world as people
from process import until
from program import BUILD
from test_kill import rooms

VERSION = "2.3.177"
real = pytest.mark.skipif(bool(os.environ.get("SANITIZE")),
                          reason="the sanitizer cannot live behind the walls")


def status(pid):
    text = pathlib.Path(f"/proc/{pid}/status").read_text()
    return dict(line.split(":\t", 1) for line in text.splitlines())


def roles(d):
    """What each process is, by its pid."""
    found = {}
    for pid in d.pids():
        words = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        if words[1:2] == [b"-x"]:
            found[pid] = words[2].decode()
        elif words[0] == b"gpg-agent":
            found[pid] = "agent"
        else:
            found[pid] = "engine" if pid == d.process.pid else "starter"
    return found


def at_rest(d):
    """No child is at a job: it, and gpg, hold what they work on."""
    def quiet():
        before = set(d.pids())
        time.sleep(1)
        return before == set(d.pids())
    until(quiet, 60, "the rooms to have nothing to do")


@pytest.fixture
def running(world, daemon):
    d = daemon()
    world.deliver(letters.finder_report(world.finder, world.poc))
    d.start()
    world.wait_mails(letters.FINDER, kind="acknowledge")
    world.wait_mails(people.DESIGN)
    world.wait_mails(people.QUALITY)
    return d


# How many filters stand around a process, the starter's rooms having theirs.
WALLS = {"engine": "1", "starter": "0", "fetch": "1", "send": "1",
         "vault": "1", "agent": "1", "read": "2"}


@real
def test_every_room_is_walled_in(running):
    """What the walls of each kind refuse: tests/unit/test_base_walls.c."""
    at_rest(running)
    found = roles(running)
    assert set(found.values()) == set(WALLS)
    for pid, role in found.items():
        row = {key: value.strip() for key, value in status(pid).items()}
        assert row["Seccomp_filters"] == WALLS[role], role
        assert row["Seccomp"] == ("2" if WALLS[role] != "0" else "0"), role
        assert row["NoNewPrivs"] == "1", role


@real
def test_no_room_holds_what_is_not_its_own(running):
    """The database is open in the engine alone; a network socket only in
    fetch and send."""
    if os.getuid() != 0:
        pytest.skip("another process's files are seen by root alone")
    database = str(running.database)
    for pid in running.pids():
        mine = pid == running.process.pid
        links = []
        for fd in pathlib.Path(f"/proc/{pid}/fd").iterdir():
            try:
                links.append(os.readlink(fd))
            except OSError:
                continue
        if not mine:
            assert not any(x.startswith(database) for x in links)
    networked = _network_inodes()
    for name in ("read", "vault"):
        for pid in rooms(running, name):
            for fd in pathlib.Path(f"/proc/{pid}/fd").iterdir():
                try:
                    link = os.readlink(fd)
                except OSError:
                    continue
                assert link not in networked, (name, link)


def _network_inodes():
    found = set()
    for table in ("tcp", "tcp6", "udp", "udp6"):
        path = pathlib.Path("/proc/net") / table
        if path.exists():
            for line in path.read_text().splitlines()[1:]:
                found.add(f"socket:[{line.split()[9]}]")
    return found


def test_secrets_stand_on_no_command_line_or_environment(world, running):
    secrets = [world.accounts[letters.POC].encode(),
               world.submitters["psirtd"].encode()]
    seen = 0
    for pid in running.pids():
        for name in ("cmdline", "environ"):
            try:
                data = pathlib.Path(f"/proc/{pid}/{name}").read_bytes()
            except OSError:
                continue  # not dumpable: nobody can look
            seen += 1
            for secret in secrets:
                assert secret not in data, (pid, name)
    assert seen


@real
def test_core_dumps_are_off(running):
    for pid in running.pids():
        limits = pathlib.Path(f"/proc/{pid}/limits").read_text()
        line = re.search(r"Max core file size\s+(\S+)", limits)
        assert line[1] == "0", pid


def test_no_word_of_the_report_rests_in_clear(world, daemon):
    d = daemon()
    # A version that is not the number of a step as well: those are plain.
    english, japanese, notice = (
        text.replace("2.3.1", VERSION) for text in
        (letters.ENGLISH, letters.JAPANESE, letters.NOTICE))
    world.deliver(letters.finder_report(world.finder, world.poc, english))
    world.deliver(letters.clear_report(), people.STRANGER)
    world.deliver(letters.japanese_inline(world.finder2, world.poc, japanese),
                  people.FINDER2)
    world.deliver(letters.jpcert_notice(world.jpcert, world.poc, notice),
                  letters.JPCERT)
    world.deliver(letters.plain("about boxes\n", subject="zebra-subject"),
                  people.STRANGER)
    d.start()
    world.wait_mails(letters.JPCERT)
    until(lambda: len(d.psirt.letters()) == 5, 20, "five letters")
    letter = [x for x in d.psirt.letters() if x["state"] == "inquiry"][0]
    d.psirt.text("drop", str(letter["letter"]), "--why", "giraffe-note")
    check_at_rest(world, d)
    assert d.stop() == 0
    check_at_rest(world, d)
    # Nor anywhere else below our folder.
    for path in d.folder.rglob("*"):
        if path.is_file() and path.name not in ("log", "psirtd.conf"):
            assert b"xylophone" not in path.read_bytes(), path
    assert b"xylophone" not in d.log.read_bytes()
    assert letters.FINDER.encode() not in d.log.read_bytes()


def check_at_rest(world, d):
    data = d.at_rest()
    assert len(data) > 10000
    clear = ["xylophone", "tangerine", "XYZ-100", VERSION, "JVN#12345678",
             "91234567", "Robin", letters.FINDER, people.STRANGER,
             "zebra-subject", "giraffe-note", "PLC", "plc",
             world.finder.fingerprint, "BEGIN PGP PUBLIC KEY",
             "Content-Type", "multipart", "CVSS:3.1", "CWE-120"]
    for word in clear:
        assert word.encode() not in data, word
    for word in ("紫陽花", "パストラバーサル", "脆弱性", "山田"):
        for charset in ("utf-8", "iso-2022-jp", "utf-16-le"):
            assert word.encode(charset) not in data, word


def test_database_is_the_owners_alone(running):
    for path in running.folder.glob("psirtd.db*"):
        assert path.stat().st_mode & 0o077 == 0, path
    mode = running.socket.stat().st_mode
    assert mode & 0o007 == 0


def test_database_without_the_key_opens_nothing(world, daemon):
    """A stolen backup: the same file under another POC key is refused."""
    d = daemon()
    world.deliver(letters.finder_report(world.finder, world.poc))
    assert d.once() == 0, d.text()
    other = world.poc.make("Other <other@vendor.example>")
    d.configure(keys={"poc": other, "recovery": None})
    assert d.once() != 0
    assert b"xylophone" not in d.at_rest()


def test_hardened_binary():
    for name in ("psirtd", "psirt"):
        header = subprocess.run(["readelf", "-hldW", str(BUILD / name)],
                                capture_output=True, text=True,
                                check=True).stdout
        assert re.search(r"Type:\s+DYN", header), name
        assert "GNU_RELRO" in header and "BIND_NOW" in header, name
        assert re.search(r"GNU_STACK.* RW ", header), name


def test_second_daemon_on_the_same_database_is_refused(running):
    import subprocess
    done = subprocess.run([str(BUILD / "psirtd"), "-c", str(running.conf),
                           "--once"], capture_output=True, text=True,
                          timeout=60, env={"PATH": "/usr/bin:/bin"})
    assert done.returncode in (75, 78)
    assert running.alive() and running.psirt.run("list").returncode == 0


def test_stopped_daemon_leaves_nothing(world, running):
    from process import left_over
    pids = running.pids()
    assert running.stop() == 0
    until(lambda: not [p for p in pids if os.path.exists(f"/proc/{p}")], 5,
          "every process to end")
    until(lambda: not left_over(running.folder), 5,
          "agents of the work folder to end")
    assert not list((running.folder / "w").iterdir())


def test_poc_key_with_a_passphrase(daemon):
    from program import Daemon
    from world import World
    w = World(passphrase="correct horse battery staple 4711")
    try:
        d = Daemon(w)
        w.deliver(letters.finder_report(w.finder, w.poc))
        assert d.once() == 0, d.text()
        ack, = w.mails(letters.FINDER, w.finder, "acknowledge")
        assert ack.signers == [w.poc.fingerprint]
        assert b"correct horse" not in d.at_rest()
        # Without it the daemon refuses and says so.
        d.configure(keys={"passphrase_file": None})
        assert d.once() == 78
        d.remove()
    finally:
        left = w.close()
    assert left == []
