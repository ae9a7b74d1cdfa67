"""Who may open the control socket and is no operator: told nothing, held
out of the desk's way, and counted.

The mode of the socket keeps others away; here it is opened to all, so that
what the daemon itself does with them is seen.
"""

import json
import os
import pwd
import socket

import pytest

from process import until
from program import SLOW

pytestmark = pytest.mark.skipif(
    os.getuid() != 0, reason="root alone becomes somebody else")

STRANGERS = ("games", "nobody")  # users of every Debian
HELD, LINES = 4, 20  # CONTROL_STRANGERS, CONTROL_STRANGER_LINES
REFUSED, AGAIN = 1, 75


@pytest.fixture
def opened(daemon):
    """A daemon at whose socket everybody may knock."""
    d = daemon().start()
    mode = d.world.folder.stat().st_mode
    d.world.folder.chmod(0o711)
    d.folder.chmod(0o711)
    d.socket.chmod(0o666)
    yield d
    # The mail servers go through it too.
    d.world.folder.chmod(mode)


class Somebody:
    """A connection of a user: the daemon sees whose, not what is said."""

    def __init__(self, d, name):
        self.socket = socket.socket(socket.AF_UNIX)
        os.seteuid(pwd.getpwnam(name).pw_uid)
        try:
            self.socket.connect(str(d.socket))  # waits while many do
        finally:
            os.seteuid(0)
        self.socket.settimeout(20 * SLOW)

    def ask(self, *words):
        line = json.dumps({"version": 1, "args": words}) + "\n"
        self.socket.sendall(line.encode())
        return self.answer()

    def answer(self):
        """None: the connection ended without one."""
        data = b""
        with self.socket as s:
            while chunk := s.recv(65536):
                data += chunk
        return json.loads(data) if data else None


def refusals(d):
    return [line for line in d.psirt.json("log", "--notes")["lines"]
            if line["what"] == "refused"]


def test_a_stranger_is_told_nothing_and_recorded(opened):
    uid = pwd.getpwnam("games").pw_uid
    for command in ("list", "log", "queue", "nonsense"):
        said = Somebody(opened, "games").ask(command)
        assert (said["exit"], said["data"]) == (REFUSED, {}), said
        assert f"no operator with uid {uid}" in said["error"]
    assert [(x["actor"], x["note"]) for x in refusals(opened)] == [
        (f"uid {uid}", f"psirt {name}")
        for name in ("list", "log", "queue", "?")]


def test_strangers_do_not_keep_the_desk_out(opened):
    """As many as like to, who connect and say nothing."""
    held = [Somebody(opened, name) for _ in range(20) for name in STRANGERS]
    assert opened.psirt.json("list")["cases"] == []
    said = [x.answer() for x in held]
    assert [x["exit"] for x in said if x] == [AGAIN] * (len(held) - HELD)
    # The few that stayed had their time to ask, and were closed.
    assert said.count(None) == HELD
    assert opened.psirt.json("list")["cases"] == []


def test_strangers_do_not_fill_the_disk(opened):
    size = None
    for i in range(LINES + 300):
        said = Somebody(opened, STRANGERS[i % 2]).ask("list")
        assert said["exit"] == (REFUSED if i < LINES else AGAIN), (i, said)
        if i == LINES:
            size = len(opened.at_rest())
    assert len(opened.at_rest()) - size < 65536
    assert len(refusals(opened)) == LINES
    assert opened.text().count("refused uid") == LINES


@pytest.mark.limit(150)
def test_what_had_no_line_is_counted(opened):
    for _ in range(LINES + 5):
        Somebody(opened, "games").ask("list")
    until(lambda: len(refusals(opened)) > LINES, 80 * SLOW,
          "the minute to be over")
    assert refusals(opened)[-1]["actor"] == "(strangers)"
    assert refusals(opened)[-1]["note"] == "5 more in that minute"
    assert Somebody(opened, "games").ask("list")["exit"] == REFUSED
    assert opened.psirt.json("log", "--verify")["whole"] is True
