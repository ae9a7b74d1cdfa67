"""What the desk does with cases: cases that are one, closed and opened again,
handed over, owned; customers; credit; and flow files that change.
"""

import re

import pytest

import letters
import world as people
from procedure import (CUSTOMERS, ROLES, Desk, asked, finder_case, notice_case)
from process import until
from program import TOP, login

# A procedure of the vendor's own: flows are data.
SHORT = """
step "1.1.1" {
	title_en = "Report" title_ja = "届出"
	phase = 1 lead = {source} start = letter
}
step "2.1.1" {
	title_en = "Reproduction" title_ja = "再現"
	phase = 2 lead = {design} start = route after = {"1.1.1"}
	expects = {status}
	mail "overview" { to = {design, research, integration, quality} }
}
step "4.2.1" {
	title_en = "Customers" title_ja = "顧客"
	phase = 4 lead = {poc} start = hand optional = yes after = {"1.1.1"}
	guard = {"nda"}
	mail "customer" { to = customers policy = approve }
}
step "5.1.1" {
	title_en = "Publication" title_ja = "公表"
	phase = 5 lead = {poc} start = hand after = {"1.1.1"}
	expects = {url} may = {credit, "credit ok"}
}
step "5.1.2" {
	title_en = "Report of it" title_ja = "公表の報告"
	phase = 5 lead = {poc} after = {"5.1.1"}
	mail "published" { to = counterpart policy = approve }
}
close "published" { guard = {"requires_sent: 5.1.2"} }
close "duplicate" {}
close "incident" {}
"""
CVE = "\nThis is CVE-2026-31337.\n"


@pytest.fixture
def short(tmp_path):
    path = tmp_path / "flow-short.conf"
    path.write_text(SHORT)
    tmp_path.chmod(0o755)
    return {"flow_direct": path}


def second_case(world, d, letter, sender, home):
    """Another report at a running daemon."""
    world.deliver(letter, sender)
    ack = world.wait_mails(sender, 1, home, "acknowledge")[-1]
    return Desk(d, re.search(r"PSIRT-\d{4}-\d{4}", ack.subject)[0])


def from_yamada(world, d, text=letters.JAPANESE):
    return second_case(world, d, letters.japanese_inline(
        world.finder2, world.poc, text), people.FINDER2, world.finder2)


def links(desk):
    return [(row["case"], row["link"])
            for row in desk.d.psirt.case(desk.number)["links"]]


def rows(case, what, key):
    return {row[key] for row in case[what]}


def titles(desk):
    return {row["step"]: row["title"] for row
            in desk.d.psirt.json("step", desk.number)["steps"]}


# ---- cases that are one -----------------------------------------------------

def test_the_same_cve_from_two_sides(world, vendor, daemon):
    d = daemon(vendor=vendor.settings())
    d.start()
    one = second_case(world, d, letters.finder_report(
        world.finder, world.poc, letters.ENGLISH + CVE), letters.FINDER,
        world.finder)
    other = second_case(world, d, letters.jpcert_notice(
        world.jpcert, world.poc, letters.NOTICE + CVE), letters.JPCERT,
        world.jpcert)
    task, = other.wait_tasks("same-as")
    assert one.number in other.words_of(task)
    assert "CVE" not in other.words_of(task)
    assert links(other) == [(one.number, "proposed")]
    assert "same-as" in other.psirt()

    other.psirt("link", other.number, one.number)
    assert links(other) == [(one.number, "same")]
    assert links(one) == [(other.number, "same")]
    assert other.tasks("same-as") == []
    # Each keeps its counterpart and its guards: never one case.
    said = other.refused("merge", other.number, one.number)
    assert "different flows" in said
    assert d.psirt.case(other.number)["merged_into"] is None
    assert d.psirt.case(one.number)["state"] == "open"

    other.psirt("unlink", other.number, one.number)
    assert ("same" not in [kind for _, kind in links(other) + links(one)])
    for desk in (one, other):
        lines = d.psirt.json("log", "--case", desk.number)["lines"]
        assert [line["what"] for line in lines if "link" in line["what"]] == [
            "case-linked", "case-unlinked"]
    # Refused once is not proposed by the next letter.
    world.deliver(letters.reply(
        world.finder, world.poc, one.number, world.mails(
            letters.FINDER, world.finder, "acknowledge")[0].message_id,
        text=CVE))
    one.wait_tasks("answer-finder")
    assert other.tasks("same-as") + one.tasks("same-as") == []


