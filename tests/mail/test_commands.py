"""No settings, flow, template, keyring, environment or letter makes psirtd
run a program: the two *_command keys alone do, and without a shell.

A trap is a program, or a library, that writes down that it ran.  Each kind
is first shown to work on other people's programs, so that its silence says
something.
"""

import os
import pathlib
import re
import subprocess

import pytest

import letters
import world as people
from keys import Home
from process import until
from program import SLOW
from test_way_in import own

sanitized = bool(os.environ.get("SANITIZE"))
root = pytest.mark.skipif(
    os.getuid() != 0, reason="another process's environment is root's to see")

# Programs that gpg, GLib or a careless call would look for in $PATH.
NAMES = ["gpg", "gpg2", "gpgv", "gpg-agent", "gpgconf", "gpgsm", "dirmngr",
         "pinentry", "scdaemon", "sh", "bash", "sendmail", "iconv", "psirtd"]
# What makes gpg run a program, or ask a server.
GPG_CONF = """\
agent-program {trap}
dirmngr-program {trap}
photo-viewer "{trap} %i"
list-options show-photos
verify-options show-photos
exec-path {folder}
keyserver hkp://127.0.0.1:9
keyserver-options auto-key-retrieve
auto-key-locate keyserver
"""
AGENT_CONF = """\
pinentry-program {trap}
scdaemon-program {trap}
"""
LIBRARY = """\
#include <fcntl.h>
#include <unistd.h>
__attribute__((constructor)) static void trap(void)
{
	char line[4096];
	int from = open("/proc/self/cmdline", O_RDONLY);
	int to = open(FIRED, O_WRONLY | O_APPEND | O_CREAT, 0600);
	ssize_t n = read(from, line, sizeof(line) - 1);

	for (ssize_t i = 0; i < n; i++)
		line[i] = line[i] == 0 ? ' ' : line[i];
	line[n < 0 ? 0 : n] = '\\n';
	if (write(to, line, (n < 0 ? 0 : n) + 1) < 0)
		_exit(99);
	close(from);
	close(to);
}
int gconv(void *a) { return 1; }
int gconv_init(void *a) { return 1; }
"""


class Traps:
    """In d's folder; what fired stands in work_dir, where even the vault,
    behind its walls, could write."""

    def __init__(self, d):
        self.d = d
        self.folder = d.folder / "traps"
        self.folder.mkdir(mode=0o755)
        self.log = d.folder / "w" / "fired"
        self.loads = d.folder / "w" / "loaded"
        self.trap = self.folder / "trap"
        self.trap.write_text(
            f'#!/bin/dash\necho "$0 $*" >>{self.log}\nexit 1\n')
        self.trap.chmod(0o755)
        for name in NAMES:
            (self.folder / name).symlink_to("trap")
        source = self.folder / "trap.c"
        source.write_text(LIBRARY)
        self.library = self.folder / "trap.so"
        subprocess.run(["cc", "-shared", "-fPIC", f'-DFIRED="{self.loads}"',
                        "-o", self.library, source], check=True)
        (self.folder / "gconv-modules").write_text(
            "module ISO-2022-JP// INTERNAL trap 0\n"
            "module INTERNAL ISO-2022-JP// trap 0\n")
        # Each way that a shell has of running what stands in a line.
        self.spells = [f"$({self.trap})", f"`{self.trap}`", f"|{self.trap}",
                       f";{self.trap};"]
        self.spell = " ".join(self.spells)

    def fired(self):
        """What ran since the last question."""
        said = []
        for path in (self.log, self.loads):
            if path.exists():
                said += path.read_text().splitlines()
                path.unlink()
        return said

    def environment(self):
        env = {"PATH": f"{self.folder}:/usr/bin:/bin",
               "GNUPGHOME": str(self.d.folder / "g"),
               "GCONV_PATH": str(self.folder),
               "GIO_EXTRA_MODULES": str(self.folder),
               "GIO_MODULE_DIR": str(self.folder),
               "SSLKEYLOGFILE": str(self.d.folder / "w" / "tlskeys"),
               "GNUTLS_SYSTEM_PRIORITY_FILE": str(self.folder / "none"),
               "G_MESSAGES_DEBUG": "all", "GPGME_DEBUG": "9",
               "SHELL": str(self.trap), "EDITOR": str(self.trap),
               "VISUAL": str(self.trap), "BASH_ENV": str(self.trap)}
        # A sanitizer wants to be the first library itself.
        if not sanitized:
            env["LD_PRELOAD"] = str(self.library)
        return env

    def gnupghome(self):
        home = self.d.folder / "g"
        words = {"trap": self.trap, "folder": self.folder}
        (home / "gpg.conf").write_text(GPG_CONF.format(**words))
        (home / "gpg-agent.conf").write_text(AGENT_CONF.format(**words))
        (home / "dirmngr.conf").write_text("keyserver hkp://127.0.0.1:9\n")
        for name in ("gpg.conf", "gpg-agent.conf", "dirmngr.conf"):
            (home / name).chmod(0o600)


