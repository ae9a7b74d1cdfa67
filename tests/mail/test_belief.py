"""What is believed of a letter, end to end: forged ones made by the real gpg,
S/MIME by the real openssl, letters over the limits.

Each is looked at as the desk sees it: where it ended and why, whom anybody
wrote to, and that a person was told.
"""

import base64
import re
import subprocess

import pytest

import letters
import world as people
from process import until

CASE = r"PSIRT-\d{4}-\d{4}"
NAME = "JPCERT/CC synthetic"


def settle(d):
    assert d.once() == 0, d.text()


def newest(d):
    if not d.alive():
        d.start()
    return max(d.psirt.letters(), key=lambda row: row["letter"])


def parts(d, letter):
    return d.psirt.json("letter", str(letter["letter"]))["parts"]


def told(world):
    """The desk was told, by number and reason alone."""
    alert, = world.wait_mails(people.DESK, 1, world.desk, "alert")
    assert alert.encrypted and alert.signers == [world.poc.fingerprint]


def nobody_heard(world, *addresses):
    for address in (letters.JPCERT, people.DESIGN, people.QUALITY,
                    letters.FINDER, people.STRANGER, *addresses):
        assert world.mails(address) == [], address


def set_aside(world, d, reason):
    """A claim that proves nothing: no case, no mail, the desk told."""
    letter = newest(d)
    assert (letter["state"], letter["reason"]) == ("set-aside", reason)
    assert d.psirt.cases() == []
    nobody_heard(world)
    told(world)
    return letter


def signed_notice(home, key=None, text=letters.NOTICE, **fields):
    """A notice in clear, signed."""
    return letters.letter(
        letters.head("[VN: JVN#12345678 / TN: JPCERT#91234567] notice",
                     letters.JPCERT, NAME, **fields),
        letters.pgp_signed(letters.text_part(text), home, key))


def message_part(raw):
    return b"Content-Type: message/rfc822\r\n\r\n" + raw


def entity_of(raw):
    """A letter's MIME entity: its head but for Content-* is left out."""
    return raw[raw.index(b"Content-Type: "):]


# ---- whose key --------------------------------------------------------------

@pytest.mark.parametrize("attached", [True, False])
def test_user_id_that_claims_a_correspondent(world, daemon, attached):
    """Another key under JPCERT/CC's user id, from an address of no claim."""
    d = daemon()
    entity = letters.text_part("Details of a flaw in the XYZ-100.\n")
    if attached:
        entity = letters.with_key(entity, world.forger)
    world.deliver(letters.letter(
        letters.head("...", people.STRANGER, "Office"),
        letters.pgp_encrypted(entity, world.forger,
                              [world.poc.fingerprint])), people.STRANGER)
    settle(d)
    if attached:
        letter = set_aside(world, d, "forged")
        part, = (p for p in parts(d, letter) if p["kind"] == "text")
        assert part["verdict"] == "unknown-key" and not part["covered"]
        assert "correspondent's name" in part["why"]
    else:
        # Nothing says whose key it is: a finder, known to nobody.
        assert newest(d)["reason"] == "new-report"
        assert "unknown-key" == newest(d)["verdict"]


def in_the_past(home, when, *args, data=None):
    return home.gpg("--faked-system-time", when, *args, data=data)


@pytest.fixture
def spoilt_key(world, daemon):
    """A daemon that pins one more key of JPCERT/CC, expired or revoked."""
    def make(how):
        user_id = f"JPCERT/CC {how} <{letters.JPCERT}>"
        done = in_the_past(
            world.jpcert, "20240101T000000", "--status-fd", "1",
            "--quick-gen-key", user_id, "ed25519", "cert,sign",
            "1y" if how == "expired" else "never")
        key = re.search(rb"KEY_CREATED \S+ (\S+)", done.stdout)[1].decode()
        entity = letters.text_part(letters.NOTICE).rstrip(b"\r\n") + b"\r\n"
        signature = in_the_past(
            world.jpcert, "20240301T000000", "--armor", "--local-user", key,
            "--detach-sign", data=entity).stdout
        if how == "revoked":
            path = (world.jpcert.folder / "openpgp-revocs.d" / f"{key}.rev")
            path.write_text(path.read_text().replace(":-----BEGIN",
                                                     "-----BEGIN"))
            world.jpcert.gpg("--import", str(path))
        world.poc.gpg("--import", data=world.jpcert.public(key))
        d = daemon()
        one = f'"{world.jpcert.fingerprint}"'
        text = d.conf.read_text()
        assert one in text
        d.conf.write_text(text.replace(one, f'{one}, "{key}"'))
        return d, letters.letter(
            letters.head("[VN: JVN#12345678 / TN: JPCERT#91234567] notice",
                         letters.JPCERT, NAME),
            letters.multipart("signed", [
                entity, b"Content-Type: application/pgp-signature\r\n\r\n"
                + letters.crlf(signature) + b"\r\n"],
                '; protocol="application/pgp-signature"'))
    return make


