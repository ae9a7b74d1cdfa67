"""Other people's programs that write to the desk and read its answers.

Three implementations of OpenPGP besides GnuPG: Sequoia (sq), RNP and PGPy.
Each has a key of its own, made by itself, and the methods of keys.Home that
letters.py and world.Mail ask for, so that it can stand where a Home does.
"""

import pathlib
import subprocess

PATH = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"}


class SenderError(Exception):
    pass


class Sender:
    """One implementation with its key; `known` are the certificates of
    others, by fingerprint, as files."""

    def __init__(self, folder, user_id):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, mode=0o700)
        self.user_id = user_id
        self.known = {}
        self.fingerprint = self.make()
        self.learn(self)

    def learn(self, *others):
        for other in others:
            path = self.folder / f"{other.fingerprint}.asc"
            path.write_bytes(other.public())
            self.known[other.fingerprint] = path

    def run(self, *args, data=b"", check=True):
        """Run the program; gives the finished process (bytes)."""
        done = subprocess.run(
            [str(a) for a in args], input=data, capture_output=True,
            cwd=self.folder, env={**PATH, "HOME": str(self.folder)})
        if check and done.returncode != 0:
            raise SenderError(done.stderr.decode("utf-8", "replace"))
        return done

    def file(self, name, data):
        path = self.folder / name
        path.write_bytes(data)
        return path


class Sequoia(Sender):
    def make(self):
        self.key = self.folder / "key"
        self.run("sq", "key", "generate", "--userid", self.user_id,
                 "--export", self.key)
        self.cert = self.folder / "cert"
        self.run("sq", "key", "extract-cert", "--output", self.cert, self.key)
        said = self.run("sq", "inspect", self.cert).stdout.decode()
        return said.partition("Fingerprint: ")[2].split()[0]

    def public(self):
        return self.cert.read_bytes()

    def encrypt(self, data, to, sign=False, key=None, compress="pad"):
        args = ["--compression", compress]
        for fingerprint in to:
            args += ["--recipient-cert", self.known[fingerprint]]
        if sign:
            args += ["--signer-key", self.key]
        return self.run("sq", "encrypt", *args, data=data).stdout

    def sign_detached(self, data, key=None):
        return self.run("sq", "sign", "--detached", "--signer-key", self.key,
                        data=data).stdout

    def clearsign(self, data):
        return self.run("sq", "sign", "--cleartext-signature",
                        "--signer-key", self.key, data=data).stdout

    def decrypt(self, data):
        """(plain bytes, the fingerprint that signed them)."""
        for signer, cert in self.known.items():
            done = self.run("sq", "decrypt", "--recipient-key", self.key,
                            "--signer-cert", cert, data=data, check=False)
            if done.returncode == 0:
                return done.stdout, [signer]
        raise SenderError(done.stderr.decode("utf-8", "replace"))

    def verify(self, data, signature):
        path = self.file("signature", signature)
        return [signer for signer, cert in self.known.items()
                if self.run("sq", "verify", "--signer-cert", cert,
                            "--detached", path, data=data,
                            check=False).returncode == 0]


