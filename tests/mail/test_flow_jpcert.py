"""Flow <1> from the first notice to the end, by mails of all parties.

Twice: customers not all known (prior notice, publication), and all of them
known (notice to each, no publication).
"""

import re

import letters
from procedure import Desk, Vendors, from_jpcert

EXPLOIT = "proof-of-concept-marmalade"
DETAILS = """\
(SYNTHETIC: 試験用に作られた詳細情報です。)

再現手順: /download?f=../../etc/passwd を送ると機器内のファイルが読み出せます。
合言葉は金木犀です。
"""

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


def notice_case(world, vendor, daemon):
    d = daemon(vendor=vendor.settings())
    world.deliver(letters.jpcert_notice(world.jpcert, world.poc),
                  letters.JPCERT)
    d.start()
    ack, = world.wait_mails(letters.JPCERT, 1, world.jpcert, "acknowledge")
    number = re.search(r"PSIRT-\d{4}-\d{4}", ack.subject)[0]
    return d, Desk(d, number)


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
         ("5.1.1", "ready"): ["advisory=XYZ-100 before 2.4: update.",
                              "credit=Robin", "credit ok=yes"],
         ("5.1.1", "running"): ["url=https://vendor.example/a/1"]},
        {"1.5.1": details_come(world), "5.2.0": jvn_draft_comes(world)})
    everybody.work("5.2.4")
    desk.step("5.2.2", "jvn=JVN#12345678")
    steps = desk.wait_step("5.2.2")
