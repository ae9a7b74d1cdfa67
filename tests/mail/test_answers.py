"""Departments answer by mail (RULES 12): what moves a step, what does not.

What is understood is put on record and confirmed to who wrote it, alone;
what moves nothing a person sees.
"""

import time

import letters
import world as people
from procedure import (ROLES, answer, asked, finder_case, lines_of,
                       replies)
from process import until
from test_flow_jpcert import notice_case

LEADS = [("2.2.1", ["cause=a", "conditions=b"]), ("2.4.1", ["affected=c"]),
         ("2.5.1", ["impact=d", "difficulty=e"])]


def confirms(world, vendor, role, count):
    """The mails that confirm what this contact wrote; nobody else has one."""
    address = ROLES[role][2]
    found = world.wait_mails(address, count, vendor.homes[role], "confirm")
    for mail in found:
        assert mail.encrypted
        assert mail.signers == [world.poc.fingerprint]
    return found


def nobody_else_has(world, kind, address):
    for other in people.PEOPLE:
        if other != address:
            assert world.mails(other, kind=kind) == [], other


def handled(desk, count):
    """Every letter of the case has been looked at."""
    until(lambda: len(desk.d.psirt.letters()) >= count
          and all(row["state"] not in ("received", "opened")
                  for row in desk.d.psirt.letters()), 20,
          f"{count} letters to be filed")


def test_understood_in_both_languages_and_widths(world, vendor, daemon):
    d, desk = finder_case(world, vendor, daemon)
    said = [
        ("2.1.1", ["再現：再現しました。"], [("status", "reproduced")]),
        ("2.2.1", ["ｃａｕｓｅ：ＣＷＥ-１２０", "■発現条件： Hostヘッダーが長い"],
         [("cause", "ＣＷＥ-１２０"), ("conditions", "Hostヘッダーが長い")]),
        ("2.4.1", ["* Affected : XYZ-100 < 2.4", "影響なし: XYZ-100 2.4"],
         [("affected", "XYZ-100 < 2.4"), ("not affected", "XYZ-100 2.4")]),
        ("2.5.1", ["影響度: 停止する", "DIFFICULTY:low",
                   "cvss: CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H"],
         [("impact", "停止する"), ("difficulty", "low"),
          ("cvss", "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H")]),
        ("3.1.1", ["plan: 2.4を出す", "予定日：２０３１年３月１日"],
         [("plan", "2.4を出す"), ("planned", "2031-03-01")]),
    ]
    for n, (step, lines, recorded) in enumerate(said, 1):
        mail = asked(vendor, "design", step)
        replies(vendor, "design", mail, [lines_of(mail)] + lines)
        desk.wait_step(step)
        assert sorted(desk.answers(step)) == sorted(recorded)
        mine = confirms(world, vendor, "design", n)
        assert any(all(f"{word}: {value}" in mail.text
                       for word, value in recorded) for mail in mine)
    assert len(mine) == len(said)
    nobody_else_has(world, "confirm", people.DESIGN)
    # No word of it stands in a subject, or in what a mail server sees.
    for mail in mine:
        assert mail.subject == f"[{desk.number}] " \
            "Your answer has reached the desk"
        assert b"CWE" not in mail.raw
        assert "xylophone" not in mail.text
        assert len(mail.text) < 1500
    assert desk.record("answer").count("cause") == 1
    assert desk.record("answer-refused") == []
    assert desk.tasks("not-understood") == []
    # Nothing is left to do of these letters: the report alone is unread.
    assert len(desk.unread()) == 1
    assert [row["reason"] for row in d.psirt.letters()].count(
        "answer") == len(said)