@pytest.fixture
def traps(daemon):
    return Traps(own(daemon()))


def test_the_traps_work(traps):
    """On programs that believe what they are given."""
    t = traps
    t.gnupghome()
    env = t.environment()
    env.pop("LD_PRELOAD", None)
    plain = {"PATH": "/usr/bin:/bin"}
    for name in NAMES:
        subprocess.run(["/usr/bin/env", name, "x"], env=env, check=False)
        assert t.fired() == [f"{t.folder / name} x"]
    subprocess.run(
        ["/usr/bin/gpg", "--homedir", t.d.folder / "g", "--batch", "--sign"],
        input=b"x", env=plain, capture_output=True, check=False)
    assert any(str(t.trap) in x for x in t.fired())
    for spell in t.spells:
        subprocess.run(["/bin/sh", "-c", f"echo {spell}"], env=plain,
                       capture_output=True, check=False)
        assert len(t.fired()) == 1, spell
    iconv = ["/usr/bin/iconv", "-f", "ISO-2022-JP", "-t", "UTF-8"]
    for name, value in (("GCONV_PATH", t.folder), ("LD_PRELOAD", t.library)):
        subprocess.run(iconv, env={**plain, name: str(value)}, input=b"x",
                       capture_output=True, check=False)
        assert any("iconv" in x for x in t.fired()), name


def quiet(t):
    """Nothing ran.  The loader obeys LD_PRELOAD before psirtd's first own
    instruction; nobody whom psirtd starts may have it."""
    engine = f"-c {t.d.conf}"
    assert [x for x in t.fired() if engine not in x] == []
    assert not (t.d.folder / "w" / "tlskeys").exists()


def the_whole_way(t, **finder):
    """A letter to its case, its acknowledgement and its departments; one in
    the charset of the trap; one from a stranger."""
    w = t.d.world
    w.deliver(letters.finder_report(
        w.finder, w.poc, letters.ENGLISH + finder.get("text", ""),
        **{k: v for k, v in finder.items() if k != "text"}))
    w.deliver(letters.japanese_inline(w.finder2, w.poc), people.FINDER2)
    t.d.start()
    ack, = w.wait_mails(letters.FINDER, 1, w.finder, "acknowledge")
    w.wait_mails(people.FINDER2, kind="acknowledge")
    overview, = w.wait_mails(people.DESIGN, 1, w.design)[:1]
    return ack, overview


@root
def test_the_environment_stays_outside(traps):
    t = traps
    t.gnupghome()
    t.d.environment = t.environment()
    the_whole_way(t)
    seen = set()
    kept = {b"PATH=/usr/bin:/bin", b"TZ=Asia/Tokyo"}
    for pid in t.d.pids():
        words = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        has = {x for x in pathlib.Path(f"/proc/{pid}/environ").read_bytes()
               .split(b"\0") if x and b"SAN_OPTIONS=" not in x}
        if words[1:2] == [b"-x"]:
            assert has == kept, words
            seen.add(words[2])
        elif words[0].endswith(b"gpg-agent"):
            assert {x.partition(b"=")[0] for x in has} == {
                b"PATH", b"LISTEN_FDS", b"LISTEN_PID"}, has
            assert b"PATH=/usr/bin:/bin" in has
            seen.add(b"gpg-agent")
        else:  # the engine, and its starter, which is forked of it
            assert words[1:3] == [b"-c", os.fsencode(t.d.conf)], words
    assert seen >= {b"fetch", b"read", b"vault", b"send", b"gpg-agent"}
    quiet(t)
    assert "GLib" not in t.d.text() and "GPGME" not in t.d.text()


