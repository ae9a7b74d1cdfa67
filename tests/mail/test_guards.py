"""What the desk cannot do by mistake: each guard of the two flows refuses,
whoever asks, and a lead overrides those that may be overridden.
"""

import re
import time

import letters
import world as people
from procedure import (CUSTOMERS, INVESTIGATED, ROLES, asked, finder_case,
                       from_jpcert, notice_case)
from process import until
from program import login

FUTURE = "2031-04-01 10:00 JST"
PAST = "2026-01-05 10:00 JST"
SKIPPED = ["skip", "--why", "not wanted here"]
DETAILS = ["need details=yes", "--by", "Akira"]
PUBLISH = ["start", "decision=publish", "weighing=the finder may publish"]
CUSTOMERS_ONLY = ["start", "decision=customers only",
                  "weighing=all of them can be reached"]


def overrides(desk):
    """(guard, why) of the overrides on record."""
    lines = desk.d.psirt.json("log", "--case", desk.number, "--notes")
    found = [line for line in lines["lines"] if line["what"] == "override"]
    assert {line["actor"] for line in found} <= {login()}
    return [(line["code_text"], line["note"]) for line in found]


def draft(desk, kind):
    row, = desk.wait_draft(kind)
    return str(row["mail"])


def guards_of(desk, mail):
    """{guard: state} as psirt shows them beside the draft."""
    return {row["guard"]: row["state"]
            for row in desk.d.psirt.json("approve", mail)["guards"]}


def test_nobody_writes_to_the_finder(world, vendor, daemon):
    d, desk = notice_case(world, vendor, daemon,
                          procedure={"status_jpcert": "4s",
                                     "status_quiet": "0s"})
    # The finder has found the desk: one letter with the number that is
    # JPCERT/CC's to know, one that answers a mail it was shown.
    ack, = world.mails(letters.JPCERT, world.jpcert, "acknowledge")
    for number, before in (("JVN#12345678", None),
                           (desk.number, ack.message_id)):
        world.deliver(letters.reply(
            world.finder, world.poc, number, before,
            text=f"I am the finder of {number}. When do you mend it?\n"))
    until(lambda: len(d.psirt.letters()) == 3 and all(
        row["state"] not in ("received", "opened")
        for row in d.psirt.letters()), 20, "the finder's letters")
    for row in d.psirt.letters()[:2]:
        if row["case"] is None:
            desk.psirt("file", str(row["letter"]))
    until(lambda: all(row["case"] for row in d.psirt.letters()), 20,
          "letters to be filed")
    assert desk.number in {row["case"] for row in d.psirt.letters()[:2]}
    # A person answers the case: that is JPCERT/CC's to read.
    desk.psirt("reply", desk.number, "--", "We look into the matter.")
    mail = draft(desk, "reply")
    shown = d.psirt.json("approve", mail)
    assert shown["mail"]["address"] == letters.JPCERT
    assert shown["mail"]["key"] == world.jpcert.fingerprint
    assert shown["guards"] == []
    desk.psirt("approve", mail, "--yes")
    got, = world.wait_mails(letters.JPCERT, 1, world.jpcert, "reply")
    assert "We look into the matter." in got.text and got.encrypted
    assert got.signers == [world.poc.fingerprint]
    # What goes by itself goes there, too.
    world.wait_mails(letters.JPCERT, 1, world.jpcert, "status")
    desk.go("1.5.1", {"1.3.1": DETAILS})
    world.wait_mails(letters.JPCERT, 1, world.jpcert, "detail_request")
    time.sleep(1)
    for address in (letters.FINDER, people.FINDER2, people.STRANGER):
        assert world.count(address) == 0


