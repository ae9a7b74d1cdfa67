"""What a department has to ask goes out by way of the desk, and its answer
comes in the same way (2.3.1 to 2.3.3 of both flows).

It leaves without what would tell who works here; its answer reaches who
asked and who holds the details, and nobody else.
"""

import re

import pytest

import letters
import world as people
from procedure import (ROLES, asked, finder_case, from_jpcert, lines_of,
                       replies)
from process import until
from test_flow_jpcert import details_come, notice_case

# A question as people write one: with what their mail program adds.
ASKED = [
    "status: investigating",
    "question: Dear finder, with which firmware did you see it?",
    "  Best regards, Akira Design, Design PLC, akira@plc.vendor.example",
    "  > From: Hana Quality <quality@vendor.example>",
    "  > we had this marmalade incident last year",
    "  Received: from mx7.plc.vendor.example (10.1.2.3) by hub",
    "  Message-ID: <internal-77@hub.vendor.example>",
    "質問： Ｈｏｓｔヘッダーは何バイトですか。"]
QUESTIONS = ["with which firmware did you see it?",
             "Ｈｏｓｔヘッダーは何バイトですか。"]
INSIDE = ["Akira", "Design PLC", "Plc", "Hana", "quality@", "marmalade",
          "mx7", "10.1.2.3", "internal-77", "hub", "plc.vendor"]
ANSWERS = {1: "2.3.1, build 77 (chrysanthemum).", 2: "2000."}
ANSWER = "".join(f"{number}. {text}\n" for number, text in ANSWERS.items())


class Jpcert:
    """JPCERT/CC is asked, and design alone holds the details."""
    address = letters.JPCERT
    holders = {"design"}

    def __init__(self, world, vendor, daemon):
        self.world, self.home = world, world.jpcert
        self.d, self.desk = notice_case(world, vendor, daemon)
        self.desk.step("1.3.1", "need details=yes", "--by", "Akira")
        self.desk.approve("detail_request")
        self.desk.wait_step("1.5.1", "running")
        details_come(world)(self.desk)
        self.desk.approve("details")

    def answers(self, text=ANSWER, home=None, sender=None):
        number = self.desk.number
        self.world.deliver(letters.letter(
            letters.head(f"[{number}] 回答", name="JPCERT/CC (synthetic)",
                         sender=sender or self.address, X_Synthetic="yes"),
            letters.pgp_encrypted(letters.text_part(text),
                                  home or self.home,
                                  [self.world.poc.fingerprint])),
            sender or self.address)


class Direct:
    """The finder is asked; research has been handed the report besides."""
    address = letters.FINDER
    holders = {"design", "research"}

    def __init__(self, world, vendor, daemon):
        self.world, self.home = world, world.finder
        self.d, self.desk = finder_case(world, vendor, daemon)
        self.desk.psirt("route", self.desk.number, "lab", "--details")
        until(lambda: ROLES["research"][2] in self.desk.told("details"), 20,
              "the details to be handed on")

    def answers(self, text=ANSWER, home=None, sender=None):
        self.world.deliver(letters.reply(
            home or self.home, self.world.poc, self.desk.number, text=text,
            sender=sender or self.address), sender or self.address)


FLOWS = pytest.mark.parametrize("side", [Jpcert, Direct],
                                ids=["jpcert", "direct"])


def questions(desk):
    return {row["question"]: row for row in desk.d.psirt.json(
        "question", desk.number)["questions"]}


def states(desk):
    return {number: row["state"] for number, row in questions(desk).items()}


def nothing_inside(text):
    for word in INSIDE:
        assert word not in text, word


def put(world, vendor, side):
    """Design's questions have been sent on: the mail that asks them."""
    desk = side.desk
    mail = asked(vendor, "design", "2.1.1")
    replies(vendor, "design", mail, [lines_of(mail)] + ASKED)
    desk.wait_tasks("question")
    desk.psirt("question", desk.number, "ask")
    desk.approve("questions")
    sent, = world.wait_mails(side.address, 1, side.home, "questions")
    until(lambda: set(states(desk).values()) == {"asked"}, 20,
          f"two questions asked, not {states(desk)}")
    return sent


