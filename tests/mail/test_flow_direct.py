"""Flow <2> from a finder's report to the published advisory, by mails of all
parties: without JPCERT/CC's mediation, and with it.
"""

import re

import pytest

import letters
from procedure import ROLES, Desk, Vendors, asked, from_jpcert

# A whole case, by mails of everybody.
pytestmark = pytest.mark.limit(400)

INVESTIGATION = {
    ("design", "2.1.1"): ["status: reproduced"],
    ("design", "2.2.1"): ["cause: CWE-120, the host name is not measured",
                          "conditions: web server is on"],
    ("design", "2.4.1"): ["affected: XYZ-100 < 2.4"],
    ("design", "2.5.1"): ["impact: the controller stops",
                          "difficulty: medium"],
    ("design", "3.1.1"): ["plan: fix in 2.4", "planned: 2031-03-01"],
    ("design", "3.2.1"): ["fix: firmware 2.4 measures the name"],
    ("integration", "3.2.2"): ["workaround: keep port 80 closed"],
    ("design", "3.3.1"): ["verified: yes"],
    ("publicity", "5.1.1"): ["ok: yes"],
}
# What a person at the desk does when a step is offered or waits for it.
BY_HAND = {
    ("4.1.1", "ready"): ["start"],
    ("4.1.1", "running"): ["decision=publish",
                           "weighing=the finder may publish alone"],
    ("4.3.1", "running"): ["publish=2026-01-05 10:00 JST"],
    ("5.1.1", "ready"): ["start", "advisory=XYZ-100 before 2.4: update.",
                         "credit=Robin Finder", "credit ok=yes",
                         "cve=CVE-2031-0001"],
    ("5.1.1", "running"): ["url=https://vendor.example/a/1"],
}
OFFERED = {"2.3.1", "2.3.2", "2.3.3", "2.4.2", "4.2.1", "4.3.2", "2.6.1",
           "1.2.1"}


def report_case(world, vendor, daemon):
    d = daemon(vendor=vendor.settings())
    world.deliver(letters.finder_report(world.finder, world.poc))
    d.start()
    ack, = world.wait_mails(letters.FINDER, 1, world.finder, "acknowledge")
    number = re.search(r"PSIRT-\d{4}-\d{4}", ack.subject)[0]
    return d, Desk(d, number)


def to_finder(world, kind=None):
    return world.mails(letters.FINDER, world.finder, kind)


def test_without_mediation(world, vendor, daemon):
    d, desk = report_case(world, vendor, daemon)
    everybody = Vendors(vendor, desk, INVESTIGATION, dict(BY_HAND), {},
                        hold={"published"})
    everybody.work("3.1.1")

    # The finder asks how it stands: a task, and a report from the records.
    ack, = to_finder(world, "acknowledge")
    world.deliver(letters.reply(world.finder, world.poc, desk.number,
                                ack.message_id, text="How is it going?\n"))
    task = desk.wait_task("answer-finder")
    assert task["due"]
    desk.step("2.6.1", "start")
    desk.approve("report")
    report, = world.wait_mails(letters.FINDER, 1, world.finder, "report")
    assert "CWE-120" in report.text and "fix in 2.4" not in report.subject
    for name in ("Akira", "plc", "design@"):
        assert name not in report.text

    everybody.work("5.1.1")
    # Who has to agree to a text has it, and reads its answer in its language.
    asks = asked(vendor, "publicity", "5.1.1")
    assert "> XYZ-100 before 2.4: update." in asks.text
    confirmed, = world.mails(ROLES["publicity"][2],
                             vendor.homes["publicity"], "confirm")
    assert "ok: 異議なし" in confirmed.text
    # Nobody closes it before the finder was told.
    assert "5.1.2" in desk.refused("close", desk.number, "published")
    assert to_finder(world, "published") == []
    desk.approve("published")
    told, = world.wait_mails(letters.FINDER, 1, world.finder, "published")
    assert told.encrypted and told.signers == [world.poc.fingerprint]
    for word in ("https://vendor.example/a/1", "CVE-2031-0001",
                 "Robin Finder"):
        assert word in told.text
    desk.wait_step("5.1.2")
    desk.psirt("close", desk.number, "published")
    assert d.psirt.case(desk.number)["state"] == "closed"
    ended(desk, OFFERED | {"1.2.2"})
    assert world.count(letters.JPCERT) == 0


def test_with_mediation(world, vendor, daemon):
    d, desk = report_case(world, vendor, daemon)
    desk.step("1.2.1", "country=Japan", "経緯=A mail of 2 November",
              "tried=It was called twice")
    desk.step("1.2.1", "start")
    desk.approve("support_request")
    asked, = world.wait_mails(letters.JPCERT, 1, world.jpcert,
                              "support_request")
    assert asked.encrypted
    for word in ("情報源の国・地域: Japan", "    A mail of 2 November",
                 "was called twice"):
        assert word in asked.text
    for word in ("Robin", letters.FINDER, "xylophone", "GET /status"):
        assert word not in asked.text
    from_jpcert(world, "発見者の了解が得られましたので、窓口となります。\n",
                desk.number, reply_to=asked.outer["Message-ID"])
    desk.step("1.2.2", "mediation=accepted", "--by", "JPCERT/CC")
    desk.wait_step("1.2.2")

    before = world.count(letters.FINDER)
    everybody = Vendors(vendor, desk, INVESTIGATION, dict(BY_HAND), {})
    everybody.work("5.1.2")
    told, = world.wait_mails(letters.JPCERT, 1, world.jpcert, "published")
    assert "https://vendor.example/a/1" in told.text
    # It did not report it, and is thanked for what it did.
    assert "公表までのご調整に" in told.text
    assert "ご報告いただきました" not in told.text
    assert world.count(letters.FINDER) == before
    desk.psirt("close", desk.number, "published")
    ended(desk, OFFERED)


def ended(desk, offered):
    rows = desk.d.psirt.json("step", desk.number)["steps"]
    states = {row["step"]: row["state"] for row in rows}
    assert len(states) >= 20
    for step, state in states.items():
        if step in offered:
            assert state in (None, "ready", "skipped", "ended"), (step, state)
        else:
            assert state == "ended", (step, state)
