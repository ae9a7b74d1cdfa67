"""The test world: mail servers, people with keys, and their mailboxes.

Everybody's mail goes through one Exim into one Dovecot: the POC, the desk,
the departments, finders and coordinators.  A World is made once; reset()
empties every mailbox.  Secrets are random, and a test may look for them.
"""

import contextlib
import email
import email.policy
import imaplib
import os
import pathlib
import re
import secrets
import shutil
import smtplib
import ssl
import tempfile
import time

import letters
import procedure
from keys import Home
from process import left_over, own_by_server, until
from servers import GOOD, HOST, Dovecot, Exim, make_certificates

DESK = "desk@vendor.example"
DESIGN = "design@vendor.example"
QUALITY = "quality@vendor.example"
CARE = "care@vendor.example"
FINDER2 = "kenkyu@research.example"
STRANGER = "somebody@other.example"

PEOPLE = [letters.POC, DESK, DESIGN, QUALITY, CARE, letters.FINDER, FINDER2,
          letters.JPCERT, letters.CERT, STRANGER, "sales@boxes.example",
          "list@lists.example", "mailer-daemon@vendor.example"]
PEOPLE += sorted(set(procedure.ADDRESSES) - set(PEOPLE))


class World:
    def __init__(self, passphrase="", imap_extra=""):
        # Settings that a group may write to are refused.
        os.umask(0o022)
        # Short, for the sockets of gpg-agent.
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="pw-",
                                                    dir="/tmp"))
        self.folder.chmod(0o711)
        self.homes = {}
        self.imap = self.smtp = None
        try:
            self._make_servers(imap_extra)
            self._make_keys(passphrase)
        except BaseException:
            self.close()
            raise

    def _make_servers(self, imap_extra):
        self.tls = self.folder / "tls"
        self.ca = self.tls / "ca.pem"
        self.mail = self.folder / "mail"
        self.mail.mkdir()
        own_by_server(self.mail)
        self.accounts = {a: secrets.token_urlsafe(12) for a in PEOPLE}
        self.submitters = {"psirtd": secrets.token_urlsafe(12),
                           "outside": secrets.token_urlsafe(12)}
        make_certificates(self.tls)
        self.imap = Dovecot(self.folder / "imap", self.tls, self.mail,
                            self.accounts, imap_extra)
        self.smtp = Exim(self.folder / "smtp", self.tls,
                         {a: self.mail / a for a in PEOPLE},
                         self.submitters)
        self.imap.start()
        self.smtp.start()

    def _make_keys(self, passphrase):
        def home(name, user_id=None, **more):
            self.homes[name] = Home(self.folder / "g" / name, user_id, **more)
            return self.homes[name]

        self.poc = home("poc", f"Vendor PSIRT <{letters.POC}>",
                        passphrase=passphrase)
        self.finder = home("finder", f"Robin Finder <{letters.FINDER}>")
        self.finder2 = home("finder2", f"Yamada Taro <{FINDER2}>")
        self.jpcert = home("jpcert", "JPCERT/CC synthetic "
                           f"<{letters.JPCERT}>")
        # The same user id, another key: only the fingerprint tells.
        self.forger = home("forger", "JPCERT/CC synthetic "
                           f"<{letters.JPCERT}>")
        self.cert = home("cert", f"Overseas CERT <{letters.CERT}>")
        self.design = home("design", f"Design PLC <{DESIGN}>")
        self.quality = home("quality", f"Quality <{QUALITY}>")
        self.desk = home("desk", f"Desk <{DESK}>")
        self.recovery = home("recovery", "Recovery <safe@vendor.example>")
        self.poc.learn(self.jpcert, self.cert, self.design, self.quality,
                       self.desk, self.recovery)
        for other in self.homes.values():
            if other is not self.poc:
                other.learn(self.poc)

    def reset(self):
        """Nobody has mail."""
        self.smtp.defer(False)
        for path in self.mail.iterdir():
            shutil.rmtree(path)

    def close(self):
        """End everything and remove it; gives what was left running."""
        for server in (self.imap, self.smtp):
            if server:
                server.stop()
        for home in self.homes.values():
            home.stop()
        try:
            until(lambda: not left_over(self.folder), 3, "processes to end")
        except AssertionError:
            pass
        left = left_over(self.folder)
        shutil.rmtree(self.folder, ignore_errors=True)
        return left

    # ---- mail comes and goes ----

    def context(self):
        return ssl.create_default_context(cafile=str(self.ca))

    def deliver(self, letter, sender=letters.FINDER, to=letters.POC):
        """Hand a letter to the mail server and wait until it lies in a
        folder of this mailbox, whichever the daemon moved it to."""
        before = len(list(self._files(to)))
        with _Submission(HOST, self.smtp.port, self.context()) as smtp:
            smtp.login("outside", self.submitters["outside"])
            smtp.sendmail(sender, [to], letter)
        until(lambda: len(list(self._files(to))) > before, 10,
              f"mail to {to}")

    def _files(self, address):
        return (self.mail / address).glob("**/[cn]*/[0-9]*")

    def count(self, address):
        """How many mails somebody has, without asking the server."""
        return len(list(self._files(address)))

    def put(self, letter, when=None, folder="INBOX", address=letters.POC):
        """Store a letter with this time of receipt (IMAP APPEND)."""
        with self.mailbox(address) as box:
            if folder != "INBOX":
                box.create(folder)
            stamp = imaplib.Time2Internaldate(when or time.time())
            _ok(box.append(folder, None, stamp, letter))

    def lay(self, letter, address=letters.POC):
        """Lay a letter into the Maildir, whatever its bytes: no server has
        looked at it.  Gives the bytes that IMAP shows of it."""
        box = self.mail / address
        for folder in (box, *(box / name for name in ("tmp", "cur", "new"))):
            if not folder.exists():
                # The server may make it at the same moment.
                folder.mkdir(mode=0o700, exist_ok=True)
                own_by_server(folder)
        name = "{}.M{:06}.test".format(*divmod(time.time_ns() // 1000, 10**6))
        (box / "tmp" / name).write_bytes(letter)
        own_by_server(box / "tmp" / name)
        (box / "tmp" / name).rename(box / "new" / name)
        # Dovecot: lines end with CRLF, and no NUL leaves it.
        return re.sub(b"(?<!\r)\n", b"\r\n", letter).replace(b"\0", b"\x80")

    @contextlib.contextmanager
    def mailbox(self, address):
        """A logged-in IMAP connection."""
        box = _Imap(HOST, self.imap.port, self.context())
        try:
            box.login(address, self.accounts[address])
            yield box
        finally:
            with contextlib.suppress(Exception):
                box.logout()

    def folders(self, address=letters.POC):
        with self.mailbox(address) as box:
            return sorted(row.decode().rpartition(' "." ')[2].strip('"')
                          for row in _ok(box.list()) if row)

    def letters(self, address, folder="INBOX"):
        """The raw letters in a folder, oldest first."""
        with self.mailbox(address) as box:
            status, _ = box.select(f'"{folder}"', readonly=True)
            if status != "OK":
                return []
            uids = _ok(box.uid("SEARCH", "ALL"))[0].split()
            return [_ok(box.uid("FETCH", uid, "(BODY.PEEK[])"))[0][1]
                    for uid in uids]

    def flags(self, address, folder="INBOX"):
        """The flags of each letter in a folder."""
        with self.mailbox(address) as box:
            box.select(f'"{folder}"', readonly=True)
            return [imaplib.ParseFlags(row) for row in
                    _ok(box.fetch("1:*", "(FLAGS)")) if row]

    def mails(self, address, home=None, kind=None):
        """Mails of the program that lie in this person's mailbox, read."""
        found = [Mail(raw, home, self.poc)
                 for raw in self.letters(address)]
        return [m for m in found if m.kind and kind in (None, m.kind)]

    def wait_mails(self, address, count=1, home=None, kind=None, seconds=20):
        """The same, once there are at least count."""
        def enough():
            found = self.mails(address, home, kind)
            return found if len(found) >= count else None
        return until(enough, seconds, f"{count} mail(s) to {address}")


class Mail:
    """A mail of the program, as its reader opens it."""

    def __init__(self, raw, home, poc):
        self.raw = raw
        self.outer = email.message_from_bytes(raw,
                                              policy=email.policy.default)
        self.kind = self.outer["X-PSIRTD-Mail"]
        self.subject = str(self.outer["Subject"])
        self.message_id = str(self.outer["Message-ID"])
        self.encrypted = (self.outer.get_content_type()
                          == "multipart/encrypted")
        self.signers = []
        self.inner = None
        if self.encrypted and home:
            part = self.outer.get_payload()[1]
            plain, self.signers = home.decrypt(
                part.get_payload(decode=True))
            self.inner = email.message_from_bytes(
                plain, policy=email.policy.default)
        elif self.outer.get_content_type() == "multipart/signed":
            signed, signature = _signed_span(raw, self.outer)
            self.signers = poc.verify(signed, signature)
            self.inner = email.message_from_bytes(
                signed, policy=email.policy.default)
        self.text = _text(self.inner) if self.inner is not None else None
        if self.inner is not None and self.inner["Subject"]:
            self.subject = str(self.inner["Subject"])

    def attachments(self):
        """(name, type) of what came along."""
        return [(p.get_filename(), p.get_content_type())
                for p in self.inner.walk()
                if p.get_filename()
                or p.get_content_type() == "application/pgp-keys"]


def _text(message):
    body = message.get_body(("plain",))
    return body.get_content() if body is not None else ""


def _signed_span(raw, outer):
    """The exact octets of the first part, and the signature."""
    edge = b"--" + outer.get_boundary().encode()
    pieces = (b"\r\n" + raw).split(b"\r\n" + edge)
    signed = pieces[1].partition(b"\r\n")[2]
    signature = outer.get_payload()[1].get_payload(decode=True)
    return signed, signature


def _ok(answer):
    status, data = answer
    if status != "OK":
        raise RuntimeError(f"IMAP: {status} {data}")
    return data


class _Imap(imaplib.IMAP4_SSL):
    """To 127.0.0.1, by a name that no resolver knows."""

    def __init__(self, host, port, context):
        super().__init__(host, port, ssl_context=context, timeout=20)

    def _create_socket(self, timeout):
        import socket
        plain = socket.create_connection((GOOD, self.port), timeout)
        return self.ssl_context.wrap_socket(plain, server_hostname=self.host)


class _Submission(smtplib.SMTP_SSL):
    def __init__(self, host, port, context):
        super().__init__(host, port, context=context, timeout=20)

    def _get_socket(self, host, port, timeout):
        import socket
        plain = socket.create_connection((GOOD, port), timeout)
        return self.context.wrap_socket(plain, server_hostname=host)
