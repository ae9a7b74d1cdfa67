"""What a kill leaves of a backup, of a restore and of a purge, and which files
are no backup: never half of one that is taken for whole, never a database
that is neither the old nor the new one.
"""

import hashlib
import random
import shutil
import signal
import sqlite3
import subprocess
import threading
import time

import pytest

import letters
from process import until
from program import BUILD, SETUP, SLOW
from test_backup import restore, set_aside, settle
from test_inspect import inspect
from test_purge import YEAR, age
from test_renew import raw, renewal

MIB = 1 << 20


def great(world, d, count, mib=12):
    """A database that takes its time to be copied; the running daemon."""
    for _ in range(count):
        world.lay(letters.of_size(mib * MIB))
    d.start()
    until(lambda: len(d.psirt.letters()) == count, 60 * SLOW, "the letters")


def ask(d, *words):
    return subprocess.Popen([str(BUILD / "psirt"), "--socket", str(d.socket),
                             *map(str, words)],
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            env={"PATH": "/usr/bin:/bin"}, text=True)


def size_of_unnamed(pid):
    """What psirt's file without a name holds by now."""
    for fd in range(3, 12):
        try:
            with open(f"/proc/{pid}/fd/{fd}", "rb") as f:
                f.seek(0, 2)
                size = f.tell()
        except OSError:
            continue
        if size > 0:
            return size
    return 0


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


# ---- a backup ----

def test_killed_amid_a_backup(world, daemon):
    """psirt or psirtd: there is no file, and the next one is whole."""
    d = daemon()
    great(world, d, 4)
    gone = d.folder / "gone.db"
    for victim in ("psirt", "psirtd", "psirt"):
        process = ask(d, "backup", gone)
        until(lambda: size_of_unnamed(process.pid) > 4 * MIB, 20 * SLOW,
              "a part of it")
        assert process.poll() is None, "it was too quick for this test"
        if victim == "psirt":
            process.kill()
        else:
            d.kill()
        process.communicate(timeout=20 * SLOW)
        assert process.returncode == (-signal.SIGKILL if victim == "psirt"
                                      else 75)
        assert not gone.exists()
        if victim == "psirtd":
            d.start()
    copy = d.folder / "copy.db"
    d.psirt.text("backup", str(copy))
    code, _, err = inspect(copy)
    assert code == 0, err


# ---- a restore ----