def test_details_are_asked_for_where_they_are_needed(world, vendor, daemon):
    d, desk = notice_case(world, vendor, daemon)
    duty = {"design": "coordinate further handling and\npublication with "
                      "JPCERT/CC",
            "research": "調整する義務が生じます"}
    for role, words in duty.items():
        mail = asked(vendor, role, "1.3.1")
        assert mail.kind == "overview" and mail.encrypted
        assert words in mail.text.replace("\r\n", "\n")
        # A day, and no minutes of it.
        assert re.search(r"(by |\()20\d\d-\d\d-\d\d(\r?$| まで)", mail.text,
                         re.M), mail.text
    # Nobody has said that they are: not by hand either, nor by a lead.
    for more in ([], ["--override", "answered", "--why", "in a hurry"]):
        assert "1.3.1" in desk.refused(
            "step", desk.number, "1.4.1", "start", *more)
    assert desk.drafts() == []
    desk.step("1.3.1", "need details=yes", "--by", "Akira")
    mail = draft(desk, "detail_request")
    assert guards_of(desk, mail) == {"no_finder": "holds",
                                     "answered": "holds"}
    # A department that takes it back stops what was drafted for it.
    desk.step("1.3.1", "need details=no", "--by", "Akira")
    assert guards_of(desk, mail)["answered"] == "refuses"
    said = desk.refused("approve", mail, "--yes")
    assert "need details" in said and "1.3.1" in said
    assert world.mails(letters.JPCERT, kind="detail_request") == []
    # Said again, it may leave.
    desk.step("1.3.1", "need details=yes", "--by", "Akira")
    desk.psirt("approve", mail, "--yes")
    got, = world.wait_mails(letters.JPCERT, 1, world.jpcert,
                            "detail_request")
    assert got.signers == [world.poc.fingerprint]
    assert overrides(desk) == []
    assert world.mails(letters.JPCERT, kind="decline") == []


def test_prior_notice_waits_for_consent_and_nda(world, vendor, daemon):
    d, desk = notice_case(world, vendor, daemon)
    desk.go("4.2.1", {**INVESTIGATED, "1.3.1": DETAILS,
                      "1.5.1": SKIPPED, "4.1.1": PUBLISH,
                      "3.2.1": [f"fix=firmware 2.4, {people.DESIGN}"]})
    assert "4.2.1" in desk.refused("step", desk.number, "4.2.2", "start")
    desk.step("4.2.1", "start")
    desk.approve("prior_notice")
    world.wait_mails(letters.JPCERT, 1, world.jpcert, "prior_notice")
    desk.step("4.2.1", "consent=no", "--by", "JPCERT/CC")
    desk.wait_step("4.2.1")
    assert "consent" in desk.refused("step", desk.number, "4.2.2", "start")
    assert desk.drafts("customer") == []
    desk.step("4.2.1", "consent=yes", "--by", "JPCERT/CC")
    desk.wait_step("4.2.2", "ready")
    # One of them has no NDA: the lead answers for it.
    signs = "the contract is signed tomorrow"
    desk.step("4.2.2", "start", "--override", "nda", "--why", signs)
    rows = desk.wait_draft("customer")
    assert len(rows) == 3
    # JPCERT/CC thinks better of it: nothing of it leaves.
    desk.step("4.2.1", "consent=no", "--by", "JPCERT/CC")
    for row in rows:
        mail = str(row["mail"])
        assert guards_of(desk, mail) == {
            "no_finder": "holds", "consent": "refuses", "nda": "overridden"}
        assert "consent" in desk.refused("approve", mail, "--yes")
    for address, _, _ in CUSTOMERS.values():
        assert world.mails(address) == []
    why = "JPCERT/CC agreed by telephone, 12 January"
    first = str(rows[0]["mail"])
    desk.psirt("approve", first, "--yes", "--override", "consent",
               "--why", why)
    until(lambda: any(world.mails(row[0]) for row in CUSTOMERS.values()),
          20, "one notice")
    assert len(desk.drafts("customer")) == 2
    assert overrides(desk) == [("nda", signs), ("consent", why)]
    # Why is sealed: without asking for the notes nobody reads it.
    lines = d.psirt.json("log", "--case", desk.number)["lines"]
    assert {line["note"] for line in lines} == {None}
    assert why.encode() not in d.at_rest()
    desk.step("4.2.1", "consent=yes", "--by", "JPCERT/CC")
    desk.approve("customer")
    for name, (address, nda, _) in CUSTOMERS.items():
        mail, = world.wait_mails(address, 1, vendor.homes[name], "customer")
        assert mail.encrypted
        assert ("non-disclosure agreement" in mail.text) == nda
        # Words of the house, without who said them.
        assert "firmware 2.4" in mail.text
        assert people.DESIGN not in mail.text


