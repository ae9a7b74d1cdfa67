"""What time brings: reminders, status mails, the morning mail, clocks.

Durations are seconds here; the rest is as the desk has it.  One test waits
for a minute to be full: that is as fine as a time of day can be given.
"""

import datetime
import re
import time

import letters
import world as people
from procedure import (ROLES, Desk, answer, asked, from_jpcert, lines_of,
                       notice_case)
from process import until
from program import SLOW, TOP

JST = datetime.timezone(datetime.timedelta(hours=9))
SECRETS = ("XYZ-100", "xylophone", "CWE", "2.3.1", "CVSS", "パストラバーサル",
           "機器", "controller", "plc", "design", "設計")


def flow_with(world, flow, change):
    """A flow file of the test's own: the shipped one, changed."""
    text = (TOP / f"conf/flow-{flow}.conf").read_text()
    changed = change(text)
    assert changed != text
    path = world.folder / f"flow-{flow}-{time.time_ns()}.conf"
    path.write_text(changed)
    return path


def reproduction_is_due_in_2s(text):
    head, mark, rest = text.partition('step "2.1.1"')
    return head + mark + rest.replace("due = 10b", "due = 2s", 1)


def start_case(world, vendor, daemon, letter, sender, home, **procedure):
    d = daemon(vendor=vendor.settings(), procedure=procedure)
    world.deliver(letter, sender)
    d.start()
    ack, = world.wait_mails(sender, 1, home, "acknowledge")
    return d, Desk(d, re.search(r"PSIRT-\d{4}-\d{4}", ack.subject)[0])


def finder(world, vendor, daemon, text=letters.ENGLISH, **procedure):
    return start_case(
        world, vendor, daemon,
        letters.finder_report(world.finder, world.poc, text),
        letters.FINDER, world.finder, **procedure)


def mails_of(world, vendor, role, kind):
    return world.mails(ROLES[role][2], vendor.homes[role], kind)


# ---- departments that are late ----------------------------------------------

def test_late_department_is_reminded_then_the_lead_is_told(world, vendor,
                                                           daemon):
    flow = flow_with(world, "direct", reproduction_is_due_in_2s)
    d, desk = finder(world, vendor, daemon, flow_direct=flow, remind="2s",
                     reminders=1)
    told, = world.wait_mails(people.DESK, 1, world.desk, "escalation")
    reminder, = mails_of(world, vendor, "design", "reminder")
    assert reminder.encrypted and reminder.signers == [world.poc.fingerprint]
    assert lines_of(reminder) == lines_of(
        asked(vendor, "design", "2.1.1"))
    assert "2.1.1 Reproduction" in reminder.text
    # Quality was told of the receipt, and asked nothing.
    assert world.mails(ROLES["quality"][2], vendor.homes["quality"])
    assert mails_of(world, vendor, "quality", "reminder") == []

    assert told.encrypted and told.signers == [world.poc.fingerprint]
    assert desk.number in told.subject and "2.1.1" in told.text
    assert "xylophone" not in told.text
    time.sleep(5)
    assert len(mails_of(world, vendor, "design", "reminder")) == 1
    assert len(world.mails(people.DESK, world.desk, "escalation")) == 1
    assert desk.record("reminded") == ["2.1.1"]
    assert desk.record("escalated") == ["2.1.1"]
    row, = [row for row in d.psirt.json("step", desk.number)["steps"]
            if row["step"] == "2.1.1"]
    assert row["late"] and row["reminders"] == 1
    # The list of the day has it: the department is late.
    assert [row["step"] for row in d.psirt.json("today")["steps"]
            if row["late"]] == ["2.1.1"]


