"""Reports that are alike and are not, and cases that wait for a key."""

import base64
import re
import shutil
import time

import pytest

import letters
import world as people
from process import until
from program import SLOW

OTHER = "other@third.example"
CASE = r"PSIRT-\d{4}-\d{4}"


def settle(d):
    assert d.once() == 0, d.text()


def newest(d):
    return max(d.psirt.letters(), key=lambda row: row["letter"])


def received_letter(d):
    """The newest letter, of a daemon that is started for the question."""
    d.start()
    return newest(d)


def number_of(world):
    ack, = world.mails(letters.FINDER, world.finder, "acknowledge")
    return re.search(CASE, ack.subject)[0]


# ---- one report or two (RULES 2) --------------------------------------------

def base64_report(home, poc, text, **fields):
    """PGP/MIME with the armor gpg writes, LF and no header, in base64."""
    sealed = home.encrypt(letters.text_part(text), [poc.fingerprint],
                          sign=True)
    assert b"\r" not in sealed and b"-----\n\n" in sealed[:40]
    body = base64.encodebytes(sealed).replace(b"\n", b"\r\n")
    return letters.letter(
        letters.head("encrypted", **fields),
        letters.multipart("encrypted", [
            b"Content-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n",
            b"Content-Type: application/octet-stream\r\n"
            b"Content-Transfer-Encoding: base64\r\n\r\n" + body],
            ';\r\n protocol="application/pgp-encrypted"'))


def smime(sender, data):
    return letters.letter(letters.head("secure", sender=sender), (
        'Content-Type: application/pkcs7-mime; smime-type=enveloped-data; '
        'name="smime.p7m"\r\n'
        'Content-Transfer-Encoding: base64\r\n\r\n').encode()
        + base64.encodebytes(data).replace(b"\n", b"\r\n"))


def broken_clearsigned(home, number, sender):
    text = home.clearsign(f"flaw number {number}\n".encode()).decode()
    text = text.replace("-----BEGIN PGP SIGNATURE-----\n\n",
                        "-----BEGIN PGP SIGNATURE-----\n\nAAAA")
    return letters.letter(letters.head(f"XYZ-100 {number}", sender=sender),
                          letters.text_part(text))


def test_two_sealed_reports_in_base64_are_two(world, daemon):
    d = daemon()
    world.finder2.learn(world.poc)
    world.deliver(base64_report(world.finder, world.poc, letters.ENGLISH))
    settle(d)
    world.deliver(base64_report(world.finder2, world.poc,
                                letters.ENGLISH + "And another one.\n",
                                sender=people.FINDER2), people.FINDER2)
    settle(d)
    d.start()
    assert len(d.psirt.cases()) == 2
    assert len(world.mails(people.FINDER2, None, "acknowledge")) == 1


def test_two_letters_without_a_text_are_two_reports(world, daemon):
    d = daemon()
    world.deliver(letters.plain("\n", subject="XYZ-100 hangs on a long URL"),
                  people.STRANGER)
    settle(d)
    world.deliver(letters.plain("\n", subject="GW-7B default password",
                                sender=OTHER), OTHER)
    settle(d)
    d.start()
    assert len(d.psirt.cases()) == 2


def test_two_smime_letters_are_two(world, daemon):
    d = daemon()
    world.deliver(smime(people.STRANGER, b"0\x80\x06\x09one" * 40),
                  people.STRANGER)
    settle(d)
    d.start()
    d.psirt.text("file", "1")
    until(lambda: d.psirt.cases(), 10, "a case")
    assert d.stop() == 0
    world.deliver(smime(OTHER, b"0\x80\x06\x09two" * 50), OTHER)
    settle(d)
    assert received_letter(d)["reason"] == "smime"


def test_two_broken_signed_texts_are_two(world, daemon):
    d = daemon(acknowledge="any")
    for number, sender in ((1, people.STRANGER), (2, OTHER)):
        world.deliver(broken_clearsigned(world.finder, number, sender),
                      sender)
        settle(d)
    d.start()
    assert len(d.psirt.cases()) == 2


