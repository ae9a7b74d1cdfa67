"""Whoever carries the mail sees it, lays other parts beside what is signed,
and sends it again: what of that moves a case, or goes on to anybody.
"""

import letters
import world as people
from procedure import asked, finder_case, lines_of, replies
from process import until

ALIAS = people.FINDER2  # the same finder writes from there, too


def handled(desk, count):
    """Every letter has been looked at."""
    until(lambda: len(desk.d.psirt.letters()) >= count
          and all(row["state"] not in ("received", "opened")
                  for row in desk.d.psirt.letters()), 20,
          f"{count} letters to be filed")


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
