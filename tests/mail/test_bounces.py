"""Mails that were taken and did not arrive: what each mail server says of it.

The bounces that other people collected (one of each mail server) are laid
into the mailbox with our Message-ID where the original's stood; they are used
by their path and skipped where they are absent.
"""

import os
import pathlib
import re

import pytest

import letters
import world as people
from process import until
from program import TOP

FOLDER = pathlib.Path(os.environ.get("PSIRTD_LETTERS")
                      or TOP.parent / "shared/data/letters") / "sisimai"
CASE = r"PSIRT-\d{4}-\d{4}"
# By a person, or in answer to a mail; one that hides the mail's head in that
# of a MIME part; one with nobody in From, whose Return-Path was taken off.
NOT_TIED = re.compile("not_is-not|rfc3834|lhost-x1-|dragonfly")
LINE = re.compile(rb"(?im)^((?:From|Subject): [^\r\n]*)")


def collection():
    return sorted(FOLDER.glob("*.eml"), key=lambda path: path.name[7:])


def naming(raw, own):
    """The bounce, of a mail with this Message-ID."""
    head, gap, body = re.split(rb"(\r\n\r\n|\n\n|\r\r)", raw, maxsplit=1)
    named = re.sub(rb"(?i)(message-id: *)<[^>\r\n]*>",
                   rb"\1" + own.encode(), body)
    if named == body:
        last = None
        for last in LINE.finditer(body):
            pass
        if last is not None:
            named = (body[:last.end()] + b"\nMessage-ID: " + own.encode()
                     + body[last.end():])
    return head + gap + named


@pytest.fixture
def with_case(world, daemon):
    """A case, and the department's mail of it."""
    d = daemon()
    world.deliver(letters.finder_report(world.finder, world.poc))
    assert d.once() == 0, d.text()
    mail, = world.mails(people.DESIGN, world.design)
    return d, mail


def newest(d):
    return max(d.psirt.letters(), key=lambda row: row["letter"])


def bounced(d):
    return [x for x in d.psirt.log() if x["what"] == "mail-bounced"]


def arrives(world, d, raw):
    """Lays the letter in and waits until it is filed; its row."""
    before = len(d.psirt.letters())
    world.lay(raw)

    def filed():
        rows = d.psirt.letters()
        return len(rows) > before and newest(d)["state"] not in (
            "received", "opened")
    until(filed, 20, "the bounce to be filed")
    return newest(d)


def sent_outside(world):
    return {a: world.count(a) for a in people.PEOPLE
            if a not in (letters.POC, people.DESK)}


@pytest.mark.skipif(not FOLDER.is_dir(), reason=f"no bounces in {FOLDER}")
@pytest.mark.limit(170)
def test_every_servers_bounce_is_tied_to_its_mail(world, daemon):
    d = daemon(mailbox={"poll": "1s"})
    world.deliver(letters.finder_report(world.finder, world.poc))
    assert d.once() == 0, d.text()
    mail, = world.mails(people.DESIGN, world.design)
    outside = sent_outside(world)
    names = {}
    letters_in = set()
    for path in collection():
        shown = world.lay(naming(path.read_bytes(), mail.message_id))
        names[re.sub(rb"\s", b"", shown)] = path.name
        letters_in.add(shown)

    def all_filed():
        rows = d.psirt.letters()
        return len(rows) > len(letters_in) and all(
            x["state"] not in ("received", "opened") for x in rows) and rows
    d.start()
    rows = until(all_filed, 120, "the bounces to be filed")
    wrong = []
    tied = 0
    for row in rows:
        raw = d.psirt.run("letter", str(row["letter"]), "--raw", binary=True)
        name = names.get(re.sub(rb"\s", b"", raw.stdout))
        if name is None:
            continue
        is_tied = row["reason"] == "bounce" and row["case"] is not None
        tied += is_tied
        # A few return nothing of the mail: whose it was is not known.
        wanted = (mail.message_id.encode() in raw.stdout
                  and not NOT_TIED.search(name))
        if is_tied != wanted:
            wrong.append((name, row["reason"], row["case"]))
    assert not wrong, "\n".join(map(str, wrong))
    assert tied > 50
    # Of many reports one mail of ours bounced, once; nobody outside hears.
    assert len(bounced(d)) == 1
    assert sent_outside(world) == outside


def dsn(own, action, status, to=people.DESIGN, **fields):
    report = letters.bounce(own, to)
    return (report.replace(b"Action: failed", b"Action: " + action)
            .replace(b"Status: 5.1.1", b"Status: " + status))


