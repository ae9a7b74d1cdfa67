"""psirtd --inspect: a database at rest, without its key."""

import os
import subprocess

import letters
import world as people
from program import BUILD, SETUP


def inspect(path):
    done = subprocess.run([str(BUILD / "psirtd"), "--inspect", str(path)],
                          capture_output=True, text=True, timeout=60,
                          env={"PATH": "/usr/bin:/bin", **{
                              name: os.environ[name] for name in
                              ("ASAN_OPTIONS", "LSAN_OPTIONS")
                              if name in os.environ}})
    return done.returncode, done.stdout, done.stderr


def test_numbers_dates_and_states_alone(world, daemon):
    d = daemon()
    world.deliver(letters.finder_report(world.finder, world.poc))
    world.deliver(letters.inquiry(), people.STRANGER)
    assert d.once() == 0, d.text()
    code, out, err = inspect(d.database)
    assert code == 0, err
    lines = out.splitlines()
    case, = [x for x in lines if x.startswith("case ")]
    assert "PSIRT-" in case and "flow=direct" in case and "state=open" in case
    states = {x.split("state=")[1].split()[0] for x in lines
              if x.startswith("letter ")}
    assert states == {"filed", "inquiry"}
    assert sum("kind=acknowledge state=sent" in x for x in lines) == 1
    assert lines[-1].startswith("record ") and "whole" in lines[-1]
    for word in ("XYZ-100", "xylophone", letters.FINDER, "Robin", "plc",
                 world.finder.fingerprint):
        assert word not in out
    # It changed nothing: the daemon goes on, and finds nothing to do.
    assert d.once() == 0, d.text()
    assert len(world.mails(letters.FINDER)) == 1


def test_not_beside_a_daemon(world, daemon):
    d = daemon().start()
    code, out, err = inspect(d.database)
    assert code == SETUP and "in use" in err and out == ""
    assert d.alive()


def test_what_is_no_database_is_refused(world, daemon):
    d = daemon()
    code, _, err = inspect(d.folder / "nothing.db")
    assert code == SETUP and "nothing.db" in err
    assert not (d.folder / "nothing.db").exists()
    code, _, err = inspect(d.conf)
    assert code == SETUP and err