def test_all_customers_are_told_once_it_is_agreed(world, vendor, daemon):
    d, desk = notice_case(world, vendor, daemon)
    desk.go("4.3.1", {**INVESTIGATED, "1.3.1": DETAILS,
                      "1.5.1": SKIPPED, "4.1.1": CUSTOMERS_ONLY},
            hold={"all_customers", "customer"})
    said = desk.refused("step", desk.number, "4.3.2", "start")
    assert "4.3.1" in said
    # Nobody agrees to what was not said yet.
    assert "psirt approve" in desk.refused(
        "step", desk.number, "4.3.1", "agreement=yes", "--by", "JPCERT/CC")
    desk.approve("all_customers")
    desk.step("4.3.1", "agreement=no", "--by", "JPCERT/CC")
    desk.wait_step("4.3.1")
    assert "agreement" in desk.refused(
        "step", desk.number, "4.3.2", "start")
    assert "agreement" in desk.refused("close", desk.number, "customers")
    desk.step("4.3.1", "agreement=yes", "--by", "JPCERT/CC")
    # It begins by itself, and writes to all of them, under NDA or not.
    rows = desk.wait_draft("customer")
    assert len(rows) == 3
    mail = str(rows[0]["mail"])
    assert guards_of(desk, mail)["agreement"] == "holds"
    desk.step("4.3.1", "agreement=no", "--by", "JPCERT/CC")
    assert "agreement" in desk.refused("approve", mail, "--yes")
    for address, _, _ in CUSTOMERS.values():
        assert world.mails(address) == []
    desk.step("4.3.1", "agreement=yes", "--by", "JPCERT/CC")
    # Agreed, but not told: that is no end either.
    assert "4.3.2" in desk.refused("close", desk.number, "customers")
    desk.approve("customer")
    desk.wait_step("4.3.2")
    west = CUSTOMERS["West Gas"][0]
    mail, = world.wait_mails(west, 1, vendor.homes["West Gas"], "customer")
    report = draft(desk, "published")
    world.deliver(letters.bounce(mail.message_id, west),
                  "mailer-daemon@vendor.example")
    desk.wait_tasks("bounced")
    # Not told: that is no end either, and not reported as one.
    for words in (("close", desk.number, "customers"),
                  ("approve", report, "--yes")):
        said = desk.refused(*words)
        assert "4.3.2 has not reached West Gas: psirt step" in said
    desk.step("4.3.2", "again")
    assert len(desk.wait_draft("customer")) == 1
    desk.approve("customer")
    world.wait_mails(west, 2, vendor.homes["West Gas"], "customer")
    desk.wait_step("4.3.2")
    assert "every customer has the notice" in desk.refused(
        "step", desk.number, "4.3.2", "again")
    for name in ("North Power", "East Water"):
        assert world.count(CUSTOMERS[name][0]) == 1
    desk.psirt("approve", report, "--yes")
    desk.wait_step("4.3.4")
    told, = world.wait_mails(letters.JPCERT, 1, world.jpcert, "published")
    assert "公表は\n行いません" in told.text.replace("\r", "")
    desk.psirt("close", desk.number, "customers")
    assert d.psirt.case(desk.number)["state"] == "closed"


