"""Letters that are too much, made fast: entities, packets, keys.

An entity stands in a letter in clear or is sealed for us; so each kind of
too much comes both ways.  What gpg would need minutes for is written packet
by packet (RFC 4880, 9580).
"""

import base64
import bz2
import random
import struct
import zlib

import letters

MIB = 1 << 20
PROTOCOL = ';\r\n protocol="application/pgp-encrypted"'
TEXT = b"Content-Type: text/plain\r\n\r\nXYZ-100\r\n"


def in_clear(entity, sender, **fields):
    return letters.letter(letters.head("too much", sender=sender, **fields),
                          entity)


def sealed(message, sender, **fields):
    """An OpenPGP message, in binary, as PGP/MIME."""
    body = base64.encodebytes(message).replace(b"\n", b"\r\n")
    return in_clear(letters.multipart("encrypted", [
        b"Content-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n",
        b"Content-Type: application/octet-stream\r\n"
        b"Content-Transfer-Encoding: base64\r\n\r\n" + body], PROTOCOL),
        sender, **fields)


def packet(tag, body):
    return bytes((0xC0 | tag, 0xFF)) + struct.pack(">I", len(body)) + body


# ---- entities ---------------------------------------------------------------

def nested(count, boundary="b{}"):
    """Multiparts in one another, by boundaries of their own or one alone."""
    names = [boundary.format(n).encode() for n in range(count)]
    return (b"".join(b"Content-Type: multipart/mixed; boundary=%b\r\n\r\n--%b"
                     b"\r\n" % (name, name) for name in names) + TEXT
            + b"".join(b"\r\n--%b--\r\n" % name for name in names[::-1]))


def nested_messages(count):
    return b"Content-Type: message/rfc822\r\n\r\n" * count + TEXT


def many_parts(count):
    return (b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
            + (b"--b\r\n" + TEXT) * count + b"--b--\r\n")


def many_fields(count):
    return TEXT.replace(b"\r\n", b"\r\n" + b"X-More: of the same\r\n" * count,
                        1)


def long_field(octets):
    return b"X-Long: " + b"a" * octets + b"\r\n" + TEXT


def long_line(octets):
    return TEXT + b"a" * octets + b"\r\n"


def addresses(count):
    return ", ".join(f"someone{n}@many.example" for n in range(count))


# ---- packets ----------------------------------------------------------------

def _zeros_zip(octets):
    """A literal packet of zeros, deflated; a MiB is always the same bytes."""
    head = b"b\0" + bytes(4) + TEXT
    start = bytes((0xCB, 0xFF)) + struct.pack(">I", len(head) + octets) + head
    z = zlib.compressobj(9, zlib.DEFLATED, -15)
    out = z.compress(start) + z.flush(zlib.Z_FULL_FLUSH)
    out += ((z.compress(bytes(MIB)) + z.flush(zlib.Z_FULL_FLUSH))
            * (octets // MIB))
    return packet(8, b"\1" + out + z.flush())


def bomb(home, to, octets, again=lambda packets: packets):
    """Zeros, compressed (and again), encrypted to `to`."""
    return home.gpg("--no-literal", "-z0", "--recipient", to, "--encrypt",
                    data=again(_zeros_zip(octets))).stdout


def bzip2(packets):
    return packet(8, b"\3" + bz2.compress(packets))


def for_many(message, count):
    """The same message with recipients that nobody is, behind its own."""
    head = 2 + message[1]  # an old or new header of one octet of length
    body = message[2:head]
    assert body[0] == 3
    others = b"".join(
        message[:2] + body[:1] + struct.pack(">Q", n) + body[9:]
        for n in range(1, count + 1))
    return message[:head] + others + message[head:]


def poisoned(key, count):
    """A public key with certifications that nobody can check."""
    # Version 4, over a user id, EdDSA, SHA-256; made when; by whom; r and s.
    head = bytes((4, 0x10, 22, 8, 0, 6, 5, 2)) + struct.pack(">I", 1700000000)
    noise = random.Random(1)
    more = b"".join(
        packet(2, head + bytes((0, 10, 9, 16)) + noise.randbytes(8)
               + noise.randbytes(2)
               + (b"\1\0\x80" + noise.randbytes(31)) * 2)
        for _ in range(count))
    at = _behind_user_id(key)
    return key[:at] + more + key[at:]


def _behind_user_id(key):
    """Where the signatures of the first user id end."""
    at, seen = 0, False
    while at < len(key):
        first = key[at]
        tag = first & 0x3F if first & 0x40 else first >> 2 & 0xF
        if seen and tag != 2:
            return at
        seen = seen or tag == 13
        at += _packet_len(key, at)
    return at


def _packet_len(data, at):
    first, second = data[at], data[at + 1]
    if first & 0x40:
        if second < 192:
            return 2 + second
        if second < 224:
            return 3 + ((second - 192) << 8) + data[at + 2] + 192
        return 6 + struct.unpack_from(">I", data, at + 2)[0]
    size = 1 << (first & 3)
    return 1 + size + int.from_bytes(data[at + 1:at + 1 + size], "big")
