"""copy_to_self: our own copy comes back, and an uncertain mail is settled."""

import time

import letters
import world as people
from broken import SmtpHangsUp
from process import until

ON = {"copy_to_self": True}
# What servers put above a letter that they carry.
TRACE = (b"Return-Path: <psirt@vendor.example>\r\n"
         b"Received: from a (a [192.0.2.1])\r\n"
         b"\tby b with ESMTPS; Wed, 25 Nov 2026 09:49:00 +0900\r\n")


class CopyComesFirst(SmtpHangsUp):
    """Of an acknowledgement it delivers the copy, and hangs up when that is
    filed, without an answer; other mails it takes."""

    def __init__(self, world, d):
        self.world = world
        self.d = d
        super().__init__(world)

    def data(self, stream):
        super().data(stream)
        self.when = "slow-data"
        if b"X-PSIRTD-Mail: acknowledge" in self.letters[-1]:
            self.when = "after-dot"
            self.world.lay(TRACE + self.letters[-1])
            until(lambda: " own" in self.d.text(), 40,
                  "the copy to be filed")


def own(d):
    return [row for row in d.psirt.letters() if row["reason"] == "own"]


def acknowledgement(d):
    mail, = [m for m in d.psirt.queue() if m["kind"] == "acknowledge"] or [0]
    return mail


def doubtful(world, d):
    """A report came, and nobody knows whether it was acknowledged: the bytes
    as they left."""
    world.deliver(letters.finder_report(world.finder, world.poc))
    with SmtpHangsUp(world) as server:
        d.configure(submission={**ON, "port": server.port})
        d.start()
        until(lambda: (m := acknowledgement(d)) and m["state"] == "uncertain",
              20, "an uncertain mail")
        assert d.stop() == 0
        ours = [raw for raw in server.letters
                if b"X-PSIRTD-Mail: acknowledge" in raw]
    d.configure(submission=ON)
    return ours[0]


def settle(d):
    assert d.once() in (0, 75), d.text()


def test_every_mail_to_outside_and_no_other(world, daemon):
    d = daemon(submission=ON)
    world.deliver(letters.finder_report(world.finder, world.poc))
    settle(d)
    settle(d)
    raw, = [r for r in world.letters(letters.FINDER)
            if b"X-PSIRTD-Mail: acknowledge" in r]
    ours = [r for r in world.letters(letters.POC, "Filed")
            if b"X-PSIRTD-Mail" in r]
    # One copy, of the one that left for outside; the same bytes.
    assert len(ours) == 1
    body = raw[raw.index(b"From: "):]
    assert ours[0].endswith(body) and b"\nBcc" not in ours[0]
    assert world.mails(people.DESIGN)
    d.start()
    assert len(own(d)) == 1
    assert len(d.psirt.cases()) == 1 and acknowledgement(d) == 0
    assert len(world.mails(letters.FINDER)) == 1
    assert d.stop() == 0
    to = [line.rpartition(" for ")[2].split() for line in
          world.smtp.text().splitlines() if ":psirtd " in line
          and " <= " in line]
    assert [letters.FINDER, letters.POC] in to or \
        [letters.POC, letters.FINDER] in to
    assert all(letters.POC not in many or letters.FINDER in many
               for many in to)


def test_off_without_a_word(world, daemon):
    d = daemon()
    world.deliver(letters.clear_report(), people.STRANGER)
    settle(d)
    settle(d)
    assert len(world.letters(letters.POC, "Filed")) == 1


def test_it_settles_what_was_uncertain(world, daemon):
    d = daemon()
    raw = doubtful(world, d)
    case, = _cases(d)
    world.put(TRACE + raw)
    settle(d)
    d.start()
    assert acknowledgement(d) == 0
    shown = d.psirt.case(case["case"])
    mail, = [m for m in shown["mails"] if m["kind"] == "acknowledge"]
    assert mail["state"] == "sent"
    copy, = own(d)
    line, = [x for x in d.psirt.log() if x["what"] == "mail-sent"
             and x["mail"] == mail["mail"]]
    assert line["letter"] == copy["letter"]
    assert "not acknowledged" not in d.psirt.text()
    # It was never sent a second time.
    time.sleep(1)
    assert world.mails(letters.FINDER) == []
    d.psirt.text("log", "--verify")


def _cases(d):
    d.start()
    found = d.psirt.cases()
    assert d.stop() == 0
    return found


def test_only_the_very_bytes_do(world, daemon):
    """Our Message-ID is no secret: whoever got a mail can write it."""
    d = daemon()
    raw = doubtful(world, d)
    name = next(line for line in raw.split(b"\r\n")
                if line.lower().startswith(b"message-id:"))
    for forged in (
            letters.clear_report().replace(b"Message-ID:", name + b"\r\nX-Was:"),
            TRACE + raw + b"and more\r\n",
            TRACE + raw.replace(b"To: ", b"To:  ", 1),
            TRACE + raw[:-2],
            # Below a text, or below what is no field.
            TRACE + name + b"\r\n\r\nHello\r\n\r\n" + raw,
            name + b"\r\nno field\r\n" + raw,
            # More than servers put there: it is not even looked into.
            name + b"\r\n" + b"X-Trace: on and on\r\n" * 4000 + raw,
            b" folded: before any\r\n" + raw):
        world.put(forged)
    settle(d)
    d.start()
    assert acknowledgement(d)["state"] == "uncertain"
    # None is answered, none makes a case.
    assert len(d.psirt.cases()) == 1
    assert world.mails(people.STRANGER) == []
    assert world.mails(letters.FINDER) == []
    mail = acknowledgement(d)["mail"]
    d.psirt.text("queue", "sent", str(mail))
    assert acknowledgement(d) == 0


def test_it_comes_before_the_answer_that_never_comes(world, daemon):
    d = daemon(submission=ON)
    world.deliver(letters.finder_report(world.finder, world.poc))
    with CopyComesFirst(world, d) as server:
        d.configure(submission={**ON, "port": server.port})
        d.start()
        until(lambda: "its copy was here before" in d.text(), 60,
              "the mail to count as sent")
        until(lambda: d.psirt.queue() == [], 40, "the other mails to leave")
        assert d.stop() == 0
    d.configure(submission=ON)
    d.start()
    case, = d.psirt.cases()
    assert [m["state"] for m in d.psirt.case(case["case"])["mails"]
            if m["kind"] == "acknowledge"] == ["sent"]
    assert "mail-uncertain" not in [x["what"] for x in d.psirt.log()]


def test_what_a_person_sends_again_need_not_go(world, daemon):
    """The copy of the first try comes while the second one waits."""
    d = daemon()
    raw = doubtful(world, d)
    world.smtp.defer(True)
    d.start()
    d.psirt.text("queue", "resend", str(acknowledgement(d)["mail"]))
    until(lambda: acknowledgement(d)["tries"] >= 1, 20, "the second try")
    world.put(TRACE + raw)
    until(lambda: acknowledgement(d) == 0, 20, "the mail to count as sent")
    assert d.stop() == 0
    world.smtp.defer(False)
    settle(d)
    assert world.mails(letters.FINDER) == []
