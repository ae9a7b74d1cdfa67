"""What a letter is: joined, doubled, forged, automatic, or only a question."""

import re

import pytest

import letters
import world as people
from process import until


def settle(d):
    assert d.once() == 0, d.text()


def answered(world, address, home=None):
    return world.mails(address, home, "acknowledge")


@pytest.fixture
def with_case(world, daemon):
    """A finder's report became a case and was acknowledged."""
    d = daemon()
    world.deliver(letters.finder_report(world.finder, world.poc))
    settle(d)
    ack, = answered(world, letters.FINDER, world.finder)
    number = re.search(r"PSIRT-\d{4}-\d{4}", ack.subject)[0]
    return d, number, ack


def state_of_newest(d):
    letter = max(d.psirt.letters(), key=lambda row: row["letter"])
    return letter["state"], letter


def test_second_letter_joins_without_second_acknowledgement(world,
                                                            with_case):
    d, number, ack = with_case
    world.deliver(letters.reply(world.finder, world.poc, number,
                                ack.message_id))
    settle(d)
    d.start()
    state, letter = state_of_newest(d)
    assert state == "filed" and letter["case"] == number
    assert len(d.psirt.cases()) == 1
    assert len(answered(world, letters.FINDER)) == 1


@pytest.mark.parametrize("by", ["number", "thread"])
def test_joins_by_number_or_by_thread_alone(world, with_case, by):
    d, number, ack = with_case
    raw = letters.reply(world.finder, world.poc,
                        number if by == "number" else "something else",
                        ack.message_id if by == "thread" else None)
    world.deliver(raw)
    settle(d)
    d.start()
    _, letter = state_of_newest(d)
    assert letter["case"] == number
    assert len(answered(world, letters.FINDER)) == 1


def test_other_key_joins_unconfirmed_and_replaces_nothing(world, with_case):
    d, number, ack = with_case
    world.finder2.learn(world.poc)
    world.deliver(letters.reply(world.finder2, world.poc, number,
                                ack.message_id))
    settle(d)
    d.start()
    _, letter = state_of_newest(d)
    assert letter["case"] == number and letter["unconfirmed"]
    case = d.psirt.case(number)
    assert world.finder.fingerprint in str(case)
    assert world.finder2.fingerprint not in str(case)
    assert len(answered(world, letters.FINDER)) == 1


def test_number_from_a_foreign_address_goes_to_the_poc(world, with_case):
    d, number, _ = with_case
    world.deliver(letters.reply(world.finder2, world.poc, number,
                                sender=people.STRANGER), people.STRANGER)
    settle(d)
    d.start()
    _, letter = state_of_newest(d)
    assert letter["case"] != number
    assert not answered(world, people.STRANGER)
    assert len(d.psirt.cases()) == 1


def test_same_report_again_is_a_duplicate(world, daemon):
    d = daemon()
    raw = letters.finder_report(world.finder, world.poc)
    world.deliver(raw)
    settle(d)
    # Another mail, another Message-ID, the same sealed report.
    again = re.sub(rb"(?mi)^Message-ID: .*\r\n",
                   b"Message-ID: <again@research.example>\r\n", raw)
    again = again.replace(b"Subject: ...", b"Subject: resent")
    world.deliver(again)
    settle(d)
    d.start()
    _, letter = state_of_newest(d)
    assert letter["reason"] == "duplicate", letter
    assert len(d.psirt.cases()) == 1
    assert len(answered(world, letters.FINDER)) == 1


def test_same_bytes_twice_are_one_letter(world, daemon):
    d = daemon()
    raw = letters.finder_report(world.finder, world.poc)
    world.put(raw)
    world.put(raw)
    settle(d)
    d.start()
    assert len(d.psirt.letters()) == 1
    assert len(answered(world, letters.FINDER)) == 1
    until(lambda: world.letters(letters.POC) == [], 5, "INBOX to empty")
    assert len(world.letters(letters.POC, "Filed")) == 2


def test_same_message_id_with_another_body_is_a_new_letter(world, daemon):
    d = daemon()
    one = letters.clear_report(message_id="<same@other.example>")
    two = letters.plain("Another flaw in the GW-7B: it stops.\n",
                        subject="GW-7B", message_id="<same@other.example>")
    world.deliver(one, people.STRANGER)
    settle(d)
    world.deliver(two, people.STRANGER)
    settle(d)
    d.start()
    assert len(d.psirt.letters()) == 2


def test_forged_notice_moves_nothing_and_is_shown_as_forged(world, daemon):
    d = daemon()
    world.deliver(letters.jpcert_notice(world.forger, world.poc),
                  letters.JPCERT)
    settle(d)
    d.start()
    state, letter = state_of_newest(d)
    assert state == "set-aside"
    assert letter["reason"] in ("forged", "unpinned")
    assert d.psirt.cases() == []
    for address in (letters.JPCERT, people.DESIGN, people.QUALITY):
        assert world.mails(address) == []
    shown = d.psirt.text()
    assert str(letter["letter"]) in shown
    assert re.search("(?i)set.aside|forged|not pinned|unpinned", shown)
    # The POC is told: number and reason alone, signed and encrypted.
    alert, = world.wait_mails(people.DESK, 1, world.desk)
    assert alert.encrypted and alert.signers == [world.poc.fingerprint]
    for word in ("パストラバーサル", "JVN#12345678", "XYZ-100"):
        assert word not in alert.text + alert.subject


