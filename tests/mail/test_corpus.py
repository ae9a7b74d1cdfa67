"""Letters that other people wrote, all of them, through the whole program.

They lie outside of this tree (PSIRTD_LETTERS names the folder) and are used
by their path.  None is lost, none stays on the way, none costs another one
anything, and what psirt shows of them holds nothing that moves a terminal.
"""

import base64
import collections
import hashlib
import os
import pathlib
import re
from concurrent.futures import ThreadPoolExecutor

import pytest

import letters
from process import until
from program import SLOW, TOP

FOLDER = pathlib.Path(os.environ.get("PSIRTD_LETTERS")
                      or TOP.parent / "shared/data/letters")
AT_ONCE = 50
# What a letter may become; a case is "filed".
ENDS = {"filed", "inquiry", "set-aside", "quarantined"}
# Words of the log that say that a room or a child of one came to harm.
HARM = re.compile(r"Sanitizer|runtime error|crashed|is gone|does not stay up"
                  r"|ran out of memory|took too long|answered more than"
                  r"|interrupted|given up|nobody asked for|unreadable|a job")

pytestmark = pytest.mark.skipif(not FOLDER.is_dir(),
                                reason=f"no letters in {FOLDER}")


def wrapped(data):
    """An OpenPGP object as PGP/MIME: whoever sent it, it is opened."""
    body = base64.encodebytes(data).replace(b"\n", b"\r\n")
    return letters.letter(
        letters.head("an object", sender="object@rnp.example", date=1),
        letters.multipart("encrypted", [
            b"Content-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n",
            b"Content-Type: application/octet-stream\r\n"
            b"Content-Transfer-Encoding: base64\r\n\r\n" + body],
            ';\r\n protocol="application/pgp-encrypted"'))


def collection():
    """(name, bytes): the letters, and each OpenPGP object in one."""
    for path in sorted(FOLDER.rglob("*")):
        if path.suffix in (".eml", ".msg"):
            yield str(path.relative_to(FOLDER)), path.read_bytes()
    for path in sorted((FOLDER.parent / "openpgp").rglob("*")):
        if path.is_file():
            yield path.name, wrapped(path.read_bytes())


# What a terminal obeys, and what hides or turns text around.
UNSAFE = re.compile("[\0-\x09\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f"
                    "\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
                    "\U000e0000-\U000e007f]")


def shown(d, number):
    """The digest of a letter's bytes, once psirt has shown all of it."""
    raw = d.psirt.run("letter", str(number), "--raw", binary=True)
    assert raw.returncode == 0, (number, raw.stderr)
    for form in ([], ["--json"]):
        text = d.psirt.text("letter", str(number), *form)
        assert UNSAFE.findall(text) == [], (number, form)
    return hashlib.sha256(raw.stdout).hexdigest()


def test_every_letter(world, daemon):
    d = daemon(mailbox={"poll": "1s"},
               limits={"acknowledge_per_hour": 1000,
                       "automatic_per_hour": 10000})
    d.start()
    names = {}
    canaries = 0

    def canary():
        nonlocal canaries
        canaries += 1
        world.lay(letters.finder_report(
            world.finder, world.poc,
            text=letters.ENGLISH.replace("2000", f"{canaries}000")))
        until(lambda: world.count(letters.FINDER) >= canaries, 30 * SLOW,
              f"answer {canaries}")

    for n, (name, data) in enumerate(collection(), 1):
        names.setdefault(hashlib.sha256(world.lay(data)).hexdigest(), name)
        if n % AT_ONCE == 0:
            canary()
    canary()
    assert len(names) > 300
    rows = until(lambda: all_done(d), 60 * SLOW, "the last letters")
    with ThreadPoolExecutor(2) as pool:
        digests = list(pool.map(lambda row: shown(d, row["letter"]), rows))
    harm = [x for x in d.text().splitlines() if HARM.search(x)]
    assert harm == []
    assert len(world.mails(letters.FINDER, None, "acknowledge")) == canaries
    # Each is one letter, with the very bytes that lay in the mailbox.
    known = [digest for digest in digests if digest in names]
    assert {names[x] for x in names.keys() - set(known)} == set(), "lost"
    assert [names[x] for x, count in collections.Counter(known).items()
            if count > 1] == [], "twice"
    assert len(digests) == len(known) + canaries
    for row, digest in zip(rows, digests):
        name = names.get(digest, "canary")
        assert row["state"] in ENDS, (name, row)
        assert row["reason"] not in ("none", "?"), (name, row)
        assert (row["case"] is not None) or row["state"] != "filed", (name, row)
    assert d.psirt.text("log", "--verify")
    assert d.alive() and d.stop() == 0


def all_done(d):
    rows = d.psirt.letters()
    if any(row["state"] in ("received", "opened") for row in rows):
        return None
    return rows