def test_nothing_is_told_before_the_date(world, vendor, daemon):
    """5.2.5 begins by itself, and must not."""
    d, desk = notice_case(world, vendor, daemon)
    desk.go("5.2.0", {
        **INVESTIGATED, "1.3.1": DETAILS, "1.5.1": SKIPPED,
        "4.1.1": PUBLISH, "4.4.1": [f"publish={FUTURE}"]})
    from_jpcert(world, "JVN公表案をお送りします。\n", desk.number,
                files=[("draft.txt", "JVN".encode())])
    desk.wait_step("5.2.1", "running")
    desk.approve("circulate")
    # Publicity looks the words through, and gets no file.
    text, = world.wait_mails(ROLES["publicity"][2], 1,
                             vendor.homes["publicity"], "circulate")
    assert "JVN公表案をお送りします。" in text.text
    assert text.attachments() == []
    # The record of who knew what says so: the draft tells the flaw.
    assert ROLES["publicity"][2] in desk.told("details")
    assert ROLES["publicity"][2] not in desk.told("exploit")
    desk.go("5.2.5", {"5.2.1": ["ok=yes"], "5.2.2": ["jvn=JVN#12345678"]})
    desk.wait_step("5.2.5", "ready")
    assert "2031-04-01" in desk.refused(
        "step", desk.number, "5.2.5", "start")
    task, = desk.wait_tasks("not-drafted")
    assert "2031-04-01" in desk.words_of(task)
    for address in people.PEOPLE:
        assert world.mails(address, kind="notified") == []
    # JVN was early: the date on record has passed, and it goes by itself.
    desk.step("4.4.1", f"publish={PAST}")
    desk.wait_step("5.2.5")
    world.wait_mails(people.DESIGN, 1, world.design, "notified")


def test_the_source_is_told_at_the_date_and_before_the_end(
        world, vendor, daemon):
    d, desk = finder_case(world, vendor, daemon)
    desk.go("5.1.2", {
        **INVESTIGATED, "4.1.1": PUBLISH, "4.3.1": [f"publish={FUTURE}"],
        "5.1.1": ["start", "advisory=update", "ok=yes",
                  "url=https://vendor.example/a"]})
    desk.wait_step("5.1.2", "ready")
    assert desk.drafts("published") == []
    assert "2031-04-01" in desk.refused(
        "step", desk.number, "5.1.2", "start")
    assert "5.1.2" in desk.refused("close", desk.number, "published")
    assert world.mails(letters.FINDER, kind="published") == []
    # A lead may, and says why.
    why = "the finder has published it today"
    desk.step("5.1.2", "start", "--override", "not_before", "--why", why)
    mail = draft(desk, "published")
    assert guards_of(desk, mail) == {"not_before": "overridden"}
    # Drafted is not sent.
    assert "5.1.2" in desk.refused("close", desk.number, "published")
    assert d.psirt.case(desk.number)["state"] == "open"
    desk.psirt("approve", mail, "--yes")
    got, = world.wait_mails(letters.FINDER, 1, world.finder, "published")
    assert "https://vendor.example/a" in got.text
    desk.wait_step("5.1.2")
    desk.psirt("close", desk.number, "published")
    assert d.psirt.case(desk.number)["state"] == "closed"
    assert overrides(desk) == [("not_before", why)]


def mediated_case(world, vendor, daemon, outcome):
    d, desk = finder_case(world, vendor, daemon)
    desk.step("1.2.1", "start")
    desk.approve("support_request")
    request, = world.wait_mails(letters.JPCERT, 1, world.jpcert,
                                "support_request")
    from_jpcert(world, "ご連絡いたします。\n", desk.number,
                reply_to=request.message_id)
    desk.step("2.1.1", "status=reproduced")
    desk.wait_step("2.6.1", "ready")
    desk.step("2.6.1", "start")
    waits = draft(desk, "report")
    assert d.psirt.json("approve", waits)["mail"]["address"] == letters.FINDER
    desk.step("1.2.2", f"mediation={outcome}", "--by", "JPCERT/CC")
    desk.wait_step("1.2.2")
    return d, desk, waits