@pytest.mark.parametrize("how, why", [
    ("expired", "signed by a key that has expired"),
    ("revoked", "signed by a key that was revoked")])
def test_pinned_key_past_its_end(world, spoilt_key, how, why):
    d, raw = spoilt_key(how)
    world.deliver(raw, letters.JPCERT)
    settle(d)
    letter = set_aside(world, d, "forged")
    assert letter["verdict"] == "bad"
    assert parts(d, letter)[-1]["why"] == why


def test_broken_digest_of_the_pinned_key(world, daemon):
    d = daemon()
    entity = letters.text_part(letters.NOTICE).rstrip(b"\r\n") + b"\r\n"
    signature = world.jpcert.gpg(
        "--armor", "--digest-algo", "SHA1", "--local-user",
        world.jpcert.fingerprint, "--detach-sign", data=entity).stdout
    world.deliver(letters.letter(
        letters.head("notice", letters.JPCERT, NAME),
        letters.multipart("signed", [
            entity, b"Content-Type: application/pgp-signature\r\n\r\n"
            + letters.crlf(signature) + b"\r\n"],
            '; micalg=pgp-sha1; protocol="application/pgp-signature"')),
        letters.JPCERT)
    settle(d)
    letter = set_aside(world, d, "forged")
    assert (parts(d, letter)[-1]["why"]
            == "signed with a broken digest algorithm")


# ---- over which bytes -------------------------------------------------------

@pytest.mark.parametrize("sealed", [False, True])
def test_genuine_notice_inside_a_strangers_mail(world, daemon, sealed):
    """It is JPCERT/CC's, over its own bytes; the letter is nobody's."""
    d = daemon()
    notice = (letters.jpcert_notice(world.jpcert, world.poc) if sealed
              else signed_notice(world.jpcert))
    world.deliver(letters.letter(
        letters.head("Fwd: notice", people.STRANGER),
        letters.multipart("mixed", [message_part(notice)])),
        people.STRANGER)
    settle(d)
    letter = set_aside(world, d, "unpinned")
    assert letter["verdict"] == "unsigned"
    assert any(p["verdict"] == "pinned" and p["signer"] == "JPCERT/CC"
               for p in parts(d, letter))


def test_words_of_a_strangers_before_a_genuine_notice(world, daemon):
    """Its own words come first: a finder's letter, of no authority."""
    d = daemon()
    world.deliver(letters.letter(
        letters.head("Fwd: XYZ-100", people.STRANGER),
        letters.multipart("mixed", [
            letters.text_part("Please act on this notice at once.\n"),
            message_part(signed_notice(world.jpcert))])), people.STRANGER)
    settle(d)
    letter = newest(d)
    assert letter["verdict"] == "unsigned"
    case, = d.psirt.cases()
    assert case["flow"] == "direct"
    for address in (letters.JPCERT, people.DESIGN, people.QUALITY):
        assert world.mails(address) == []


def test_unsigned_words_before_a_genuine_signature(world, daemon):
    d = daemon()
    world.deliver(letters.letter(
        letters.head("notice", letters.JPCERT, NAME),
        letters.multipart("mixed", [
            letters.text_part("Publish at once.\n"),
            entity_of(signed_notice(world.jpcert))])), letters.JPCERT)
    settle(d)
    letter = set_aside(world, d, "unpinned")
    first, *others = parts(d, letter)
    assert first["verdict"] == "unsigned" and not first["covered"]
    assert "other parts of the letter" in first["why"]
    assert any(p["covered"] for p in others)


def test_unsigned_words_behind_a_genuine_signature(world, daemon):
    """A list's footer: the notice counts, what was added never does."""
    d = daemon()
    world.deliver(letters.letter(
        letters.head("notice", letters.JPCERT, NAME),
        letters.multipart("mixed", [
            entity_of(signed_notice(world.jpcert)),
            letters.text_part("Impact: none, the tangerine is fine.\n")])),
        letters.JPCERT)
    settle(d)
    letter = newest(d)
    assert (letter["reason"], letter["verdict"]) == ("new-report", "pinned")
    last = parts(d, letter)[-1]
    assert last["verdict"] == "unsigned" and not last["covered"]
    overview, = world.mails(people.DESIGN, world.design)
    assert "パストラバーサル" in overview.text
    assert "tangerine" not in overview.text


def test_signature_around_what_somebody_else_sealed(world, daemon):
    """Another finder signs ciphertext that is not hers, her key beside it."""
    d = daemon()
    sealed = letters.pgp_encrypted(
        letters.text_part(letters.ENGLISH), world.finder,
        [world.poc.fingerprint], sign=False)
    world.deliver(letters.letter(
        letters.head("my report", people.FINDER2),
        letters.pgp_signed(letters.with_key(sealed, world.finder2),
                           world.finder2)), people.FINDER2)
    settle(d)
    letter = newest(d)
    assert (letter["reason"], letter["verdict"]) == ("new-report", "unsigned")
    assert any("over ciphertext" in p["why"] for p in parts(d, letter))
    assert world.finder2.fingerprint not in str(
        d.psirt.case(letter["case"]))


def test_pinned_signature_around_what_is_sealed(world, daemon):
    d = daemon()
    sealed = letters.pgp_encrypted(
        letters.text_part(letters.NOTICE), world.finder,
        [world.poc.fingerprint], sign=False)
    world.deliver(letters.letter(
        letters.head("notice", people.STRANGER),
        letters.pgp_signed(sealed, world.jpcert)), people.STRANGER)
    settle(d)
    set_aside(world, d, "unpinned")


# ---- protected fields -------------------------------------------------------

def sealed_with_from(world, home, inner, outer, subject="XYZ-100", text=None,
                     **fields):
    """Sealed, with a protected From (RFC 9788)."""
    entity = letters.text_part(text or letters.ENGLISH, subject=subject)
    return letters.letter(
        letters.head("...", outer, **fields),
        letters.pgp_encrypted(f"From: {inner}\r\n".encode() + entity, home,
                              [world.poc.fingerprint]))


def test_protected_from_that_claims_a_correspondent(world, daemon):
    d = daemon()
    world.deliver(sealed_with_from(
        world, world.finder2, f"{NAME} <{letters.JPCERT}>",
        people.STRANGER), people.STRANGER)
    settle(d)
    set_aside(world, d, "forged")


def test_answer_goes_to_the_protected_from(world, daemon):
    """A gateway wrote its own address outside."""
    d = daemon()
    world.deliver(sealed_with_from(
        world, world.finder, letters.FINDER, "list@lists.example"),
        "list@lists.example")
    settle(d)
    ack, = world.wait_mails(letters.FINDER, 1, world.finder, "acknowledge")
    assert world.mails("list@lists.example") == []
    assert newest(d)["who"] == "finder"
    assert d.stop() == 0
    # By that address the finder is known from now on, not by the outer one.
    number = re.search(CASE, ack.subject)[0]
    for outer, inner, unconfirmed, who in (
            ("list@lists.example", letters.FINDER, False, "finder"),
            (letters.FINDER, people.STRANGER, True, "other")):
        world.deliver(sealed_with_from(
            world, world.finder, inner, outer, f"[{number}]",
            text="One thing more.\n" + outer), outer)
        settle(d)
        letter = newest(d)
        assert (letter["case"], letter["unconfirmed"]) == (number,
                                                           unconfirmed)
        assert letter["who"] == who
        assert d.stop() == 0


def test_thread_by_protected_references(world, daemon):
    d = daemon()
    world.deliver(letters.finder_report(world.finder, world.poc))
    settle(d)
    ack, = world.mails(letters.FINDER, world.finder, "acknowledge")
    entity = letters.text_part("And one thing more.\n", subject="more")
    world.deliver(letters.letter(
        letters.head("...", letters.FINDER),
        letters.pgp_encrypted(
            f"References: {ack.message_id}\r\n".encode() + entity,
            world.finder, [world.poc.fingerprint])))
    settle(d)
    letter = newest(d)
    assert letter["reason"] == "joined" and not letter["unconfirmed"]


