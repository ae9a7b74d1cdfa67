"""A mail that follows a letter hands on that letter, whatever came since."""

from procedure import ROLES, from_jpcert, notice_case
from process import until

EXPLOIT = b"proof-of-concept-marmalade"
DETAILS = "The name of a file is not checked: quince.\n"


def test_details_are_those_that_were_asked_for(world, vendor, daemon):
    d, desk = notice_case(world, vendor, daemon)
    desk.go("1.5.1", {"1.3.1": ["need details=yes", "--by", "Akira"]})
    from_jpcert(world, DETAILS, desk.number, "詳細情報のご提供",
                files=[("poc.py", EXPLOIT)])
    desk.wait_step("1.5.1")
    desk.approve("details")
    desk.wait_step("1.5.2")
    from_jpcert(world, "Thank you for your trouble.\n", desk.number)
    desk.wait_tasks("counterpart-wrote")

    # Research is told of the details days later.
    desk.step("1.5.2", "--share", "+research")
    address = ROLES["research"][2]
    mail, = world.wait_mails(address, 1, vendor.homes["research"], "details")
    assert "quince" in mail.text and "trouble" not in mail.text
    rows = until(lambda: [row for row in d.psirt.json(
        "who", desk.number)["told"] if row["address"] == address
        and "details" in row["parts"]], 20, "research in the ledger")
    # JPCERT/CC has signed the file as well.
    assert "poc.py" in [name for name, _ in mail.attachments()]
    assert "exploit" in rows[-1]["parts"]
