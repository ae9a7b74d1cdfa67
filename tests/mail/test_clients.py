"""Letters written in mail clients, and our answers as the clients show them.

Mutt, NeoMutt and aerc are driven on a terminal, S-nail by its command line.
The keys are those of the world, or made by the client itself.
"""

import pytest

import clients
import letters
from process import until
from program import SLOW

JAPANESE = ('set send_charset="us-ascii:iso-2022-jp:utf-8"',)
PROTECTED = ("set crypt_protected_headers_write=yes",)
INLINE = ("set crypt_use_gpgme=no pgp_autoinline=yes",)
SIGN_ONLY = ("set crypt_autoencrypt=no",)
SUBJECT = "XYZ-100の脆弱性"


@pytest.fixture(scope="module")
def mutt(world):
    return clients.Mutt(world.folder / "mutt", "Robin Finder",
                        letters.FINDER, world.finder)


@pytest.fixture(scope="module")
def aerc(world):
    return clients.Aerc(world.folder / "aerc", "Robin Finder",
                        letters.FINDER, world.finder)


@pytest.fixture
def neomutt(world):
    made = clients.Neomutt(world.folder / "neomutt", "Robin Finder",
                           letters.FINDER, None)
    yield made
    made.stop()


@pytest.fixture(scope="module")
def snail(world):
    return clients.Snail(world.folder / "snail", "Robin Finder",
                         letters.FINDER, None)


def arrived(world, d, raw):
    """What psirt shows of the first letter, once it was decided about."""
    world.deliver(raw)
    d.start()
    until(lambda: [row for row in d.psirt.letters()
                   if row["state"] not in ("received", "opened")],
          20 * SLOW, "the letter")
    return d.psirt.json("letter", "1")


def text_of(shown, words):
    """The one text that holds these words."""
    text, = [p for p in shown["parts"]
             if p["kind"] == "text" and words in p["text"]]
    return text


def spaced(fingerprint):
    """As GnuPG shows one."""
    four = [fingerprint[n:n + 4] for n in range(0, 40, 4)]
    return " ".join(four[:5]) + "  " + " ".join(four[5:])


def mutt_shows(world, client, mail, number):
    """The answer, signed by us, with its subject, text and our key."""
    shown = client.read(mail.raw)
    assert f"Good signature from: Vendor PSIRT <{letters.POC}>" in shown
    assert f"Fingerprint: {spaced(world.poc.fingerprint)}" in shown
    assert f"Subject: [{number}]" in shown
    assert world.poc.fingerprint in shown.rpartition("Fingerprint: ")[2]
    assert "#2: OpenPGP_public_key.asc" in shown
    return shown


# how it is written: settings, whether it asks for a key, the verdict, whether
# the subject comes along inside, and whether we can seal our answer.
MUTT = {
    "sealed": (PROTECTED + JAPANESE, True, "unknown-key", True, True),
    "sealed, no signature": (("set crypt_autosign=no",), True, "unsigned",
                             False, True),
    "signed": (PROTECTED + SIGN_ONLY + JAPANESE, False, "unknown-key", True,
               True),
    "inline, sealed": (INLINE + JAPANESE, True, "unknown-key", False, False),
    "inline, signed": (INLINE + SIGN_ONLY, False, "unknown-key", False,
                       False),
}


@pytest.mark.parametrize("form", MUTT)
def test_mutt(world, daemon, mutt, form):
    settings, asks, verdict, protected, with_key = MUTT[form]
    key = mutt.file("robin.asc", world.finder.public().decode())
    d = daemon()
    raw = mutt.send(letters.POC, SUBJECT, letters.JAPANESE, settings,
                    attach=[key] if with_key else [], keys=asks)
    if asks and protected:
        assert b"\nSubject: ...\n" in raw
    shown = arrived(world, d, raw)
    assert (shown["state"], shown["verdict"]) == ("filed", verdict)
    # A key that came along and made the signature is bound by this letter.
    signs = with_key and verdict == "unknown-key"
    bound = world.finder.fingerprint if signs else None
    if protected:
        inner = shown["protected"]
        assert (inner["subject"], inner["differs"]) == (SUBJECT, [])
        assert inner["believed"] and inner["signer"] == bound
    else:
        assert shown["headers"]["subject"] == SUBJECT
    text = text_of(shown, "合言葉は紫陽花です。")
    assert text["verdict"] == ("known" if bound else verdict)
    assert "クロスサイトスクリプティング" in text["text"]
    assert text["encrypted"] == asks

    case = d.psirt.case(shown["case"])
    assert case["finder"]["key"] == (world.finder.fingerprint if with_key
                                     else None)
    mail, = world.wait_mails(letters.FINDER, kind="acknowledge")
    assert mail.encrypted == with_key
    answer = mutt_shows(world, mutt, mail, shown["case"])
    assert ("PGP/MIME signed and encrypted" in answer) == with_key
    assert "紫陽花" not in answer and SUBJECT not in answer


