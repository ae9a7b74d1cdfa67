"""Whoever carries the mail sees it, lays other parts beside what is signed,
and sends it again: what of that moves a case, or goes on to anybody.
"""

import letters
import world as people
from procedure import (ROLES, asked, finder_case, lines_of, replies)
from process import until
from test_flow_jpcert import notice_case

ALIAS = people.FINDER2  # the same finder writes from there, too


def handled(desk, count):
    """Every letter has been looked at."""
    until(lambda: len(desk.d.psirt.letters()) >= count
          and all(row["state"] not in ("received", "opened")
                  for row in desk.d.psirt.letters()), 20,
          f"{count} letters to be filed")


def details_wanted(vendor, desk):
    """The case waits for the details that JPCERT/CC is to send."""
    mail = asked(vendor, "design", "1.3.1")
    replies(vendor, "design", mail, [lines_of(mail), "need details: yes"])
    desk.wait_step("1.3.1")
    for row in until(desk.drafts, 20, "the request for details"):
        desk.psirt("approve", str(row["mail"]), "--yes")
    desk.wait_step("1.5.1", "running")


def test_what_was_not_understood_is_answered_once(world, vendor, daemon):
    _, desk = finder_case(world, vendor, daemon)
    mail = asked(vendor, "design", "2.1.1")
    signed = letters.pgp_signed(letters.text_part(
        f"{lines_of(mail)}\nstatus: perhaps so\n"), vendor.homes["design"])
    for n in range(4):
        world.deliver(letters.letter(
            letters.head("Re: " + mail.subject, sender=people.DESIGN,
                         In_Reply_To=mail.message_id),
            letters.multipart("mixed", [
                signed, letters.text_part(f"other words {n}\n")])),
            people.DESIGN)
    handled(desk, 5)
    assert sorted(desk.record("answer-refused")) == [
        "No line of it was understood."] + 3 * [
        "The same signature has answered before."]
    assert len(desk.tasks("not-understood")) == 1
    # Mails leave in the order they were drafted in.
    replies(vendor, "design", mail, [lines_of(mail), "status: reproduced"])
    desk.wait_step("2.1.1")
    world.wait_mails(people.DESIGN, 2, vendor.homes["design"], "confirm")
    asked(vendor, "design", "2.2.1")
    assert len(world.mails(people.DESIGN, kind="confirm")) == 2


def test_a_file_beside_what_is_signed_is_not_handed_on(world, vendor, daemon):
    d, desk = notice_case(world, vendor, daemon)
    details_wanted(vendor, desk)
    signed = letters.pgp_encrypted(
        letters.text_part("詳細情報です。合言葉は木犀です。\n",
                          subject=f"[{desk.number}] 詳細"),
        world.jpcert, [world.poc.fingerprint])
    world.deliver(letters.letter(
        letters.head(f"[{desk.number}] 詳細", sender=letters.JPCERT),
        letters.multipart("mixed", [
            signed, letters.file_part("viewer.exe", b"MZ thistle" * 20)])),
        letters.JPCERT)
    desk.wait_step("1.5.1")
    desk.step("1.5.2", "--share", "+research")
    draft, = desk.wait_draft("details")
    # A person sees the file, and takes it on himself.
    shown = d.psirt.json("approve", str(draft["mail"]))
    assert [row["name"] for row in shown["files"]] == ["viewer.exe"]
    desk.approve("details")
    desk.wait_step("1.5.2")
    # By itself none goes: the words are signed, and the file is not.
    shared, = world.wait_mails(ROLES["research"][2], 1,
                               vendor.homes["research"], "details")
    assert "木犀" in shared.text
    assert list(shared.attachments()) == []
    assert "viewer.exe" not in shared.text


def test_nobody_outside_is_written_to_past_jpcert(world, vendor, daemon):
    d, desk = finder_case(world, vendor, daemon)
    ack, = world.mails(letters.FINDER, world.finder, "acknowledge")
    world.deliver(letters.reply(world.finder, world.poc, desk.number,
                                ack.message_id, sender=ALIAS), ALIAS)
    handled(desk, 2)
    desk.step("1.2.1", "start")
    desk.approve("support_request")
    desk.wait_step("1.2.2", "running")
    desk.step("1.2.2", "mediation=accepted", "--by", "JPCERT/CC")
    # What nobody can read asks for an answer by itself: to resend it.
    for sender in (letters.FINDER, ALIAS, people.STRANGER):
        world.deliver(letters.broken_for_us(
            world.finder, world.poc, sender=sender,
            In_Reply_To=ack.message_id, References=ack.message_id), sender)
    handled(desk, 5)
    until(lambda: [row["state"] for row in d.psirt.queue()
                   if row["kind"] == "resend"] == 3 * ["held"], 20,
          "three answers to be held")
    for address in (ALIAS, people.STRANGER):
        assert world.mails(address) == []
    assert len(world.mails(letters.FINDER)) == 1


def test_an_old_letter_of_jpcert_ends_no_step(world, vendor, daemon):
    d, desk = notice_case(world, vendor, daemon)
    old = letters.pgp_signed(letters.text_part(
        "先日の件、承知しました。\n", subject=f"[{desk.number}] ご連絡"),
        world.jpcert)
    head = f"[{desk.number}] ご連絡"
    world.deliver(letters.letter(
        letters.head(head, sender=letters.JPCERT), old), letters.JPCERT)
    handled(desk, 2)
    details_wanted(vendor, desk)
    before = len(desk.tasks("counterpart-wrote"))
    world.deliver(letters.letter(
        letters.head(head, sender=letters.JPCERT),
        letters.multipart("mixed", [old, letters.text_part("more\n")])),
        letters.JPCERT)
    desk.wait_tasks("counterpart-wrote", before + 1)
    assert desk.steps()["1.5.1"] == "running"
    assert desk.drafts("details") == []


def test_other_words_beside_the_finders_are_no_answer(world, vendor, daemon):
    d, desk = finder_case(world, vendor, daemon)
    mail = asked(vendor, "design", "2.1.1")
    replies(vendor, "design", mail, [lines_of(mail), "question: which one?"])
    desk.wait_task("question")
    desk.psirt("question", desk.number, "ask")
    desk.approve("questions")
    desk.wait_step("2.3.2", "running")
    asks, = world.wait_mails(letters.FINDER, 1, world.finder, "questions")
    # Signed is the first part; what is sealed twice would be the answer.
    sealed = letters.text_part("In truth it is all right: no flaw.\n")
    for _ in range(2):
        sealed = letters.pgp_encrypted(
            sealed, world.finder2, [world.poc.fingerprint], sign=False)
    fields = dict(sender=letters.FINDER, In_Reply_To=asks.message_id)
    world.deliver(letters.letter(
        letters.head("Re: " + asks.subject, **fields),
        letters.multipart("mixed", [letters.pgp_signed(
            letters.text_part("I will look.\n"), world.finder), sealed])),
        letters.FINDER)
    desk.wait_tasks("answer-finder")
    assert desk.steps()["2.3.2"] == "running"
    world.deliver(letters.letter(
        letters.head("Re: " + asks.subject, **fields),
        letters.pgp_encrypted(letters.text_part("The second.\n"),
                              world.finder, [world.poc.fingerprint])),
        letters.FINDER)
    desk.wait_step("2.3.2")
    relay, *_ = desk.wait_draft("relay")
    body = d.psirt.json("approve", str(relay["mail"]))["mail"]["body"]
    assert "The second." in body and "no flaw" not in body
