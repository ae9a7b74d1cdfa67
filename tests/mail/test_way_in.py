"""The way in: whose files are believed, and what settings, flows and
templates cannot do.

Each file is spoilt in one way; psirtd must refuse it, at a start and by
`psirtd -n`, naming it and the words that mend it.
"""

import os
import pathlib
import pwd
import re
import shutil
import subprocess

import pytest

from program import BUILD, SETUP, shipped

STRANGER = "games"  # a user of every Debian who has no business here
root = pytest.mark.skipif(os.getuid() != 0,
                          reason="root alone gives files away")


def own(d):
    """Settings whose every file lies below d's folder: copies that a test
    may spoil."""
    for name in ("templates", "flow-jpcert.conf", "flow-direct.conf"):
        (shutil.copytree if name == "templates" else shutil.copy)(
            shipped(d.world) / name, d.folder / name)
    shutil.copy(d.world.ca, d.folder / "ca.pem")
    shutil.copytree(d.world.poc.folder, d.folder / "g",
                    ignore=shutil.ignore_patterns("S.*"))
    (d.folder / "holidays").write_text("2027-01-01 New Year\n")
    (d.folder / "customers.csv").write_text(
        "name,address,fingerprint,nda,products,integrator,language\n")
    d.configure(
        templates=d.folder / "templates",
        keys={"gnupghome": d.folder / "g"},
        mailbox={"ca_file": d.folder / "ca.pem"},
        procedure={"flow_jpcert": d.folder / "flow-jpcert.conf",
                   "flow_direct": d.folder / "flow-direct.conf",
                   "holidays": d.folder / "holidays",
                   "customers": d.folder / "customers.csv"})
    d.database.write_bytes(b"")
    d.database.chmod(0o600)
    return d


def refused(d, path, mend):
    """By -n and by a start; what to type next stands there."""
    code, said = d.check()
    assert code == SETUP
    lines = [x for x in said.splitlines() if f" {mend} {path}" in x]
    assert len(lines) == 1, said
    assert re.match(re.escape(str(d.conf)) + r"(:\d+)?: ", lines[0]), said
    before = d.database.read_bytes() if d.database.is_file() else None
    d.start(ready=False)
    assert d.process.wait(20) == SETUP
    assert lines[0] in d.text()
    if before is not None:
        assert d.database.read_bytes() == before
    assert not d.socket.exists()
    return lines[0]


CHANGED = [  # what others must not change: the first bit is enough
    "psirtd.conf", "templates", "templates/en", "templates/ja/acknowledge.txt",
    "flow-jpcert.conf", "flow-direct.conf", "holidays", "customers.csv",
    "ca.pem", "g/pubring.kbx", "."]
READ_FIRST = [  # and looked at by who reads them
    "psirtd.conf", "flow-jpcert.conf", "flow-direct.conf", "holidays",
    "customers.csv"]
SECRET = [  # what others must not even see
    "psirtd.db", "mailbox.secret", "submission.secret", "g",
    "g/private-keys-v1.d", "w"]


def test_files_of_our_own_are_fine(daemon):
    code, said = own(daemon()).check()
    assert code == 0, said


@pytest.mark.parametrize("name", CHANGED)
@pytest.mark.parametrize("bit", [0o020, 0o002])
def test_what_others_may_change_is_refused(daemon, name, bit):
    d = own(daemon())
    path = pathlib.Path(os.path.normpath(d.folder / name))
    path.chmod(path.stat().st_mode & 0o777 | bit)
    if bit == 0o002 and name in READ_FIRST:
        code, said = d.check()
        assert code == SETUP
        assert re.search(re.escape(str(path)) + ".*: chmod o-w it", said), said
    else:
        refused(d, path, "chmod go-w")


@pytest.mark.parametrize("name", SECRET)
@pytest.mark.parametrize("bit", [0o040, 0o020])
def test_what_others_may_look_into_is_refused(daemon, name, bit):
    d = own(daemon())
    path = d.folder / name
    path.chmod(path.stat().st_mode & 0o777 | bit)
    refused(d, path, "chmod go=")
    path.chmod(path.stat().st_mode & 0o700)
    assert d.check()[0] == 0


def test_a_key_that_others_may_read_is_refused(daemon):
    d = own(daemon())
    key = min((d.folder / "g/private-keys-v1.d").iterdir())
    key.chmod(0o640)
    refused(d, key, "chmod go=")


@root
@pytest.mark.parametrize("name", ["psirtd.conf", "templates/en/alert.txt",
                                  "flow-direct.conf"])
def test_what_belongs_to_somebody_else_is_refused(daemon, name):
    d = own(daemon())
    os.chown(d.folder / name, pwd.getpwnam(STRANGER).pw_uid, -1)
    assert STRANGER in refused(d, d.folder / name, "chown root")