class Rnp(Sender):
    def make(self):
        self.home = self.folder / "rnp"
        self.home.mkdir(mode=0o700)
        self.keys("--generate-key", "--numbits", "2048", "--userid",
                  self.user_id)
        listed = self.keys("--list-keys").stdout.decode().split("\n")
        at = [n for n, row in enumerate(listed) if row.startswith("pub ")][0]
        return listed[at + 1].strip().upper()

    def keys(self, *args):
        return self.run("rnpkeys", "--homedir", self.home, "--password", "",
                        *args)

    def rnp(self, *args, data=b"", password="", check=True):
        """Over a file: rnp names what it seals after its input."""
        return self.run("rnp", "--homedir", self.home, "--password", password,
                        "--output", "-", "--hash", "SHA512", *args,
                        self.file("input", data), check=check)

    def learn(self, *others):
        super().learn(*others)
        for other in others:
            self.keys("--import", self.known[other.fingerprint])

    def public(self):
        return self.keys("--export-key", self.user_id).stdout

    def encrypt(self, data, to, sign=False, key=None, compress="6",
                aead=None):
        args = ["--armor", "-z", compress]
        args += [f"--aead={aead}"] if aead else []
        for fingerprint in to:
            args += ["--recipient", fingerprint]
        if sign:
            args += ["--sign", "--userid", self.fingerprint]
        return self.rnp("--encrypt", *args, data=data).stdout

    def encrypt_password(self, data, password):
        return self.rnp("--symmetric", "--armor", data=data,
                        password=password).stdout

    def sign_detached(self, data, key=None):
        return self.rnp("--sign", "--detach", "--armor", "--userid",
                        self.fingerprint, data=data).stdout

    def clearsign(self, data):
        return self.rnp("--clearsign", "--userid", self.fingerprint,
                        data=data).stdout

    def decrypt(self, data):
        done = self.rnp("--decrypt", data=data)
        return done.stdout, self._good(done)

    def verify(self, data, signature):
        path = self.file("signature", signature)
        return self._good(self.run(
            "rnp", "--homedir", self.home, "--verify", path, "--source",
            self.file("input", data), check=False))

    def _good(self, done):
        """It says the key id, and "successfully" only of good ones."""
        said = done.stderr.decode() + done.stdout.decode("utf-8", "replace")
        if (done.returncode != 0
                or "Signature(s) verified successfully" not in said):
            return []
        return [f for f in self.known if f"key {f[-16:].lower()}" in said]


class Pgpy(Sender):
    """A library: `lib` is its module, `names` the module of its constants."""

    def make(self):
        import pgpy
        from pgpy import constants as names
        self.lib, self.names = pgpy, names
        name, _, address = self.user_id.rstrip(">").partition(" <")
        self.key = pgpy.PGPKey.new(names.PubKeyAlgorithm.EdDSA,
                                   names.EllipticCurveOID.Ed25519)
        self.key.add_uid(
            pgpy.PGPUID.new(name, email=address),
            usage={names.KeyFlags.Certify, names.KeyFlags.Sign},
            hashes=[names.HashAlgorithm.SHA512],
            ciphers=[names.SymmetricKeyAlgorithm.AES256],
            compression=[names.CompressionAlgorithm.ZLIB])
        self.key.add_subkey(
            pgpy.PGPKey.new(names.PubKeyAlgorithm.ECDH,
                            names.EllipticCurveOID.Curve25519),
            usage={names.KeyFlags.EncryptCommunications})
        return str(self.key.fingerprint).replace(" ", "")

    def public(self):
        return str(self.key.pubkey).encode()

    def certificate(self, fingerprint):
        return self.lib.PGPKey.from_file(str(self.known[fingerprint]))[0]

    def encrypt(self, data, to, sign=False, key=None, compress="ZLIB",
                hidden=False):
        message = self.lib.PGPMessage.new(
            data, format="b",
            compression=self.names.CompressionAlgorithm[compress])
        if sign:
            message |= self.key.sign(message,
                                     hash=self.names.HashAlgorithm.SHA512)
        session = self.names.SymmetricKeyAlgorithm.AES256.gen_key()
        for fingerprint in to:
            message = self.certificate(fingerprint).encrypt(
                message, sessionkey=session)
        if hidden:
            for packet in message._sessionkeys:
                packet.encrypter = bytearray(8)
        return str(message).encode()

    def sign_detached(self, data, key=None):
        return str(self.key.sign(
            data, hash=self.names.HashAlgorithm.SHA512)).encode()

    def clearsign(self, data):
        message = self.lib.PGPMessage.new(data.decode(), cleartext=True)
        message |= self.key.sign(message,
                                 hash=self.names.HashAlgorithm.SHA512)
        return str(message).encode()

    def decrypt(self, data):
        message = self.key.decrypt(self.lib.PGPMessage.from_blob(data))
        return bytes(message.message), self._good(message)

    def verify(self, data, signature):
        return self._good(data, self.lib.PGPSignature.from_blob(signature))

    def _good(self, *subject):
        return [f for f in self.known if self._made(f, subject)]

    def _made(self, fingerprint, subject):
        try:
            return bool(self.certificate(fingerprint).verify(*subject))
        except self.lib.errors.PGPError:
            return False