def test_who_has_answered_is_not_reminded_again(world, vendor, daemon):
    flow = flow_with(world, "direct", reproduction_is_due_in_2s)
    d, desk = finder(world, vendor, daemon, flow_direct=flow, remind="3s",
                     reminders=9)
    reminder = world.wait_mails(ROLES["design"][2], 1, vendor.homes["design"],
                                "reminder")[0]
    # The reminder can be answered as the question can.
    answer(world, vendor.homes["design"], people.DESIGN, reminder,
           [lines_of(reminder), "status: reproduced"])
    desk.wait_step("2.1.1")
    assert desk.answers("2.1.1") == [("status", "reproduced")]
    before = [len(mails_of(world, vendor, role, "reminder"))
              for role in ("design", "research", "integration")]
    assert before[0] >= 1
    time.sleep(7)
    assert before == [len(mails_of(world, vendor, role, "reminder"))
                      for role in ("design", "research", "integration")]
    assert world.mails(people.DESK, world.desk, "escalation") == []
    assert desk.record("escalated") == []


# ---- status mails -----------------------------------------------------------

def says_number_phase_and_date(mail, number, phase, every_s):
    """And nothing else of the case; the date is that of the next one."""
    assert number in mail.subject and phase in mail.text
    dates = re.findall(r"\d{4}-\d{2}-\d{2}", mail.text)
    sent = mail.outer["Date"].datetime.astimezone(JST)
    assert dates == [(sent + datetime.timedelta(seconds=every_s))
                     .strftime("%Y-%m-%d")]
    for word in SECRETS:
        assert word not in mail.subject + mail.text, word
    assert mail.attachments() == [] or {
        kind for _, kind in mail.attachments()} == {"application/pgp-keys"}


def test_status_to_the_finder_and_the_third_is_a_draft(world, vendor, daemon):
    d, desk = finder(world, vendor, daemon, status_finder="3s",
                     status_quiet="1s")
    draft, = desk.wait_draft("status", 40)
    mails = world.mails(letters.FINDER, world.finder, "status")
    # Perhaps one of the phase before the overviews were out; then two more.
    assert 2 <= len(mails) <= 3
    for mail in mails[-2:]:
        assert mail.encrypted and mail.signers == [world.poc.fingerprint]
        says_number_phase_and_date(mail, desk.number, "under examination", 3)
    time.sleep(5)
    assert len(world.mails(letters.FINDER, world.finder, "status")) == len(
        mails)
    assert len(desk.drafts("status")) == 1, "one is enough to decide about"
    desk.approve("status")
    world.wait_mails(letters.FINDER, len(mails) + 1, world.finder, "status")

    desk.psirt("close", desk.number, "duplicate")
    assert d.psirt.case(desk.number)["next_status"] is None
    sent = len(world.mails(letters.FINDER, world.finder, "status"))
    drafts = len(desk.drafts("status"))
    time.sleep(5)
    assert len(world.mails(letters.FINDER, world.finder, "status")) == sent
    assert len(desk.drafts("status")) == drafts


def test_status_waits_after_a_real_mail(world, vendor, daemon):
    d, desk = finder(world, vendor, daemon, status_finder="4s",
                     status_quiet="9s")
    ack, = world.mails(letters.FINDER, world.finder, "acknowledge")
    first = world.wait_mails(letters.FINDER, 1, world.finder, "status")[0]
    gap = (first.outer["Date"].datetime - ack.outer["Date"].datetime)
    assert gap.total_seconds() >= 8, gap


def test_status_to_jpcert_and_to_who_has_no_key(world, vendor, daemon):
    d, desk = notice_case(world, vendor, daemon, procedure={
        "status_jpcert": "3s", "status_finder": "3s", "status_quiet": "1s"})
    world.deliver(letters.clear_report(), people.STRANGER)
    mail = world.wait_mails(letters.JPCERT, 2, world.jpcert, "status")[-1]
    assert mail.encrypted and mail.signers == [world.poc.fingerprint]
    assert "JPCERT#91234567" in mail.subject and "状況" in mail.subject
    says_number_phase_and_date(
        mail, desk.number, "受領済み・担当部門への引き継ぎ中", 3)
    # Who never gave a key: signed, and fit to be read by anybody.
    mail = world.wait_mails(people.STRANGER, 1, kind="status")[0]
    assert not mail.encrypted and mail.signers == [world.poc.fingerprint]
    other, = [row["case"] for row in d.psirt.cases()
              if row["case"] != desk.number]
    says_number_phase_and_date(mail, other, "examin", 3)