def test_the_same_report_from_elsewhere_is_shown(world, daemon):
    """Nothing new in it, but that somebody else holds it is."""
    d = daemon()
    raw = letters.finder_report(world.finder, world.poc)
    world.deliver(raw)
    settle(d)
    again = re.sub(rb"(?mi)^Message-ID: .*\r\n",
                   b"Message-ID: <again@third.example>\r\n", raw)
    again = re.sub(rb"(?m)^From: .*\r\n",
                   b"From: " + people.STRANGER.encode() + b"\r\n", again)
    world.deliver(again, people.STRANGER)
    settle(d)
    letter = received_letter(d)
    assert letter["reason"] == "duplicate" and letter["unconfirmed"]
    assert letter["letter"] in [x["letter"]
                                for x in d.psirt.json()["letters"]]
    world.wait_mails(people.DESK, 1, world.desk)
    assert world.mails(people.STRANGER) == []


def signed_notice(home, sender, *beside):
    entity = letters.pgp_signed(letters.text_part(letters.NOTICE), home)
    if beside:
        entity = letters.multipart("mixed", [entity, *beside])
    return letters.letter(
        letters.head("[VN: JVN#12345678 / TN: JPCERT#91234567] XYZ-100",
                     sender), entity)


def test_a_notice_is_no_duplicate_of_a_strangers(world, daemon):
    """Whoever has its words first does not catch what JPCERT/CC sends."""
    d = daemon()
    world.deliver(letters.letter(
        letters.head("flaw in XYZ-100", people.STRANGER),
        letters.pgp_signed(letters.text_part(letters.NOTICE),
                           world.finder2)), people.STRANGER)
    settle(d)
    world.deliver(signed_notice(world.jpcert, letters.JPCERT), letters.JPCERT)
    settle(d)
    letter = received_letter(d)
    assert letter["reason"] == "new-report"
    assert len(d.psirt.cases()) == 2
    assert world.count(letters.JPCERT) == 1


def test_junk_beside_a_notice_makes_no_new_report(world, daemon):
    d = daemon()
    signed = signed_notice(world.jpcert, letters.JPCERT)
    world.deliver(signed, letters.JPCERT)
    settle(d)
    told = world.count(people.DESIGN)
    entity = signed[signed.index(b"Content-Type:"):]
    for n in (1, 2):
        world.deliver(letters.letter(
            letters.head(f"again {n}", letters.JPCERT),
            letters.multipart("mixed", [entity, letters.file_part(
                "junk.bin", f"junk {n}".encode())])), letters.JPCERT)
        settle(d)
    assert received_letter(d)["reason"] == "joined"
    assert len(d.psirt.cases()) == 1
    assert world.count(letters.JPCERT) == 1
    assert world.count(people.DESIGN) == told


def test_new_words_around_a_known_block_are_read(world, daemon):
    d = daemon()
    block = world.finder.encrypt(letters.ENGLISH.encode(),
                                 [world.poc.fingerprint])
    for words in ("See the file.\n", "It is worse: no login is needed.\n"):
        world.deliver(letters.letter(
            letters.head("Flaw in XYZ-100"),
            letters.multipart("mixed", [
                letters.text_part(words),
                letters.file_part("report.asc", block,
                                  "application/octet-stream")])))
        settle(d)
    letter = received_letter(d)
    assert letter["reason"] in ("joined", "joined-unconfirmed")
    assert letter["letter"] in [x["letter"]
                                for x in d.psirt.json()["letters"]]
    assert len(d.psirt.cases()) == 1
    assert world.count(letters.FINDER) == 1


# ---- what cannot be opened (RULES 6) ----------------------------------------

def test_undecryptable_from_a_known_address_is_a_case(world, daemon):
    d = daemon()
    world.deliver(letters.finder_report(world.finder, world.poc))
    settle(d)
    world.deliver(letters.sealed_for_others(world.finder,
                                            world.finder.fingerprint))
    settle(d)
    letter = received_letter(d)
    assert (letter["state"], letter["reason"]) == ("filed", "undecryptable")
    assert len(world.mails(letters.FINDER, None, "resend")) == 1


