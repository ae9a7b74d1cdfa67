"""The whole way of one report: mailbox, case, departments, answer.

The words of the report are looked for where they must not be.
"""

import re

import letters
import world as people
from process import until

NUMBER = re.compile(r"PSIRT-\d{4}-\d{4}")
# Words that stand in the report and nowhere else.
SECRETS = ["xylophone", "cabbage", "2000 bytes", "Host header", "GET /status",
           "CWE-120", "web server"]


def handled(d):
    assert d.once() == 0, d.text()
    return d.start()


def test_report_is_filed_acknowledged_and_handed_on(world, daemon):
    d = daemon()
    raw = letters.finder_report(world.finder, world.poc)
    world.deliver(raw)
    d.start()
    ack, = world.wait_mails(letters.FINDER, 1, world.finder, "acknowledge")
    design, = world.wait_mails(people.DESIGN, 1, world.design)
    quality, = world.wait_mails(people.QUALITY, 1, world.quality)

    case, = d.psirt.cases()
    assert NUMBER.fullmatch(case["case"])
    number = case["case"]

    # The acknowledgement: number, date, what happens next; nothing else.
    assert ack.encrypted and ack.signers == [world.poc.fingerprint]
    assert number in ack.text and number in ack.subject
    assert re.search(r"20\d\d-\d\d-\d\d", ack.text)
    assert world.poc.fingerprint in ack.text.replace(" ", "")
    for word in SECRETS + ["XYZ-100"]:
        assert word.lower() not in (ack.text + ack.subject).lower()
    for header in ("Subject", "From", "To"):
        assert "XYZ" not in str(ack.outer[header])
    assert ack.outer["Auto-Submitted"].startswith("auto-")
    original = re.search(rb"(?mi)^message-id: (.*?)\r$", raw)[1].decode()
    assert ack.outer["In-Reply-To"] == original

    # The overview: fields, not the finder's text, name or address.
    assert design.encrypted and design.signers == [world.poc.fingerprint]
    assert number in design.subject and "XYZ-100" in design.text
    assert "2.3.1" in design.text
    for word in ("xylophone", "GET /status", "Robin", letters.FINDER):
        assert word not in design.text
    assert world.finder.fingerprint not in design.text.replace(" ", "")
    assert quality.encrypted and number in quality.subject
    assert "2.3.1" not in quality.text

    # The letter was moved, not copied, not lost.
    until(lambda: world.letters(letters.POC) == [], 5, "INBOX to empty")
    filed, = world.letters(letters.POC, "Filed")
    assert filed.endswith(raw[-200:])
    assert not world.mails(people.CARE)
    assert d.stop() == 0


def test_record_tells_the_way_and_is_whole(world, daemon):
    d = daemon()
    world.deliver(letters.finder_report(world.finder, world.poc))
    handled(d)
    what = [line["what"] for line in d.psirt.log()]
    order = ["letter received", "letter opened", "case made", "mail drafted",
             "mail sealed", "mail sent"]
    at = [min(i for i, w in enumerate(what)
              if _same(w, name)) for name in order]
    assert at == sorted(at), what
    sent = [line for line in d.psirt.log() if _same(line["what"],
                                                    "mail sent")]
    assert len(sent) == 3 and all(line["code"] == 250 for line in sent)
    assert d.psirt.run("log", "--verify").returncode == 0


def _same(name, words):
    return re.sub(r"[-_ ]", " ", name) == words


def test_unencrypted_finder_without_key_gets_a_clear_signed_answer(
        world, daemon):
    d = daemon()
    world.deliver(letters.clear_report(), people.STRANGER)
    assert d.once() == 0, d.text()
    ack, = world.wait_mails(people.STRANGER, kind="acknowledge")
    assert not ack.encrypted and ack.signers == [world.poc.fingerprint]
    assert NUMBER.search(ack.text)
    for word in ("tangerine", "default", "XYZ-100", "password"):
        assert word not in ack.text and word not in ack.subject


def test_encrypted_unsigned_report_with_key(world, daemon):
    d = daemon()
    world.deliver(letters.finder_report(world.finder, world.poc, sign=False))
    assert d.once() == 0, d.text()
    ack, = world.wait_mails(letters.FINDER, 1, world.finder, "acknowledge")
    assert ack.signers == [world.poc.fingerprint]


