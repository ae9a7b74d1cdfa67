"""`make install`: every file in its place, true paths in it, a good unit.

Installs what is built already; needs no mail server.
"""

import os
import re
import shutil
import subprocess

import pytest

from program import BUILD, TOP

TREE = {
    "usr/sbin/psirtd": 0o755,
    "usr/bin/psirt": 0o755,
    "usr/lib/systemd/system/psirtd.service": 0o644,
    "usr/lib/sysusers.d/psirtd.conf": 0o644,
    "usr/lib/tmpfiles.d/psirtd.conf": 0o644,
    "usr/share/doc/psirtd/psirtd.conf": 0o644,
    "usr/share/doc/psirtd/holidays-jp": 0o644,
    "usr/share/doc/psirtd/customers.csv": 0o644,
    "usr/share/psirtd/flow-jpcert.conf": 0o644,
    "usr/share/psirtd/flow-direct.conf": 0o644,
    "usr/share/doc/psirtd/README.md": 0o644,
    "usr/share/doc/psirtd/LICENSE": 0o644,
    "usr/share/man/man1/psirt.1": 0o644,
    "usr/share/man/man5/psirtd.conf.5": 0o644,
    "usr/share/man/man5/psirtd-flow.5": 0o644,
    "usr/share/man/man8/psirtd.8": 0o644,
    "etc/psirtd/psirtd.conf": 0o640,
}


def install(root):
    """-o all: take what is built, build nothing."""
    for name in ("psirtd", "psirt"):
        assert os.access(BUILD / name, os.X_OK), f"no {name}: run make first"
    done = subprocess.run(
        ["make", "-o", "all", "install", f"BUILD={BUILD}", f"DESTDIR={root}",
         "PREFIX=/usr", "SYSCONFDIR=/etc"], cwd=TOP, capture_output=True,
        text=True, env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"})
    assert done.returncode == 0, done.stdout + done.stderr


def files(root):
    return {str(p.relative_to(root)): p.stat().st_mode & 0o777
            for p in root.rglob("*") if p.is_file()}


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    root = tmp_path_factory.mktemp("root")
    install(root)
    yield root
    shutil.rmtree(root)


def test_every_file_is_in_its_place(root):
    templates = {
        f"usr/share/psirtd/templates/{p.relative_to(TOP / 'conf/templates')}":
        0o644 for p in (TOP / "conf/templates").rglob("*") if p.is_file()}
    assert len(templates) >= 2
    assert files(root) == {**TREE, **templates}
    assert (root / "etc/psirtd").stat().st_mode & 0o777 == 0o750


def test_paths_are_filled_in(root):
    for name in files(root):
        data = (root / name).read_bytes()
        if not data.startswith(b"\x7fELF"):
            assert not re.search(rb"@[A-Z_]+@", data), name
    unit = (root / "usr/lib/systemd/system/psirtd.service").read_text()
    assert "ExecStart=/usr/sbin/psirtd -c /etc/psirtd/psirtd.conf" in unit
    conf = (root / "etc/psirtd/psirtd.conf").read_text()
    assert '#templates = "/usr/share/psirtd/templates"' in conf


def test_installed_settings_are_good(root):
    """What stands in the way of a start are secrets and keys alone."""
    done = subprocess.run(
        [str(root / "usr/sbin/psirtd"), "-n", "-c",
         str(root / "etc/psirtd/psirtd.conf")], capture_output=True,
        text=True, timeout=60, env={"PATH": "/usr/bin:/bin"}, cwd="/")
    assert done.returncode == 78
    assert "CREDENTIALS_DIRECTORY" in done.stderr
    assert not re.search(r"\d errors?, the first", done.stderr), done.stderr


def test_own_settings_are_kept(root):
    mine = root / "etc/psirtd/psirtd.conf"
    before = mine.read_text()
    mine.write_text("# mine\n" + before)
    install(root)
    assert mine.read_text() == "# mine\n" + before
    assert mine.stat().st_mode & 0o777 == 0o640
    mine.write_text(before)


def test_credentials_are_those_the_settings_name(root):
    unit = (root / "usr/lib/systemd/system/psirtd.service").read_text()
    conf = (root / "etc/psirtd/psirtd.conf").read_text()
    assert (set(re.findall(r"(?m)^LoadCredential=(\w+):", unit))
            == set(re.findall(r'"%d/(\w+)"', conf)))


def test_folders_of_the_unit_are_those_of_the_defaults(root):
    """A default that the unit does not let psirtd write to would not start."""
    unit = (root / "usr/lib/systemd/system/psirtd.service").read_text()
    tmpfiles = (root / "usr/lib/tmpfiles.d/psirtd.conf").read_text()
    conf = (root / "etc/psirtd/psirtd.conf").read_text()
    made = dict(re.findall(r"(?m)^d (\S+)\s+(\d+) psirtd psirtd", tmpfiles))
    writable = set(re.search(r"(?m)^ReadWritePaths=(.*)", unit)[1].split())
    writable |= {f"/var/lib/{name}" for name in
                 re.search(r"(?m)^StateDirectory=(.*)", unit)[1].split()}
    assert writable == set(made)
    value = dict(re.findall(r'(?m)^\s*#(\w+) = "(/[^"]*)"', conf))
    for key in ("database", "socket"):
        assert os.path.dirname(value[key]) in writable, key
    for key in ("work_dir", "gnupghome"):
        assert made[value[key]] == "0700", key


def test_nobody_is_asked_to_do_what_a_room_may_not(root):
    """Sockets of services that would speak to the network for a vault; a
    host may have none of them."""
    unit = (root / "usr/lib/systemd/system/psirtd.service").read_text()
    hidden = " ".join(re.findall(r"(?m)^InaccessiblePaths=(.*)",
                                 unit)).split()
    assert all(path.startswith("-/run/") for path in hidden)
    resolve = "-/run/systemd/resolve/io.systemd.Resolve"
    assert {"-/run/dbus", resolve, f"{resolve}.Monitor"} <= set(hidden)
    # What /etc/resolv.conf is a link to stays.
    assert "-/run/systemd/resolve" not in hidden


@pytest.fixture
def unit(root, tmp_path):
    """The unit, with the program where it was installed for the test."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed: unit not verified")
    path = tmp_path / "psirtd.service"
    text = (root / "usr/lib/systemd/system/psirtd.service").read_text()
    path.write_text(text.replace("ExecStart=/usr",
                                 f"ExecStart={root}/usr"))
    return path


def analyze(*arguments):
    return subprocess.run(
        ["systemd-analyze", *map(str, arguments)], capture_output=True,
        text=True, timeout=60,
        env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8",
             "SYSTEMD_LOG_LEVEL": "notice"})


def test_unit_is_accepted(unit):
    done = analyze("verify", "--man=no", unit)
    assert done.returncode == 0, done.stderr
    assert "psirtd.service" not in done.stderr, done.stderr


def test_unit_is_walled_off(unit):
    """Exposure by systemd's own measure: at most 1.5 of 10."""
    done = analyze("security", "--offline=true", "--no-pager",
                   "--threshold=15", unit)
    if "unrecognized option" in done.stderr:
        pytest.skip("this systemd-analyze cannot measure a file")
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr
