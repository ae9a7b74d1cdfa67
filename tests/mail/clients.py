"""Mail clients as a person uses them: on a terminal, typed at.

Mutt (GnuPG), NeoMutt (Autocrypt) and aerc (a library in Go with a keyring of
its own) write a letter with send(), which gives its bytes as they were handed
to sendmail, and show one with read(), which gives what its reader sees.
"""

import fcntl
import os
import pathlib
import pty
import re
import select
import shutil
import subprocess
import termios
import time

from process import die_with_parent, until
from program import SLOW

ENTER = "\r"
# What moves the cursor, sets colours or names the window.
CONTROL = re.compile(r"\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)"
                     r"|[()][A-Z0-9]|[=>])")


class Terminal:
    """A program on a terminal of its own."""

    def __init__(self, argv, folder, env):
        self.master, slave = pty.openpty()
        termios.tcsetwinsize(slave, (40, 120))

        def own_terminal():
            die_with_parent()
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)

        self.process = subprocess.Popen(
            [str(a) for a in argv], stdin=slave, stdout=slave, stderr=slave,
            cwd=folder, start_new_session=True, preexec_fn=own_terminal,
            env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8",
                 "TERM": "xterm", "HOME": str(folder), **env})
        os.close(slave)
        self.said = b""
        self.seen = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        os.close(self.master)

    def screen(self):
        """All that it has written so far, without what moves the cursor."""
        return CONTROL.sub("", self.said.decode("utf-8", "replace"))

    def _more(self):
        """Read what it writes; false when it has ended."""
        if not select.select([self.master], [], [], 0.05)[0]:
            return True
        try:
            got = os.read(self.master, 65536)
        except OSError:
            return False
        self.said += got
        return bool(got)

    def on(self, awaited, keys):
        """Type the keys once the awaited text was written."""
        end = time.monotonic() + 20 * SLOW
        while (at := self.screen().find(awaited, self.seen)) < 0:
            if not self._more() or time.monotonic() > end:
                raise AssertionError(f"waited in vain for {awaited!r}:\n"
                                     + self.screen()[self.seen:])
        self.seen = at + len(awaited)
        os.write(self.master, keys.encode())

    def end(self):
        """Wait until it has ended by itself."""
        end = time.monotonic() + 20 * SLOW
        while self._more() and time.monotonic() < end:
            pass
        return self.process.wait(5 * SLOW)


class Client:
    """One person's client in a folder; `home` holds the keys."""

    def __init__(self, folder, name, address, home):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True)
        self.name, self.address, self.home = name, address, home
        self.sent = self.folder / "sent"
        self.shown = self.folder / "shown"
        # Whole or not at all: its name appears when it is finished.
        self.submit = self.script("submit", f"cat >{self.sent}.new\n"
                                  f"mv {self.sent}.new {self.sent}\n")

    def script(self, name, text):
        path = self.folder / name
        path.write_text("#!/bin/sh\n" + text)
        path.chmod(0o755)
        return path

    def file(self, name, text, charset="utf-8"):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode(charset))
        path.chmod(0o600)
        return path

    def maildir(self, *letters):
        """A mailbox of these letters alone."""
        box = self.folder / "mail/INBOX"
        shutil.rmtree(box, ignore_errors=True)
        for name in ("cur", "new", "tmp"):
            (box / name).mkdir(parents=True)
        for n, raw in enumerate(letters):
            (box / "new" / f"{n}.letter").write_bytes(raw)
        return box

    def _take(self, path):
        until(path.exists, 20 * SLOW, f"{path.name} to be written")
        data = path.read_bytes()
        path.unlink()
        return data


class Mutt(Client):
    program = "mutt"

    def settings(self):
        return [f"set pgp_sign_as={self.home.fingerprint}",
                "set crypt_autosign=yes crypt_autoencrypt=yes"]

    def run(self, more, *args):
        # With its headers in the editor it asks for none of them.
        rc = self.file("muttrc", "\n".join([
            f'set from="{self.address}" realname="{self.name}"',
            f'set sendmail="{self.submit}" sendmail_wait=0',
            "set editor=true abort_unmodified=no autoedit=yes",
            "set edit_headers=yes record='' folder=/ prompt_after=no",
            f"set crypt_use_gpgme=yes pager={self.folder}/pager",
            *self.settings(), *more]) + "\n")
        gnupg = {"GNUPGHOME": str(self.home.folder)} if self.home else {}
        return Terminal([self.program, "-F", rc, *args], self.folder, gnupg)

    def send(self, to, subject, text, settings=(), attach=(), keys=True):
        """keys: it asks which key to take, and whether it is to be taken."""
        body = self.file("body", text)
        attached = ["-a", *attach] if attach else []
        with self.run(settings, "-s", subject, "-i", body, *attached, "--",
                      to) as screen:
            self.greet(screen)
            return self._submit(screen, keys)

    def _submit(self, screen, keys):
        screen.on("Mutt: Compose", "y")
        if keys:
            screen.on("keys matching <", ENTER)
            screen.on("use the key? ", "y")
        return self._take(self.sent)

    def reply(self, raw, text, settings=()):
        """An answer to this letter, quoting it."""
        editor = self.script("editor", f'cat {self.file("body", text)} '
                             '>>"$1"\n')
        more = [*settings, f"set editor={editor} include=yes"]
        with self.run(more, "-f", self.maildir(raw)) as screen:
            screen.on("Mutt: ", "r")
            return self._submit(screen, True)

    def greet(self, screen):
        """What it asks before it does anything."""

    def read(self, raw):
        """The letter as its pager is given it."""
        self.script("pager", f'cp "$1" {self.shown}.new\n'
                    f"mv {self.shown}.new {self.shown}\n")
        with self.run([], "-f", self.maildir(raw)) as screen:
            screen.on("Mutt: ", ENTER)
            shown = self._take(self.shown).decode()
            screen.on("", "x")
            screen.end()
        return shown