@pytest.mark.parametrize("intact", [True, False])
def test_reopened_letter_of_a_finder_opens_its_case(world, daemon, intact):
    """A tracking id in its subject makes its own case a candidate; whoever
    signed what is in it, it is the letter that the case waits for."""
    d = daemon()
    entity = letters.text_part(letters.ENGLISH)
    if not intact:
        entity = letters.pgp_signed(entity, world.design).replace(
            b"flaw in the web server", b"hole in the web server")
    late = world.poc.make("Vendor PSIRT old <old@vendor.example>")
    world.finder.gpg("--import", data=world.poc.public(late))
    world.deliver(letters.letter(
        letters.head("JVN#23456789 encrypted report", name="Robin Finder"),
        letters.pgp_encrypted(entity, world.finder, [late])))
    settle(d)
    d.start()
    assert d.psirt.cases()[0]["state"] == "unopened"
    assert d.stop() == 0
    d.configure(keys={"retired": [late]})
    d.start()
    d.psirt.text("letter", str(newest(d)["letter"]), "--reopen")
    until(lambda: d.psirt.cases()[0]["state"] == "open", 10,
          "the case to open")
    assert newest(d)["reason"] == "new-report"
    assert len(d.psirt.cases()) == 1


def test_notice_sent_again_opens_the_case_that_waits(world, daemon):
    d = daemon()
    world.deliver(letters.letter(
        letters.head("[VN: JVN#12345678 / TN: JPCERT#91234567] notice",
                     letters.JPCERT, "JPCERT/CC synthetic"),
        letters.pgp_encrypted(letters.text_part(letters.NOTICE),
                              world.jpcert, [world.jpcert.fingerprint])),
        letters.JPCERT)
    settle(d)
    # A forger's letter under the same numbers opens nothing.
    world.deliver(letters.jpcert_notice(world.forger, world.poc),
                  letters.JPCERT)
    settle(d)
    d.start()
    assert [c["state"] for c in d.psirt.cases()] == ["unopened"]
    assert d.stop() == 0
    for text in (letters.NOTICE, letters.NOTICE + "\n続報です。\n"):
        world.deliver(letters.jpcert_notice(world.jpcert, world.poc, text),
                      letters.JPCERT)
        settle(d)
    d.start()
    assert [c["state"] for c in d.psirt.cases()] == ["open"]
    assert len(world.mails(letters.JPCERT, None, "acknowledge")) == 1


# ---- whom to answer, and how often ------------------------------------------

def test_limit_counts_where_the_answers_go(world, daemon):
    """Not where the letters say they come from."""
    d = daemon(limits={"acknowledge_per_hour": 1})
    for who in ("a1", "b2", "c3"):
        sender = f"{who}@research.example"
        world.deliver(letters.plain(f"GW-7B fails, take {who}.\n",
                                    subject=f"GW-7B {who}", sender=sender,
                                    Reply_To=letters.FINDER), sender)
        settle(d)
    assert len(world.mails(letters.FINDER, None, "acknowledge")) == 1


def test_limit_of_automatic_mail_in_all(world, daemon):
    d = daemon(limits={"automatic_per_hour": 2}, route="ask")
    for n in range(4):
        world.deliver(letters.clear_report().replace(
            b"Version: 2.1", f"Version: 2.{n}".encode()), people.STRANGER)
        settle(d)
    d.start()
    assert len(d.psirt.cases()) == 4
    assert len(world.mails(people.STRANGER, None, "acknowledge")) == 2


def test_old_by_its_received_field_is_not_answered(world, daemon):
    """A letter moved here from another mailbox: new by INTERNALDATE."""
    d = daemon()
    world.put(b"Received: from mx.other.example by mail.vendor.example"
              b" with ESMTP; Tue, 14 Nov 2023 22:13:20 +0000\r\n"
              + letters.clear_report(date=1700000000))
    settle(d)
    assert world.mails(people.STRANGER) == []
    d.start()
    case, = d.psirt.cases()
    assert "2023-11-1" in str(d.psirt.case(case["case"])["received"])