def test_broken_signature_of_a_correspondent_is_forged(world, daemon):
    d = daemon()
    entity = letters.pgp_signed(letters.text_part(letters.NOTICE),
                                world.jpcert)
    # One base64 line of the signed part is turned round.
    lines = entity.split(b"\r\n")
    at = max(range(len(lines)), key=lambda i: len(lines[i]))
    lines[at] = lines[at][::-1]
    world.deliver(letters.letter(
        letters.head("notice", letters.JPCERT, "JPCERT/CC synthetic"),
        b"\r\n".join(lines)), letters.JPCERT)
    settle(d)
    d.start()
    state, letter = state_of_newest(d)
    assert (state, letter["reason"]) == ("set-aside", "forged")
    assert d.psirt.cases() == [] and not answered(world, letters.JPCERT)


def test_forged_answer_to_a_case_moves_no_step(world, daemon):
    d = daemon()
    world.deliver(letters.jpcert_notice(world.jpcert, world.poc),
                  letters.JPCERT)
    settle(d)
    world.deliver(letters.jpcert_notice(world.forger, world.poc),
                  letters.JPCERT)
    settle(d)
    d.start()
    assert len(d.psirt.cases()) == 1
    assert len(answered(world, letters.JPCERT)) == 1
    _, letter = state_of_newest(d)
    assert letter["unconfirmed"] or letter["state"] == "set-aside"


def test_pinned_notice_again_joins_by_its_tracking_number(world, daemon):
    d = daemon()
    for text in (letters.NOTICE, letters.NOTICE + "\n続報です。\n"):
        world.deliver(letters.jpcert_notice(world.jpcert, world.poc, text),
                      letters.JPCERT)
        settle(d)
    d.start()
    assert len(d.psirt.cases()) == 1
    assert len(answered(world, letters.JPCERT)) == 1


@pytest.mark.parametrize("make", ["out_of_office", "list_mail"])
def test_machines_get_no_answer(world, daemon, make):
    d = daemon(acknowledge="any")
    sender = {"out_of_office": people.DESIGN,
              "list_mail": "list@lists.example"}[make]
    world.deliver(getattr(letters, make)(), sender)
    settle(d)
    d.start()
    state_of_newest(d)
    assert world.mails(sender) == []


def test_out_of_office_to_a_case_joins_without_answer(world, with_case):
    d, number, ack = with_case
    before = len(world.mails(people.DESIGN, world.design))
    world.deliver(letters.out_of_office(number=number,
                                        in_reply_to=ack.message_id),
                  people.DESIGN)
    settle(d)
    assert len(world.mails(people.DESIGN, world.design)) == before
    d.start()
    assert len(d.psirt.cases()) == 1


def test_bounce_of_our_mail_is_tied_and_not_answered(world, with_case):
    d, number, _ = with_case
    design, = world.mails(people.DESIGN, world.design)
    world.deliver(letters.bounce(design.message_id), "")
    settle(d)
    d.start()
    _, letter = state_of_newest(d)
    assert letter["reason"] == "bounce"
    assert world.mails("mailer-daemon@vendor.example") == []


def test_our_own_mail_coming_back_is_recognised(world, with_case):
    d, _, ack = with_case
    world.deliver(ack.raw, letters.POC)
    settle(d)
    d.start()
    _, letter = state_of_newest(d)
    assert letter["reason"] == "own"
    assert len(answered(world, letters.FINDER)) == 1


@pytest.mark.parametrize("make, sender", [
    ("inquiry", people.STRANGER), ("spam", "sales@boxes.example")])
def test_without_a_report_in_it_a_letter_is_an_inquiry(world, daemon, make,
                                                       sender):
    d = daemon()
    world.deliver(getattr(letters, make)(), sender)
    settle(d)
    d.start()
    state, letter = state_of_newest(d)
    assert state == "inquiry" and d.psirt.cases() == []
    assert world.mails(sender) == []


def test_inquiry_becomes_a_case_by_hand(world, daemon):
    d = daemon()
    world.deliver(letters.inquiry(), people.STRANGER)
    settle(d)
    d.start()
    _, letter = state_of_newest(d)
    d.psirt.text("file", str(letter["letter"]))
    until(lambda: len(d.psirt.cases()) == 1, 10, "a case")


def test_inquiry_is_dropped_with_a_reason(world, daemon):
    d = daemon()
    world.deliver(letters.spam(), "sales@boxes.example")
    settle(d)
    d.start()
    _, letter = state_of_newest(d)
    assert d.psirt.run("drop", str(letter["letter"])).returncode == 2
    d.psirt.text("drop", str(letter["letter"]), "--why", "advertising")
    assert state_of_newest(d)[0] == "dropped"
    assert d.psirt.cases() == []