def test_status_after_mediation_goes_to_jpcert(world, vendor, daemon):
    """At its own cadence, and as to somebody who was told nothing yet."""
    d, desk = finder(world, vendor, daemon, status_finder="2s",
                     status_jpcert="4s", status_quiet="1s")
    desk.wait_draft("status", 40)
    mediated(d, desk)
    time.sleep(1)  # one that was on its way
    before = len(world.mails(letters.FINDER, world.finder, "status"))
    mail = world.wait_mails(letters.JPCERT, 1, world.jpcert, "status")[0]
    says_number_phase_and_date(mail, desk.number, "調査中", 4)
    assert len(world.mails(letters.FINDER, world.finder,
                           "status")) == before


def test_status_to_jpcert_where_finders_get_none(world, vendor, daemon):
    d, desk = finder(world, vendor, daemon, status_finder="0s",
                     status_jpcert="3s", status_quiet="1s")
    assert d.psirt.case(desk.number)["next_status"] is None
    mediated(d, desk)
    world.wait_mails(letters.JPCERT, 1, world.jpcert, "status")
    assert world.mails(letters.FINDER, world.finder, "status") == []


def mediated(d, desk):
    desk.step("1.2.1", "start")
    desk.approve("support_request")
    desk.wait_step("1.2.2", "running")
    desk.step("1.2.2", "mediation=accepted", "--by", "JPCERT/CC")
    until(lambda: d.psirt.case(desk.number)["channel"] == "jpcert", 10,
          "JPCERT/CC to be the window")


def test_status_is_held_where_the_finders_key_ran_out(world, vendor, daemon):
    from keys import Home
    short = Home(world.folder / "g" / f"short{time.time_ns() % 10**6}")
    world.homes[short.folder.name] = short
    short.fingerprint = short.make(f"Robin Finder <{letters.FINDER}>",
                                   expire=f"seconds={10 * SLOW}")
    short.learn(world.poc)
    d, desk = start_case(
        world, vendor, daemon, letters.finder_report(short, world.poc),
        letters.FINDER, short,
        status_finder=f"{14 * SLOW}s", status_quiet="1s")
    held = until(lambda: [row for row in d.psirt.queue()
                          if (row["kind"], row["state"])
                          == ("status", "held")], 30 * SLOW,
                 "a held mail")
    assert held[0]["reason"]
    alert, = world.wait_mails(people.DESK, 1, world.desk, "alert")
    assert "mail-held" in alert.text and desk.number in alert.text
    time.sleep(8)
    assert len([row for row in d.psirt.queue()
                if row["kind"] == "status"]) == 1
    assert world.mails(letters.FINDER, None, "status") == []


# ---- clocks -----------------------------------------------------------------

def clocks(desk, name=None):
    rows = desk.d.psirt.json("clock", desk.number)["clocks"]
    return [row for row in rows if name in (None, row["clock"])]


def when(text):
    """Seconds of an RFC 3339 time."""
    return datetime.datetime.fromisoformat(
        text.replace("Z", "+00:00")).timestamp()


def local(text):
    return datetime.datetime.fromtimestamp(when(text), JST)


def day(days):
    return datetime.datetime.now(JST) + datetime.timedelta(days=days)


def received(desk):
    return when(desk.d.psirt.case(desk.number)["received"])


