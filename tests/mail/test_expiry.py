"""Keys that expire: the desk is told, once each time, and mails that wait for
a prolonged key leave when it is there.
"""

import signal

import pytest

import letters
import world as people
from process import until
from program import BUILD, SLOW


def told(world):
    return world.mails(people.DESK, world.desk, "expiry")


def settle(d):
    assert d.once() == 0, d.text()


def prolong(home, fingerprint, until_when="1y"):
    """The key and its subkeys: "*" would leave out what has expired."""
    listed = home.gpg("--with-colons", "--list-keys", fingerprint).stdout
    primary, *subkeys = [line.split(":")[9] for line in
                         listed.decode().splitlines()
                         if line.startswith("fpr:")]
    home.gpg("--quick-set-expire", primary, until_when)
    home.gpg("--quick-set-expire", primary, until_when, *subkeys)


def keys(d):
    return {row["fingerprint"]: row for row in d.psirt.json("key", "list")
            ["keys"]}


def generation(world, expire):
    """A POC key besides that of the world; it is current, that one retired."""
    made = world.poc.make(f"Vendor PSIRT new <{letters.POC}>", expire=expire)
    return made, {"poc": made, "retired": [world.poc.fingerprint]}


def test_our_own_key(world, daemon):
    made, section = generation(world, "5d")
    d = daemon(keys=section)
    settle(d)
    mail, = told(world)
    assert mail.encrypted and made in mail.text
    assert f"gpg --quick-set-expire {made}" in mail.text
    assert made not in mail.subject
    # Neither by a start nor by a round is it said once more.
    settle(d)
    d.start()
    row = keys(d)[made]
    assert row["whose"] == "poc" and row["problem"] is None
    assert sorted(row["can"]) == ["encrypt", "sign"]
    assert [r["fingerprint"] for r in d.psirt.json()["keys"]] == [made]
    assert "poc" in d.psirt.text() and "psirt key list" in d.psirt.text()
    assert len(told(world)) == 1
    assert d.stop() == 0
    prolong(world.poc, made)
    d.start()
    assert d.psirt.json()["keys"] == []
    assert d.stop() == 0
    assert len(told(world)) == 1


@pytest.mark.skipif(not (BUILD / "psirtd-stops").exists(),
                    reason="needs psirtd-stops: make tests")
@pytest.mark.parametrize("side", ["before", "after"])
def test_killed_while_it_is_said(world, daemon, side):
    made, section = generation(world, "20d")
    d = daemon(keys=section)
    d.start(stop_at=f"due:1:{side}", ready=False)
    until(lambda: not d.alive(), 20 * SLOW, "the kill")
    assert d.process.returncode == -signal.SIGKILL, d.text()
    assert told(world) == []
    settle(d)
    mail, = told(world)
    assert made in mail.text


def test_a_key_that_expires_while_it_runs(world, daemon):
    """Held and said; prolonged and taken in, the mail goes."""
    made = world.design.make("Design PLC once more", expire="seconds=12")
    world.poc.gpg("--import", data=world.design.public(made))
    d = daemon(vendor={"departments": [
        ("plc", "design", "Design PLC", "Akira Design", people.DESIGN, made,
         "en"),
        ("qa", "quality", "Quality", "Hana Quality", people.QUALITY,
         world.quality.fingerprint, "ja")]})
    d.start()
    assert keys(d)[made]["whose"] == "department plc: Akira Design"
    world.wait_mails(people.DESK, 2, world.desk, "expiry",
                     seconds=40 * SLOW)
    first, second = told(world)
    assert "(it has expired)" not in first.text
    assert "(it has expired)" in second.text and made in second.text
    assert keys(d)[made]["problem"] is not None
    world.deliver(letters.letter(
        letters.head("report", name="Robin Finder"),
        letters.pgp_encrypted(letters.text_part(letters.ENGLISH),
                              world.finder, [world.poc.fingerprint])))
    until(d.psirt.cases, 20 * SLOW, "the case")

    def held():
        return [m for m in d.psirt.json("queue")["mails"]
                if m["state"] == "held"]
    mail, *_ = until(held, 20 * SLOW, "a held mail")
    why = f"waits for key {made} (department plc: Akira Design): "
    assert mail["reason"].startswith(why) and "expired" in mail["reason"]
    assert made in d.psirt.text("queue")
    case = d.psirt.cases()[0]["case"]
    assert [m["reason"] for m in d.psirt.case(case)["mails"]
            if m["state"] == "held"] == [mail["reason"]]
    assert made in d.psirt.text("show", case)
    assert world.mails(people.DESIGN) == []
    # A start alone changes nothing.
    assert d.stop() == 0
    d.start()
    assert [m["mail"] for m in held()] == [mail["mail"]]
    assert d.stop() == 0
    prolong(world.design, made)
    world.poc.gpg("--import", data=world.design.public(made))
    d.start()
    world.wait_mails(people.DESIGN, 1, world.design, seconds=20 * SLOW)
    assert held() == []
