"""A proxy between psirtd and the real IMAP server, which makes one fault.

It ends TLS on loopback with the world's good certificate and speaks TLS to
Dovecot.  Commands pass line by line, answers whole, with their literals, so
that a Fault can touch each.  A Fault is for one session; the ones before and
after it pass as they are, but for what `always` does to every answer.

    with Proxy(world) as proxy:
        d = daemon(mailbox={"port": proxy.port})
        proxy.hold()            # the session ends, the next one waits
        ...                     # letters are laid
        proxy.go(Cut(1000))     # the next session has the fault
"""

import contextlib
import re
import select
import socket
import ssl
import struct
import threading

from servers import GOOD, HOST

LITERAL = re.compile(rb"\{(\d+)\}\r\n")


class HangUp(Exception):
    """The connection ends here."""


class Fault:
    """One session passes through it; this one changes nothing."""

    reset = False  # ends with a RST, not with the end of the stream

    def __init__(self):
        self.struck = False

    def connected(self, plain):
        """It connected; TLS has not begun."""

    def command(self, session, line):
        """What the server gets of a command, or None."""
        return line

    def answer(self, session, answer):
        """What psirtd gets of an answer."""
        return answer

    def content(self, session, line):
        """What the SMTP server gets of a line of a mail, or None."""
        return line


class Cut(Fault):
    """Cut after so many bytes of the server's."""

    def __init__(self, after):
        super().__init__()
        self.after = after

    def answer(self, session, answer):
        left = self.after - session.given
        if left > len(answer):
            return answer
        self.struck = True
        session.give(answer[:left])
        raise HangUp


class AtCommand(Fault):
    """Something happens at the nth command of the session, from 0."""

    def __init__(self, nth):
        super().__init__()
        self.nth = nth

    def command(self, session, line):
        if not self.struck and len(session.commands) == self.nth + 1:
            try:
                return self.strike(session, line)
            finally:
                self.struck = True  # what happens has happened
        return line


class SilentAfter(Cut):
    """Nothing comes after so many bytes of the server's, for ever."""

    def answer(self, session, answer):
        try:
            return super().answer(session, answer)
        except HangUp:
            session.silent = True
            return b""


class CutBefore(AtCommand):
    """Cut when the nth command came: the server never sees it."""

    reset = True

    def strike(self, session, line):
        raise HangUp


class CutAfter(AtCommand):
    """Cut when the server has done the nth command: its answer is lost."""

    def strike(self, session, line):
        return line

    def answer(self, session, answer):
        if not self.struck:
            return answer
        if answer.startswith((session.tag + b" ", b"+")):
            raise HangUp
        return b""


class Stall(AtCommand):
    """From the nth command on the server is silent, for ever."""

    def strike(self, session, line):
        session.silent = True
        return None


class Meanwhile(AtCommand):
    """Something happens to the mailbox before the nth command is done.

    cut: the connection ends with it.
    """

    def __init__(self, nth, what, cut=False):
        super().__init__(nth)
        self.what, self.cut = what, cut

    def strike(self, session, line):
        self.what()
        if self.cut:
            raise HangUp
        return line


class Before(Fault):
    """Other bytes come before the nth answer; TAG stands for its tag."""

    def __init__(self, nth, said):
        super().__init__()
        self.nth, self.said = nth, said

    def answer(self, session, answer):
        if session.answers - 1 == self.nth:
            self.struck = True
            return self.said.replace(b"TAG", session.tag) + answer
        return answer


class Literal(Fault):
    """The first letter is announced with more or less bytes than it has."""

    def __init__(self, more):
        super().__init__()
        self.more = more

    def answer(self, session, answer):
        found = LITERAL.search(answer)
        if self.struck or not found or b"BODY[]" not in answer:
            return answer
        self.struck = True
        size = max(int(found[1]) + self.more, 0)
        return (answer[:found.start()] + b"{%d}\r\n" % size
                + answer[found.end():])


class Foreign(Fault):
    """Another letter comes under the first one's uid, just before it."""

    def answer(self, session, answer):
        found = re.search(rb"UID \d+", answer)
        if self.struck or not found or b"BODY[]" not in answer:
            return answer
        self.struck = True
        return (b"* 1 FETCH (%b BODY[] {6}\r\nforged)\r\n" % found[0]
                + answer)


class Refuse(Fault):
    """These verbs are answered NO, with this code; all others are done."""

    def __init__(self, verbs, code="OVERQUOTA"):
        super().__init__()
        self.verbs, self.code = verbs, code

    def command(self, session, line):
        words = line.upper().split()
        verb = words[2] if words[1:2] == [b"UID"] else words[1]
        if verb.decode() not in self.verbs:
            return line
        self.struck = True
        session.give(words[0] + f" NO [{self.code}] not now\r\n".encode())
        return None


