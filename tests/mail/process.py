"""Processes of the test world: started, watched and ended by their id.

A server never outlives the test: it dies with us (PR_SET_PDEATHSIG), it is
ended as a group, and left_over() finds whatever still knows our folder.
Started by root, a server runs as `nobody`; else as the caller.
"""

import ctypes
import os
import pathlib
import signal
import socket
import subprocess
import time

PR_SET_PDEATHSIG = 1
PR_SET_NO_NEW_PRIVS = 38
LIBC = ctypes.CDLL(None, use_errno=True)
SERVER_USER = "nobody" if os.getuid() == 0 else None


def until(check, seconds, what):
    """Call check until it gives something true; say what was awaited."""
    end = time.monotonic() + seconds
    while True:
        got = check()
        if got:
            return got
        if time.monotonic() > end:
            raise AssertionError(f"waited {seconds} s in vain for {what}")
        time.sleep(0.02)


def free_ports(count):
    """Ports that nobody on loopback listens on now."""
    sockets = []
    for _ in range(count):
        s = socket.socket()
        s.bind(("127.0.0.1", 0))
        sockets.append(s)
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports


def listens(port, address="127.0.0.1"):
    with socket.socket() as s:
        s.settimeout(1)
        return s.connect_ex((address, port)) == 0


def own_by_server(path):
    """Give a file or folder to the user that the servers run as."""
    if SERVER_USER:
        import pwd
        entry = pwd.getpwnam(SERVER_USER)
        os.chown(path, entry.pw_uid, entry.pw_gid)


def die_with_parent():
    # exim4 is installed setuid root: here it stays who we are.
    LIBC.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)


class Server:
    """One server process with its children, in a session of its own."""

    def __init__(self, argv, log):
        self.log = pathlib.Path(log)
        out = open(self.log, "ab")
        identity = {}
        if SERVER_USER:
            import pwd
            entry = pwd.getpwnam(SERVER_USER)
            identity = {"user": entry.pw_uid, "group": entry.pw_gid,
                        "extra_groups": []}
        self.process = subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
            cwd="/", env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
            start_new_session=True, preexec_fn=die_with_parent, **identity)
        out.close()

    def alive(self):
        return self.process.poll() is None

    def stop(self):
        if self.alive():
            self.process.terminate()
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                pass
        for sig in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(self.process.pid, sig)
            except ProcessLookupError:
                break
            time.sleep(0.05)
        self.process.wait(5)


def processes():
    """(pid, command line, environment) of what we may look at."""
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            line = (entry / "cmdline").read_bytes()
        except OSError:
            continue
        try:
            environ = (entry / "environ").read_bytes()
        except OSError:
            environ = b""
        yield int(entry.name), line, environ


def left_over(*marks):
    """Processes whose command line or environment names one of the marks."""
    found = []
    wanted = [os.fsencode(str(m)) for m in marks]
    for pid, line, environ in processes():
        if pid == os.getpid():
            continue
        if any(m in line or m in environ for m in wanted):
            found.append((pid, line.replace(b"\0", b" ").decode("utf-8",
                                                                "replace")))
    return found


def descendants(pid):
    """pid's children and theirs, by /proc."""
    children = {}
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            stat = (entry / "stat").read_text()
        except OSError:
            continue
        parent = int(stat.rpartition(")")[2].split()[1])
        children.setdefault(parent, []).append(int(entry.name))
    found, todo = [], [pid]
    while todo:
        for child in children.get(todo.pop(), []):
            found.append(child)
            todo.append(child)
    return found