def test_sealed_for_another_key_from_a_stranger_is_quarantined(world,
                                                               daemon):
    d = daemon()
    world.deliver(letters.sealed_for_others(
        world.finder2, world.finder2.fingerprint, sender=people.STRANGER),
        people.STRANGER)
    settle(d)
    d.start()
    state, letter = state_of_newest(d)
    assert (state, letter["reason"]) == ("quarantined", "undecryptable")
    # No key of ours is named, the address unknown: nobody is answered.
    assert world.mails(people.STRANGER) == []
    assert d.psirt.cases() == []


def test_damaged_but_for_us_is_asked_for_again_once(world, daemon):
    d = daemon()
    raw = letters.broken_for_us(world.finder, world.poc)
    world.deliver(raw)
    settle(d)
    note, = world.wait_mails(letters.FINDER, 1, world.finder, "resend")
    assert note.signers == [world.poc.fingerprint]
    assert world.poc.fingerprint in note.text.replace(" ", "")
    world.deliver(raw.replace(b"encrypted report", b"sent again"))
    settle(d)
    assert len(world.mails(letters.FINDER, None, "resend")) == 1
    assert not answered(world, letters.FINDER)


def test_undecryptable_from_a_correspondent_is_an_unopened_case(world,
                                                                daemon):
    d = daemon()
    world.deliver(letters.sealed_for_others(
        world.jpcert, world.jpcert.fingerprint, sender=letters.JPCERT,
        name="JPCERT/CC synthetic"), letters.JPCERT)
    settle(d)
    d.start()
    case, = d.psirt.cases()
    assert case["state"] == "unopened"
    world.wait_mails(people.DESK, 1, world.desk)


def test_retired_key_opens_with_reopen(world, daemon):
    """A key that comes later opens the letter that waits."""
    d = daemon()
    late = world.poc.make("Vendor PSIRT old <old@vendor.example>")
    world.jpcert.gpg("--import", data=world.poc.public(late))
    text = letters.text_part(letters.NOTICE)
    world.deliver(letters.letter(
        letters.head("[VN: JVN#12345678 / TN: JPCERT#91234567] notice",
                     letters.JPCERT, "JPCERT/CC synthetic"),
        letters.pgp_encrypted(text, world.jpcert, [late])), letters.JPCERT)
    settle(d)
    d.start()
    case, = d.psirt.cases()
    assert case["state"] == "unopened"
    assert d.stop() == 0
    d.configure(keys={"retired": [late]})
    d.start()
    letter, = d.psirt.letters()
    d.psirt.text("letter", str(letter["letter"]), "--reopen")
    until(lambda: d.psirt.cases()[0]["state"] == "open", 10,
          "the case to open")
    assert len(d.psirt.cases()) == 1
    world.wait_mails(letters.JPCERT, 1, world.jpcert, "acknowledge")


def test_acknowledge_encrypted_only(world, daemon):
    d = daemon(acknowledge="encrypted")
    world.deliver(letters.clear_report(), people.STRANGER)
    world.deliver(letters.finder_report(world.finder, world.poc))
    settle(d)
    assert not answered(world, people.STRANGER)
    assert len(answered(world, letters.FINDER)) == 1


def test_limit_of_automatic_mail_per_address(world, daemon):
    d = daemon(limits={"acknowledge_per_hour": 2})
    for n in range(4):
        world.deliver(letters.finder_report(
            world.finder, world.poc, letters.ENGLISH + f"\nNo. {n}\n"))
        settle(d)
    d.start()
    assert len(d.psirt.cases()) == 4
    assert len(answered(world, letters.FINDER)) == 2


def test_words_of_exploitation_are_told_to_the_desk(world, daemon):
    d = daemon()
    world.deliver(letters.finder_report(
        world.finder, world.poc,
        letters.ENGLISH + "\nIt is being actively exploited in the wild.\n"))
    settle(d)
    alert, = world.wait_mails(people.DESK, 1, world.desk)
    assert "exploited" in alert.text and "PSIRT-" in alert.text
    assert "in the wild" not in alert.text
    # A newsletter with the same words wakes nobody.
    world.deliver(letters.plain(
        "XYZ-100 is being actively exploited in the wild.\n",
        subject="[announce] digest", sender="list@lists.example",
        List_Id="<announce.lists.example>", Precedence="list"),
        "list@lists.example")
    settle(d)
    assert not any("exploited" in mail.text
                   for mail in world.mails(people.DESK, world.desk)[1:])


def test_decisions_about_letters_stand_in_the_record(world, daemon):
    d = daemon()
    world.deliver(letters.inquiry(), people.STRANGER)
    settle(d)
    d.start()
    _, letter = state_of_newest(d)
    d.psirt.text("file", str(letter["letter"]))
    until(lambda: len(d.psirt.cases()) == 1, 10, "a case")
    line, = [x for x in d.psirt.log() if x["what"] == "letter-decided"]
    assert line["letter"] == letter["letter"] and line["actor"] != "psirtd"