def test_mediation_makes_jpcert_the_window(world, vendor, daemon):
    d, desk, waits = mediated_case(world, vendor, daemon, "accepted")
    before = world.count(letters.FINDER)
    # What was drafted for the finder before must not leave any more.
    assert guards_of(desk, waits)["no_finder"] == "refuses"
    assert "JPCERT/CC speaks with the finder" in desk.refused(
        "approve", waits, "--yes")
    desk.psirt("approve", waits, "--drop", "--why", "JPCERT/CC tells it")
    # What is written from now on is for JPCERT/CC, by mail and by command.
    desk.step("2.6.1", "again")
    desk.approve("report")
    desk.psirt("reply", desk.number, "--", "We go on.")
    desk.approve("reply")
    for kind in ("report", "reply"):
        mail, = world.wait_mails(letters.JPCERT, 1, world.jpcert, kind)
        assert mail.encrypted and mail.signers == [world.poc.fingerprint]
    assert world.count(letters.FINDER) == before
    # The source writes to us all the same: one answer, and a task.
    ack = world.mails(letters.FINDER, world.finder, "acknowledge")[0]
    for text in ("How is it going?\n", "I asked you something.\n"):
        world.deliver(letters.reply(world.finder, world.poc, desk.number,
                                    ack.message_id, text=text))
    desk.wait_tasks("mediated", 2)
    mail = draft(desk, "mediated")
    assert d.psirt.json("approve", mail)["mail"]["address"] == letters.FINDER
    assert world.count(letters.FINDER) == before
    desk.psirt("approve", mail, "--yes")
    answer, = world.wait_mails(letters.FINDER, 1, world.finder, "mediated")
    assert letters.JPCERT in answer.text and answer.encrypted
    for word in ("XYZ-100", "reproduced", "xylophone"):
        assert word not in answer.text
    assert desk.drafts() == []
    assert world.count(letters.FINDER) == before + 1


def test_mediation_refused_leaves_jpcert_behind(world, vendor, daemon):
    d, desk, waits = mediated_case(world, vendor, daemon, "refused")
    asks = world.count(letters.JPCERT)
    desk.psirt("approve", waits, "--yes")
    world.wait_mails(letters.FINDER, 1, world.finder, "report")
    desk.psirt("reply", desk.number, "--", "Thank you for your patience.")
    assert d.psirt.json("approve", draft(desk, "reply"))["mail"][
        "address"] == letters.FINDER
    desk.approve("reply")
    world.wait_mails(letters.FINDER, 1, world.finder, "reply")
    assert world.count(letters.JPCERT) == asks
    assert desk.record("channel")[-1] == "advised"


def test_an_operator_overrides_nothing(world, vendor, daemon):
    d, desk = finder_case(world, vendor, daemon, operator_role="operator")
    words = ["--override", "requires_sent", "--why", "it was long ago"]
    assert "lead" in desk.refused("close", desk.number, "published", *words)
    assert "lead" in desk.refused("step", desk.number, "2.6.1", "start",
                                  *words)
    desk.psirt("reply", desk.number, "--", "Thank you.")
    mail = draft(desk, "reply")
    assert "lead" in desk.refused("approve", mail, "--yes", *words)
    assert overrides(desk) == []
    assert d.psirt.case(desk.number)["state"] == "open"
    refused = [line for line in d.psirt.log() if line["what"] == "refused"]
    assert len(refused) >= 3
    assert len(desk.drafts("reply")) == 1


def test_some_guards_nobody_overrides(world, vendor, daemon):
    d, desk = finder_case(world, vendor, daemon)
    for guard in ("exploit", "flow"):
        for words in (["close", desk.number, "published"],
                      ["step", desk.number, "2.6.1", "start"]):
            said = desk.refused(*words, "--override", guard, "--why", "x")
            assert "nobody may override" in said
    # Nor without a reason, nor one that is no guard.
    for words in (["--override", "requires_sent"],
                  ["--override", "requires_sent", "--why", ""],
                  ["--override", "everything", "--why", "x"]):
        done = d.psirt.run("close", desk.number, "published", *words)
        assert done.returncode != 0, words
    assert d.psirt.case(desk.number)["state"] == "open"
    why = "published by the finder's own hand"
    desk.psirt("close", desk.number, "published", "--override",
               "requires_sent", "--why", why)
    assert d.psirt.case(desk.number)["state"] == "closed"
    assert overrides(desk) == [("requires_sent", why)]
