"""psirtd and psirt as a test or the demo runs them.

A Daemon has a folder of its own inside the world's: settings, secrets,
database, socket.  Nothing secret stands on a command line or in an
environment.  PSIRTD_STOP_AT is understood by psirtd-stops alone, the build
for the kill tests.
"""

import json
import os
import pathlib
import pwd
import shutil
import signal
import socket
import subprocess
import time

import letters
import world as people
from process import die_with_parent
from process import descendants, until
from servers import GOOD, HOST

TOP = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("BUILD") or TOP / "build")
SLOW = 5 if os.environ.get("SANITIZE") else 1
SETUP, TRY_AGAIN = 78, 75


def quoted(value):
    return '"' + str(value).replace("\\", "\\\\").replace('"', '\\"') + '"'


def words(values):
    return "{" + ", ".join(quoted(v) for v in values) + "}"


def shipped(world):
    """conf/ as it would be installed: nobody but us may change it, whoever
    the checkout belongs to."""
    path = world.folder / "conf"
    if not path.exists():
        shutil.copytree(TOP / "conf", path, copy_function=shutil.copyfile)
        for folder in [path, *(p for p in path.rglob("*") if p.is_dir())]:
            folder.chmod(0o755)
    return path


class Settings:
    """psirtd.conf of a world; each section's keys may be overridden.

    Settings(w, folder, mailbox={"starttls": True}, route="ask") changes
    keys of a section and top-level keys; a value of None leaves one out.
    """

    def __init__(self, world, folder, **changes):
        self.world = world
        self.folder = pathlib.Path(folder)
        self.changes = changes
        self.departments = [
            ("plc", "design", "Design PLC", "Akira Design", people.DESIGN,
             world.design.fingerprint, "en"),
            ("qa", "quality", "Quality", "Hana Quality", people.QUALITY,
             world.quality.fingerprint, "ja"),
            ("care", "care", "Customer care", "Kei Care", people.CARE, None,
             "en")]
        # A whole one, with keys for everybody (procedure.py).
        self.vendor = changes.get("vendor", {})
        self.departments = self.vendor.get("departments", self.departments)

    def secret(self, name, value):
        path = self.folder / name
        path.write_text(value + "\n")
        path.chmod(0o600)
        return path

    def server(self, which, port, starttls_port, user, password):
        keys = {"host": HOST, "connect_to": GOOD, "port": None,
                "starttls": False, "user": user,
                "password_file": self.secret(f"{which}.secret", password),
                "ca_file": self.world.ca, "timeout": "20s"}
        keys.update(self.changes.get(which, {}))
        if keys["port"] is None:
            keys["port"] = starttls_port if keys["starttls"] else port
        return keys

    def text(self):
        """The whole file."""
        w = self.world
        section = self._section
        mailbox = self.server("mailbox", w.imap.port, w.imap.starttls_port,
                              letters.POC, w.accounts[letters.POC])
        mailbox = {**mailbox, "poll": "2s",
                   **self.changes.get("mailbox", {})}
        submission = self.server("submission", w.smtp.port,
                                 w.smtp.starttls_port, "psirtd",
                                 w.submitters["psirtd"])
        keys = {"gnupghome": w.poc.folder, "poc": w.poc.fingerprint,
                "recovery": w.recovery.fingerprint,
                "passphrase_file": self.secret("passphrase",
                                               w.poc.passphrase)
                if w.poc.passphrase else None,
                **self.changes.get("keys", {})}
        out = self._rows({
            "database": self.folder / "psirtd.db",
            "socket": self.folder / "s",
            "work_dir": self.folder / "w",
            "templates": shipped(w) / "templates",
            "adopt": "answer",
            **{k: v for k, v in self.changes.items()
               if not isinstance(v, dict)
               and k not in ("operator_role", "operators")}}, "")
        out += section("mailbox", mailbox)
        out += section("submission", submission)
        out += section("desk", {
            "from_name": "Vendor PSIRT", "address": letters.POC,
            "organization": "Vendor Inc.",
            "organization_ja": "株式会社ベンダー",
            **self.changes.get("desk", {})})
        out += section("keys", keys)
        out += section("limits", {"acknowledge_per_hour": 100,
                                  "automatic_per_hour": 1000,
                                  **self.changes.get("limits", {})})
        out += section("procedure", {
            "flow_jpcert": shipped(w) / "flow-jpcert.conf",
            "flow_direct": shipped(w) / "flow-direct.conf",
            "customers": self.vendor.get("customers"),
            "morning": "none", **self.changes.get("procedure", {})})
        for name, role, title, who, address, fingerprint, lang in \
                self.departments:
            contact = {"address": address, "language": lang}
            if fingerprint:
                contact["fingerprint"] = fingerprint
            else:
                contact["mail"] = "notice"
            out += (f"department {quoted(name)} {{\n"
                    + self._rows({"role": role, "title": title}, "  ")
                    + self._section(f"contact {quoted(who)}", contact)
                    + "}\n")
        out += section('product "XYZ-100"', {
            "names": ["XYZ-100", "XYZ 100"],
            **self.vendor.get("product", {"design": "plc",
                                          "quality": "qa"})})
        out += section('product "GW-7"', {
            "pattern": "GW-7[A-Z]?", "design": "plc"})
        out += section("default", {"quality": "qa"})
        out += section('correspondent "JPCERT/CC"', {
            "names": ["JPCERT/CC synthetic", "JPCERT/CC"],
            "addresses": [letters.JPCERT], "domains": ["jpcert.example"],
            "fingerprints": [w.jpcert.fingerprint], "flow": "jpcert",
            "language": "ja"})
        out += section('correspondent "Overseas CERT"', {
            "names": ["Overseas CERT"], "addresses": [letters.CERT],
            "domains": ["cert.example"],
            "fingerprints": [w.cert.fingerprint], "flow": "direct",
            "language": "en"})
        out += section(f"operator {quoted(login())}", {
            "role": self.changes.get("operator_role", "lead"),
            "address": people.DESK, "fingerprint": w.desk.fingerprint,
            "language": "en"})
        for name in self.changes.get("operators", ()):
            out += section(f"operator {quoted(name)}", {"role": "operator"})
        return out

    def _section(self, name, keys):
        return f"{name} {{\n" + self._rows(keys, "  ") + "}\n"

    @staticmethod
    def _rows(keys, indent):
        out = ""
        for key, value in keys.items():
            if value is None:
                continue
            if isinstance(value, bool):
                value = "yes" if value else "no"
            elif isinstance(value, (list, tuple)):
                value = words(value)
            elif not isinstance(value, int):
                value = quoted(value)
            out += f"{indent}{key} = {value}\n"
        return out


