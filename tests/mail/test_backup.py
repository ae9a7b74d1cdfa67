"""psirt backup and psirtd --restore: a copy while psirtd works, and back."""

import threading

import letters
from process import until
from test_inspect import inspect


def settle(d):
    assert d.once() == 0, d.text()


def test_a_copy_while_letters_come(world, daemon):
    """Writes go on, the letter is answered, and the copy is whole."""
    d = daemon()
    world.deliver(letters.finder_report(world.finder, world.poc))
    settle(d)
    d.start()
    copy = d.folder / "copy.db"
    answer = d.psirt.json("backup", str(copy))
    assert copy.stat().st_mode & 0o777 == 0o600
    code, out, err = inspect(copy)
    assert code == 0, err
    assert (f"record {answer['lines']} lines, whole, head {answer['head']}"
            == out.splitlines()[-1])
    assert any(x.startswith("case ") for x in out.splitlines())
    # Its own line stands in the record, and in the copy.
    line = [x for x in d.psirt.log() if x["what"] == "backup"]
    assert len(line) == 1 and line[0]["line"] == answer["lines"]
    raw = copy.read_bytes()
    for word in (b"xylophone", letters.FINDER.encode(), b"Robin"):
        assert word not in raw


def test_a_large_one_keeps_nobody_waiting(world, daemon):
    """A letter that comes amid a backup is acknowledged, and in the copy or
    not: either is whole."""
    d = daemon()
    for n in range(4):
        world.lay(letters.finder_report(world.finder, world.poc))
    settle(d)
    d.start()
    stop = threading.Event()
    codes = []

    def again():
        n = 0
        while not stop.is_set():
            done = d.psirt.run("backup", str(d.folder / f"c{n}.db"))
            codes.append(done.returncode)
            n += 1

    thread = threading.Thread(target=again)
    thread.start()
    try:
        before = len(world.mails(letters.FINDER))
        world.deliver(letters.finder_report(world.finder2, world.poc),
                      letters.FINDER)
        until(lambda: len(world.mails(letters.FINDER)) > before, 20,
              "an acknowledgement")
    finally:
        stop.set()
        thread.join()
    assert codes and set(codes) == {0}
    for n in range(len(codes)):
        code, _, err = inspect(d.folder / f"c{n}.db")
        assert code == 0, err


def test_never_over_a_file_and_never_half_of_one(world, daemon):
    d = daemon().start()
    there = d.folder / "there.db"
    there.write_text("precious")
    done = d.psirt.run("backup", str(there))
    assert done.returncode == 1 and "is there" in done.stderr
    assert there.read_text() == "precious"
    done = d.psirt.run("backup", str(d.folder / "no" / "where.db"))
    assert done.returncode == 1
    d.kill()
    gone = d.folder / "gone.db"
    assert d.psirt.run("backup", str(gone)).returncode == 75
    assert not gone.exists()