@pytest.mark.parametrize("named_by", ["References", "number"])
def test_key_of_a_case_that_sealed_fields_name(world, daemon, named_by):
    """Outside nothing tells the case whose key has to be tried."""
    d = daemon()
    world.deliver(letters.finder_report(world.finder, world.poc))
    settle(d)
    ack, = world.mails(letters.FINDER, world.finder, "acknowledge")
    number = re.search(CASE, ack.subject)[0]
    entity = letters.text_part(
        "And one thing more.\n",
        subject=f"[{number}]" if named_by == "number" else "more")
    if named_by == "References":
        entity = f"References: {ack.message_id}\r\n".encode() + entity
    world.deliver(letters.letter(
        letters.head("...", "list@lists.example"),
        letters.pgp_encrypted(entity, world.finder, [world.poc.fingerprint])),
        "list@lists.example")
    settle(d)
    letter = newest(d)
    part, = (p for p in parts(d, letter) if p["kind"] == "text")
    assert part["covered"]
    assert (letter["verdict"], letter["case"]) == ("known", number)


# ---- S/MIME -----------------------------------------------------------------

@pytest.fixture(scope="module")
def openssl(tmp_path_factory):
    """openssl cms with a certificate of its own; gives CMS in DER."""
    folder = tmp_path_factory.mktemp("cms")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes",
         "-subj", "/CN=synthetic", "-keyout", "key", "-out", "cert"],
        cwd=folder, check=True, capture_output=True)

    def run(*args, data):
        return subprocess.run(
            ["openssl", "cms", "-binary", "-outform", "DER", *args],
            cwd=folder, input=data, check=True, capture_output=True).stdout

    def make(kind, entity):
        if kind == "enveloped-data":
            return run("-encrypt", "-aes256", "cert", data=entity)
        return run("-sign", "-signer", "cert", "-inkey", "key",
                   *(["-nodetach"] if kind == "signed-data" else []),
                   data=entity)
    return make


def smime(der, kind, subject="secure", **fields):
    return letters.letter(letters.head(subject, **fields), (
        f"Content-Type: application/pkcs7-mime; smime-type={kind};\r\n"
        ' name="smime.p7m"\r\nContent-Transfer-Encoding: base64\r\n'
        "Content-Disposition: attachment; filename=smime.p7m\r\n\r\n"
    ).encode() + base64.encodebytes(der).replace(b"\n", b"\r\n"))


@pytest.mark.parametrize("kind", ["enveloped-data", "signed-data"])
def test_smime_of_a_stranger_hears_how_to_write(world, daemon, openssl, kind):
    d = daemon()
    entity = letters.text_part(letters.ENGLISH)
    der = openssl(kind, entity)
    world.deliver(smime(der, kind, sender=people.STRANGER), people.STRANGER)
    settle(d)
    letter = newest(d)
    assert (letter["state"], letter["reason"]) == ("quarantined", "smime")
    assert d.psirt.cases() == []
    told(world)
    note, = world.wait_mails(people.STRANGER, 1, None, "resend")
    assert note.signers == [world.poc.fingerprint]
    assert not re.search(CASE, note.subject + note.text)
    assert "S/MIME" in note.text and "OpenPGP" in note.text
    assert "Nothing is wrong with it" in " ".join(note.text.split())
    assert "damaged" not in note.text
    assert world.poc.fingerprint in note.text.replace(" ", "")
    assert any(kind == "application/pgp-keys"
               for _, kind in note.attachments())
    # The same again, in another mail: once a report.
    assert d.stop() == 0
    world.deliver(smime(der, kind, "again", sender=people.STRANGER),
                  people.STRANGER)
    settle(d)
    assert len(world.mails(people.STRANGER)) == 1


def test_smime_of_a_japanese_finder(world, daemon, openssl):
    d = daemon()
    world.deliver(smime(
        openssl("enveloped-data", letters.text_part(letters.JAPANESE)),
        "enveloped-data", "脆弱性のご報告", sender=people.FINDER2,
        name="山田 太郎"), people.FINDER2)
    settle(d)
    note, = world.wait_mails(people.FINDER2, 1, None, "resend")
    assert "S/MIME" in note.text and re.search("[ぁ-ん]", note.text)


