"""Somebody is woken: the disk, the mailbox, claims and attacks; and the
heartbeat by which others see that psirtd is at work.
"""

import contextlib
import json
import os
import pathlib
import signal
import subprocess
import time

import pytest

import letters
import world as people
from process import until
from program import SLOW, TRY_AGAIN

PHONE = people.CARE  # somebody's telephone: no key there
MIB = 1 << 20


def woken(world):
    return world.mails(PHONE, kind="wake")


def alerts(world):
    return world.mails(people.DESK, world.desk, "alert")


def lines(mail):
    """What a mail in clear says, but for its fixed words."""
    text = mail.text.replace("\r", "")
    return text.partition("\n\n")[2].partition("\n\n-- \n")[0].split("\n")


def trouble(d):
    return d.psirt.json()["trouble"] or ""


# ---- the disk ---------------------------------------------------------------

def more_than_free(folder):
    fs = os.statvfs(folder)
    return f"{(fs.f_bavail * fs.f_frsize >> 30) + 100}G"


def test_letters_stay_while_the_disk_is_full(world, daemon):
    d = daemon(desk={"alert_plain": [PHONE]})
    d.configure(reserve=more_than_free(d.folder))
    world.deliver(letters.finder_report(world.finder, world.poc))
    before = world.letters(letters.POC)
    # The desk is told all the same.
    assert d.once() == TRY_AGAIN, d.text()
    assert world.letters(letters.POC) == before and d.once() == TRY_AGAIN
    mail, = alerts(world)
    assert "\n  disk\n" in mail.text.replace("\r", "")
    mail, = woken(world)
    assert lines(mail) == ["disk"]
    assert mail.signers == [world.poc.fingerprint] and not mail.encrypted
    d.start()
    assert d.psirt.letters() == []
    assert "letters stay in the mailbox" in trouble(d)
    assert d.stop() == 0
    # As if room had been made meanwhile.
    d.configure(reserve="1K")
    assert d.once() == 0, d.text()
    assert len(world.mails(letters.FINDER, kind="acknowledge")) == 1
    assert len(alerts(world)) == len(woken(world)) == 1


@contextlib.contextmanager
def small_disk(path, size):
    path.mkdir(mode=0o700)
    done = subprocess.run(["mount", "-t", "tmpfs", "-o",
                           f"size={size},mode=0700", "tmpfs", str(path)],
                          capture_output=True, text=True)
    if done.returncode != 0:
        pytest.skip(f"no file system may be mounted: {done.stderr.strip()}")
    try:
        yield path
    finally:
        subprocess.run(["umount", "-l", str(path)], check=True)


@pytest.mark.skipif(os.getuid() != 0, reason="only root mounts a tmpfs")
def test_it_goes_on_by_itself(world, daemon):
    d = daemon()
    with small_disk(d.folder / "disk", 48 * MIB) as disk:
        d.configure(database=disk / "psirtd.db", reserve="16M")
        d.start()
        world.deliver(letters.finder_report(world.finder, world.poc))
        until(d.psirt.cases, 20 * SLOW, "the first case")
        assert trouble(d) == ""
        filler = disk / "filler"
        filler.write_bytes(bytes(40 * MIB))
        until(lambda: "disk:" in trouble(d), 20 * SLOW, "the full disk")
        world.deliver(letters.finder_report(world.finder2, world.poc),
                      people.FINDER2)
        mail, = world.wait_mails(people.DESK, 1, world.desk, "alert")
        assert "disk" in mail.text
        time.sleep(5)
        assert len(d.psirt.letters()) == 1
        assert len(world.letters(letters.POC)) == 1
        filler.unlink()
        until(lambda: trouble(d) == "", 20 * SLOW, "room")
        # It is looked at again within half a minute.
        until(lambda: len(d.psirt.letters()) == 2, 60 * SLOW,
              "the letter that waited")
        assert d.stop() == 0
    assert d.text().count("the disk is nearly full") == 1


# ---- the mailbox -------------------------------------------------------------