def test_quality_has_a_receipt_and_no_question(world, vendor, daemon):
    """What JPCERT/CC signed goes to those who are asked; quality learns that
    something came in, until a person tells it more."""
    _, desk = notice_case(world, vendor, daemon)
    notice, = world.wait_mails(people.QUALITY, 1, vendor.homes["quality"],
                               "overview")
    mail = asked(vendor, "design", "1.3.1")
    ref = lines_of(mail)
    for word in ("パストラバーサル", "2.3.1"):
        assert word in mail.text and word not in notice.text
    assert "CWE-22" in mail.text and "CWE-22" not in notice.text
    assert "ref:" not in notice.text and desk.number in notice.subject
    assert people.QUALITY in desk.told("overview")
    assert desk.told("details") == set()
    # It was told by a mail of that step, and is not asked by it.
    replies(vendor, "quality", mail, [ref, "詳細：不要"], quote=False)
    until(lambda: desk.record("answer-refused"), 20, "quality to be refused")
    assert desk.answers() == []
    desk.psirt("route", desk.number, "qa", "--details")
    told, = world.wait_mails(people.QUALITY, 1, vendor.homes["quality"],
                             "details")
    assert "パストラバーサル" in told.text
    until(lambda: desk.told("details") == {people.QUALITY}, 20, "the details")
    # Who is asked answers, and JPCERT/CC is asked in turn.
    replies(vendor, "design", mail, [ref, "詳細：要"])
    desk.wait_step("1.3.1")
    assert desk.answers("1.3.1") == [("need details", "yes")]
    desk.wait_draft("detail_request")
    assert world.count(letters.FINDER) == 0


def test_a_line_not_understood_is_a_task(world, vendor, daemon):
    _, desk = finder_case(world, vendor, daemon)
    mail = asked(vendor, "design", "2.1.1")
    replies(vendor, "design", mail, [
        lines_of(mail), "status: investigating", "wetter: sonnig",
        "decision: publish", "status: perhaps so"])
    task, = desk.wait_tasks("not-understood")
    words = desk.words_of(task)
    for lost in ("wetter: sonnig", "decision: publish", "status: perhaps so"):
        assert lost in words
    confirm, = confirms(world, vendor, "design", 1)
    assert "status: investigating" in confirm.text
    assert "wetter: sonnig" in confirm.text
    # What it can be written like stands there, under the same reference.
    assert lines_of(confirm) == lines_of(mail)
    assert desk.answers() == [("status", "investigating")]
    assert desk.steps()["2.1.1"] == "running"
    assert task["task"] in [row["task"] for row in
                            desk.d.psirt.json("today")["tasks"]]
    # Nothing of it at all: prose goes to a person whole.
    replies(vendor, "design", mail, [
        lines_of(mail), "", "Kannst du mich bitte anrufen? Wir haben das "
        "Verhalten gesehen, sind uns aber nicht sicher."])
    desk.wait_tasks("not-understood", 2)
    newest = max(desk.tasks("not-understood"), key=lambda row: row["task"])
    assert "bitte anrufen" in desk.words_of(newest)
    assert desk.record("answer-refused") == ["No line of it was understood."]
    # The letters lie there to be read, and a task ends by hand.
    assert {task["letter"], newest["letter"]} <= set(desk.unread())
    desk.psirt("task", str(task["task"]), "done")
    assert [row["task"] for row in desk.tasks("not-understood")] == [
        newest["task"]]


def signed_in_the_past(vendor, role, mail, lines):
    """As answer() does, signed just after the key was made."""
    home = vendor.homes[role]
    rows = home.gpg("--with-colons", "--list-keys",
                    home.fingerprint).stdout.decode().splitlines()
    made = next(int(row.split(":")[5]) for row in rows
                if row.startswith("pub:"))
    sealed = home.gpg(
        "--faked-system-time", f"{made + 1}!", "--armor", "--recipient",
        vendor.world.poc.fingerprint, "--sign", "--local-user",
        home.fingerprint, "--encrypt",
        data=letters.text_part("\n".join(lines) + "\n")).stdout
    vendor.world.deliver(letters.letter(
        letters.head("Re: " + mail.subject, sender=ROLES[role][2],
                     In_Reply_To=mail.message_id),
        letters.pgp_encrypted_with(sealed)), ROLES[role][2])