def login():
    return pwd.getpwuid(os.getuid()).pw_name


class Daemon:
    _count = 0

    def __init__(self, world, **changes):
        Daemon._count += 1
        self.world = world
        self.folder = world.folder / f"d{Daemon._count}"
        self.folder.mkdir(mode=0o700)
        (self.folder / "w").mkdir(mode=0o700)
        self.log = self.folder / "log"
        self.database = self.folder / "psirtd.db"
        self.socket = self.folder / "s"
        self.conf = self.folder / "psirtd.conf"
        self.changes = changes
        self.environment = {}  # of psirtd, beside what all are given
        self.process = None
        self.psirt = Psirt(self.socket)
        self.configure()

    def configure(self, **changes):
        self.changes = {**self.changes, **changes}
        self.conf.write_text(
            Settings(self.world, self.folder, **self.changes).text())

    def _spawn(self, arguments, stop_at=None, notify=None):
        env = {"PATH": "/usr/bin:/bin", "TZ": "Asia/Tokyo",
               "LC_ALL": "C.UTF-8", **self.environment}
        for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS"):
            if name in os.environ:
                env[name] = os.environ[name]
        if notify:
            env["NOTIFY_SOCKET"] = str(notify)
        binary = BUILD / "psirtd"
        if stop_at:
            env["PSIRTD_STOP_AT"] = stop_at
            binary = BUILD / "psirtd-stops"
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [str(binary), "-c", str(self.conf), *arguments],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=env,
                cwd="/", preexec_fn=die_with_parent)
        return self.process

    # ---- in the foreground, as a service ----

    def start(self, stop_at=None, ready=True):
        """Start it; ready: wait for READY=1, as systemd would."""
        path = self.folder / "notify"
        path.unlink(missing_ok=True)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
            notify.bind(str(path))
            notify.settimeout(0.1)
            self._spawn([], stop_at, path)
            end = time.monotonic() + 20 * SLOW
            while ready:
                try:
                    if b"READY=1" in notify.recv(4096).split(b"\n"):
                        break
                except TimeoutError:
                    pass
                if self.process.poll() is not None:
                    raise AssertionError(
                        f"psirtd ended with {self.process.returncode}:\n"
                        + self.text())
                if time.monotonic() > end:
                    raise AssertionError("psirtd never got ready:\n"
                                         + self.text())
        return self

    def once(self, stop_at=None, seconds=60):
        """`psirtd --once`: its exit status, or minus a signal."""
        self._spawn(["--once"], stop_at)
        try:
            return self.process.wait(seconds * SLOW)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError("psirtd --once does not end:\n"
                                 + self.text()) from None

    def check(self):
        """`psirtd -n`: (exit status, output)."""
        done = subprocess.run(
            [str(BUILD / "psirtd"), "-c", str(self.conf), "-n"],
            capture_output=True, text=True, timeout=60 * SLOW, cwd="/",
            env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"})
        return done.returncode, done.stdout + done.stderr

    def alive(self):
        return self.process is not None and self.process.poll() is None

    def pids(self):
        """The engine and its rooms, by /proc."""
        return [self.process.pid] + descendants(self.process.pid)

    def kill(self):
        """SIGKILL to the engine alone; its rooms must follow by themselves."""
        rooms = descendants(self.process.pid)
        self.process.kill()
        self.process.wait()
        until(lambda: not any(_runs(pid) for pid in rooms), 5 * SLOW,
              "the rooms to end with the engine")

    def stop(self):
        """SIGTERM, as systemd does; gives the exit status."""
        if not self.alive():
            return self.process.returncode if self.process else 0
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(15 * SLOW)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError("psirtd does not stop:\n"
                                 + self.text()) from None

    def remove(self):
        if self.alive():
            self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def text(self):
        return (self.log.read_text(errors="replace")
                if self.log.exists() else "")

    def at_rest(self):
        """Every byte that the daemon keeps on disk."""
        return b"".join(p.read_bytes()
                        for p in sorted(self.folder.glob("psirtd.db*")))


def _runs(pid):
    try:
        stat = pathlib.Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


class Psirt:
    """The operator's command."""

    def __init__(self, socket_path):
        self.socket = socket_path

    def run(self, *arguments, binary=False):
        """The finished process."""
        return subprocess.run(
            [str(BUILD / "psirt"), "--socket", str(self.socket), *arguments],
            capture_output=True, text=not binary, timeout=60 * SLOW,
            stdin=subprocess.DEVNULL,
            env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8",
                 "TZ": "Asia/Tokyo"})

    def text(self, *arguments):
        """What it prints; fails when it refuses."""
        done = self.run(*arguments)
        if done.returncode != 0:
            raise AssertionError(f"psirt {' '.join(arguments)}: exit "
                                 f"{done.returncode}: {done.stderr}")
        return done.stdout

    def json(self, *arguments):
        """The data of its answer, from --json."""
        answer = json.loads(self.text(*arguments, "--json"))
        assert answer["version"] == 1 and answer["exit"] == 0
        return answer["data"]

    def cases(self):
        return self.json("list", "--all")["cases"]

    def letters(self):
        return self.json("list", "--letters")["letters"]

    def case(self, number):
        return self.json("show", number)

    def queue(self):
        return self.json("queue")["mails"]

    def log(self):
        return self.json("log")["lines"]