def judged(side, send):
    """The letter that comes of it, once it has its place."""
    known = {row["letter"] for row in side.d.psirt.letters()}
    send()
    return until(lambda: next(
        (row for row in side.d.psirt.letters()
         if row["letter"] not in known
         and row["state"] not in ("received", "opened")), None), 20,
        "the letter to be judged")


def nothing_tied(side, row):
    """It answers no question, and lies there to be read."""
    assert set(states(side.desk).values()) == {"asked"}
    assert all(row["answer"] is None
               for row in questions(side.desk).values())
    assert side.desk.steps()["2.3.2"] == "running"
    assert side.desk.drafts("relay") == []
    assert row["letter"] in [other["letter"] for other in
                             side.d.psirt.json("today")["letters"]]


def no_mail_to_the_finder(world, side):
    if isinstance(side, Jpcert):
        for address in (letters.FINDER, people.FINDER2):
            assert world.count(address) == 0


@FLOWS
def test_from_the_department_out_and_back(world, vendor, daemon, side):
    side = side(world, vendor, daemon)
    d, desk = side.d, side.desk
    mail = asked(vendor, "design", "2.1.1")
    replies(vendor, "design", mail, [lines_of(mail)] + ASKED)
    desk.wait_tasks("question")
    rows = questions(desk)
    assert {n: row["state"] for n, row in rows.items()} == {1: "open",
                                                            2: "open"}
    assert [rows[n]["department"] for n in (1, 2)] == ["plc", "plc"]
    assert [rows[n]["by"] for n in (1, 2)] == ["Akira Design"] * 2
    for n, question in enumerate(QUESTIONS, 1):
        assert question in rows[n]["text"]
        nothing_inside(rows[n]["text"])
    text = d.psirt.text("question", desk.number)
    assert all(question in text for question in QUESTIONS)
    assert text.count("open") == 2
    assert desk.record("question") == ["1", "2"]
    # Nothing leaves by itself.
    assert desk.drafts("questions") == []
    before = world.count(side.address)
    desk.psirt("question", desk.number, "ask")
    draft, = desk.wait_draft("questions")
    shown = d.psirt.text("approve", str(draft["mail"]))
    assert all(question in shown for question in QUESTIONS)
    assert side.address in shown and side.home.fingerprint in shown
    nothing_inside(shown)
    assert set(states(desk).values()) == {"open"}
    assert world.count(side.address) == before
    assert desk.told("details") & {side.address} == set()
    desk.approve("questions")
    sent, = world.wait_mails(side.address, 1, side.home, "questions")
    assert sent.encrypted and sent.signers == [world.poc.fingerprint]
    for n, question in enumerate(QUESTIONS, 1):
        assert re.search(rf"^ *{n}\. .*{re.escape(question)}", sent.text,
                         re.M), sent.text
    nothing_inside(sent.text + sent.subject + str(sent.outer))
    assert desk.number in sent.subject
    assert not any(question[:9] in sent.subject for question in QUESTIONS)
    until(lambda: set(states(desk).values()) == {"asked"}, 20, "asked")
    desk.wait_step("2.3.2", "running")
    assert desk.tasks("question") == []
    assert side.address in desk.told("details")
    # The answer ends the step, and waits to be handed on.
    side.answers()
    desk.wait_step("2.3.2")
    assert set(states(desk).values()) == {"answered"}
    # Each has what stands behind its number.
    for number, row in questions(desk).items():
        assert row["answer"] == ANSWERS[number]
        assert row["answer_letter"] in desk.unread()
    assert "chrysanthemum" in d.psirt.text("question", desk.number)
    drafts = desk.wait_draft("relay")
    for role in ROLES:
        assert world.mails(ROLES[role][2], kind="relay") == []
    assert len(drafts) == 2 * len(side.holders)
    desk.approve("relay")
    for role in side.holders:
        got = world.wait_mails(ROLES[role][2], 2, vendor.homes[role],
                               "relay")
        assert len(got) == 2
        for number, question in enumerate(QUESTIONS, 1):
            mail, = [mail for mail in got if question in mail.text]
            assert ANSWERS[number] in mail.text
        for mail in got:
            assert "chrysanthemum" not in mail.subject
            assert mail.signers == [world.poc.fingerprint]
            assert letters.FINDER not in mail.text
    until(lambda: set(states(desk).values()) == {"relayed"}, 20, "relayed")
    holders = {ROLES[role][2] for role in side.holders}
    for address in people.PEOPLE:
        if address not in holders:
            assert world.mails(address, kind="relay") == [], address
    assert desk.told("details") == holders | {side.address}
    assert desk.wait_step("2.3.3")
    no_mail_to_the_finder(world, side)