def test_signed_only_report(world, daemon):
    d = daemon()
    world.deliver(letters.signed_report(world.finder))
    assert d.once() == 0, d.text()
    ack, = world.wait_mails(letters.FINDER, 1, world.finder, "acknowledge")
    assert world.poc.fingerprint in ack.signers


def test_japanese_inline_is_read_and_answered_in_japanese(world, daemon):
    d = daemon()
    world.deliver(letters.japanese_inline(world.finder2, world.poc),
                  people.FINDER2)
    d.start()
    ack, = world.wait_mails(people.FINDER2, kind="acknowledge")
    design, = world.wait_mails(people.DESIGN, 1, world.design)
    assert re.search("[ぁ-ん]", ack.text) and "紫陽花" not in ack.text
    assert "XYZ-100" in design.text and "紫陽花" not in design.text
    letter, = d.psirt.letters()
    shown = d.psirt.text("letter", str(letter["letter"]))
    assert "紫陽花" in shown and "クロスサイトスクリプティング" in shown


def test_coordinator_gets_its_own_numbers_back(world, daemon):
    d = daemon()
    world.deliver(letters.jpcert_notice(world.jpcert, world.poc),
                  letters.JPCERT)
    d.start()
    ack, = world.wait_mails(letters.JPCERT, 1, world.jpcert, "acknowledge")
    design, = world.wait_mails(people.DESIGN, 1, world.design)
    assert ack.encrypted and ack.signers == [world.poc.fingerprint]
    assert "JVN#12345678" in ack.subject and "JPCERT#91234567" in ack.subject
    assert NUMBER.search(ack.subject)
    assert "パストラバーサル" not in ack.text
    # Signed by a pinned correspondent: its text may go along (RULES 5).
    assert "パストラバーサル" in design.text
    case, = d.psirt.cases()
    assert case["flow"] == "jpcert"


def test_overseas_cert_gets_its_number_back(world, daemon):
    d = daemon()
    world.deliver(letters.overseas_notice(world.cert, world.poc),
                  letters.CERT)
    assert d.once() == 0, d.text()
    ack, = world.wait_mails(letters.CERT, 1, world.cert, "acknowledge")
    assert "VU#582497" in ack.subject and ack.encrypted


def test_department_without_pgp_is_only_called_to_the_desk(world, daemon):
    d = daemon()
    world.deliver(letters.finder_report(world.finder, world.poc))
    handled(d)
    case, = d.psirt.cases()
    d.psirt.text("route", case["case"], "care")
    notice, = world.wait_mails(people.CARE)
    assert not notice.encrypted
    assert notice.signers == [world.poc.fingerprint]
    assert case["case"] in notice.text
    for word in SECRETS + ["2.3.1"]:
        assert word not in notice.text


def test_details_and_attachments_go_by_hand_only(world, daemon):
    d = daemon()
    raw = letters.finder_report(
        world.finder, world.poc,
        files=[("trace.bin", b"\x00\x01anvil\xff" * 40,
                "application/octet-stream"),
               ("steps.txt", b"turn the anvil twice\n", "text/plain")])
    world.deliver(raw)
    handled(d)
    case, = d.psirt.cases()
    first = world.wait_mails(people.DESIGN, 1, world.design)
    assert not any(name for name, kind in first[0].attachments()
                   if kind != "application/pgp-keys")
    d.psirt.text("route", case["case"], "plc", "--details",
                 "--attachments")
    both = world.wait_mails(people.DESIGN, 2, world.design)
    details = both[-1]
    assert "xylophone" in details.text
    assert "Robin" not in details.subject
    names = [name for name, _ in details.attachments()]
    assert "trace.bin" in names and "steps.txt" in names


def test_route_waits_for_a_person_where_asked_to(world, daemon):
    d = daemon(route="ask")
    world.deliver(letters.finder_report(world.finder, world.poc))
    handled(d)
    assert not world.mails(people.DESIGN, world.design)
    case, = d.psirt.cases()
    d.psirt.text("route", case["case"], "plc")
    world.wait_mails(people.DESIGN, 1, world.design)


def test_report_of_an_unknown_product_is_proposed_not_sent(world, daemon):
    d = daemon()
    text = letters.ENGLISH.replace("XYZ-100", "ABC-9")
    world.deliver(letters.finder_report(world.finder, world.poc, text,
                                        "Flaw in ABC-9"))
    handled(d)
    world.wait_mails(letters.FINDER, 1, world.finder, "acknowledge")
    assert len(d.psirt.cases()) == 1
    assert not world.mails(people.DESIGN, world.design)
