"""A key that is new in the settings waits for two persons (RULES 15)."""

import os
import pathlib
import shutil

import pytest

import letters
import world as people
from process import until
from program import BUILD, SLOW
from test_approvals import as_user

OTHERS = ("daemon", "nobody")


def settle(d):
    assert d.once() == 0, d.text()


def departments(world, plc):
    return {"departments": [
        ("plc", "design", "Design PLC", "Akira Design", people.DESIGN, plc,
         "en"),
        ("qa", "quality", "Quality", "Hana Quality", people.QUALITY,
         world.quality.fingerprint, "ja")]}


def waiting(d):
    return [row["fingerprint"] for row in d.psirt.json("key", "list")["keys"]
            if row["waits"]]


def records(d, what):
    return [line for line in d.psirt.log() if line["what"] == what]


def program(d):
    d.folder.chmod(0o711)
    path = shutil.copy(BUILD / "psirt", d.folder / "psirt")
    pathlib.Path(path).chmod(0o755)
    return path


def test_a_changed_key_waits_for_two(world, daemon):
    made = world.design.make("Design PLC anew")
    world.poc.gpg("--import", data=world.design.public(made))
    d = daemon(operators=OTHERS,
               vendor=departments(world, world.design.fingerprint))
    settle(d)
    d.configure(vendor=departments(world, made))
    d.start()
    assert waiting(d) == [made]
    row, = [r for r in d.psirt.json()["keys"] if r["fingerprint"] == made]
    assert row["next"] == f"psirt key confirm {made}"
    assert len(records(d, "pin-changed")) == 1
    assert len(records(d, "pin-removed")) == 1
    alert, = world.wait_mails(people.DESK, 1, world.desk, "alert",
                              seconds=20 * SLOW)
    assert "pin-changed" in alert.text
    world.deliver(letters.letter(
        letters.head("report", name="Robin Finder"),
        letters.pgp_encrypted(letters.text_part(letters.ENGLISH),
                              world.finder, [world.poc.fingerprint])))
    until(d.psirt.cases, 20 * SLOW, "the case")

    def held():
        return [m for m in d.psirt.json("queue")["mails"]
                if m["state"] == "held"]
    mail, *_ = until(held, 20 * SLOW, "a held mail")
    assert f"psirt key confirm {made}" in mail["reason"]
    assert world.mails(people.DESIGN) == []
    if os.getuid() != 0:
        pytest.skip("who else can be somebody else: needs root")
    psirt = program(d)
    yes = ["key", "confirm", made.lower()]
    code, said = as_user(d, psirt, OTHERS[0], *yes)
    assert code == 0 and "second person" in said
    code, said = as_user(d, psirt, OTHERS[0], *yes)
    assert code == 1 and "you have confirmed it" in said
    assert waiting(d) == [made] and world.mails(people.DESIGN) == []
    code, said = as_user(d, psirt, OTHERS[1], *yes)
    assert code == 0 and "leave now" in said
    assert waiting(d) == []
    world.wait_mails(people.DESIGN, 1, world.design, seconds=20 * SLOW)
    assert len(records(d, "pin-confirmed")) == 2


def signed_notice(world, home):
    return letters.letter(
        letters.head("JVN#12345678", sender=letters.JPCERT,
                     name="JPCERT/CC"),
        letters.pgp_encrypted(letters.text_part(letters.ENGLISH), home,
                              [world.poc.fingerprint]))


def test_what_it_signed_is_not_believed(world, daemon):
    """An attacker's key, written into the settings as JPCERT/CC's."""
    d = daemon(operators=OTHERS)
    settle(d)
    text = d.conf.read_text()
    assert text.count(world.jpcert.fingerprint) == 1
    d.conf.write_text(text.replace(world.jpcert.fingerprint,
                                   world.forger.fingerprint))
    world.poc.learn(world.forger)
    world.deliver(signed_notice(world, world.forger), letters.JPCERT)
    settle(d)
    d.start()
    letter, = d.psirt.letters()
    assert letter["state"] != "filed" or letter["verdict"] != "pinned"
    assert letter["verdict"] == "unknown-key"
    assert world.count(letters.JPCERT) == 0
    if os.getuid() != 0:
        pytest.skip("who else can be somebody else: needs root")
    psirt = program(d)
    for name in OTHERS:
        code, said = as_user(d, psirt, name, "key", "confirm",
                             world.forger.fingerprint)
        assert code == 0, said
    assert f"psirt letter {letter['letter']} --reopen" in said
    d.psirt.text("letter", str(letter["letter"]), "--reopen")

    def pinned():
        return d.psirt.letters()[0]["verdict"] == "pinned"
    until(pinned, 20 * SLOW, "the letter to be judged anew")


def test_a_key_is_staged(world, daemon, tmp_path):
    d = daemon()
    d.start()
    path = tmp_path / "key.asc"

    def stage(content):
        path.write_bytes(content)
        return d.psirt.run("key", "stage", str(path))

    done = stage(world.forger.public())
    assert done.returncode == 0, done.stderr
    assert f'fingerprint = "{world.forger.fingerprint}"' in done.stdout
    assert f"gpg --homedir {world.poc.folder} --import" in done.stdout
    assert "ed25519, cv25519" in done.stdout
    # Nothing of it was kept.
    assert world.forger.fingerprint not in [
        row["fingerprint"] for row in d.psirt.json("key", "list")["keys"]]
    both = world.forger.gpg("--armor", "--export", world.forger.fingerprint,
                            world.poc.fingerprint).stdout
    signs = world.forger.make("Signs alone <x@vendor.example>",
                              encrypt=False)
    secret = world.forger.gpg("--armor", "--export-secret-keys",
                              world.forger.fingerprint).stdout
    for content, why in (
            (both, "exactly one key"),
            (world.forger.public(signs), "no subkey that can encrypt"),
            (secret, "no public key in armor"),
            (b"-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nAAAA\n", "")):
        done = stage(content)
        assert done.returncode == 1 and why in done.stderr, why
        assert done.stdout == ""
    again = d.psirt.json("key", "stage", str(path)) \
        if stage(world.jpcert.public()).returncode == 0 else {}
    assert again["owner"] == "correspondent JPCERT/CC"