def test_the_keyring_has_no_say(traps):
    """gpg.conf and gpg-agent.conf of gnupghome are nobody's order."""
    t = traps
    t.gnupghome()
    code, said = t.d.check()
    assert code == 0, said
    the_whole_way(t)
    t.d.psirt.text("key", "reseal")
    assert t.d.stop() == 0
    quiet(t)


def cast(t):
    """The spell over every text that a file of the desk may hold."""
    folder = t.d.folder
    for path in folder.glob("templates/*/*.txt"):
        subject, _, body = path.read_text().partition("\n")
        path.write_text(f"{subject} {t.spell}\n{body}\n{t.spell}\n")
    for name in ("flow-jpcert.conf", "flow-direct.conf"):
        path = folder / name
        text, n = re.subn(r'(title_\w+ = ")', lambda m: m[1] + t.spell + " ",
                          path.read_text())
        assert n > 20
        path.write_text(text)
    customer = Home(folder / "c", "North Power <ops@north.example>")
    ring = ["gpg", "--homedir", folder / "g", "--batch", "--quiet", "--import"]
    subprocess.run(ring, input=customer.public(), check=True)
    customer.stop()
    first, second, third, fourth = t.spells
    with open(folder / "customers.csv", "a", encoding="utf-8") as file:
        file.write(f'"{first}",ops@north.example,{customer.fingerprint},'
                   f'yes,XYZ-100,"{second}",en\n')
    t.d.configure(desk={"from_name": t.spell, "organization": t.spell,
                        "organization_ja": t.spell})
    text = t.d.conf.read_text()
    for old, new in (('"Design PLC"', first), ('"Akira Design"', second),
                     ('"Hana Quality"', third), ('product "GW-7"', fourth)):
        assert text.count(old) == 1, old
        text = text.replace(old, re.sub('"[^"]*"', f'"{new}"', old))
    t.d.conf.write_text(text)


def test_words_are_words(traps):
    """Names and titles of settings, flows, templates and customers.csv, and
    all that a finder writes, with each shell's way to run a program."""
    t = traps
    cast(t)
    code, said = t.d.check()
    assert code == 0, said
    w = t.d.world
    wild = f"`{t.trap}`|{t.trap}&@research.example"
    w.deliver(letters.plain(f"{t.spell}\n", subject=t.spell, sender=wild),
              people.STRANGER)
    ack, overview = the_whole_way(
        t, text=f"\n{t.spell}\n", name=t.spell, subject=t.spell,
        files=[(f"$({t.trap.name})|x", t.spell.encode())])
    # They arrive as they stand, in the subject as in the text.
    for mail in (ack, overview):
        assert t.spell in mail.text.replace("\n", " "), mail.text
        assert str(t.trap) in mail.subject, mail.subject
    until(lambda: len(t.d.psirt.letters()) == 3, 20 * SLOW, "three letters")
    for n in (1, 2, 3):
        t.d.psirt.text("letter", str(n))
    number = t.d.psirt.cases()[0]["case"]
    for words in (["show", number], ["step", number], ["who", number], [],
                  ["clock", number, "customers"], ["approve"]):
        t.d.psirt.run(*words)
    assert t.d.stop() == 0
    quiet(t)


def test_a_command_of_the_settings_is_no_line_of_a_shell(traps):
    """Its words are the program's, as they stand, and so is little else."""
    t = traps
    d = t.d
    said = d.folder / "said"
    secret = d.world.accounts[letters.POC]
    (d.folder / "secret").write_text(secret + "\n")
    program = d.folder / "tool"
    program.write_text(f'#!/bin/dash\n{{ printf "%s\\n" "$@"; echo --;'
                       f' /usr/bin/env; }} >{said}\ncat {d.folder}/secret\n')
    program.chmod(0o755)
    d.configure(mailbox={**d.changes["mailbox"], "password_file": None,
                         "password_command": f"{program} {t.spell}"})
    d.environment = t.environment()
    the_whole_way(t)
    assert d.stop() == 0
    words, _, env = said.read_text().partition("--\n")
    assert words.split() == t.spell.split()
    names = {x.partition("=")[0] for x in env.splitlines()}
    assert names <= {"PATH", "PWD", "_", "HOME", "LOGNAME", "USER", "SHLVL",
                     "OLDPWD", "CREDENTIALS_DIRECTORY"}, names
    assert "PATH=/usr/bin:/bin" in env.splitlines()
    quiet(t)