def test_any_letter_is_answered_where_the_desk_wants_it(world, daemon):
    d = daemon(acknowledge="any")
    world.deliver(letters.inquiry(), people.STRANGER)
    settle(d)
    ack, = world.mails(people.STRANGER, None, "acknowledge")
    assert not re.search(CASE, ack.text + ack.subject)
    assert received_letter(d)["state"] == "inquiry"


def test_tracking_ids_are_not_echoed_to_a_finder(world, daemon):
    d = daemon()
    world.deliver(letters.finder_report(
        world.finder, world.poc,
        letters.ENGLISH + "\nSee JVN#23456789 and CVE-2026-41928.\n"))
    settle(d)
    ack, = world.mails(letters.FINDER, world.finder, "acknowledge")
    assert re.search(CASE, ack.subject)
    for word in ("23456789", "41928"):
        assert word not in ack.text + ack.subject
        assert word.encode() not in ack.raw


def test_twenty_forged_notices_are_one_alert(world, daemon):
    d = daemon()
    for n in range(20):
        world.deliver(letters.letter(
            letters.head(f"notice {n}", letters.JPCERT),
            letters.pgp_signed(letters.text_part(
                letters.NOTICE + f"\n{n}\n"), world.forger)), letters.JPCERT)
    d.start()
    until(lambda: [x["reason"] for x in d.psirt.letters()] == ["forged"] * 20,
          60 * SLOW, "twenty forged notices")
    world.wait_mails(people.DESK, 1, world.desk, seconds=30 * SLOW)
    time.sleep(4)  # what comes within 3 s is gathered
    assert len(world.mails(people.DESK, world.desk)) == 1


# ---- what a letter teaches its case -----------------------------------------

def test_finder_signs_again_and_is_known(world, daemon):
    """The key that came with the report is what the next is checked by."""
    d = daemon()
    world.deliver(letters.finder_report(world.finder, world.poc))
    settle(d)
    number = number_of(world)
    world.deliver(letters.reply(world.finder, world.poc, number))
    settle(d)
    letter = received_letter(d)
    assert letter["case"] == number and not letter["unconfirmed"]
    assert letter["verdict"] == "known", letter


def test_stranger_in_the_thread_teaches_the_case_nothing(world, daemon):
    d = daemon()
    world.deliver(letters.finder_report(world.finder, world.poc))
    settle(d)
    ack, = world.mails(letters.FINDER, world.finder)
    number = number_of(world)
    world.finder2.learn(world.poc)
    world.deliver(letters.reply(world.finder2, world.poc, "x",
                                ack.message_id, sender=people.STRANGER),
                  people.STRANGER)
    settle(d)
    world.deliver(letters.reply(world.finder2, world.poc, number,
                                sender=people.STRANGER, text="more\n"),
                  people.STRANGER)
    settle(d)
    d.start()
    joined, aside = sorted(d.psirt.letters(),
                           key=lambda row: row["letter"])[1:]
    assert joined["case"] == number and joined["unconfirmed"]
    assert (aside["state"], aside["case"]) == ("set-aside", None)


def test_key_beside_a_broken_signature_is_not_bound(world, daemon):
    d = daemon()
    entity = letters.pgp_signed(letters.text_part(letters.ENGLISH),
                                world.design)
    entity = entity.replace(b"flaw in the web server",
                            b"hole in the web server")
    world.deliver(letters.letter(
        letters.head("...", name="Robin Finder"),
        letters.pgp_encrypted(letters.with_key(entity, world.finder),
                              world.finder, [world.poc.fingerprint],
                              sign=False)))
    settle(d)
    letter = received_letter(d)
    assert letter["verdict"] == "bad"
    assert world.finder.fingerprint not in str(d.psirt.case(letter["case"]))
    ack, = world.mails(letters.FINDER, None, "acknowledge")
    assert not ack.encrypted


