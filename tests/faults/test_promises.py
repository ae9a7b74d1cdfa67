"""The look from outside finds what it is for."""

import base64
import shutil
import subprocess

import pytest

import letters
import world as people
from process import until
from promises import ENDLESS, Delivered, promises
from table import COUNTS, Row


@pytest.fixture
def desk(world, daemon):
    """(delivered, daemon) of a desk that kept every promise."""
    delivered = Delivered(world)
    d = daemon(**ENDLESS).start()
    delivered.sealed()
    delivered.again(delivered.report())
    until(lambda: len(world.letters(letters.POC, "Filed")) == 3, 20,
          "the letters to be filed")
    promises(world, d, delivered)
    return delivered, d


def broken(world, d, delivered, *words, **counts):
    row = Row("made up")
    with pytest.raises(AssertionError) as said:
        promises(world, d, delivered, row)
    for word in words:
        assert word in str(said.value)
    for name in COUNTS[:2]:
        assert row.counts[name] == counts.get(name, 0)
    assert row.counts["broken"] > 0


def test_lost_letter(world, desk):
    delivered, d = desk
    delivered.append(b"another\r\n")
    broken(world, d, delivered, "no row with its exact bytes",
           "left the mailbox", "2 letters for 3", letters_lost=1)


def test_unrecorded_copy_and_foreign_row(world, desk):
    delivered, d = desk
    delivered.append(delivered[0])
    broken(world, d, delivered, "a copy has no row")
    del delivered[1:]
    broken(world, d, delivered, "2 letters for 1")


def test_doubled_and_missing_answers(world, desk):
    delivered, d = desk
    mail, = (world.mail / people.STRANGER).glob("new/*")
    shutil.copy(mail, f"{mail}.again")
    broken(world, d, delivered, "came 2 times", answers_doubled=1)
    for path in (world.mail / people.STRANGER).glob("new/*"):
        path.unlink()
    broken(world, d, delivered, "not acknowledged", "nobody got it")


@pytest.mark.parametrize("written", [
    lambda word: word.encode(), lambda word: word.encode("utf-16-le"),
    lambda word: base64.b64encode(b"xy" + word.encode())])
def test_word_in_clear(world, desk, written):
    delivered, d = desk
    (d.folder / "w/temporary").write_bytes(b"..." + written(delivered.word))
    broken(world, d, delivered, "in clear: ")


def test_process_left(world, desk):
    delivered, d = desk
    with subprocess.Popen(["/bin/sh", "-c", "sleep 60; :", d.folder]) as left:
        try:
            broken(world, d, delivered, f"left running: [({left.pid}")
        finally:
            left.kill()