def test_mutt_answers_our_answer(world, daemon, mutt):
    """Its subject is inside, our text is quoted: joined, by a known key."""
    key = mutt.file("robin.asc", world.finder.public().decode())
    d = daemon()
    shown = arrived(world, d, mutt.send(letters.POC, SUBJECT, letters.JAPANESE,
                                        attach=[key]))
    mail, = world.wait_mails(letters.FINDER, kind="acknowledge")
    raw = mutt.reply(mail.raw, "Version 2.2 has it as well.\n", PROTECTED)
    assert b"\nSubject: ...\n" in raw and shown["case"].encode() not in raw
    world.deliver(raw)
    until(lambda: [row["case"] for row in d.psirt.letters()]
          == [shown["case"]] * 2, 20 * SLOW, "the answer to join")
    second = d.psirt.json("letter", "2")
    assert second["verdict"] == "known" and not second["unconfirmed"]
    subject = second["protected"]["subject"]
    assert subject.startswith(f"Re: [{shown['case']}] ")
    text = text_of(second, "Version 2.2 has it as well.")
    assert text["signer"] == world.finder.fingerprint
    assert "\n> ご連絡いただいた方へ" in text["text"]
    assert len(d.psirt.cases()) == 1
    assert len(world.mails(letters.FINDER)) == 1


@pytest.mark.parametrize("encrypt", [True, False])
def test_aerc(world, daemon, aerc, encrypt):
    d = daemon()
    raw = aerc.send(letters.POC, SUBJECT, letters.JAPANESE, encrypt)
    shown = arrived(world, d, raw)
    assert (shown["state"], shown["verdict"]) == ("filed", "unknown-key")
    assert shown["headers"]["subject"] == SUBJECT
    text = text_of(shown, "合言葉は紫陽花です。")
    assert (text["verdict"], text["encrypted"]) == ("known", encrypt)
    case = d.psirt.case(shown["case"])
    assert case["finder"]["key"] == world.finder.fingerprint
    mail, = world.wait_mails(letters.FINDER, kind="acknowledge")
    answer = aerc.read(mail.raw)
    assert f"AuthenticSignaturefromVendorPSIRT<{letters.POC}>" in answer
    assert f"EncryptedToRobinFinder<{letters.FINDER}>" in answer
    assert f"Subject:[{shown['case']}]" in answer
    assert "application/pgp-keys(OpenPGP_public_key.asc)" in answer
    _, _, words = answer.partition("\n")
    assert shown["case"] in words and world.poc.fingerprint in words


def test_neomutt_with_autocrypt(world, daemon, neomutt):
    """In clear, but with a key in its header: our answer is sealed to it."""
    d = daemon()
    raw = neomutt.send(letters.POC, SUBJECT, letters.JAPANESE, keys=False)
    assert b"\nAutocrypt: addr=" + letters.FINDER.encode() in raw
    shown = arrived(world, d, raw)
    assert (shown["state"], shown["verdict"]) == ("filed", "unsigned")
    assert d.psirt.case(shown["case"])["finder"]["key"]
    mail, = world.wait_mails(letters.FINDER, kind="acknowledge")
    assert mail.encrypted
    answer = neomutt.read(mail.raw)
    assert "The following data is PGP/MIME signed and encrypted" in answer
    assert f"Subject: [{shown['case']}]" in answer
    assert world.poc.fingerprint in answer


def test_snail_signs_with_smime(world, daemon, snail):
    """The text is open to all: a case, its signature no OpenPGP one."""
    d = daemon()
    shown = arrived(world, d, snail.send(letters.POC, SUBJECT,
                                         letters.JAPANESE))
    assert (shown["state"], shown["verdict"]) == ("filed", "unsigned")
    assert text_of(shown, "紫陽花")["verdict"] == "unsigned"
    assert "S/MIME" in [p["kind"] for p in shown["parts"]]
    mail, = world.wait_mails(letters.FINDER, kind="acknowledge")
    assert not mail.encrypted and mail.signers == [world.poc.fingerprint]


def test_snail_seals_with_smime(world, daemon, snail):
    """Not opened, and its sender is told how to reach us."""
    d = daemon()
    shown = arrived(world, d, snail.send(
        letters.POC, "for you alone", letters.JAPANESE,
        sealed_for=snail.certificate("desk", letters.POC)))
    assert (shown["state"], shown["reason"]) == ("quarantined", "smime")
    mail, = world.wait_mails(letters.FINDER, kind="resend")
    assert "S/MIME" in mail.text and "OpenPGP" in mail.text
    assert world.poc.fingerprint in mail.text.replace(" ", "")
    assert d.psirt.cases() == []