def test_merged_within_a_flow_and_split_again(world, vendor, daemon):
    d, one = finder_case(world, vendor, daemon)
    other = from_yamada(world, d)
    until(lambda: len(d.psirt.case(other.number)["mails"]) >= 5, 20, "mails")
    mine, theirs = (d.psirt.case(desk.number) for desk in (one, other))
    other.psirt("merge", other.number, one.number)
    whole = d.psirt.case(one.number)
    assert d.psirt.case(other.number)["merged_into"] == one.number
    assert rows(whole, "letters", "letter") == (
        rows(mine, "letters", "letter") | rows(theirs, "letters", "letter"))
    assert rows(theirs, "mails", "mail") <= rows(whole, "mails", "mail")
    # Who answers in the old thread is heard in the case that goes on.
    ack = world.mails(people.FINDER2, world.finder2, "acknowledge")[0]
    world.deliver(letters.reply(
        world.finder2, world.poc, other.number, ack.message_id,
        people.FINDER2, name="Yamada Taro"), people.FINDER2)
    until(lambda: len(d.psirt.case(one.number)["letters"]) == 3, 20,
          "the letter on the case that goes on")

    one.psirt("split", other.number)
    back = d.psirt.case(other.number)
    assert back["merged_into"] is None and back["state"] == "open"
    assert rows(theirs, "letters", "letter") <= rows(back, "letters",
                                                     "letter")
    assert rows(back, "mails", "mail") >= rows(theirs, "mails", "mail")
    left = d.psirt.case(one.number)
    assert not rows(left, "letters", "letter") & rows(theirs, "letters",
                                                      "letter")
    assert not rows(left, "mails", "mail") & rows(theirs, "mails", "mail")
    assert one.record("case-merged") and one.record("case-split")


# ---- closed, and opened again -----------------------------------------------

def test_closing_wants_a_reason_and_a_letter_opens_again(world, vendor,
                                                         daemon, short):
    d, desk = finder_case(world, vendor, daemon, procedure=short)
    said = desk.refused("close", desk.number, "withdrawn")
    assert "withdrawn" in said or "duplicate" in said
    assert "5.1.2" in desk.refused("close", desk.number, "published")
    assert d.psirt.run("close", desk.number).returncode == 2
    assert d.psirt.case(desk.number)["state"] == "open"
    steps = desk.steps()
    clocks = d.psirt.case(desk.number)["clocks"]
    desk.psirt("close", desk.number, "duplicate", "--why", "as PSIRT-2020-1")
    case = d.psirt.case(desk.number)
    assert (case["state"], case["close_reason"]) == ("closed", "duplicate")
    assert desk.record("case-closed") == ["duplicate"]
    assert desk.number not in [row["case"] for row
                               in d.psirt.json("list")["cases"]]

    ack, = world.mails(letters.FINDER, world.finder, "acknowledge")
    world.deliver(letters.reply(world.finder, world.poc, desk.number,
                                ack.message_id))
    task, = desk.wait_tasks("answer-finder")
    assert task["due"] and task["letter"]
    case = d.psirt.case(desk.number)
    assert (case["state"], case["close_reason"]) == ("open", None)
    assert desk.steps() == steps
    assert clocks and all(row in case["clocks"] for row in clocks)
    assert len(desk.record("case-reopened")) == 1
    assert desk.number in [row["case"] for row
                           in d.psirt.json("list")["cases"]]
    # A stranger's letter does not open a case.
    desk.psirt("close", desk.number, "duplicate")
    world.deliver(letters.plain("hello\n", f"Re: [{desk.number}] report"),
                  people.STRANGER)
    until(lambda: len(d.psirt.letters()) == 3, 20, "the letter")
    assert d.psirt.case(desk.number)["state"] == "closed"


def test_an_incident_is_handed_over(world, vendor, daemon):
    d, desk = finder_case(world, vendor, daemon)
    desk.psirt("incident", desk.number, "--why", "a break-in, walrus")
    mail, = world.wait_mails(ROLES["csirt"][2], 1, vendor.homes["csirt"])
    assert mail.kind == "incident" and mail.encrypted
    assert mail.signers == [world.poc.fingerprint]
    assert desk.number in mail.subject and "XYZ" not in mail.subject
    assert "xylophone-cabbage" in mail.text and "walrus" in mail.text
    case = d.psirt.case(desk.number)
    assert (case["state"], case["close_reason"]) == ("closed", "incident")
    assert desk.record("case-closed") == ["incident"]
    assert ROLES["csirt"][2] in desk.told("details")


