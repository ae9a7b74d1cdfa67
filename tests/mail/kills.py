"""SIGKILL: at a stop of the engine's table, and of one room.

psirtd-stops is the same daemon with a hook around every commit; it kills
itself there (Daemon.start(stop_at="file:1:before")).
"""

import os
import subprocess

from process import until
from program import BUILD, TOP

ROOMS = ("fetch", "read", "vault", "send")
BY_HAND = ("route", "decide", "order", "renew")


def stops():
    """The engine's own table, by name."""
    try:
        text = subprocess.run([str(BUILD / "psirtd-stops"), "--stops"],
                              capture_output=True, text=True,
                              check=True).stdout
    except OSError:
        return ["psirtd-stops-is-not-built"]
    return [line.split("\t")[0] for line in text.splitlines()]


def push(world, d, stop):
    """Do what leads through this stop, as a person where it takes one."""
    number = None
    if stop in BY_HAND:
        until(lambda: d.process.poll() is None and _answers(d), 20,
              "psirtd to answer")
    if stop in ("route", "order"):
        number = until(lambda: [c["case"] for c in d.psirt.cases()], 20,
                       "the case")[0]
    if stop == "route":
        d.psirt.run("route", number, "care")
    elif stop == "order":
        d.psirt.run("title", number, "Overflow")
    elif stop == "renew":
        d.psirt.run("key", "renew")
    elif stop == "decide":
        letter = until(lambda: [x for x in d.psirt.letters()
                                if x["state"] == "inquiry"], 20,
                       "the inquiry")[0]
        d.psirt.run("file", str(letter["letter"]))


def _answers(d):
    return d.psirt.run("list").returncode == 0


def impatient(folder):
    """The shipped flow of a finder's case, where design is late at once."""
    text = (TOP / "conf/flow-direct.conf").read_text()
    step = text.index('step "2.1.1"')
    path = folder / "flow-direct.conf"
    path.write_text(text[:step] + text[step:].replace("due = 10b", "due = 2s",
                                                      1))
    return {"flow_direct": path}


def rooms(d, name):
    """Process ids of this room."""
    return [pid for pid, words in _commands(d)
            if b"-x" in words and name.encode() in words]


def starter(d):
    """The small process that starts all rooms."""
    return [pid for pid, words in _commands(d)
            if pid != d.process.pid and os.fsencode(d.conf) in words]


def _commands(d):
    for pid in d.pids():
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as line:
                yield pid, line.read().split(b"\0")
        except OSError:
            continue
