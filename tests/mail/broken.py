"""Servers that misbehave in one way each; they keep what they were told.

Only for what a real server will not do on request: hang up after the final
dot, or hide STARTTLS as an attacker on the wire would.
"""

import socket
import ssl
import threading
import time


class _Broken:
    def __init__(self):
        self.seen = b""
        self.sessions = 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        # A thread that still accepts would take the sessions of the next
        # server, whose listener has the same descriptor.
        self.listener.shutdown(socket.SHUT_RDWR)
        self.thread.join(15)
        self.listener.close()

    def _serve(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            client.settimeout(10)
            self.sessions += 1
            try:
                with client:
                    self.talk(client)
            except (OSError, EOFError):
                pass

    def line(self, stream):
        got = stream.readline()
        if not got:
            raise EOFError
        self.seen += got
        return got

    def say(self, client, text):
        client.sendall(text.encode() + b"\r\n")


class SmtpHangsUp(_Broken):
    """Takes a letter and closes without the answer to its final dot.

    The letters it took lie in .letters, as at a server that delivered before
    the connection died.  when="at-data": it closes before it takes any.
    when="slow-data": it takes its time before it says go on, then answers.
    """

    def __init__(self, world, when="after-dot"):
        self.when = when
        self.letters = []
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(world.tls / "good.pem",
                                     world.tls / "server.key")
        super().__init__()

    def talk(self, client):
        with self.context.wrap_socket(client, server_side=True) as tls:
            stream = tls.makefile("rb")
            self.say(tls, "220 broken ESMTP")
            while True:
                verb = self.line(stream)[:4].upper()
                if verb == b"EHLO":
                    self.say(tls, "250-broken\r\n250 AUTH PLAIN LOGIN")
                elif verb == b"AUTH":
                    self.say(tls, "235 welcome")
                elif verb == b"DATA":
                    if self.when == "at-data":
                        return
                    if self.when == "slow-data":
                        time.sleep(3)
                    self.say(tls, "354 go on")
                    self.data(stream)
                    if self.when != "slow-data":
                        return
                    self.say(tls, "250 taken")
                elif verb == b"QUIT":
                    self.say(tls, "221 bye")
                    return
                else:
                    self.say(tls, "250 fine")

    def data(self, stream):
        letter = b""
        while True:
            line = self.line(stream)
            if line == b".\r\n":
                self.letters.append(letter)
                return
            letter += line


class SmtpHidesStartTls(_Broken):
    """Plain SMTP that offers AUTH but no STARTTLS."""

    def talk(self, client):
        stream = client.makefile("rb")
        self.say(client, "220 broken ESMTP")
        while True:
            verb = self.line(stream)[:4].upper()
            if verb == b"EHLO":
                self.say(client, "250-broken\r\n250 AUTH PLAIN LOGIN")
            elif verb == b"STAR":
                self.say(client, "502 not here")
            elif verb == b"QUIT":
                return
            else:
                self.say(client, "235 welcome")


class ImapHidesStartTls(_Broken):
    """Plain IMAP that offers LOGIN but no STARTTLS."""

    def __init__(self, preauth=False):
        self.greeting = "* PREAUTH welcome" if preauth else "* OK welcome"
        super().__init__()

    def talk(self, client):
        stream = client.makefile("rb")
        self.say(client, self.greeting)
        while True:
            words = self.line(stream).split()
            tag, verb = words[0].decode(), words[1].upper()
            if verb == b"CAPABILITY":
                self.say(client, "* CAPABILITY IMAP4rev1 AUTH=PLAIN")
                self.say(client, f"{tag} OK done")
            elif verb == b"STARTTLS":
                self.say(client, f"{tag} NO not here")
            else:
                self.say(client, f"{tag} OK done")