def test_what_moves_nothing_is_shown(world, vendor, daemon):
    d, desk = finder_case(world, vendor, daemon)
    mail = asked(vendor, "design", "2.1.1")
    ref = lines_of(mail)
    said = "status: reproduced"
    made_up = ref.rpartition("/")[0] + "/ZZZZZZ"
    other = f"ref: {desk.number}/2.2.1/" + ref.rpartition("/")[2]
    design = vendor.homes["design"]
    unsigned = "It is not signed by the pinned key of a contact."

    def reply(lines=(ref, said), home=design, sender=people.DESIGN, **how):
        answer(world, home, sender, mail, lines, **how)

    cases = [
        # What is sent, its task, why it moved nothing.
        (lambda: reply(sign=False), "unsigned-answer", unsigned),
        (lambda: reply(home=world.finder2), "unsigned-answer", unsigned),
        (lambda: reply(home=world.finder2, sender=people.STRANGER),
         "unsigned-answer", unsigned),
        (lambda: reply(home=vendor.homes["quality"]), "not-understood",
         "Who signed it is no contact of those who were asked."),
        (lambda: reply(home=vendor.homes["sales"],
                       sender=ROLES["sales"][2]), "not-understood",
         "Who signed it is no contact of those who were asked."),
        (lambda: reply([said], quote=False), "not-understood",
         "It carries no reference (\"ref: …\"), or two different ones."),
        (lambda: reply([made_up, said], quote=False), "not-understood",
         "Its reference is none that a question of ours carried."),
        (lambda: reply([other, said], quote=False), "not-understood",
         "Its reference is none that a question of ours carried."),
        (lambda: signed_in_the_past(vendor, "design", mail, [ref, said]),
         "not-understood", "It was signed before the question was sent."),
    ]
    seen = set()
    for n, (send, kind, why) in enumerate(cases, 1):
        send()
        until(lambda: len(desk.record("answer-refused")) == n, 20,
              f"case {n} to be refused, not "
              f"{desk.record('answer-refused')}")
        assert desk.record("answer-refused")[-1] == why, n
        task = max(desk.tasks(kind), key=lambda row: row["task"])
        assert task["task"] not in seen, n
        seen.add(task["task"])
        assert said in desk.words_of(task), n
        assert task["next"] in ("psirt task %d" % task["task"],
                                "psirt letter %d" % task["letter"])
        # And the letter itself waits to be read.
        assert task["letter"] in desk.unread(), n
        assert f"psirt letter {task['letter']}" in d.psirt.text()
    assert desk.answers() == [] and desk.record("answer") == []
    assert desk.steps()["2.1.1"] == "running"
    text = d.psirt.text("show", desk.number)
    assert "unsigned-answer" in text and "not-understood" in text
    nobody_else_has(world, "confirm", None)
    # And the one who was asked is heard all the same.
    replies(vendor, "design", mail, [ref, said])
    desk.wait_step("2.1.1")
    # It is over: whoever comes now comes too late.
    replies(vendor, "integration", asked(vendor, "integration", "2.1.1"),
            [ref, "status: not reproduced"])
    until(lambda: desk.record("answer-refused")[-1]
          == "The step it answers is over.", 20, "a late answer")
    assert desk.answers("2.1.1") == [("status", "reproduced")]


def test_a_signature_counts_once(world, vendor, daemon):
    """Whoever lays the signed words into another mail moves nothing."""
    _, desk = finder_case(world, vendor, daemon)
    desk.step("2.1.1", "status=reproduced")
    mail = asked(vendor, "design", "2.2.1")
    design = vendor.homes["design"]
    signed = letters.pgp_signed(letters.text_part(
        f"{lines_of(mail)}\ncause: the first idea\n"), design)

    def send(home, sender):
        world.deliver(letters.letter(
            letters.head("Re: " + mail.subject, sender=sender,
                         In_Reply_To=mail.message_id),
            letters.pgp_encrypted(signed, home, [world.poc.fingerprint],
                                  sign=False)), sender)

    send(design, people.DESIGN)
    desk.wait_answers("2.2.1", [("cause", "the first idea")])
    time.sleep(1.1)  # a signature counts seconds
    replies(vendor, "design", mail, [lines_of(mail), "cause: a better one"])
    desk.wait_answers("2.2.1", [("cause", "a better one")])
    # Decrypted, and sealed anew by somebody else; and by the same again.
    send(world.finder2, people.STRANGER)
    send(design, people.DESIGN)
    handled(desk, 5)
    assert desk.answers("2.2.1") == [("cause", "a better one")]
    assert desk.record("answer").count("cause") == 2
    again = desk.d.psirt.letters()[:2]
    for row in again:
        assert row["reason"] != "answer"
    # A stranger's is told of and lies there to be read.
    assert "The same signature has answered before." in desk.record(
        "answer-refused")
    assert {row["letter"] for row in again} & set(desk.unread())
    assert len(confirms(world, vendor, "design", 2)) == 2