def test_45_days_of_an_overseas_cert(world, vendor, daemon):
    d, desk = start_case(
        world, vendor, daemon,
        letters.overseas_notice(world.cert, world.poc), letters.CERT,
        world.cert)
    imposed, = clocks(desk, "imposed")
    assert when(imposed["due"]) == received(desk) + 45 * 86400
    assert imposed["source"] == "letter" and "45 days" in imposed["words"]
    assert when(imposed["warning"]) == when(imposed["due"]) - 14 * 86400
    shown = desk.psirt("show", desk.number)
    row, = [line for line in shown.splitlines() if " imposed " in line]
    for key, form in (("due", "%Y-%m-%d %H:%M"), ("warning", "%Y-%m-%d")):
        assert local(imposed[key]).strftime(form) in row, row
    # Ours is later: that is said, and is a task.
    desk.psirt("clock", desk.number, "set", "publication",
               day(60).strftime("%Y-%m-%d 10:00 JST"))
    task, = desk.wait_tasks("date-too-late")
    assert day(60).strftime("%Y-%m-%d 10:00") in desk.words_of(task)
    assert "date-too-late" in desk.psirt()


def test_reply_by_binds_in_a_coordinators_letter_alone(world, vendor, daemon):
    d, desk = notice_case(world, vendor, daemon)
    by = day(10)
    from_jpcert(world, f"回答期限: {by.year}年{by.month}月{by.day}日\n"
                "期限までにご回答くださいますようお願いいたします。\n",
                desk.number)
    reply, = until(lambda: clocks(desk, "reply by"), 20, "a clock")
    assert (local(reply["due"]).strftime("%Y-%m-%d %H:%M")
            == by.strftime("%Y-%m-%d 23:59"))
    assert reply["source"] == "letter" and "年" in reply["words"]
    # It is near enough to stand in the list of the day.
    assert "reply by" in [row["clock"] for row
                          in d.psirt.json("today")["clocks"]]

    world.deliver(letters.finder_report(
        world.finder, world.poc, letters.ENGLISH
        + f"Please reply by {by:%Y-%m-%d}.\n"))
    ack, = world.wait_mails(letters.FINDER, 1, world.finder, "acknowledge")
    other = Desk(d, re.search(r"PSIRT-\d{4}-\d{4}", ack.subject)[0])
    assert clocks(other, "first answer") and clocks(other, "reply by") == []
    # Typed it counts, and the zone is kept.
    other.psirt("clock", other.number, "set", "reply by",
                f"{by:%Y-%m-%d} 10:00 UTC")
    reply, = clocks(other, "reply by")
    assert reply["source"] == "typed" and reply["zone_min"] == 0
    assert reply["due"] == f"{by:%Y-%m-%d}T10:00:00Z"
    other.psirt("clock", other.number, "end", "reply by")
    assert clocks(other, "reply by") == []


def cra(world, vendor, daemon, text):
    d, desk = finder(world, vendor, daemon, text)
    rows = clocks(desk, "cra warning") + clocks(desk, "cra notification")
    assert [row["source"] for row in rows] == ["proposed"] * 2
    assert [row["warning"] for row in rows] == [None] * 2
    hours = [(when(row["due"]) - received(desk)) / 3600 for row in rows]
    assert hours == [24, 72]
    task, = desk.wait_tasks("exploited")
    return d, desk, task, rows


def test_exploitation_proposes_and_one_command_starts(world, vendor, daemon):
    d, desk, task, rows = cra(
        world, vendor, daemon, letters.ENGLISH
        + "The flaw is actively exploited in the wild.\n")
    assert "exploited" in desk.words_of(task)
    desk.psirt("clock", desk.number, "start", "cra warning")
    started = clocks(desk, "cra warning") + clocks(desk, "cra notification")
    assert [row["source"] for row in started] == ["typed"] * 2
    # From the letter, not from the moment somebody had time to read it.
    assert [row["due"] for row in started] == [row["due"] for row in rows]
    assert all(row["warning"] for row in started)
    assert desk.tasks("exploited") == []
    for screen in (desk.psirt("show", desk.number), desk.psirt()):
        assert "cra warning" in screen and "cra notification" in screen