def test_every_letter_of_the_finder_is_a_task(world, vendor, daemon):
    d, desk = finder_case(world, vendor, daemon)
    ack, = world.mails(letters.FINDER, world.finder, "acknowledge")
    for text in ("Is it fixed?\n", "Hello again, is it?\n"):
        world.deliver(letters.reply(world.finder, world.poc, desk.number,
                                    ack.message_id, text=text))
    tasks = desk.wait_tasks("answer-finder", 2)
    assert all(task["due"] for task in tasks)
    assert len({task["letter"] for task in tasks}) == 2
    clock, = [row for row in d.psirt.json("clock", desk.number)["clocks"]
              if row["clock"] == "inquiry"]
    assert clock["due"] == min(task["due"] for task in tasks)
    assert f"psirt reply {desk.number}" in desk.psirt()
    desk.psirt("reply", desk.number, "It will be, in spring.")
    desk.approve("reply")
    mail, = world.wait_mails(letters.FINDER, 1, world.finder, "reply")
    assert "in spring" in mail.text and mail.encrypted
    until(lambda: "inquiry" not in [
        row["clock"] for row in d.psirt.json("clock", desk.number)["clocks"]],
        20, "the clock to end")


# ---- whose it is ------------------------------------------------------------

def test_owner_deputy_and_title(world, vendor, daemon):
    d = daemon(vendor=vendor.settings())
    with d.conf.open("a") as conf:
        conf.write('operator "nobody" { role = operator }\n')
    d.start()
    desk = second_case(world, d, letters.finder_report(
        world.finder, world.poc), letters.FINDER, world.finder)
    desk.psirt("take", desk.number, "--deputy", "nobody")
    desk.psirt("title", desk.number, "gateway, first of three")
    case = d.psirt.case(desk.number)
    assert (case["owner"], case["deputy"]) == (login(), "nobody")
    mine = [line for line in d.psirt.log() if line["actor"] == login()]
    assert mine
    row, = d.psirt.cases()
    assert row["title"] == "gateway, first of three"
    assert row["owner"] == login()
    assert "gateway, first" in desk.psirt("list")
    assert mine == [line for line in d.psirt.log()
                    if line["actor"] == login()], "lists leave no trace"
    assert "stranger" in desk.refused("take", desk.number, "--deputy",
                                      "stranger")
    assert d.psirt.case(desk.number)["deputy"] == "nobody"
    assert desk.record("case-taken") and desk.record("case-titled")
    assert b"gateway, first" not in d.at_rest()


# ---- customers, credit, roles -----------------------------------------------

def ledger(desk):
    rows = desk.d.psirt.json("customers", desk.number)["customers"]
    return {row["customer"]: row for row in rows}


def test_customers_ledger(world, vendor, daemon, short):
    d, desk = finder_case(world, vendor, daemon, procedure=short)
    desk.step("4.2.1", "start")
    assert len(desk.wait_draft("customer")) == 2
    desk.approve("customer")
    mails = {name: world.wait_mails(CUSTOMERS[name][0], 1,
                                    vendor.homes[name])[0]
             for name in ("North Power", "East Water")}
    assert world.count(CUSTOMERS["West Gas"][0]) == 0
    until(lambda: all(ledger(desk)[name]["sent"] for name in mails), 20,
          "both to be sent")
    told = ledger(desk)
    assert set(told) == set(CUSTOMERS)
    west = told["West Gas"]
    assert not west["nda"] and west["mail"] is None and west["sent"] is None
    assert told["East Water"]["via"] == "Sora Systems"
    screen = desk.psirt("customers", desk.number)
    for name, (address, _, _) in CUSTOMERS.items():
        assert re.search(rf"^ *{name}\b", screen, re.M), screen
        assert address in screen
    assert re.search(r"^ *West Gas +no\b", screen, re.M), screen
    # Beside it stands who of them was told, by name.
    rows = d.psirt.json("who", desk.number)["told"]
    assert {row["person"] for row in rows if row["customer"]} == set(mails)
    screen = desk.psirt("who", desk.number)
    for name in mails:
        assert re.search(rf"^ *{name} +customer\b", screen, re.M), screen

    world.deliver(letters.bounce(mails["East Water"].message_id,
                                 CUSTOMERS["East Water"][0]),
                  "mailer-daemon@vendor.example")
    until(lambda: ledger(desk)["East Water"]["bounced"], 20, "the bounce")
    assert ledger(desk)["North Power"]["bounced"] is None
    assert desk.wait_tasks("bounced")
    counts = d.psirt.json("customers", desk.number)["counts"]
    assert counts == {"customers": 3, "told": 1, "bounced": 1}


