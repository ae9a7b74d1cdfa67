"""The signed checkpoint of the morning mail: gpg alone believes it, and a
record that was written anew, however well, no longer holds what it says.
"""

import hashlib
import re
import sqlite3
import time
from contextlib import closing

import pytest

import letters
import world as people

BEGIN = "-----BEGIN PGP SIGNED MESSAGE-----"
END = "-----END PGP SIGNATURE-----"
YESTERDAY = 86400 * 2


def put(d, *statements):
    """Whoever holds the file can do this, while psirtd is down."""
    with closing(sqlite3.connect(d.database)) as base, base:
        for statement in statements:
            base.execute(*statement)


def morning(world, d, file):
    """The mail of one morning more; its text is saved as it was read."""
    before = len(world.mails(people.DESK, world.desk, "morning"))
    put(d, ("INSERT OR REPLACE INTO memo VALUES ('morning', ?)",
            (int(time.time()) - YESTERDAY,)))
    assert d.once() == 0, d.text()
    mail = world.wait_mails(people.DESK, before + 1, world.desk,
                            "morning")[-1]
    path = d.folder / file
    path.write_text(mail.text)
    return path


def begin(daemon, world, **keys):
    d = daemon(procedure={"morning": "00:00"}, keys=keys)
    world.deliver(letters.finder_report(world.finder, world.poc))
    assert d.once() == 0, d.text()
    return d


def said(path):
    """Lines, head and what else stands under the signature."""
    block = path.read_text().partition(BEGIN)[2].partition("-----BEGIN")[0]
    return dict(re.findall(r"^(\w+): (\S+)$", block, re.M))


def verify(d, path):
    return d.psirt.run("log", "--verify", "--checkpoint", str(path))


def field(value):
    """As the record hashes a text or digest, and one that is not there."""
    if value is None:
        return (0).to_bytes(8, "big")
    value = value.encode() if isinstance(value, str) else value
    return (len(value) + 1).to_bytes(8, "big") + value


def write_anew(d, change, *values):
    """Change lines, and make every link fit again."""
    with closing(sqlite3.connect(d.database)) as base, base:
        triggers = base.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
            " AND tbl_name = 'record'").fetchall()
        for name, _ in triggers:
            base.execute(f"DROP TRIGGER {name}")
        base.execute(change, values)
        link = bytes(32)
        for *numbers, actor, digest, note in base.execute(
                "SELECT id, at, what, casefile, letter, outmail, code, actor,"
                " digest, note FROM record ORDER BY id").fetchall():
            link = hashlib.sha256(
                link + b"".join(n.to_bytes(8, "big") for n in numbers)
                + field(actor) + field(digest) + field(note)).digest()
            base.execute("UPDATE record SET chain = ? WHERE id = ?",
                         (link, numbers[0]))
        base.execute("UPDATE sequence SET last = (SELECT max(id) FROM record)"
                     " WHERE name = 'record'")
        for _, sql in triggers:
            base.execute(sql)


def test_it_matches_today_and_later(world, daemon):
    d = begin(daemon, world)
    old = morning(world, d, "old.txt")
    now = said(old)
    assert now["desk"] == letters.POC
    # An auditor needs the POC's public key, and neither us nor the machine.
    done = world.finder.gpg("--status-fd", "1", "--verify", str(old))
    assert f"VALIDSIG {world.poc.fingerprint}".encode() in done.stdout
    new = morning(world, d, "new.txt")
    assert int(said(new)["lines"]) > int(now["lines"])
    d.start()
    for path in (old, new):
        answer = d.psirt.json("log", "--verify", "--checkpoint", str(path))
        assert answer["whole"]
        assert answer["checkpoint"]["line"] == int(said(path)["lines"])
        assert answer["checkpoint"]["at"] == said(path)["at"]
    chain = {row["line"]: row["chain"] for row in d.psirt.log()}
    assert chain[int(now["lines"])] == now["head"]
    text = verify(d, old).stdout
    assert "is whole" in text and f"line {now['lines']} is the same" in text
    # It means nothing but in a verification.
    assert "--checkpoint goes with --verify" in d.psirt.run(
        "log", "--checkpoint", str(old)).stderr
    assert d.stop() == 0


def test_a_record_written_anew_is_found_out(world, daemon):
    d = begin(daemon, world)
    path = morning(world, d, "kept.txt")
    lines = int(said(path)["lines"])
    write_anew(d, "UPDATE record SET actor = 'eve' WHERE id = ?", lines // 2)
    d.start()
    # Without the checkpoint nobody could tell.
    assert d.psirt.json("log", "--verify")["whole"]
    done = verify(d, path)
    assert done.returncode == 1 and done.stdout == ""
    assert f"rewritten: line {lines} is another" in done.stderr
    assert d.stop() == 0


def test_lines_that_were_cut_off_are_missed(world, daemon):
    d = begin(daemon, world)
    path = morning(world, d, "kept.txt")
    lines = int(said(path)["lines"])
    write_anew(d, "DELETE FROM record WHERE id > ?", lines // 2)
    d.start()
    whole = d.psirt.json("log", "--verify")
    assert whole["whole"] and whole["lines"] < lines
    done = verify(d, path)
    assert done.returncode == 1
    assert "lines are missing" in done.stderr and str(lines) in done.stderr
    assert d.stop() == 0


def forged(world, path, text):
    """What a thief of the database, but not of the key, could make."""
    block = BEGIN + text.partition(BEGIN)[2].partition(END)[0] + END + "\n"
    words = block.partition("\n\n")[2].partition("-----BEGIN")[0]
    by_another = world.forger.gpg(
        "--armor", "--clearsign", data=words.encode()).stdout
    note = world.poc.gpg("--armor", "--local-user", world.poc.fingerprint,
                         "--clearsign", data=b"a word of ours\n").stdout
    bare = re.sub(r"^[a-z]+: \S+\n", "", words, flags=re.M)
    other = world.poc.gpg(
        "--armor", "--local-user", world.poc.fingerprint, "--clearsign",
        data=(bare + words + "more: words\n").encode()).stdout
    return [
        (re.sub(r"^lines: \d+", "lines: 1", block, flags=re.M),
         "it was changed after it was signed"),
        (by_another.decode(), "a key signed it that is not known here"),
        (note.decode(), "it is signed by us, but it is no checkpoint"),
        (other.decode(), "it is signed by us, but it is no checkpoint"),
        (words, "holds no checkpoint"),
        (block + block, "two clearsigned texts"),
        (block.replace("-----END PGP SIGNATURE-----", ""),
         "holds no checkpoint"),
    ]


def test_a_forged_one_is_refused(world, daemon):
    d = begin(daemon, world)
    path = morning(world, d, "kept.txt")
    text = path.read_text()
    d.start()
    for content, why in forged(world, path, text):
        path.write_text(content)
        done = verify(d, path)
        assert done.returncode == 1, content
        assert why in done.stderr, (done.stderr, content)
    # A pinned key is believed for what it is pinned for, and not here.
    words = text.partition(BEGIN)[2].partition("\n\n")[2]
    path.write_bytes(world.jpcert.gpg(
        "--armor", "--clearsign",
        data=words.partition("-----BEGIN")[0].encode()).stdout)
    assert "another key than the POC's" in verify(d, path).stderr
    path.write_text(text.replace("\n", "\r\n"))
    assert verify(d, path).returncode == 0
    assert d.stop() == 0


@pytest.mark.parametrize("expired", [False, True])
def test_under_a_key_of_before(world, daemon, expired):
    """The POC key was changed since; the old one has even expired."""
    made = world.poc.make(f"Vendor PSIRT of before <{letters.POC}>")
    d = begin(daemon, world, poc=made, retired=[world.poc.fingerprint])
    path = morning(world, d, "kept.txt")
    if expired:
        world.poc.gpg("--quick-set-expire", made, "seconds=1")
        time.sleep(2)
    d.configure(keys={"poc": world.poc.fingerprint, "retired": [made]})
    d.start()
    assert verify(d, path).returncode == 0
    d.psirt.text("key", "reseal")
    assert d.stop() == 0
    # Whose key the settings know no more is nobody's.
    d.configure(keys={})
    d.start()
    done = verify(d, path)
    assert done.returncode == 1 and "not known here" in done.stderr
    assert d.stop() == 0
