"""Several POC keys at once: the current one signs, all of them open."""

import pytest

import letters
import world as people


@pytest.fixture
def older(world):
    """The POC key of a generation ago: RSA, while the current is a curve."""
    made = world.poc.gpg(
        "--status-fd", "1", "--quick-gen-key",
        f"Vendor PSIRT before <{letters.POC}>", "rsa3072", "cert,sign",
        "never").stdout.decode()
    made = [line.split()[-1] for line in made.splitlines()
            if " KEY_CREATED " in line][0]
    world.poc.gpg("--quick-add-key", made, "rsa3072", "encr", "never")
    world.finder.gpg("--import", data=world.poc.public(made))
    return made


@pytest.mark.parametrize("to", ["current", "older", "both"])
def test_a_letter_to_any_of_them_opens(world, daemon, older, to):
    d = daemon(keys={"retired": [older]})
    readers = {"current": [world.poc.fingerprint], "older": [older],
               "both": [older, world.poc.fingerprint]}[to]
    world.deliver(letters.letter(
        letters.head("report", name="Robin Finder"),
        letters.pgp_encrypted(
            letters.with_key(letters.text_part(letters.ENGLISH),
                             world.finder), world.finder, readers)))
    assert d.once() == 0, d.text()
    ack, = world.mails(letters.FINDER, world.finder, "acknowledge")
    # Whichever it was sent to, the current one answers and goes along.
    assert ack.encrypted
    assert ack.signers == [world.poc.fingerprint]
    key = [part for part in ack.inner.walk()
           if part.get_content_type() == "application/pgp-keys"]
    seen = world.finder2.gpg("--show-keys", "--with-colons",
                             data=key[0].get_payload(decode=True)).stdout
    assert world.poc.fingerprint in seen.decode()
    assert older not in seen.decode()
    d.start()
    letter, = d.psirt.letters()
    assert letter["state"] == "filed"
    whose = {row["fingerprint"]: row["whose"] for row in
             d.psirt.json("key", "list")["keys"]}
    assert whose[older] == "retired"
    assert whose[world.poc.fingerprint] == "poc"


def test_overview_is_signed_by_the_current_one(world, daemon, older):
    d = daemon(keys={"retired": [older]})
    world.deliver(letters.letter(
        letters.head("report", name="Robin Finder"),
        letters.pgp_encrypted(letters.text_part(letters.ENGLISH),
                              world.finder, [older])))
    assert d.once() == 0, d.text()
    mail, *_ = world.mails(people.DESIGN, world.design)
    assert mail.signers == [world.poc.fingerprint]