def test_exploitation_in_japanese(world, vendor, daemon):
    _, desk, task, _ = cra(
        world, vendor, daemon, letters.JAPANESE
        + "\n本脆弱性は既に悪用が確認されています。\n")
    assert "悪用が確認" in desk.words_of(task)


def test_holidays_count_for_the_first_answer(world, vendor, daemon):
    """Two days on which nobody works, but for weekends."""
    today = datetime.datetime.now(JST).date()
    free, ahead = [], today
    while len(free) < 2:
        ahead += datetime.timedelta(days=1)
        if ahead.weekday() < 5:
            free.append(ahead)
    wanted = ahead + datetime.timedelta(days=1)
    while wanted.weekday() >= 5:
        wanted += datetime.timedelta(days=1)
    file = world.folder / "holidays"
    file.write_text("".join(f"{one} 創立記念日\n" for one in free))
    d = daemon(vendor=vendor.settings(), desk={"reply_days": 1},
               procedure={"holidays": file})
    world.deliver(letters.finder_report(world.finder, world.poc))
    d.start()
    ack, = world.wait_mails(letters.FINDER, 1, world.finder, "acknowledge")
    desk = Desk(d, re.search(r"PSIRT-\d{4}-\d{4}", ack.subject)[0])
    first, = clocks(desk, "first answer")
    assert local(first["due"]).date() == wanted
    assert str(wanted) in ack.text


# ---- the morning mail, and a clock that is due ------------------------------

OTHER = """operator "nobody" {{
  role = viewer
  address = "{}"
  fingerprint = "{}"
  language = ja
}}
"""


def test_morning_mail_and_a_clock_that_is_due(world, vendor, daemon):
    at = int(time.time()) + 15 * SLOW
    at += -at % 60
    minute = datetime.datetime.fromtimestamp(at, JST)
    d = daemon(vendor=vendor.settings(),
               procedure={"morning": minute.strftime("%H:%M")})
    with d.conf.open("a") as conf:
        conf.write(OTHER.format(people.QUALITY, world.quality.fingerprint))
    world.deliver(letters.finder_report(world.finder, world.poc))
    d.start()
    ack, = world.wait_mails(letters.FINDER, 1, world.finder, "acknowledge")
    desk = Desk(d, re.search(r"PSIRT-\d{4}-\d{4}", ack.subject)[0])
    desk.psirt("clock", desk.number, "set", "imposed",
               minute.strftime("%Y-%m-%d %H:%M JST"))
    desk.step("1.2.1", "start")
    draft, = desk.wait_draft("support_request")
    assert world.mails(people.DESK, world.desk, "morning") == []

    mine, = world.wait_mails(people.DESK, 1, world.desk, "morning",
                             75 * SLOW)
    theirs, = world.wait_mails(people.QUALITY, 1, world.quality, "morning")
    lines = {row["line"]: row["chain"] for row in d.psirt.log()}
    for mail in (mine, theirs):
        assert mail.encrypted and mail.signers == [world.poc.fingerprint]
        assert desk.number in mail.text and "2.1.1" in mail.text
        assert f"psirt approve {draft['mail']}" in mail.text
        for word in SECRETS[:4]:
            assert word not in mail.text, word
        line, head = re.search(r"^ +(\d+) ([0-9a-f]{64})\s*$", mail.text,
                               re.M).groups()
        assert lines[int(line)] == head
    assert "psirt show" in mine.text and "期限" in theirs.text
    whole = d.psirt.json("log", "--verify")
    assert whole["whole"] and whole["lines"] > int(line)
    assert {row["line"]: row["chain"] for row in d.psirt.log()}[
        whole["lines"]] == whole["head"]

    task, = desk.wait_tasks("deadline")
    assert "imposed" in desk.words_of(task)
    assert "imposed" in desk.record("clock-warned")
    alert = world.wait_mails(people.DESK, 1, world.desk, "alert")[-1]
    assert desk.number in alert.text
    time.sleep(5)
    assert len(world.mails(people.DESK, world.desk, "morning")) == 1