def damaged(copy, path, how):
    """A file that is no whole backup; by hand, as whoever may write it."""
    shutil.copy(copy, path)
    if how == "half":
        with path.open("r+b") as f:
            f.truncate(path.stat().st_size // 8192 * 4096)
    elif how == "page":
        with path.open("r+b") as f:
            f.seek(path.stat().st_size // 8192 * 4096)
            f.write(b"\xaa" * 4096)
    elif how == "empty":
        path.write_bytes(b"")
    elif how == "text":
        path.write_text("no database at all, but some bytes of text\n")
    elif how == "wal":
        (path.parent / f"{path.name}-wal").write_bytes(b"x")
    else:
        with sqlite3.connect(path) as db:
            db.executescript(how)
        db.close()
    return path


NO_TRIGGERS = ("DROP TRIGGER record_not_changed;"
               "DROP TRIGGER record_not_deleted;")
REFUSED = [
    ("half", "malformed"),
    ("page", "damaged"),
    ("empty", "no data key"),
    ("text", "not a database"),
    ("wal", "has a -wal or -journal beside it"),
    (NO_TRIGGERS + "UPDATE record SET actor = 'eve' WHERE id = 2",
     "line 2 of the record is not as it was written"),
    (NO_TRIGGERS + "DELETE FROM record WHERE id = 2", "of the record"),
    ("PRAGMA user_version = 99", "schema version 99, this program knows"),
    ("PRAGMA application_id = 1", "it is the database of another program"),
    ("DELETE FROM data_key", "no data key"),
]


def test_what_is_no_backup_is_refused(world, daemon, tmp_path):
    """With a sentence that says why; the one that was set aside, and the file
    itself, are as they were."""
    d = daemon()
    world.deliver(letters.finder_report(world.finder, world.poc))
    settle(d)
    d.start()
    copy = d.folder / "copy.db"
    d.psirt.text("backup", str(copy))
    d.stop()
    code, said = restore(d, copy)
    assert code == SETUP and f"{d.database} is there" in said
    aside = d.folder / "before.db"
    d.database.rename(aside)
    was = digest(aside)
    for n, (how, why) in enumerate(REFUSED):
        path = damaged(copy, tmp_path / f"{n}.db", how)
        before = digest(path)
        code, said = restore(d, path)
        assert code == SETUP and "nothing was restored" in said, (how, said)
        assert why in said, (how, said)
        assert digest(path) == before and digest(aside) == was
        assert sorted(x.name for x in d.folder.glob("psirtd.db*")) == []
    assert restore(d, copy)[0] == 0
    assert d.once() in (0, 75), d.text()


def test_killed_amid_a_restore(world, daemon):
    """There is no database, and nothing starts; or the whole one."""
    d = daemon()
    great(world, d, 4)
    was = raw(d)
    copy = d.folder / "copy.db"
    d.psirt.text("backup", str(copy))
    d.stop()
    set_aside(d)
    started = time.monotonic()
    assert restore(d, copy)[0] == 0
    lasts = time.monotonic() - started
    amid = 0
    for n in range(8):
        set_aside(d)
        process = subprocess.Popen(
            [str(BUILD / "psirtd"), "-c", str(d.conf), "--restore",
             str(copy)], stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, env={"PATH": "/usr/bin:/bin"})
        time.sleep(lasts * (n + random.random()) / 8)
        process.kill()
        process.wait()
        left = d.folder / "psirtd.db.restoring"
        if d.database.exists():
            code, _, err = inspect(d.database)
            assert code == 0, err
        elif left.exists():
            amid += 1
            assert d.once() == SETUP
            assert "a restore was cut short" in d.text()
            assert not d.database.exists()
    assert amid > 2
    if not d.database.exists():
        code, said = restore(d, copy)
        assert code == 0, said
    assert not (d.folder / "psirtd.db.restoring").exists()
    d.start()
    assert raw(d) == was


def test_a_backup_amid_a_renewal(world, daemon):
    """It holds both data keys, and the renewal goes on where it is restored."""
    d = daemon()
    great(world, d, 2)
    world.deliver(letters.finder_report(world.finder, world.poc))
    until(lambda: len(d.psirt.letters()) == 3, 20 * SLOW, "the report")
    was = raw(d)

    began = time.monotonic()
    d.psirt.text("backup", str(d.folder / "idle.db"))
    usual = time.monotonic() - began

    def copy_amid(n):
        """A renewal is the quicker: it begins when the copy is nearly done."""
        copy = d.folder / f"copy{n}.db"
        backup = threading.Thread(target=d.psirt.text,
                                  args=("backup", str(copy)))
        backup.start()
        time.sleep(usual * (40 + 5 * n) / 100)
        d.psirt.text("key", "renew")
        backup.join()
        with sqlite3.connect(copy) as db:
            keys = db.execute("SELECT count(*) FROM data_key").fetchone()
            amid = db.execute("SELECT count(*) FROM renewal").fetchone()
        db.close()
        assert keys == ((2,) if amid == (1,) else (1,))
        if amid == (1,):
            return copy
        until(lambda: renewal(d) is None, 60 * SLOW, "its end")
        return None
    copy = next(filter(None, map(copy_amid, range(13))))
    d.kill()
    set_aside(d)
    code, said = restore(d, copy)
    assert code == 0, said
    d.start()
    assert raw(d) == was
    until(lambda: renewal(d) is None, 60 * SLOW, "the end of the renewal")
    assert raw(d) == was
    d.psirt.text("log", "--verify")


# ---- a purge ----

@pytest.mark.limit(120)
def test_killed_amid_a_purge(world, daemon):
    """It goes on at the next one, and takes nothing but what is old."""
    d = daemon(procedure={"retention_years": 1})
    great(world, d, 3)
    d.stop()
    age(d, 2 * YEAR)
    world.deliver(letters.finder_report(world.finder, world.poc))
    settle(d)
    d.start()
    young = d.psirt.cases()[0]["case"]
    keep = [x["letter"] for x in d.psirt.letters() if x["case"] == young]
    was = {n: raw_of(d, n) for n in keep}
    assert len(d.psirt.json("purge", "--dry-run")["letters"]) == 3
    amid = 0
    for n in range(20):
        process = ask(d, "purge", "--json")
        time.sleep(0.002 * (n + 1))
        d.kill()
        process.communicate(timeout=20 * SLOW)
        with sqlite3.connect(d.database) as db:
            chunks = dict(db.execute("SELECT letter, count(*) FROM"
                                     " letter_chunk GROUP BY letter"))
        db.close()
        amid += 0 < sum(v for k, v in chunks.items() if k not in keep) < \
            3 * 12 * MIB // 65536
        d.start()
        assert {n: raw_of(d, n) for n in keep} == was
        if not d.psirt.json("purge", "--dry-run")["letters"]:
            break
    assert amid > 0
    d.psirt.text("purge")
    assert d.psirt.json("purge", "--dry-run")["letters"] == []
    assert {n: raw_of(d, n) for n in keep} == was
    d.psirt.text("log", "--verify")
    d.stop()
    with sqlite3.connect(d.database) as db:
        left = db.execute("SELECT DISTINCT letter FROM letter_chunk")
        assert sorted(x for x, in left) == sorted(keep)
    db.close()


def raw_of(d, letter):
    return d.psirt.run("letter", str(letter), "--raw", binary=True).stdout