def test_smime_where_only_what_is_encrypted_is_answered(world, daemon,
                                                        openssl):
    d = daemon(acknowledge="encrypted")
    world.deliver(smime(
        openssl("enveloped-data", letters.text_part(letters.ENGLISH)),
        "enveloped-data", sender=people.STRANGER), people.STRANGER)
    settle(d)
    assert newest(d)["reason"] == "smime"
    nobody_heard(world)
    told(world)


def test_smime_signature_beside_clear_text(world, daemon, openssl):
    """Nothing is closed: clear text, which nobody we can verify signed."""
    d = daemon()
    entity = letters.text_part(letters.ENGLISH)
    der = base64.encodebytes(openssl("detached", entity))
    world.deliver(letters.letter(
        letters.head("a flaw", people.STRANGER),
        letters.multipart("signed", [
            entity,
            b'Content-Type: application/pkcs7-signature; name="smime.p7s"'
            b"\r\nContent-Transfer-Encoding: base64\r\n"
            b'Content-Disposition: attachment; filename="smime.p7s"\r\n\r\n'
            + der.replace(b"\n", b"\r\n")],
            '; micalg=sha-256; protocol="application/pkcs7-signature"')),
        people.STRANGER)
    settle(d)
    letter = newest(d)
    assert (letter["reason"], letter["verdict"]) == ("new-report", "unsigned")
    assert len(world.mails(people.STRANGER, None, "acknowledge")) == 1
    assert world.mails(people.STRANGER, None, "resend") == []


# ---- limits -----------------------------------------------------------------

def many_parts(count):
    return letters.multipart("mixed", [
        letters.text_part(f"Part {n} about the XYZ-100.\n")
        for n in range(count)])


def test_too_many_parts_in_clear(world, daemon):
    """Quarantined whole, whatever the first parts say; nobody is written to,
    as nothing shows that it is meant for us."""
    d = daemon(limits={"max_parts": 50})
    world.deliver(letters.letter(
        letters.head("XYZ-100", people.STRANGER), many_parts(60)),
        people.STRANGER)
    settle(d)
    letter = newest(d)
    assert (letter["state"], letter["reason"]) == ("quarantined",
                                                   "limit-parts")
    assert letter["verdict"] == "unopened"
    nobody_heard(world)
    told(world)
    shown = d.psirt.json("letter", str(letter["letter"]))
    assert f"psirt letter {letter['letter']} --reopen" in shown["next"]
    # With a higher limit it opens, and is what it is.
    assert d.stop() == 0
    d.configure(limits={"max_parts": 100})
    d.start()
    d.psirt.text("letter", str(letter["letter"]), "--reopen")
    until(lambda: len(d.psirt.cases()) == 1, 10, "a case")


def test_too_many_parts_inside_of_what_is_sealed(world, daemon):
    """Our key is named: the sender hears what was too much, once."""
    d = daemon(limits={"max_parts": 50})
    raw = letters.letter(
        letters.head("...", name="Robin Finder"),
        letters.pgp_encrypted(many_parts(60), world.finder,
                              [world.poc.fingerprint]))
    for subject in (b"Subject: ...", b"Subject: again"):
        world.deliver(raw.replace(b"Subject: ...", subject))
        settle(d)
    letter = newest(d)
    assert letter["reason"] in ("limit-parts", "duplicate")
    assert [x["reason"] for x in d.psirt.letters()].count("limit-parts") > 0
    assert world.mails(letters.FINDER, None, "acknowledge") == []
    note = world.wait_mails(letters.FINDER, 1, None, "resend")[0]
    assert "more parts and attachments than we accept" in note.text
    assert "S/MIME" not in note.text
    assert d.psirt.cases() == []


def test_bomb_is_asked_for_in_a_smaller_form(world, daemon):
    d = daemon(mailbox={"letter_max": "1M"})
    world.deliver(letters.letter(
        letters.head("...", name="Robin Finder"),
        letters.pgp_encrypted(letters.text_part("x" * 70 + "\n" * 3_000_000),
                              world.finder, [world.poc.fingerprint])))
    settle(d)
    letter = newest(d)
    assert (letter["state"], letter["reason"]) == ("quarantined",
                                                   "limit-output")
    note, = world.wait_mails(letters.FINDER, 1, None, "resend")
    assert "unpacks to more data" in note.text
    told(world)