@FLOWS
def test_an_answer_under_another_key(world, vendor, daemon, side):
    side = side(world, vendor, daemon)
    desk = side.desk
    put(world, vendor, side)
    # In its name, under a key that is not its.
    row = judged(side, lambda: side.answers(
        home=world.forger if side.home is world.jpcert else world.finder2))
    if isinstance(side, Direct):
        task, = desk.wait_tasks("other-key")
        assert task["letter"] == row["letter"] and task["due"]
        assert task["next"] == f"psirt letter {row['letter']}"
        assert row["unconfirmed"]
    else:
        assert row["reason"] == "forged"
    nothing_tied(side, row)
    # The right one ends it all the same.
    side.answers()
    desk.wait_step("2.3.2")
    assert set(states(desk).values()) == {"answered"}
    no_mail_to_the_finder(world, side)


@FLOWS
def test_an_answer_from_another_address(world, vendor, daemon, side):
    """Unsigned words in a stranger's mail that names the case."""
    side = side(world, vendor, daemon)
    desk = side.desk
    sent = put(world, vendor, side)
    row = judged(side, lambda: world.deliver(letters.plain(
        ANSWER, subject="Re: " + sent.subject, sender=people.STRANGER,
        In_Reply_To=sent.message_id), people.STRANGER))
    if isinstance(side, Direct):
        task, = desk.wait_tasks("other-key")
        assert task["letter"] == row["letter"] and row["unconfirmed"]
    else:
        # It has the number of JPCERT/CC, and claims to be it.
        assert row["reason"] == "unpinned"
    nothing_tied(side, row)
    assert world.count(people.STRANGER) == 0
    # A person has asked, and types what was said.
    assert "1, 2 are out" in desk.refused(
        "step", desk.number, "2.3.2", "answer=build 77", "--by", "the phone")
    desk.psirt("question", desk.number, "answer", "1",
               "build 77 (chrysanthemum)")
    desk.step("2.3.2", "answer=2000", "--by", "the phone")
    until(lambda: set(states(desk).values()) == {"answered"}, 20, "answered")
    no_mail_to_the_finder(world, side)


def test_the_finders_key_from_another_address(world, vendor, daemon):
    """It is the finder's, and a person looks before it is tied."""
    side = Direct(world, vendor, daemon)
    put(world, vendor, side)
    row = judged(side, lambda: side.answers(sender=people.STRANGER))
    task, = side.desk.wait_tasks("other-key")
    assert task["letter"] == row["letter"] and task["due"]
    nothing_tied(side, row)
    side.answers()
    side.desk.wait_step("2.3.2")
    assert set(states(side.desk).values()) == {"answered"}


def test_one_of_two_and_one_dropped(world, vendor, daemon):
    side = Direct(world, vendor, daemon)
    desk = side.desk
    mail = asked(vendor, "design", "2.1.1")
    replies(vendor, "design", mail, [lines_of(mail)] + ASKED)
    desk.wait_tasks("question")
    assert "no question 7" in desk.refused("question", desk.number, "ask",
                                           "7")
    desk.psirt("question", desk.number, "ask", "2")
    desk.approve("questions")
    sent, = world.wait_mails(side.address, 1, side.home, "questions")
    assert QUESTIONS[1] in sent.text and QUESTIONS[0] not in sent.text
    until(lambda: states(desk) == {1: "open", 2: "asked"}, 20, "one asked")
    desk.psirt("question", desk.number, "drop", "1")
    assert states(desk) == {1: "dropped", 2: "asked"}
    assert "nothing is open" in desk.refused("question", desk.number, "ask")
    side.answers()
    until(lambda: states(desk) == {1: "dropped", 2: "answered"}, 20,
          "one answered")
    assert {QUESTIONS[1] in d.psirt.text("approve", str(row["mail"]))
            for d in [side.d] for row in desk.wait_draft("relay")} == {True}
