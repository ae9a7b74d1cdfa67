"""Throw-away OpenPGP keys, one home a party, made by the real gpg.

A home is a GNUPGHOME under a short path (an agent's socket must fit in 108
bytes).  Keys are ed25519 with a cv25519 subkey, without a passphrase unless
asked for.  stop() ends the agent that gpg started for it.
"""

import pathlib
import subprocess


class GpgError(Exception):
    pass


class Home:
    def __init__(self, folder, user_id=None, passphrase="", curve=True):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, mode=0o700)
        self.folder.chmod(0o700)
        self.passphrase = passphrase
        self.user_id = user_id
        self.fingerprint = None
        (self.folder / "gpg.conf").write_text(
            "no-auto-key-locate\nno-auto-key-retrieve\ntrust-model always\n")
        (self.folder / "gpg-agent.conf").write_text(
            "disable-scdaemon\ns2k-count 65536\nallow-preset-passphrase\n")
        if user_id:
            self.fingerprint = self.make(user_id)

    def gpg(self, *args, data=None, check=True):
        """Run gpg in this home; gives the finished process (bytes)."""
        done = subprocess.run(
            ["gpg", "--homedir", str(self.folder), "--batch", "--yes",
             "--no-tty", "--pinentry-mode", "loopback", "--passphrase",
             self.passphrase, "--disable-dirmngr", *args],
            input=data if data is not None else b"", capture_output=True,
            env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"})
        if check and done.returncode != 0:
            raise GpgError(done.stderr.decode("utf-8", "replace"))
        return done

    def make(self, user_id, encrypt=True, expire="never"):
        """A new key; gives its fingerprint."""
        done = self.gpg("--status-fd", "1", "--quick-gen-key", user_id,
                        "ed25519", "cert,sign", expire)
        made = [line.split()[-1].decode() for line in done.stdout.splitlines()
                if b" KEY_CREATED " in line][0]
        if encrypt:
            self.gpg("--quick-add-key", made, "cv25519", "encr", expire)
        return made

    def public(self, fingerprint=None):
        """The armored public key."""
        return self.gpg("--armor", "--export",
                        fingerprint or self.fingerprint).stdout

    def learn(self, *others):
        """Import the public keys of other homes."""
        self.gpg("--import", data=b"".join(o.public() for o in others))

    def encrypt(self, data, to, sign=False, key=None, armor=True):
        """An OpenPGP message to the fingerprints in `to`."""
        args = ["--armor"] if armor else []
        for fingerprint in to:
            args += ["--recipient", fingerprint]
        if sign:
            args += ["--sign", "--local-user", key or self.fingerprint]
        return self.gpg(*args, "--encrypt", data=data).stdout

    def sign_detached(self, data, key=None):
        return self.gpg("--armor", "--local-user", key or self.fingerprint,
                        "--detach-sign", data=data).stdout

    def clearsign(self, data, key=None):
        return self.gpg("--local-user", key or self.fingerprint,
                        "--clear-sign", data=data).stdout

    def decrypt(self, data):
        """(plain bytes, fingerprints of good signatures)."""
        done = self.gpg("--status-fd", "2", "--decrypt", data=data,
                        check=False)
        if b"[GNUPG:] DECRYPTION_OKAY" not in done.stderr:
            raise GpgError(done.stderr.decode("utf-8", "replace"))
        return done.stdout, _good(done.stderr)

    def verify(self, data, signature):
        """Fingerprints of good signatures over data; [] when bad."""
        path = self.folder / "verify.sig"
        path.write_bytes(signature)
        try:
            done = self.gpg("--status-fd", "2", "--verify", str(path), "-",
                            data=data, check=False)
        finally:
            path.unlink()
        return _good(done.stderr) if done.returncode == 0 else []

    def stop(self):
        subprocess.run(["gpgconf", "--homedir", str(self.folder), "--kill",
                        "all"], stdin=subprocess.DEVNULL,
                       capture_output=True)


def _good(status):
    """Primary fingerprints of the VALIDSIG lines."""
    return [line.split()[-1].decode() for line in status.splitlines()
            if line.startswith(b"[GNUPG:] VALIDSIG ")]
