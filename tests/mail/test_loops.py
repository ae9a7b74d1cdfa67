"""What programs send (RFC 3834 and kin): recorded, and never answered; and
the limits of what psirtd itself sends.

No desk may write to a program that writes back.
"""

import letters
import pytest
import world as people
from process import until
from test_questions import Direct, judged, put, states

SERIAL = iter(range(1, 1000))


def sealed(world, sender=letters.FINDER, **fields):
    """A report like any other, but for these fields: no two the same."""
    return letters.finder_report(
        world.finder, world.poc,
        letters.ENGLISH.replace("2000", f"{next(SERIAL)}000"), sender=sender,
        **fields)


def report_of(kind, content):
    """A multipart/report with a machine's part of this kind (RFC 6522)."""
    return letters.letter(
        letters.head("a report", sender=letters.FINDER),
        letters.multipart("report", [
            letters.text_part(letters.ENGLISH),
            f"Content-Type: message/{kind}\r\n\r\n{content}\r\n".encode()],
            f"; report-type={kind}"))


NOTIFICATION = ("Final-Recipient: rfc822; " + letters.FINDER + "\r\n"
                "Disposition: automatic-action/MDN-sent-automatically; "
                "displayed")

# A field that a letter carries, and why nobody writes back; None: it is
# answered as any other.
FIELDS = [
    ("Auto-Submitted", "auto-replied", "machine"),
    ("Auto-Submitted", "auto-generated", "machine"),
    ("Auto-Submitted", "auto-notified; owner-email=\"a@b.example\"",
     "machine"),
    ("Auto-Submitted", "something-new", "machine"),
    ("Auto-Submitted", "no", None),
    ("Precedence", "bulk", "machine"),
    ("Precedence", "junk", "machine"),
    ("Precedence", "list", "machine"),
    ("Precedence", "auto_reply", "machine"),
    ("Precedence", "first-class", None),
    ("List-Id", "<announce.lists.example>", "machine"),
    ("List-Unsubscribe", "<mailto:leave@lists.example>", "machine"),
    ("List-Post", "NO", "machine"),
    ("Mailing-List", "list announce@lists.example", "machine"),
    ("X-Auto-Response-Suppress", "All", "unwanted"),
    ("X-Auto-Response-Suppress", "DR, OOF, AutoReply", "unwanted"),
    ("X-Auto-Response-Suppress", "OOF", "unwanted"),
    ("X-Auto-Response-Suppress", "DR, RN, NRN", None),
    ("X-Auto-Response-Suppress", "None", None),
    ("X-Autoreply", "yes", "machine"),
    ("X-Autorespond", "vacation", "machine"),
    ("X-Autoresponder", "yes", "machine"),
    ("X-PSIRTD-Mail", "acknowledge", "machine"),
]


def settled(d, count):
    """All letters, once so many have found their place."""
    def rows():
        found = d.psirt.letters()
        return len(found) >= count and all(
            row["state"] not in ("received", "opened")
            for row in found) and found
    return until(rows, 100, f"{count} letters to be filed")


def by_message_id(d):
    """What psirt shows of each letter, by its Message-ID."""
    found = {}
    for row in d.psirt.letters():
        raw = d.psirt.run("letter", str(row["letter"]), "--raw",
                          binary=True).stdout
        head = raw.partition(b"\r\n\r\n")[0].decode()
        name, = [line.partition(": ")[2] for line in head.split("\r\n")
                 if line.lower().startswith("message-id: ")]
        found[name] = row
    return found


def id_of(raw):
    return next(line.partition(b": ")[2].decode()
                for line in raw.split(b"\r\n")
                if line.lower().startswith(b"message-id: "))


@pytest.mark.limit(170)
def test_no_program_is_answered_and_each_is_on_record(world, daemon):
    d = daemon(acknowledge="any", mailbox={"poll": "1s"})
    sent = {}

    def send(raw, why, sender=letters.FINDER):
        sent[id_of(raw)] = why
        world.deliver(raw, sender)

    for field, value, why in FIELDS:
        send(sealed(world, **{field.replace("-", "_"): value}), why)
    send(sealed(world), "machine", "")
    for kind, content in (
            ("delivery-status", "Action: failed\r\nStatus: 5.1.1"),
            ("disposition-notification", NOTIFICATION),
            ("feedback-report", "Feedback-Type: abuse")):
        send(report_of(kind, content), "machine")
    d.start()
    settled(d, len(sent))
    shown = by_message_id(d)
    assert set(shown) == set(sent)
    lines = d.psirt.log()
    wrong = []
    for name, why in sent.items():
        number = shown[name]["letter"]
        answers = d.psirt.json("letter", str(number))["answered"]
        told = [line["code_text"] for line in lines
                if line["letter"] == number
                and line["what"] == "no-acknowledge"]
        if (len(answers), told) != ((0, [why]) if why else (1, [])):
            wrong.append((name, why, answers, told))
    assert not wrong, "\n".join(map(str, wrong))
    wanted = [why for why in sent.values()].count(None)
    world.wait_mails(letters.FINDER, wanted, world.finder, "acknowledge")
    assert world.count(letters.FINDER) == wanted


def newest(d):
    return max(d.psirt.letters(), key=lambda row: row["letter"])


def silence_of(d, number):
    """What the record says of a letter that was not answered."""
    return [line["code_text"] for line in d.psirt.log()
            if line["letter"] == number and line["what"] == "no-acknowledge"]


