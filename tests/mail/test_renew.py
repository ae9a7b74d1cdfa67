"""A new data key, while the desk works (RULES 17).

Everything is sealed anew beside the daily work; a SIGKILL amid costs nothing;
in the end nothing in the file is under the key of before.
"""

import contextlib
import shutil
import sqlite3

import pytest

import letters
from process import until
from program import SLOW

UNWALKED = ("data_key", "renewal", "letter_chunk", "record")


def great(mib):
    """A letter that takes many batches."""
    return letters.of_size(mib << 20)


def text_letter(n):
    return letters.plain(f"words {n}\n", subject=f"question {n}")


def raw(d):
    """The bytes of every letter, by its number."""
    return {x["letter"]: d.psirt.run("letter", str(x["letter"]), "--raw",
                                     binary=True).stdout
            for x in d.psirt.letters()}


def arrived(d, count):
    until(lambda: len(d.psirt.letters()) >= count, 60 * SLOW,
          f"{count} letters")


def renewal(d):
    return d.psirt.json()["renewal"]


def rows(db, text):
    with contextlib.closing(
            sqlite3.connect(f"file:{db}?mode=ro", uri=True)) as base:
        return base.execute(text).fetchall()


def under(db, key):
    """Which columns hold something under this data key."""
    found = set()
    for table, column in rows(
            db, "SELECT s.name, c.name FROM sqlite_schema s"
            " JOIN pragma_table_info(s.name) c WHERE s.type = 'table'"
            " AND c.type = 'BLOB' AND c.name <> 'digest'"):
        if table in UNWALKED:
            continue
        head = {"lookup": 0, "stream": 0}.get(column, 1)
        for value, in rows(db, f'SELECT "{column}" FROM "{table}"'
                               f' WHERE "{column}" IS NOT NULL'):
            own = (1 if column == "lookup" and len(value) == 32 else
                   int.from_bytes(value[head:head + 4], "big"))
            if own == key:
                found.add(f"{table}.{column}")
    return found


def copy_of(d):
    """The database as a backup of a daemon that is down."""
    path = d.folder / "before.db"
    shutil.copy(d.database, path)
    return path


@pytest.mark.limit(170)
def test_all_is_sealed_anew_while_letters_arrive(world, daemon):
    d = daemon()
    world.lay(great(40))
    for n in range(3):
        world.deliver(text_letter(n))
    d.start()
    arrived(d, 4)
    before = raw(d)
    assert d.stop() == 0
    old = copy_of(d)
    wrapped, = rows(old, "SELECT wrapped FROM data_key")[0]
    assert under(old, 1) and not under(old, 2)

    d.start()
    said = d.psirt.text("key", "renew")
    d.kill()
    assert "A new data key is in use" in said
    assert len(rows(d.database, "SELECT id FROM data_key")) == 2
    d.start()
    assert 0 <= renewal(d)["percent"] < 100
    again = d.psirt.run("key", "renew")
    assert again.returncode == 1 and "being renewed" in again.stderr, again
    assert d.psirt.run("key", "reseal").returncode == 0
    for n in range(3, 6):
        world.deliver(text_letter(n))
    for _ in range(4):
        if renewal(d) is None:
            break
        d.kill()
        d.start()
        if renewal(d) is not None:
            assert {n: x for n, x in raw(d).items() if n in before} == before
    arrived(d, 7)
    until(lambda: renewal(d) is None, 60 * SLOW, "the end of the renewal")
    after = raw(d)
    assert {n: x for n, x in after.items() if n in before} == before
    assert d.psirt.run("log", "--verify").returncode == 0
    lines = [x["what"].replace("-", " ") for x in d.psirt.log()]
    assert lines.count("key renew") == lines.count("key renewed") == 1
    # The POC key opens the new data key alone, and with it everything.
    assert d.stop() == 0
    d.start()
    assert raw(d) == after
    assert d.stop() == 0
    assert not under(d.database, 1)
    assert rows(d.database, "SELECT id FROM data_key") == [(2,)]
    assert wrapped not in d.at_rest()


def test_a_damaged_value_holds_nothing_up(world, daemon):
    """It is told, the rest is brought over, the former key stays."""
    d = daemon()
    for n in range(2):
        world.deliver(text_letter(n))
    d.start()
    arrived(d, 2)
    whole = raw(d)
    assert d.stop() == 0
    with contextlib.closing(sqlite3.connect(d.database)) as db:
        db.execute("UPDATE opening SET wire = zeroblob(200)"
                   " WHERE letter = (SELECT min(letter) FROM opening)")
        db.commit()
    d.start()
    d.psirt.text("key", "renew")
    left = until(lambda: (renewal(d) or {}).get("left") and renewal(d),
                 40 * SLOW, "what is left")
    assert left["left"] == 1 and "opening.wire of row" in left["where"]
    assert "could not be brought over" in " ".join(d.psirt.text().split())
    refused = d.psirt.run("key", "renew")
    assert refused.returncode == 1 and "opening.wire" in refused.stderr
    world.deliver(text_letter(2))
    arrived(d, 3)
    assert {n: x for n, x in raw(d).items() if n in whole} == whole
    assert d.stop() == 0
    assert d.text().count("could not be brought over") == 1
    assert len(rows(d.database, "SELECT id FROM data_key")) == 2
    assert under(d.database, 1) == set()
    d.start()
    assert {n: x for n, x in raw(d).items() if n in whole} == whole