def test_credit_only_with_consent(world, vendor, daemon, short):
    d, robin = finder_case(world, vendor, daemon, procedure=short)
    taro = second_case(world, d, letters.finder_report(
        world.finder2, world.poc, letters.JAPANESE, sender=people.FINDER2,
        name="山田 太郎"), people.FINDER2, world.finder2)
    for desk, name, ok in ((robin, "Robin of Sherwood", "yes"),
                           (taro, "山田家の太郎", "no")):
        desk.step("5.1.1", "start", f"credit={name}", f"credit ok={ok}",
                  "url=https://vendor.example/a/7")
        desk.approve("published")
        assert ("credit", name) in desk.answers("5.1.1")
        assert ("credit ok", ok) in desk.answers("5.1.1")
    mail, = world.wait_mails(letters.FINDER, 1, world.finder, "published")
    assert "Robin of Sherwood" in mail.text
    assert "https://vendor.example/a/7" in mail.text
    mail, = world.wait_mails(people.FINDER2, 1, world.finder2, "published")
    assert "https://vendor.example/a/7" in mail.text
    assert "山田家の太郎" not in mail.text
    # Told, it may be closed.
    robin.wait_step("5.1.2")
    robin.psirt("close", robin.number, "published")


def test_a_person_with_two_roles_gets_one_mail(world, vendor, daemon):
    settings = vendor.settings()
    design, = [row for row in settings["departments"] if row[1] == "design"]
    settings["departments"] = [
        row[:3] + design[3:] if row[1] == "research" else row
        for row in settings["departments"]]
    d = daemon(vendor=settings)
    d.start()
    desk = second_case(world, d, letters.finder_report(
        world.finder, world.poc), letters.FINDER, world.finder)
    asked(vendor, "design", "2.1.1")
    asked(vendor, "integration", "2.1.1")
    until(lambda: all(row["state"] == "sent" for row
                      in d.psirt.case(desk.number)["mails"]), 20, "all sent")
    assert len(world.mails(people.DESIGN, world.design)) == 1
    to = [row["address"] for row in d.psirt.case(desk.number)["mails"]]
    assert to.count(people.DESIGN) == 1
    assert ROLES["research"][2] not in to


# ---- flow files -------------------------------------------------------------

def test_a_changed_flow_serves_new_cases(world, vendor, daemon, short):
    d, old = finder_case(world, vendor, daemon, procedure=short)
    assert titles(old)["5.1.1"] == "Publication"
    flows = [line for line in d.psirt.log() if line["what"] == "flow"]
    assert d.stop() == 0
    short["flow_direct"].write_text(
        SHORT.replace('"Publication"', '"In the open"').replace(
            '"4.2.1"', '"4.2.9"'))
    d.start()
    new = from_yamada(world, d)
    assert titles(new)["5.1.1"] == "In the open" and "4.2.9" in titles(new)
    assert titles(old)["5.1.1"] == "Publication" and "4.2.1" in titles(old)
    old.step("4.2.1", "start")
    assert len(old.wait_draft("customer")) == 2
    assert len([line for line in d.psirt.log()
                if line["what"] == "flow"]) == len(flows) + 1


def test_the_record_says_that_a_guard_is_gone(world, vendor, daemon, tmp_path):
    tmp_path.chmod(0o755)
    path = tmp_path / "flow-jpcert.conf"
    text = (TOP / "conf/flow-jpcert.conf").read_text()
    path.write_text(text.replace('"no_finder", "consent", "nda"',
                                 '"no_finder", "consent"'))
    d, _ = notice_case(world, vendor, daemon,
                       procedure={"flow_jpcert": path})
    line, = [line for line in d.psirt.log()
             if line["what"] == "guard-missing"]
    notes = d.psirt.json("log", "--notes")["lines"][line["line"] - 1]["note"]
    assert "nda" in notes and str(path) in notes