class Neomutt(Mutt):
    """With Autocrypt: it makes a key and tells it in each letter."""
    program = "neomutt"
    greeted = False

    def settings(self):
        keys = self.folder / "autocrypt"
        keys.mkdir(exist_ok=True, mode=0o700)
        return [f"set autocrypt=yes autocrypt_dir={keys}"]

    def greet(self, screen):
        if not self.greeted:
            screen.on("Create an initial autocrypt account?", "y")
            screen.on("Autocrypt account address: ", ENTER)
            screen.on("existing GPG key?", "c")
            screen.on("Prefer encryption?", "y")
            screen.on("Scan a mailbox", "n")
        self.greeted = True

    def stop(self):
        subprocess.run(["gpgconf", "--homedir", self.folder / "autocrypt",
                        "--kill", "all"], stdin=subprocess.DEVNULL,
                       capture_output=True)


class Aerc(Client):
    def __init__(self, *args):
        super().__init__(*args)
        self.file("config/aerc/aerc.conf", "\n".join([
            "[general]", "pgp-provider = internal", "[compose]",
            f"editor = cp {self.folder}/body", "[filters]",
            f"text/plain = {self.folder}/filter"]) + "\n")
        self.script("filter", f"tee {self.shown}.new\n"
                    f"mv {self.shown}.new {self.shown}\n")
        self.file("config/aerc/accounts.conf", "\n".join([
            "[own]", f"source = maildir://{self.folder}/mail",
            "default = INBOX", f"from = {self.name} <{self.address}>",
            f"outgoing = {self.submit}", "pgp-auto-sign = true"]) + "\n")
        self.file("config/aerc/binds.conf", "\n".join([
            "q = :quit -f<Enter>", "[messages]", "o = :view<Enter>",
            "[view]", "q = :quit -f<Enter>", "[compose::review]",
            "e = :encrypt<Enter>", "k = :attach-key<Enter>",
            "y = :send<Enter>"]) + "\n")
        ring = self.home.gpg("--export-secret-keys").stdout
        ring += self.home.gpg("--export").stdout
        self.file("data/aerc/keyring.asc", "")
        (self.folder / "data/aerc/keyring.asc").write_bytes(ring)

    def run(self, *args):
        return Terminal(["aerc", *args], self.folder, {
            "XDG_CONFIG_HOME": str(self.folder / "config"),
            "XDG_DATA_HOME": str(self.folder / "data"),
            "XDG_RUNTIME_DIR": str(self.folder)})

    def send(self, to, subject, text, encrypt=True, key=True):
        self.file("body", text)
        self.maildir()
        with self.run(f"mailto:{to}?subject={subject}") as screen:
            screen.on("Send this email?", "")
            if encrypt:
                screen.on("", "e")
                screen.on("Encrypt", "")
            if key:
                screen.on("", "k")
                screen.on(".asc", "")
            screen.on("", "y")
            # The screen may never say so: its next line may come first.
            return self._take(self.sent)

    def read(self, raw):
        """Its own words on the screen, without blanks; below, the text."""
        self.maildir(raw)
        with self.run() as screen:
            screen.on("[PSIRT-", "o")
            text = self._take(self.shown).decode()
            screen.on("[s]", "")
            screen.on(".asc", "q")
            screen.end()
        return re.sub(r"\s", "", screen.screen()) + "\n" + text


class Snail(Client):
    """S-nail, which knows S/MIME alone; openssl makes the certificates."""

    def __init__(self, *args):
        super().__init__(*args)
        self.own = self.certificate("own", self.address)

    def certificate(self, name, address):
        """A key and its certificate in one file."""
        path = self.folder / name
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes",
             "-keyout", path, "-out", f"{path}.pem", "-days", "2", "-subj",
             f"/CN={address}/emailAddress={address}"], check=True,
            capture_output=True)
        with path.open("ab") as both:
            both.write(pathlib.Path(f"{path}.pem").read_bytes())
        return path

    def send(self, to, subject, text, sealed_for=None):
        """Signed, or sealed with the certificate in this file."""
        how = ["-S", "smime-sign", "-S", f"smime-sign-cert={self.own}"]
        if sealed_for:
            how = ["-S", f"smime-encrypt-{to}={sealed_for}"]
        subprocess.run(
            ["s-nail", "-:/", "-S", "v15-compat", "-S", f"mta={self.submit}",
             "-S", "sendwait", "-S", f"from={self.name} <{self.address}>",
             *how, "-s", subject, to], input=text.encode(), check=True,
            cwd=self.folder, capture_output=True,
            env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8",
                 "HOME": str(self.folder)})
        return self._take(self.sent)