# ---- departments ------------------------------------------------------------

def test_sealed_report_goes_to_departments_without_its_text(world, daemon):
    """route = auto: an overview alone leaves before a person looked."""
    d = daemon()
    world.deliver(letters.finder_report(world.finder, world.poc))
    settle(d)
    mail, = world.wait_mails(people.DESIGN, 1, world.design)
    assert mail.encrypted
    for word in ("xylophone-cabbage", "Robin Finder", letters.FINDER):
        assert word not in mail.text + mail.subject
    # In clear anybody can write one: a person decides.
    world.deliver(letters.clear_report(), people.STRANGER)
    settle(d)
    assert len(world.mails(people.DESIGN)) == 1


def test_one_person_of_two_departments_gets_one_mail(world, daemon):
    d = daemon()
    conf = d.conf.read_text()
    d.conf.write_text(conf.replace(people.QUALITY, people.DESIGN).replace(
        world.quality.fingerprint, world.design.fingerprint))
    world.deliver(letters.finder_report(world.finder, world.poc))
    settle(d)
    assert len(world.mails(people.DESIGN, world.design)) == 1


@pytest.mark.parametrize("share", [False, True])
def test_finder_is_named_to_departments_where_settings_say(world, daemon,
                                                           share):
    d = daemon(route="ask", share_finder=share)
    world.deliver(letters.finder_report(
        world.finder, world.poc, letters.ENGLISH.replace("Robin Finder", "R")))
    settle(d)
    d.start()
    d.psirt.text("route", d.psirt.cases()[0]["case"], "plc", "--details")
    mail = world.wait_mails(people.DESIGN, 1, world.design)[-1]
    assert "xylophone-cabbage" in mail.text
    assert ("Robin Finder" in mail.text) == share
    assert letters.FINDER not in mail.text or share


# ---- a mailbox that was numbered anew ---------------------------------------

def test_unknown_letter_of_a_renumbered_mailbox_is_not_answered(world,
                                                                daemon):
    d = daemon()
    world.deliver(letters.finder_report(world.finder, world.poc))
    settle(d)
    with world.mailbox(letters.POC) as box:
        first = box.status("INBOX", "(UIDVALIDITY)")[1]
    shutil.rmtree(world.mail / letters.POC)
    time.sleep(1.1)  # UIDVALIDITY is a time of creation
    world.put(letters.clear_report())
    with world.mailbox(letters.POC) as box:
        assert box.status("INBOX", "(UIDVALIDITY)")[1] != first
    settle(d)
    assert received_letter(d)["state"] == "filed"
    assert world.mails(people.STRANGER) == []
    # What comes afterwards is new, and answered.
    assert d.stop() == 0
    world.put(letters.clear_report().replace(b"Version: 2.1",
                                             b"Version: 2.2"))
    settle(d)
    assert len(world.mails(people.STRANGER, None, "acknowledge")) == 1


def test_note_to_a_japanese_finder_is_in_japanese(world, daemon):
    """All that can be read of a closed letter is its head: the case knows."""
    d = daemon()
    world.deliver(letters.japanese_inline(world.finder2, world.poc),
                  people.FINDER2)
    assert d.once() == 0, d.text()
    world.deliver(letters.broken_for_us(world.finder2, world.poc,
                                        sender=people.FINDER2),
                  people.FINDER2)
    assert d.once() == 0, d.text()
    note, = world.wait_mails(people.FINDER2, kind="resend")
    assert re.search("[ぁ-ん]", note.text)
    # Who signed what nobody could open is not known, and not guessed.
    d.start()
    newest = max(d.psirt.letters(), key=lambda row: row["letter"])
    assert newest["verdict"] == "unopened"
    opened, = [x for x in d.psirt.log() if x["what"] == "letter-opened"
               and x["letter"] == newest["letter"]]
    assert opened["code_text"] == "unread"