@root
@pytest.mark.parametrize("name", ["psirtd.db", "mailbox.secret", "g", "w",
                                  "g/pubring.kbx", "."])
def test_a_secret_that_belongs_to_somebody_else_is_refused(daemon, name):
    d = own(daemon())
    path = pathlib.Path(os.path.normpath(d.folder / name))
    os.chown(path, pwd.getpwnam(STRANGER).pw_uid, -1)
    assert STRANGER in refused(d, path, f"chown {pwd.getpwuid(0).pw_name}")


def test_what_is_left_of_a_write_ahead_log_is_looked_at_too(daemon):
    d = own(daemon())
    wal = d.folder / "psirtd.db-wal"
    wal.write_bytes(b"")
    wal.chmod(0o644)
    refused(d, wal, "chmod go=")


def test_a_folder_on_the_way_that_others_may_change_is_refused(daemon):
    """Who may move the folder away may put another in its place."""
    d = own(daemon())
    way = d.folder / "way"
    shutil.copytree(d.folder / "templates", way / "in/templates")
    d.configure(templates=way / "in/templates")
    assert d.check()[0] == 0
    way.chmod(0o775)
    refused(d, way, "chmod go-w")
    way.chmod(0o1777)  # as /tmp: nobody moves what is another's
    assert d.check()[0] == 0


def test_nothing_is_made_in_a_folder_of_everybody(daemon):
    """Where the next socket or log of SQLite can be made by others."""
    d = own(daemon())
    (d.folder / "all").mkdir()
    (d.folder / "all").chmod(0o1777)
    d.configure(socket=d.folder / "all/s")
    refused(d, d.folder / "all", "chmod go-w")


def test_a_link_is_followed_and_what_is_there_looked_at(daemon):
    d = own(daemon())
    (d.folder / "there").mkdir()
    (d.folder / "flow-direct.conf").rename(d.folder / "there/flow")
    (d.folder / "first").symlink_to("there/../there")
    (d.folder / "flow-direct.conf").symlink_to(d.folder / "first/flow")
    assert d.check()[0] == 0
    (d.folder / "there").chmod(0o777)
    refused(d, d.folder / "there", "chmod go-w")
    (d.folder / "there").chmod(0o755)
    (d.folder / "there/flow").chmod(0o664)
    refused(d, d.folder / "there/flow", "chmod go-w")


@root
def test_a_link_of_somebody_else_is_refused(daemon):
    d = own(daemon())
    (d.folder / "all").mkdir()
    (d.folder / "all").chmod(0o1777)
    link = d.folder / "all/flow"
    link.symlink_to(d.folder / "flow-direct.conf")
    d.configure(procedure={**d.changes["procedure"], "flow_direct": link})
    assert d.check()[0] == 0
    os.chown(link, pwd.getpwnam(STRANGER).pw_uid, -1, follow_symlinks=False)
    refused(d, link, "chown root")


def test_a_database_behind_a_link_is_refused(daemon):
    d = own(daemon())
    d.database.rename(d.folder / "other.db")
    d.database.symlink_to(d.folder / "other.db")
    code, said = d.check()
    assert code == SETUP
    assert f"{d.database} is a symbolic link: name the file itself" in said


def test_a_command_that_others_may_change_is_refused(daemon):
    """It runs with the rights of psirtd."""
    d = own(daemon())
    program = d.folder / "secret-tool"
    program.write_text("#!/bin/sh\necho x\n")
    program.chmod(0o775)
    d.configure(mailbox={**d.changes["mailbox"], "password_file": None,
                         "password_command": f"{program} show"})
    refused(d, program, "chmod go-w")


def test_a_credential_of_systemd_may_be_roots_and_read_by_us(daemon):
    """systemd lets the service's user read it through an ACL, whose mask
    stands where the rights of the group do: 0440."""
    d = own(daemon())
    folder = d.folder / "credentials"
    folder.mkdir(mode=0o700)
    shutil.copy(d.folder / "mailbox.secret", folder / "imap")
    d.configure(mailbox={**d.changes["mailbox"], "password_file": "%d/imap"})

    def check(mode):
        (folder / "imap").chmod(mode)
        done = subprocess.run(
            [str(BUILD / "psirtd"), "-c", str(d.conf), "-n"], capture_output=True,
            text=True, timeout=60, cwd="/",
            env={"PATH": "/usr/bin:/bin",
                 "CREDENTIALS_DIRECTORY": str(folder)})
        return done.returncode, done.stderr

    assert check(0o440)[0] == 0
    for mode in (0o460, 0o444):
        code, said = check(mode)
        assert code == SETUP and str(folder / "imap") in said, said