def test_our_own_message_ids_coming_back(world, daemon):
    """A mail of ours, sent back as it is, or with what a forwarder writes."""
    d = daemon(acknowledge="any")
    world.deliver(letters.finder_report(world.finder, world.poc))
    assert d.once() == 0, d.text()
    ack, = world.mails(letters.FINDER, world.finder, "acknowledge")
    outside = {a: world.count(a) for a in people.PEOPLE if a != letters.POC}
    world.deliver(ack.raw, letters.POC)
    world.deliver(sealed(world, message_id=ack.message_id))
    world.deliver(letters.inquiry(message_id=ack.message_id))
    d.start()
    rows = settled(d, 4)
    assert [row["reason"] for row in rows].count("own") == 3
    for row in rows:
        assert silence_of(d, row["letter"]) == (
            ["own"] if row["reason"] == "own" else [])
    assert len(d.psirt.cases()) == 1
    assert {a: world.count(a) for a in people.PEOPLE
            if a != letters.POC} == outside


# ---- who is away has answered nothing ---------------------------------------

def away(sent, subject="Automatic reply: your question", **fields):
    return letters.plain(
        "I am out of the office until Monday, and read it then: firmware "
        "2.3.1, build 77.\n", subject=subject, sender=letters.FINDER,
        In_Reply_To=sent.message_id, References=sent.message_id, **fields)


def away_sealed(world, sent, number):
    return letters.reply(
        world.finder, world.poc, number, in_reply_to=sent.message_id,
        text="I am out of the office until Monday.\n",
        Auto_Submitted="auto-replied")


def test_a_finder_who_is_away_answers_nothing(world, vendor, daemon):
    side = Direct(world, vendor, daemon)
    sent = put(world, vendor, side)
    desk = side.desk

    def standing():
        return (states(desk), desk.steps(), desk.tasks(), desk.drafts(),
                desk.answers(), [
                    {key: row[key] for key in ("clock", "due")} for row in
                    side.d.psirt.json("clock", desk.number)["clocks"]],
                {a: world.count(a) for a in people.PEOPLE
                 if a not in (letters.POC, people.DESK)})

    before = standing()
    assert set(before[0].values()) == {"asked"} and before[5]
    for raw, sender in (
            (away(sent, Auto_Submitted="auto-replied"), letters.FINDER),
            (away(sent, Auto_Submitted="auto-generated",
                  X_Auto_Response_Suppress="All"), letters.FINDER),
            # In a language whose words for it are not known.
            (away(sent, "Automatisch antwoord: uw vraag",
                  Auto_Submitted="auto-generated",
                  X_Auto_Response_Suppress="All"), letters.FINDER),
            (away(sent, "Re: your question"), ""),
            (away(sent, "Re: your question", X_Autoreply="yes"),
             letters.FINDER),
            (away(sent, "Re: your question", Precedence="bulk"),
             letters.FINDER),
            (away_sealed(world, sent, desk.number), letters.FINDER)):
        row = judged(side, lambda: world.deliver(raw, sender))
        # It lies with the case, and says so in the record.
        assert row["case"] == desk.number, row
        assert silence_of(side.d, row["letter"])
        assert standing() == before, (row, raw)
    # What the finder says is heard as ever.
    judged(side, side.answers)
    until(lambda: set(states(desk).values()) != {"asked"}, 20,
          "the questions to be answered")


# ---- more than may leave in an hour -----------------------------------------

def mails_of(d, state):
    return [row for row in d.psirt.json("queue")["mails"]
            if row["state"] == state]


def alerts(world, reason):
    """The lines of this reason in what the desk was told."""
    return [line for mail in world.mails(people.DESK, world.desk, "alert")
            for line in mail.text.splitlines() if f"{reason}:" in line]


def test_over_the_limit_late_then_held_and_told_once(world, daemon):
    """Two may leave, two are late, the rest waits for a person."""
    d = daemon(limits={"acknowledge_per_hour": 2})
    for _ in range(7):
        world.deliver(sealed(world))
    # What is late by an hour is no trouble of today.
    assert d.once() == 0, d.text()
    assert len(world.mails(letters.FINDER, world.finder, "acknowledge")) == 2
    d.start()
    assert len(d.psirt.cases()) == 7
    answered = [d.psirt.json("letter", str(row["letter"]))["answered"]
                for row in d.psirt.letters()]
    assert sorted(mail["state"] for mail, in answered) == (
        ["approved"] * 2 + ["held"] * 3 + ["sent"] * 2)
    held = mails_of(d, "held")
    assert len(held) == 3
    assert all("acknowledge_per_hour" in row["reason"] for row in held)
    for line in d.psirt.log():
        assert line["what"] != "no-acknowledge"
    # One line for each, however many there are.
    until(lambda: alerts(world, "answer-held"), 20, "the alert")
    assert len(alerts(world, "answer-held")) == 1
    assert len(alerts(world, "answer-late")) == 1
    # The other mailbox waits for nobody.
    world.deliver(sealed(world, sender=people.FINDER2), people.FINDER2)
    world.wait_mails(people.FINDER2, 1, kind="acknowledge")
    # A person decides: one leaves at once, one not at all.
    d.psirt.text("queue", "resend", str(held[0]["mail"]))
    world.wait_mails(letters.FINDER, 3, world.finder, "acknowledge")
    d.psirt.text("queue", "drop", str(held[1]["mail"]))
    assert len(mails_of(d, "held")) == 1
    assert d.stop() == 0
    assert world.count(letters.FINDER) == 3


def test_the_note_to_resend_keeps_to_the_limit_too(world, daemon):
    d = daemon(limits={"automatic_per_hour": 1})
    for _ in range(3):
        world.deliver(letters.broken_for_us(world.finder, world.poc))
    assert d.once() == 0, d.text()
    assert len(world.mails(letters.FINDER, None, "resend")) == 1
    d.start()
    assert len(mails_of(d, "held")) == 1
    assert len(d.psirt.letters()) == 3