def test_a_mailbox_that_is_not_reached(world, daemon):
    d = daemon(mailbox={"connect_to": "127.0.0.9", "unreachable": "4s"},
               desk={"alert_plain": [PHONE]})
    d.start()
    mail, = world.wait_mails(PHONE, 1, kind="wake", seconds=30 * SLOW)
    assert lines(mail) == ["unreachable"]
    mail, = world.wait_mails(people.DESK, 1, world.desk, "alert")
    assert "unreachable" in mail.text
    assert "not reached since 20" in trouble(d)
    # Once until it is back, whoever starts it anew.
    assert d.stop() == 0
    d.start()
    time.sleep(12)
    assert d.stop() == 0
    assert len(woken(world)) == len(alerts(world)) == 1
    d.configure(mailbox={"unreachable": "4s"})
    world.deliver(letters.clear_report(), people.STRANGER)
    d.start()
    until(d.psirt.letters, 20 * SLOW, "a letter out of the mailbox")
    assert trouble(d) == ""
    assert d.stop() == 0
    d.configure(mailbox={"connect_to": "127.0.0.9", "unreachable": "4s"})
    d.start()
    world.wait_mails(PHONE, 2, kind="wake", seconds=30 * SLOW)
    assert d.stop() == 0


# ---- claims and attacks --------------------------------------------------------

def test_claims_and_attacks(world, daemon):
    d = daemon(desk={"alert_plain": [PHONE, people.QUALITY],
                     "language": "ja"})
    for _ in range(3):
        world.deliver(letters.jpcert_notice(world.forger, world.poc),
                      letters.JPCERT)
    world.deliver(letters.finder_report(
        world.finder, world.poc,
        text=letters.ENGLISH + "\nIt is being exploited in the wild.\n"))
    assert d.once() == 0, d.text()
    assert d.once() == 0, d.text()
    for address in (PHONE, people.QUALITY):
        mails = world.mails(address, kind="wake")
        said = [line for mail in mails for line in lines(mail)]
        assert mails and all(m.signers == [world.poc.fingerprint]
                             and m.subject == "窓口の確認が必要です"
                             for m in mails)
        assert any(line.startswith("forged: letter ") for line in said)
        assert any(line.startswith("exploited: letter ")
                   and line.endswith("-0001") for line in said), said
        for mail in mails:
            for secret in (b"XYZ-100", b"JVN#", b"JPCERT#", b"overflow",
                           letters.FINDER.encode()):
                assert secret not in mail.raw, secret


def test_the_check_says_that_it_goes_in_clear(world, daemon):
    d = daemon(desk={"alert_plain": [PHONE]})
    code, said = d.check()
    assert code == 0 and "note: alert_plain: these mails leave in clear" in said
    d.configure(desk={"alert_plain": [letters.POC]})
    code, said = d.check()
    assert code == 78 and "is the desk's own address" in said


# ---- the heartbeat ---------------------------------------------------------------

def beat(d):
    path = d.folder / "heartbeat"
    return json.loads(path.read_text()) if path.exists() else None


def alive(path):
    """As psirtd(8) shows it."""
    return subprocess.run(f"find {path} -mmin -3 | grep -q .", shell=True,
                          stderr=subprocess.DEVNULL).returncode == 0


def test_the_heartbeat(world, daemon):
    d = daemon()
    path = d.folder / "heartbeat"
    assert not alive(path)
    d.start()
    first = until(lambda: beat(d), 20 * SLOW, "the heartbeat")
    assert first["disk"] == "fine" and first["letters"] == 0
    assert alive(path) and path.stat().st_mode & 0o777 == 0o644
    until(lambda: beat(d)["at"] != first["at"], 60 * SLOW, "the next")
    assert beat(d)["mailbox"] == "reached"
    # Nothing of a letter stands in it.
    assert set(beat(d)) == {"at", "mailbox", "mailbox_s", "disk", "letters",
                            "letter_s", "mails", "mail_s"}
    # One that is stuck lets it grow old; so does one that died.
    d.process.send_signal(signal.SIGSTOP)
    os.utime(path, (time.time() - 600,) * 2)
    time.sleep(5)
    assert not alive(path)
    d.process.send_signal(signal.SIGCONT)
    until(lambda: alive(path), 60 * SLOW, "the heart to beat again")
    d.kill()
    assert path.exists()
    d.start()
    assert d.stop() == 0
    assert not path.exists() and list(d.folder.glob("heartbeat*")) == []


def test_no_heartbeat_of_a_single_round(world, daemon):
    d = daemon(heartbeat=None)
    assert d.once() == 0
    assert beat(d) is None


def test_the_man_page_shows_this_check():
    page = pathlib.Path(__file__).resolve().parents[2] / "daemon/psirtd.8"
    assert "find /run/psirtd/heartbeat -mmin -3 | grep -q ." in page.read_text()