def without(*names):
    """`always` for a server that lacks these extensions."""
    def always(answer):
        if b"CAPABILITY" not in answer:
            return answer
        for name in names:
            answer = re.sub(rb" %s\b" % name.encode(), b"", answer)
        return answer
    return always


class Session:
    """One connection on its way through."""

    def __init__(self, proxy, fault, client, server):
        self.proxy, self.fault = proxy, fault
        self.client, self.server = client, server
        self.given = 0        # bytes that psirtd got
        self.answers = 0      # that the server gave
        self.tag = b""        # of the last command
        self.commands = []    # their verbs
        self.before = []      # (given, answers) when each of them came
        self.silent = False
        self.over = False
        self.ended = threading.Event()
        self.ways = {client: (b"", self._line, self._command),
                     server: (b"", self.whole, self._answer)}

    def run(self):
        while not self.over:
            sides = [s for s in self.ways if s.pending()]
            sides = sides or select.select(list(self.ways), [], [], 0.05)[0]
            for side in sides:
                side.settimeout(0)
                try:
                    data = side.recv(65536)
                except ssl.SSLWantReadError:
                    continue
                if not data:
                    return
                self._take(side, data)

    def _take(self, side, data):
        held, first, pass_on = self.ways[side]
        held += data
        while (length := first(held)) is not None:
            piece, held = held[:length], held[length:]
            pass_on(piece)
        self.ways[side] = (held, first, pass_on)

    @staticmethod
    def whole(held):
        return whole_answer(held)

    @staticmethod
    def _line(held):
        end = held.find(b"\n")
        return None if end < 0 else end + 1

    def _command(self, line):
        words = line.split()
        if len(words) > 1:
            uid = words[1].upper() == b"UID" and len(words) > 2
            self.commands.append(words[2 if uid else 1].upper().decode())
            self.before.append((self.given, self.answers))
            self.tag = words[0]
        line = self.fault.command(self, line)
        if line and not self.silent:
            self.server.settimeout(10)
            self.server.sendall(line)

    def _answer(self, answer):
        self.answers += 1
        if self.proxy.always:
            answer = self.proxy.always(answer)
        if not self.silent:
            self.give(self.fault.answer(self, answer))

    def give(self, data):
        self.given += len(data)
        if data:
            self.client.settimeout(10)
            self.client.sendall(data)


def whole_answer(held):
    """Length of the first answer, its literals included, or None."""
    at = 0
    while True:
        end = held.find(b"\r\n", at)
        if end < 0:
            return None
        found = LITERAL.search(held, at, end + 2)
        at = end + 2
        if not found:
            return at
        at += int(found[1])


class Proxy:
    session = Session

    def __init__(self, world, always=None):
        self.world = world
        self.always = always
        self.fault = Fault()
        self.sessions = []
        self.held = 0         # how often: who came before that must go
        self.gate = threading.Event()
        self.gate.set()
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(world.tls / "good.pem",
                                     world.tls / "server.key")
        self.listener = socket.create_server((GOOD, 0))
        self.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self._listen, daemon=True)
        self.thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.gate.set()
        self._end()

    def hold(self):
        self.gate.clear()
        self.held += 1
        self._end()

    def go(self, fault=None):
        self.fault = fault or Fault()
        self.gate.set()
        return self.fault

    def _end(self):
        for session in self.sessions:
            session.over = True
            session.ended.wait(10)
        self.sessions.clear()

    def _listen(self):
        while True:
            try:
                plain, _ = self.listener.accept()
            except OSError:
                return
            self.gate.wait()
            fault, self.fault = self.fault, Fault()
            threading.Thread(target=self._serve, daemon=True,
                             args=(plain, fault, self.held)).start()

    def _serve(self, plain, fault, held):
        with contextlib.suppress(OSError, HangUp), plain:
            plain.settimeout(10)
            fault.connected(plain)
            with (self.context.wrap_socket(plain, server_side=True) as client,
                  self._upstream() as server):
                session = self.session(self, fault, client, server)
                self.sessions.append(session)
                try:
                    if held == self.held:
                        session.run()
                except HangUp:
                    if fault.reset:
                        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                          struct.pack("ii", 1, 0))
                finally:
                    session.ended.set()

    def there(self):
        """The port of the real server."""
        return self.world.imap.port

    def _upstream(self):
        plain = socket.create_connection((GOOD, self.there()), 10)
        try:
            return self.world.context().wrap_socket(plain,
                                                    server_hostname=HOST)
        except OSError:
            plain.close()
            raise