def of_copy(own, also=b""):
    """Of the copy to ourselves, with others beside it."""
    return dsn(own, b"failed", b"5.2.2", letters.POC).replace(
        b"Status: 5.2.2", b"Status: 5.2.2" + also, 1)


PROSE_DELAY = ("This message was created automatically by mail delivery "
               "software.\nA message that you sent has not yet been\n"
               "delivered to one or more of its recipients.\n\nNo action is "
               "required on your part. Eventually the software will give "
               "up.\n\n{head}\n")
PROSE_FAILED = ("A message that you sent could not be delivered. This is a "
                "permanent error.\n\n------ This is a copy of your message, "
                "including all the headers. ------\n\n{head}\n")


def prose(text, own, **fields):
    head = f"Message-Id: {own}\nFrom: {letters.POC}\nSubject: x"
    return letters.plain(
        text.format(head=head), subject=fields.pop("subject", "Warning"),
        sender=fields.pop("sender", "Mailer-Daemon@mx.example"), **fields)


# What is said, and whether the mail counts as not arrived.
SAYS = [
    ("failed", lambda own: dsn(own, b"failed", b"5.1.1"), True),
    ("given up after days", lambda own: dsn(own, b"failed", b"4.4.1"), True),
    ("no action, 5", lambda own: dsn(own, b"?", b"5.1.1"), True),
    ("delayed", lambda own: dsn(own, b"delayed", b"4.4.1"), False),
    ("delayed, 5", lambda own: dsn(own, b"delayed", b"5.0.0"), False),
    ("relayed", lambda own: dsn(own, b"relayed", b"2.0.0"), False),
    ("delivered", lambda own: dsn(own, b"delivered", b"2.1.5"), False),
    ("our own copy", of_copy, False),
    ("our own copy, and it", lambda own: of_copy(
        own, b"\r\n\r\nFinal-Recipient: rfc822; " +
        letters.FINDER.encode() + b"\r\nAction: failed"), True),
    ("prose, final", lambda own: prose(PROSE_FAILED, own), True),
    ("prose, later", lambda own: prose(PROSE_DELAY, own), False),
    ("a postmaster's", lambda own: prose(
        PROSE_FAILED, own, sender="postmaster@mx.example"), True),
    ("read", lambda own: dsn(own, b"failed", b"5.1.1").replace(
        b"message/delivery-status", b"message/disposition-notification"),
     False),
    ("complained of", lambda own: dsn(own, b"failed", b"5.1.1").replace(
        b"message/delivery-status", b"message/feedback-report"), False),
]


@pytest.mark.parametrize("make, counts", [x[1:] for x in SAYS],
                         ids=[x[0] for x in SAYS])
def test_only_what_is_final_counts(world, with_case, make, counts):
    d, mail = with_case
    outside = sent_outside(world)
    alerts = world.count(people.DESK)
    d.start()
    row = arrives(world, d, make(mail.message_id))
    assert row["reason"] == "bounce" and row["case"] is not None
    assert len(bounced(d)) == counts
    if counts:
        task, = [x for x in d.psirt.json()["tasks"]
                 if x["kind"] == "bounced"]
        assert task["letter"] == row["letter"]
        # The same once more, and a late delay, change nothing.
        arrives(world, d, prose(PROSE_DELAY, mail.message_id))
        arrives(world, d, prose(PROSE_FAILED, mail.message_id))
        assert len(bounced(d)) == 1
        until(lambda: world.count(people.DESK) > alerts, 20, "the alert")
        told = world.mails(people.DESK, world.desk)[-1]
        assert "bounce: letter" in told.text
    assert sent_outside(world) == outside


def test_a_forged_bounce_is_tied_to_nothing(world, with_case):
    d, _ = with_case
    outside = sent_outside(world)
    d.start()
    for raw in (letters.bounce("<psirtd.0123@vendor.example>"),
                letters.bounce("<somebody@else.example>"),
                prose(PROSE_FAILED, "<psirtd.0123@vendor.example>")):
        row = arrives(world, d, raw)
        assert (row["state"], row["reason"], row["case"]) == (
            "set-aside", "bounce", None)
    assert bounced(d) == []
    assert sent_outside(world) == outside


def test_who_is_away_and_quotes_our_mail_is_no_bounce(world, with_case):
    d, mail = with_case
    d.start()
    row = arrives(world, d, prose(
        "I am away.\n\n{head}\n", mail.message_id, sender=people.DESIGN,
        subject="Automatic reply: x", Auto_Submitted="auto-replied",
        In_Reply_To=mail.message_id))
    assert row["reason"] == "auto-reply"
    assert bounced(d) == []
