"""Flow <1> from the first notice to the end, by mails of all parties.

Twice: customers not all known (prior notice, publication), and all of them
known (notice to each, no publication).
"""

import pytest

import letters
import world as people
from procedure import CUSTOMERS, ROLES, Vendors, from_jpcert, notice_case

EXPLOIT = "proof-of-concept-marmalade"
DETAILS = """\
(SYNTHETIC: 試験用に作られた詳細情報です。)

再現手順: /download?f=../../etc/passwd を送ると機器内のファイルが読み出せます。
合言葉は金木犀です。
"""

# A whole case, by mails of everybody.
pytestmark = pytest.mark.limit(400)

# What the departments answer, by role and the step that asks.
INVESTIGATION = {
    ("design", "1.3.1"): ["need details: yes"],
    ("design", "2.1.1"): ["再現: 再現"],
    ("design", "2.2.1"): ["cause: CWE-22, the name is not normalised",
                          "発現条件: web interface is on"],
    ("design", "2.4.1"): ["affected: XYZ-100 < 2.4",
                          "not affected: XYZ-100 >= 2.4"],
    ("design", "2.5.1"): [
        "impact: files of the device can be read",
        "difficulty: low",
        "cvss: CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N"],
    ("design", "3.1.1"): ["plan: fix in 2.4", "planned: 2031-03-01"],
    ("design", "3.2.1"): ["fix: firmware 2.4 checks the name"],
    ("integration", "3.2.2"): ["回避策: web interface off"],
    ("design", "3.3.1"): ["verified: yes"],
}


def details_come(world):
    return lambda desk: from_jpcert(
        world, DETAILS, desk.number, "詳細情報のご提供",
        files=[("poc.py", EXPLOIT.encode())])


def jvn_draft_comes(world):
    return lambda desk: from_jpcert(
        world, "JVN公表案をお送りします。ご確認ください。\n", desk.number,
        "JVN公表案")


def test_customers_not_all_known(world, vendor, daemon):
    d, desk = notice_case(world, vendor, daemon)
    everybody = Vendors(
        vendor, desk,
        {**INVESTIGATION,
         ("publicity", "5.1.1"): ["ok: yes"],
         ("publicity", "5.2.1"): ["異議なし: はい"]},
        {("0.1.1", "ready"): ["done", "note=IPA"],
         ("4.1.1", "ready"): ["decision=publish",
                              "weighing=the finder may publish alone"],
         ("4.2.1", "ready"): ["start"],
         ("4.2.1", "running"): ["consent=yes", "--by", "JPCERT/CC"],
         ("4.4.1", "running"): ["publish=2031-04-01 10:00 JST"],
         ("5.1.1", "ready"): ["start", "advisory=XYZ-100 before 2.4: update.",
                              "credit=Robin", "credit ok=yes"],
         ("5.1.1", "running"): ["url=https://vendor.example/a/1"]},
        {"1.5.1": details_come(world), "5.2.0": jvn_draft_comes(world)})
    everybody.work("5.2.4")

    # By when to reproduce it, the mail that asks for it says.
    given, = world.mails(ROLES["design"][2], vendor.homes["design"],
                         "details")
    assert "What we ask of you" in given.text.splitlines()

    # Customers: each singly, and only under NDA.
    desk.step("4.2.2", "start")
    notices = desk.wait_draft("customer")
    assert len(notices) == 2
    desk.approve("customer")
    for name, (address, nda, _) in CUSTOMERS.items():
        if nda:
            mail, = world.wait_mails(address, 1, vendor.homes[name])
            assert mail.encrypted and mail.kind == "customer"
            assert "firmware 2.4 checks the name" in mail.text
            for word in ("金木犀", EXPLOIT, "Robin", "normalised", "JPCERT"):
                assert word not in mail.text
        else:
            assert world.mails(address) == []
    desk.wait_step("4.2.2")
    ledger = desk.psirt("customers", desk.number)
    assert "North Power" in ledger and "East Water" in ledger

    desk.step("5.2.2", "jvn=JVN#12345678")
    desk.wait_step("5.2.2")
    desk.step("5.2.3", "done", "note=IPA told the finder")
    # Its day is far ahead.
    assert "2031-04-01" in desk.refused("close", desk.number, "published")
    desk.psirt("close", desk.number, "published", "--override", "not_before",
               "--why", "JVN has published it today")
    case = d.psirt.case(desk.number)
    assert case["state"] == "closed"
    every_step(desk, without={"4.3.1", "4.3.2", "4.3.3", "4.3.4"},
               offered={"0.2.1", "2.3.1", "2.3.2", "2.3.3", "2.4.2", "3.1.2",
                        "5.2.5"})
    nothing_to_the_finder(world)
    who_knows(world, vendor, desk)


def test_all_customers_known(world, vendor, daemon):
    d, desk = notice_case(world, vendor, daemon)
    everybody = Vendors(
        vendor, desk, INVESTIGATION,
        {("0.2.1", "ready"): ["done", "note=VU#582497"],
         ("4.1.1", "ready"): ["decision=customers only",
                              "weighing=all of them can be reached"],
         ("4.3.1", "running"): ["agreement=yes", "--by", "JPCERT/CC"]},
        {"1.5.1": details_come(world)}, hold={"customer"})
    everybody.work("4.3.1")
    assert desk.steps()["4.3.2"] == "running"
    # All of them: West Gas, which has no NDA, as well.
    assert len(desk.wait_draft("customer")) == 3
    desk.approve("customer")
    for name, (address, nda, _) in CUSTOMERS.items():
        mail, = world.wait_mails(address, 1, vendor.homes[name])
        assert mail.encrypted and mail.kind == "customer"
        assert ("non-disclosure agreement" in mail.text) == nda
    desk.wait_step("4.3.2")
    desk.approve("published")
    desk.wait_step("4.3.4")
    desk.step("4.3.3", "done", "note=IPA ends the handling")
    desk.psirt("close", desk.number, "customers")
    assert d.psirt.case(desk.number)["state"] == "closed"
    every_step(desk, without={
        "4.2.1", "4.2.2", "4.4.1", "4.4.2", "5.1.1", "5.2.0", "5.2.1",
        "5.2.2", "5.2.3", "5.2.4", "5.2.5"},
        offered={"0.1.1", "2.3.1", "2.3.2", "2.3.3", "2.4.2", "3.1.2"})
    nothing_to_the_finder(world)


def every_step(desk, without, offered):
    """All steps ended but those of the other branch and the optional."""
    rows = desk.d.psirt.json("step", desk.number)["steps"]
    states = {row["step"]: row["state"] for row in rows}
    assert len(states) >= 33
    for step, state in states.items():
        if step in without:
            assert not state or state in ("skipped", "-"), (step, state)
        elif step in offered:
            assert state in (None, "ready", "skipped", "ended"), (step, state)
        else:
            assert state == "ended", (step, state)


def nothing_to_the_finder(world):
    for address in (letters.FINDER, people.FINDER2, people.STRANGER):
        assert world.count(address) == 0


def who_knows(world, vendor, desk):
    """The exploit went to who has to reproduce it, and to nobody else."""
    rows = desk.d.psirt.json("who", desk.number)["told"]
    knows = {row["person"] for row in rows if "exploit" in row["parts"]}
    assert knows == {"Akira Design"}, rows
    for role in ("sales", "care", "publicity", "risk", "quality"):
        for mail in world.mails(ROLES[role][2], vendor.homes[role]):
            assert EXPLOIT.encode() not in mail.raw
            assert "金木犀" not in mail.text