def test_the_same_mail_again_moves_nothing(world, vendor, daemon):
    """The very ciphertext under another Message-ID."""
    _, desk = finder_case(world, vendor, daemon)
    desk.step("2.1.1", "status=reproduced")
    mail = asked(vendor, "design", "2.2.1")
    entity = letters.pgp_encrypted(letters.text_part(
        f"{lines_of(mail)}\ncause: the first idea\n"),
        vendor.homes["design"], [world.poc.fingerprint])
    for cause in ("the first idea", "what the desk knows"):
        world.deliver(letters.letter(
            letters.head("Re: " + mail.subject, sender=people.DESIGN,
                         In_Reply_To=mail.message_id), entity),
            people.DESIGN)
        if cause == "the first idea":
            desk.wait_answers("2.2.1", [("cause", cause)])
            desk.step("2.2.1", "cause=what the desk knows", "--by", "Akira")
    handled(desk, 3)
    assert desk.answers("2.2.1") == [("cause", "what the desk knows")]
    assert len(confirms(world, vendor, "design", 1)) == 1


def test_two_contacts_who_differ(world, vendor, daemon):
    d, desk = finder_case(world, vendor, daemon)
    desk.step("2.1.1", "status=reproduced")
    for step, words in LEADS:
        desk.wait_step(step, "running")
        desk.step(step, *words)
    mails = {role: asked(vendor, role, "3.1.1")
             for role in ("design", "integration")}
    replies(vendor, "design", mails["design"],
            [lines_of(mails["design"]), "plan: a firmware"])
    desk.wait_answers("3.1.1", [("plan", "a firmware")])
    replies(vendor, "integration", mails["integration"],
            [lines_of(mails["integration"]), "計画: 設定の変更",
             "予定日: 2031-05-01"])
    task, = desk.wait_tasks("answers-differ")
    words = desk.words_of(task)
    assert "plan: a firmware (Akira Design)" in words
    assert "plan: 設定の変更 (Sora Integration)" in words
    # The last does not win, nor does half of what it says.
    assert desk.answers("3.1.1") == [("plan", "a firmware")]
    assert desk.steps()["3.1.1"] == "running"
    assert desk.record("answer-refused") == [
        "Another contact has answered differently."]
    assert task["letter"] in desk.unread()
    assert "answers-differ" in d.psirt.text("show", desk.number)
    assert world.mails(ROLES["integration"][2], kind="confirm") == []
    # What is not in dispute may be said by the other.
    replies(vendor, "integration", mails["integration"],
            [lines_of(mails["integration"]), "予定日: 2031-05-01"])
    desk.wait_step("3.1.1")
    assert sorted(desk.answers("3.1.1")) == [("plan", "a firmware"),
                                             ("planned", "2031-05-01")]
    confirms(world, vendor, "integration", 1)


def test_out_of_office_moves_nothing(world, vendor, daemon):
    _, desk = finder_case(world, vendor, daemon)
    mail = asked(vendor, "design", "2.1.1")
    before = desk.tasks()
    world.deliver(letters.out_of_office(
        number=desk.number, in_reply_to=mail.message_id), people.DESIGN)
    # As sealed and signed, with the whole question below, as some do.
    replies(vendor, "design", mail,
            [lines_of(mail), "status: reproduced"],
            Auto_Submitted="auto-replied")
    handled(desk, 3)
    assert desk.answers() == [] and desk.tasks() == before
    assert desk.record("answer-refused") == []
    assert desk.steps()["2.1.1"] == "running"
    assert world.mails(people.DESIGN, kind="confirm") == []
    assert [row["reason"] for row in desk.d.psirt.letters()].count(
        "auto-reply") == 2
