"""Where the secrets stand in memory, once the daemon is at work.

Root reads the memory of every process, as a core file or a snapshot would show
it.  The data key is needed for a moment at the start; kept are keys made of it,
once, in the engine.  The passphrase is kept by who hands it on, the engine, and
who answers gpg with it, each vault; a password by the engine and its room.
"""

import collections
import hashlib
import os
import shutil
import sqlite3
import tempfile

import pytest

import letters
import world as people
from program import Daemon
from test_walls import at_rest, real, roles
from world import World

pytestmark = [real, pytest.mark.skipif(
    os.getuid() != 0, reason="root alone reads the memory of others")]
PASSPHRASE = "heron quarry lantern 5309 velvet"
LOOKUPS = 16  # more kinds of look-up than there are


def memory(pid):
    """The bytes of every mapping that can be read."""
    with open(f"/proc/{pid}/maps", encoding="utf-8") as maps:
        rows = [line.split(maxsplit=5) for line in maps]
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as mem:
        for row in rows:
            start, end = (int(x, 16) for x in row[0].split("-"))
            name = row[5].strip() if len(row) > 5 else "-"
            if name in ("[vvar]", "[vsyscall]", "[vvar_vclock]"):
                continue
            try:
                mem.seek(start)
                yield mem.read(end - start)
            except (OSError, ValueError):
                continue  # a guard page


def data_key(world, d):
    """As the holder of the POC key opens it."""
    with tempfile.TemporaryDirectory(dir=d.folder) as folder:
        for path in d.folder.glob("psirtd.db*"):  # it is locked
            if not path.name.endswith("-shm"):
                shutil.copy(path, folder)
        db = sqlite3.connect(f"{folder}/psirtd.db")
        wrapped, = db.execute("SELECT wrapped FROM data_key"
                              " ORDER BY id DESC").fetchone()
        db.close()
    key, _ = world.poc.decrypt(wrapped)
    assert len(key) == 32
    return key


def subkey(key, use, number):
    """crypto_kdf of libsodium."""
    return hashlib.blake2b(b"", digest_size=32, key=key,
                           salt=number.to_bytes(8, "little"),
                           person=use.encode()).digest()


def found(d, secrets):
    """{(what secret, role): how often each process of that role has it}"""
    there = collections.defaultdict(list)
    for pid, role in roles(d).items():
        counts = collections.Counter()
        for data in memory(pid):
            for name, secret in secrets.items():
                counts[name] += data.count(secret)
        for name, count in counts.items():
            if count:
                there[name, role].append(count)
    return dict(there)


@pytest.fixture(scope="module")
def locked():
    """A world whose POC key has a passphrase."""
    w = World(passphrase=PASSPHRASE)
    yield w
    assert w.close() == []


def work(world, d):
    for text in (letters.ENGLISH, letters.ENGLISH.replace("2000", "3000")):
        world.deliver(letters.finder_report(world.finder, world.poc, text))
    world.deliver(letters.clear_report(), people.STRANGER)
    world.wait_mails(letters.FINDER, 2)
    world.wait_mails(people.STRANGER)


def test_each_secret_has_its_one_place(locked):
    d = Daemon(locked)
    try:
        d.start()
        work(locked, d)
        look(locked, d)  # the key was made by us
        assert d.stop() == 0
        d.start()
        look(locked, d)  # it was opened by a vault
        d.psirt.text("key", "reseal")
        look(locked, d)  # and again, under way to another
        key = data_key(locked, d)
        d.psirt.text("key", "renew")
        at_rest(d)
        new = data_key(locked, d)
        assert new != key
        assert found(d, {"former": key, "new": new}) == {}
        assert d.stop() == 0
    finally:
        d.remove()


def look(world, d):
    at_rest(d)
    key = data_key(world, d)
    secrets = {"data key": key, "passphrase": PASSPHRASE.encode(),
               "imap": world.accounts[letters.POC].encode(),
               "smtp": world.submitters["psirtd"].encode(),
               "columns": subkey(key, "psirtcol", 1),
               "letters": subkey(key, "psirtstr", 1)}
    secrets.update({f"look-up {n}": subkey(key, "psirtlkp", n)
                    for n in range(LOOKUPS)})
    there = found(d, secrets)
    made = {name for name in secrets if name.startswith("look-up")
            and (name, "engine") in there}
    assert {"look-up 0", "look-up 1"} <= made
    assert there == {
        **{(name, "engine"): [1] for name in ("columns", "letters", *made)},
        ("passphrase", "engine"): [1], ("passphrase", "vault"): [1, 1],
        ("imap", "engine"): [1], ("imap", "fetch"): [1],
        ("smtp", "engine"): [1], ("smtp", "send"): [1]}
