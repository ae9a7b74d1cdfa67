"""A proxy between psirtd and the real SMTP server, and the desk behind it.

What a session says passes line by line, so that a Fault can touch each; the
content of a mail as well.  What was handed over lies in .mails: Message-ID to
all contents, whole or not, that psirtd said under it.  What the real server
took is what lies in people's mailboxes.
"""

import collections
import re

import letters
import proxy
import world as people
from desk import Desk
from process import until
from program import SLOW
from promises import arrived
from proxy import Fault, HangUp, Proxy

DOT = b".\r\n"


class Session(proxy.Session):
    def __init__(self, *sides):
        super().__init__(*sides)
        self.content = None    # bytes of the mail that is handed over
        self.dotted = False    # and its end was

    @staticmethod
    def whole(held):
        """Length of the first reply, with all of its lines, or None."""
        found = re.match(rb"(?:\d{3}-[^\n]*\n)*\d{3}(?: [^\n]*)?\r?\n", held)
        return found.end() if found else None

    def _command(self, line):
        if self.content is not None and not self.dotted:
            self._content(line)
            return
        self.content = None
        self.dotted = False
        self.commands.append(line[:4].strip().upper().decode())
        self._pass(self.fault.command(self, line))

    def _content(self, line):
        self.content += line
        self.dotted = line == DOT
        if self.dotted:
            self.proxy.keep(self.content)
        self._pass(self.fault.content(self, line))

    def _pass(self, line):
        if line and not self.silent:
            self.server.settimeout(10)
            self.server.sendall(line)

    def _answer(self, answer):
        if self.commands[-1:] == ["DATA"] and answer.startswith(b"354"):
            self.content = b""
        super()._answer(answer)


class Refuse(Fault):
    """This verb is answered so, `times` times; the server never sees it."""

    def __init__(self, verb, said, times=1):
        super().__init__()
        self.verb, self.said, self.times = verb, said, times

    def command(self, session, line):
        if session.commands[-1] != self.verb or self.times == 0:
            return line
        self.times -= 1
        self.struck = True
        session.give(self.said.encode() + b"\r\n")
        return None


class CutAt(Fault):
    """Cut at the nth command; done: when the server has answered it."""

    def __init__(self, nth, done=False):
        super().__init__()
        self.nth, self.done = nth, done

    def command(self, session, line):
        if len(session.commands) == self.nth + 1:
            self.struck = True
            if not self.done:
                raise HangUp
        return line

    def answer(self, session, answer):
        if self.struck and session.content is None:
            raise HangUp
        return answer


class CutContent(Fault):
    """Cut after so many bytes of a mail."""

    def __init__(self, after):
        super().__init__()
        self.after = after

    def content(self, session, line):
        left = self.after - (len(session.content) - len(line))
        if left > len(line) and not session.dotted:
            return line
        self.struck = True
        session.server.sendall(line[:left] if left < len(line) else b"")
        raise HangUp


class ContentAnswered(Fault):
    """The reply to the final dot is another one, or the end.

    taken: the real server has the mail.
    """

    def __init__(self, said=None, taken=True):
        super().__init__()
        self.said, self.taken = said, taken

    def content(self, session, line):
        if self.struck or not session.dotted:
            return line
        self.struck = True
        if self.taken:
            return line
        self._say(session)
        session.give(b"")
        raise HangUp

    def answer(self, session, answer):
        if not self.struck or not session.dotted:
            return answer
        self._say(session)
        raise HangUp

    def _say(self, session):
        if self.said is not None:
            session.give(self.said.encode() + b"\r\n")


class NoHandshake(Fault):
    """The connection ends while TLS begins."""

    def connected(self, plain):
        plain.recv(1)
        self.struck = True
        raise HangUp


class Submission(Proxy):
    session = Session

    def __init__(self, world):
        self.mails = collections.defaultdict(set)
        super().__init__(world)

    def there(self):
        return self.world.smtp.port

    def keep(self, content):
        name = re.search(rb"(?im)^Message-ID:\s*(\S+)", content)
        self.mails[name[1].decode()].add(content)


class Sending(Desk):
    """It sends through the proxy; a mail is struck, and what then?"""

    def __init__(self, world, make, row=None):
        world.reset()
        self.proxy = Submission(world)
        super().__init__(world, make, row,
                         submission={"port": self.proxy.port,
                                     "timeout": "5s"})
        self.d.start()

    def __exit__(self, *error):
        try:
            super().__exit__(*error)
        finally:
            self.proxy.close()

    def strike(self, fault):
        """The first mail of a new session meets the fault."""
        self.proxy.hold()
        self.proxy.go(fault)
        self.delivered.report()
        until(lambda: fault.struck, 20 * SLOW,
              "the fault to come\n" + self.d.text()[-3000:])
        self.settled()
        return fault

    def settled(self):
        """Each mail is gone, or in the queue with what became of it."""
        until(lambda: self.d.psirt.letters() and all(
            x["state"] not in ("received", "opened")
            for x in self.d.psirt.letters()) and all(
            m["state"] not in ("approved", "sending")
            and (m["state"] != "sealed" or m["not_before"])
            for m in self.d.psirt.queue()), 30 * SLOW,
            "the mails to be tried\n" + self.d.text()[-3000:])

    def state(self):
        """Of the one mail in the queue that nobody decided."""
        mail, = self.d.psirt.queue()
        return mail

    def of(self, state):
        return [m for m in self.d.psirt.queue() if m["state"] == state]

    def decide(self):
        """A person looks which of them arrived after all, and says so."""
        came = {(str(h["Subject"]), h["X-PSIRTD-Mail"])
                for h in arrived(self.world)}
        for mail in self.of("uncertain") + self.of("failed"):
            if mail["kind"] == "alert":
                what = "drop"  # it told what is seen here
            elif any(mail["case"] in subject and kind == mail["kind"]
                     for subject, kind in came):
                what = "sent"
            else:
                what = "resend"
            self.d.psirt.text("queue", what, str(mail["mail"]))
        until(lambda: not self.d.psirt.queue(), 20 * SLOW,
              "the queue to empty")
        self.same()

    def same(self):
        """Under each Message-ID were the same bytes, whenever it was said."""
        for name, contents in self.proxy.mails.items():
            assert len(contents) == 1, name
