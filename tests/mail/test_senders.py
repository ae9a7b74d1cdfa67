"""Letters that other people's programs make, and our answers as they read
them: three more implementations of OpenPGP, and mail clients.

What a form of letter should come to stands in its row; every program sends
every form that it can make.
"""

import re

import pytest

import letters
import senders
import world as people
from process import until
from program import SLOW

# PGPy speaks of what it does not do yet, and of old ciphers and modules.
pytestmark = [pytest.mark.filterwarnings(f"ignore::{what}") for what in (
    "UserWarning:pgpy.pgp", "UserWarning:pgpy.constants",
    "DeprecationWarning:pgpy.constants")]

ROBIN = f"Robin Finder <{letters.FINDER}>"
# A word that stands in a report and must not stand in our answer.
WORD = "xylophone"


@pytest.fixture(scope="module")
def parties(world):
    """A finder with each implementation, who has our public key."""
    made = {}
    for name in OWN:
        made[name] = getattr(senders, name)(world.folder / "g" / name, ROBIN)
        made[name].learn(world.poc)
    return made


def report(form):
    """Our usual report, told apart by the name of its form."""
    return letters.ENGLISH + f"\nform: {form}\n"


def sealed(party, poc, form, sign=True, key=True, more=(), **how):
    """PGP/MIME, encrypted."""
    entity = letters.text_part(report(form), subject="Flaw in XYZ-100")
    if key:
        entity = letters.with_key(entity, party)
    return letters.letter(
        letters.head("...", name="Robin Finder"),
        letters.pgp_encrypted(entity, party, [poc.fingerprint, *more], sign,
                              **how))


def signed(party, poc, form):
    """PGP/MIME, signed in clear, the key beside the text."""
    return letters.signed_report(party, report(form))


def clearsigned(party, poc, form):
    return letters.plain(party.clearsign(report(form).encode()).decode(),
                         "Flaw in XYZ-100", letters.FINDER)


def inline(party, poc, form):
    """The armor of an encrypted text in the text."""
    armor = party.encrypt(report(form).encode(), [poc.fingerprint],
                          sign=True).decode()
    return letters.plain(armor, "encrypted", letters.FINDER)


def several(party, poc, form):
    """The sender seals to itself as well."""
    return sealed(party, poc, form, more=[party.fingerprint])


# form: how it is made, our verdict, and whether we can seal our answer.
FORMS = {
    "sealed, signed, key inside": (sealed, {}, "unknown-key", True),
    "sealed, signed": (sealed, {"key": False}, "unknown-key", False),
    "sealed, key inside": (sealed, {"sign": False}, "unsigned", True),
    "sealed": (sealed, {"sign": False, "key": False}, "unsigned", False),
    "signed": (signed, {}, "unknown-key", True),
    "clearsigned": (clearsigned, {}, "unknown-key", False),
    "inline": (inline, {}, "unknown-key", False),
    "for several": (several, {}, "unknown-key", True),
}
# Forms that only one of them makes.
OWN = {
    "Sequoia": {
        "bzip2": (sealed, {"compress": "bzip2"}, "unknown-key", True),
        "not compressed": (sealed, {"compress": "none"}, "unknown-key",
                           True)},
    "Rnp": {
        "AEAD, OCB": (sealed, {"aead": "OCB"}, "unknown-key", True),
        "AEAD, EAX": (sealed, {"aead": "EAX"}, "unknown-key", True),
        "not compressed": (sealed, {"compress": "0"}, "unknown-key", True)},
    "Pgpy": {
        "hidden": (sealed, {"hidden": True}, "unknown-key", True),
        "not compressed": (sealed, {"compress": "Uncompressed"},
                           "unknown-key", True)},
}


def message_id(raw):
    return re.search(rb"(?mi)^message-id: <(.*?)>", raw)[1].decode()


def handled(d, count=1):
    """What psirt shows of the letters, once all are decided about; by
    Message-ID."""
    def settled():
        rows = [row for row in d.psirt.letters()
                if row["state"] not in ("received", "opened")]
        return rows if len(rows) == count else None
    rows = until(settled, 20 * SLOW, f"{count} letter(s)")
    shown = [d.psirt.json("letter", str(row["letter"])) for row in rows]
    return {one["headers"]["message_id"]: one for one in shown}


def answers(world, party, count=1):
    """The acknowledgements, opened and verified by the sender's own program:
    gpg has no hand in it; by the letter's Message-ID."""
    found = [people.Mail(mail.raw, party, party) for mail in
             world.wait_mails(letters.FINDER, count, kind="acknowledge")]
    return {mail.outer["In-Reply-To"].strip("<>"): mail for mail in found}


def speaks_of(mail, number, poc):
    assert number in mail.subject and number in mail.text
    assert mail.signers == [poc.fingerprint]
    assert poc.fingerprint in mail.text.replace(" ", "")
    assert WORD not in mail.subject + mail.text
    assert any(kind == "application/pgp-keys"
               for _, kind in mail.attachments())


@pytest.mark.parametrize("name", OWN)
def test_each_form_is_a_case_and_its_sender_reads_the_answer(world, daemon,
                                                             parties, name):
    party = parties[name]
    forms = {**FORMS, **OWN[name]}
    sent = {form: make(party, world.poc, form, **how)
            for form, (make, how, _, _) in forms.items()}
    for raw in sent.values():
        world.deliver(raw)
    d = daemon()
    d.start()
    seen = handled(d, len(forms))
    got = answers(world, party, len(forms))
    assert len(d.psirt.cases()) == len(forms)
    for form, (_, _, verdict, sealable) in forms.items():
        shown = seen[message_id(sent[form])]
        assert (shown["state"], shown["verdict"]) == ("filed", verdict), form
        text, = [p for p in shown["parts"] if p["kind"] == "text"]
        assert text["text"].rstrip().endswith(f"form: {form}")
        assert WORD in text["text"], form
        # A key that came along and signed it is bound by this letter.
        bound = sealable and verdict == "unknown-key"
        assert text["verdict"] == ("known" if bound else verdict), form
        finder = d.psirt.case(shown["case"])["finder"]
        ours = party.fingerprint if sealable else None
        assert finder["key"] == ours, form
        mail = got[message_id(sent[form])]
        assert mail.encrypted == sealable, form
        speaks_of(mail, shown["case"], world.poc)


@pytest.mark.parametrize("name", OWN)
def test_second_letter_is_by_a_known_key(world, daemon, parties, name):
    party = parties[name]
    d = daemon()
    first = sealed(party, world.poc, "first")
    world.deliver(first)
    d.start()
    number = handled(d)[message_id(first)]["case"]
    answer, = answers(world, party).values()
    second = letters.reply(party, world.poc, number, answer.message_id)
    world.deliver(second)
    shown = handled(d, 2)[message_id(second)]
    assert (shown["case"], shown["verdict"]) == (number, "known")
    text, = [p for p in shown["parts"] if p["text"]]
    assert text["signer"] == party.fingerprint
    assert not shown["unconfirmed"]


def test_password_opens_nothing(world, daemon, parties):
    entity = parties["Rnp"].encrypt_password(
        letters.text_part(report("password")), "horse")
    d = daemon()
    raw = letters.letter(letters.head("...", name="Robin Finder"),
                         letters.pgp_encrypted_with(entity))
    world.deliver(raw)
    d.start()
    shown, = handled(d).values()
    assert (shown["state"], shown["reason"]) == ("quarantined",
                                                 "undecryptable")
    layer, = shown["layers"]
    assert layer["outcome"] == "encrypted with a password only"
    assert d.psirt.cases() == [] and not world.mails(letters.FINDER)
