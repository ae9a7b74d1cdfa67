"""Whose key it is, and a gpg that does not end.

A key that comes with a letter belongs to its sender once it has signed the
letter's own words (RULES 10).  gpg is stopped or ended by its id, and only
below the daemon of the test.
"""

import base64
import hashlib
import os
import pathlib
import re
import signal
import time

import pytest

import letters
import world as people
from process import descendants, until
from program import SLOW
from test_kill import rooms

PROTOCOL = ';\r\n protocol="application/pgp-encrypted"'


def settle(d):
    assert d.once() == 0, d.text()


def case_of(d):
    case, = d.psirt.cases()
    return d.psirt.case(case["case"])


def finder_of(d):
    if not d.alive():
        d.start()
    return case_of(d)["finder"]


def number_of(world):
    ack = world.mails(letters.FINDER, world.finder, "acknowledge")[0]
    return re.search(r"PSIRT-\d{4}-\d{4}", ack.subject)[0]


def key_lines(d):
    """What the record says of keys, oldest first."""
    return [line["what"].replace("-", " ") for line in d.psirt.log()
            if line["what"].replace("-", " ") in ("key kept", "key bound")]


def sealed(world, entity, sign=True, home=None, beside=None):
    """A letter with the entity sealed for us; a key beside it, in clear."""
    body = letters.pgp_encrypted(entity, home or world.finder,
                                 [world.poc.fingerprint], sign=sign)
    if beside is not None:
        body = letters.with_key(body, beside)
    return letters.letter(letters.head("report", name="Robin Finder"), body)


# ---- the second pass --------------------------------------------------------

@pytest.mark.parametrize("where", ["inside", "beside", "in clear"])
def test_key_that_signed_the_words_is_bound(world, daemon, where):
    d = daemon()
    text = letters.text_part(letters.ENGLISH)
    if where == "inside":
        letter = sealed(world, letters.with_key(text, world.finder))
    elif where == "beside":
        letter = sealed(world, text, beside=world.finder)
    else:
        letter = letters.signed_report(world.finder)
    world.deliver(letter)
    settle(d)
    ack, = world.mails(letters.FINDER, world.finder, "acknowledge")
    assert ack.encrypted
    finder = finder_of(d)
    assert finder["key"] == world.finder.fingerprint
    assert finder["key_standing"] == "bound" and not finder["key_confirmed"]
    assert key_lines(d) == ["key bound"]
    part = [p for p in d.psirt.json("letter", "1")["parts"]
            if p["kind"] == "text"][0]
    assert part["verdict"] == "known", part


@pytest.mark.parametrize("inside", [True, False])
def test_key_that_did_not_sign_is_nobodys(world, daemon, inside):
    """The words are signed, and not by this key."""
    d = daemon()
    text = letters.text_part(letters.ENGLISH)
    if inside:
        letter = sealed(world, letters.with_key(text, world.finder2))
    else:
        letter = letters.letter(
            letters.head("report", name="Robin Finder"),
            letters.with_key(letters.pgp_signed(text, world.finder),
                             world.finder2))
    world.deliver(letter)
    settle(d)
    ack, = world.mails(letters.FINDER, None, "acknowledge")
    assert not ack.encrypted
    finder = finder_of(d)
    assert (finder["key"], finder["key_standing"]) == (None, None)
    assert key_lines(d) == []


def test_the_one_of_several_keys_that_signed(world, daemon):
    d = daemon()
    world.deliver(sealed(world, letters.with_key(letters.with_key(
        letters.text_part(letters.ENGLISH), world.finder2), world.finder)))
    settle(d)
    finder = finder_of(d)
    assert finder["key"] == world.finder.fingerprint
    assert finder["key_standing"] == "bound"


def autocrypt(home):
    """The value of an Autocrypt field: the key, without armor."""
    key = base64.b64encode(home.gpg("--export", "--export-options",
                                    "export-minimal", home.fingerprint)
                           .stdout).decode()
    return f"addr={letters.FINDER}; prefer-encrypt=mutual; keydata={key}"


@pytest.mark.parametrize("sign,encrypt,standing", [
    (True, True, "bound"),    # it proves itself, wherever it stood
    (True, False, "bound"),
    (False, False, "kept"),   # nobody hid anything in this letter
    (False, True, None),      # anybody may write fields around it
])
def test_key_of_an_autocrypt_field(world, daemon, sign, encrypt, standing):
    d = daemon()
    entity = letters.text_part(letters.ENGLISH)
    if encrypt:
        entity = letters.pgp_encrypted(entity, world.finder,
                                       [world.poc.fingerprint], sign=sign)
    elif sign:
        entity = letters.pgp_signed(entity, world.finder)
    world.deliver(letters.letter(
        letters.head("report", name="Robin Finder",
                     Autocrypt=autocrypt(world.finder)), entity))
    settle(d)
    ack, = world.mails(letters.FINDER, world.finder, "acknowledge")
    assert ack.encrypted == (standing is not None)
    finder = finder_of(d)
    assert finder["key_standing"] == standing
    assert finder["key"] == (world.finder.fingerprint if standing else None)


def test_signature_around_the_encryption_binds_nothing(world, daemon):
    """Somebody else's sealed words, signed and with a key by the carrier."""
    d = daemon()
    body = letters.pgp_encrypted(letters.text_part(letters.ENGLISH),
                                 world.finder, [world.poc.fingerprint],
                                 sign=False)
    world.deliver(letters.letter(
        letters.head("report", name="Robin Finder"),
        letters.with_key(letters.pgp_signed(body, world.finder2),
                         world.finder2)))
    settle(d)
    ack, = world.mails(letters.FINDER, None, "acknowledge")
    assert not ack.encrypted
    assert finder_of(d)["key"] is None


def test_other_sealed_part_brings_no_key(world, daemon):
    """Laid beside the letter by its carrier, encrypted to us as well."""
    d = daemon()
    theirs = letters.pgp_encrypted(letters.text_part(letters.ENGLISH),
                                   world.finder, [world.poc.fingerprint],
                                   sign=False)
    ours = letters.pgp_encrypted(
        letters.with_key(letters.text_part("More: XYZ-100.\n"),
                         world.finder2),
        world.finder2, [world.poc.fingerprint])
    world.deliver(letters.letter(
        letters.head("report", name="Robin Finder"),
        letters.multipart("mixed", [theirs, ours])))
    settle(d)
    assert finder_of(d)["key"] is None


def test_words_around_a_signed_text_are_not_signed(world, daemon):
    """Somebody's signed words in a letter of another: kept, not bound."""
    d = daemon()
    quoted = letters.pgp_signed(letters.text_part(letters.ENGLISH),
                                world.finder)
    world.deliver(letters.letter(
        letters.head("fwd: report", sender=people.STRANGER),
        letters.with_key(letters.multipart("mixed", [
            letters.text_part("This is mine: XYZ-100 version 2.3.\n"),
            quoted]), world.finder)), people.STRANGER)
    settle(d)
    assert finder_of(d)["key_standing"] in (None, "kept")
    assert "key bound" not in key_lines(d)


# ---- who carries the letter -------------------------------------------------

def block(home):
    return (b"Content-Type: application/pgp-keys\r\n\r\n"
            + letters.crlf(home.public()) + b"\r\n")


def test_decoys_do_not_hide_the_key(world, daemon):
    """Laid in front of what the carrier cannot open."""
    d = daemon()
    theirs = letters.pgp_encrypted(
        letters.with_key(letters.text_part(letters.ENGLISH), world.finder),
        world.finder, [world.poc.fingerprint])
    decoys = [block(world.finder2).replace(
        b"\r\n\r\n", b"\r\nContent-ID: <%d@x>\r\n\r\n" % i, 1)
              for i in range(20)]
    world.deliver(letters.letter(
        letters.head("report", name="Robin Finder"),
        letters.multipart("mixed", decoys + [theirs])))
    settle(d)
    finder = finder_of(d)
    assert finder["key"] == world.finder.fingerprint
    assert finder["key_standing"] == "bound"


@pytest.mark.parametrize("how", ["no key", "other sealed part"])
def test_carrier_binds_no_key_where_the_finder_signed(world, daemon, how):
    """He answers our mail, which he has read, from the finder's address."""
    d = daemon()
    world.finder2.learn(world.poc)
    text = letters.text_part(letters.ENGLISH)
    if how == "no key":
        body = letters.pgp_encrypted(text, world.finder,
                                     [world.poc.fingerprint])
    else:
        body = letters.multipart("mixed", [
            letters.pgp_encrypted(letters.with_key(text, world.finder),
                                  world.finder, [world.poc.fingerprint]),
            letters.pgp_encrypted(letters.text_part("-- \n"), world.finder2,
                                  [world.poc.fingerprint], sign=False)])
    world.deliver(letters.letter(
        letters.head("report", name="Robin Finder"), body))
    settle(d)
    assert finder_of(d)["key"] is None
    ack, = world.mails(letters.FINDER, None, "acknowledge")
    assert d.stop() == 0
    for words in ("More of XYZ-100.\n", "And more.\n"):
        world.deliver(letters.letter(
            letters.head(f"Re: {ack.subject}", name="Robin Finder",
                         In_Reply_To=ack.message_id),
            letters.pgp_encrypted(
                letters.with_key(letters.text_part(words), world.finder2),
                world.finder2, [world.poc.fingerprint])))
    settle(d)
    finder = finder_of(d)
    assert (finder["key"], finder["key_standing"]) == (None, None)
    assert key_lines(d) == []
    assert len(d.psirt.letters()) == 3 and len(d.psirt.cases()) == 1


@pytest.mark.parametrize("inside", [True, False])
def test_sealed_once_more_by_the_carrier(world, daemon, inside):
    """His key stands in the outer encryption, and is nobody's."""
    d = daemon()
    text = letters.text_part(letters.ENGLISH)
    theirs = letters.pgp_encrypted(
        letters.with_key(text, world.finder) if inside else text,
        world.finder, [world.poc.fingerprint], sign=False)
    world.deliver(letters.letter(
        letters.head("report", name="Robin Finder"),
        letters.pgp_encrypted(
            letters.multipart("mixed", [block(world.finder2), theirs]),
            world.finder2, [world.poc.fingerprint], sign=False)))
    settle(d)
    finder = finder_of(d)
    assert finder["key"] == (world.finder.fingerprint if inside else None)
    assert finder["key_standing"] == ("kept" if inside else None)


def test_number_of_a_case_that_waits_binds_no_key(world, daemon):
    """Nor does it open the case on another's words."""
    d = daemon()
    world.deliver(letters.letter(
        letters.head("JVN#12345678 report", name="Robin Finder"),
        letters.pgp_encrypted(letters.text_part(letters.ENGLISH),
                              world.finder, [world.finder.fingerprint])))
    settle(d)
    d.start()
    case, = d.psirt.cases()
    assert case["state"] == "unopened"
    assert d.stop() == 0
    world.finder2.learn(world.poc)
    world.deliver(letters.letter(
        letters.head(f"Re: [{case['case']}]", name="Robin Finder"),
        letters.pgp_encrypted(
            letters.with_key(letters.text_part("It is XYZ-100.\n"),
                             world.finder2),
            world.finder2, [world.poc.fingerprint])))
    settle(d)
    assert finder_of(d)["key"] is None
    assert [c["state"] for c in d.psirt.cases()] == ["unopened"]
    assert key_lines(d) == []


@pytest.mark.parametrize("how", ["signed around", "sealed around"])
def test_fields_laid_around_do_not_replace_the_protected(world, daemon, how):
    """The finder protects a From; whoever carried it lays another around."""
    d = daemon()
    text = (f"From: Robin Finder <{letters.FINDER}>\r\n".encode()
            + letters.text_part(letters.ENGLISH, subject="True subject"))
    theirs = letters.pgp_encrypted(text, world.finder,
                                   [world.poc.fingerprint], sign=False)
    theirs = (f"From: Robin Finder <{people.FINDER2}>\r\n"
              "Subject: another\r\n").encode() + theirs.replace(
        b"multipart/encrypted;",
        b'multipart/encrypted; protected-headers="v1";', 1)
    if how == "signed around":
        body = letters.pgp_signed(theirs, world.finder2)
    else:
        body = letters.pgp_encrypted(theirs, world.finder2,
                                     [world.poc.fingerprint], sign=False)
    world.deliver(letters.letter(
        letters.head("report", people.FINDER2, name="Robin Finder"), body),
        people.FINDER2)
    settle(d)
    assert world.count(letters.FINDER) == 1
    assert world.count(people.FINDER2) == 0


# ---- kept, then bound -------------------------------------------------------

def kept(world, d):
    """A case whose finder's key came along and signed nothing."""
    world.deliver(sealed(world, letters.with_key(
        letters.text_part(letters.ENGLISH), world.finder), sign=False))
    settle(d)
    ack, = world.mails(letters.FINDER, world.finder, "acknowledge")
    assert ack.encrypted
    finder = finder_of(d)
    assert finder["key"] == world.finder.fingerprint
    assert finder["key_standing"] == "kept"
    assert d.stop() == 0
    return ack


def verdicts(d):
    return [row["verdict"] for row in
            sorted(d.psirt.letters(), key=lambda row: row["letter"])]


def test_kept_key_is_bound_by_its_first_signature(world, daemon):
    d = daemon()
    kept(world, d)
    number = number_of(world)
    world.deliver(letters.reply(world.finder, world.poc, number))
    settle(d)
    assert finder_of(d)["key_standing"] == "bound"
    assert key_lines(d) == ["key kept", "key bound"]
    assert verdicts(d) == ["unsigned", "unknown-key"]
    assert d.stop() == 0
    world.deliver(letters.reply(world.finder, world.poc, number,
                                text="And 2.1 as well.\n"))
    settle(d)
    d.start()
    assert verdicts(d) == ["unsigned", "unknown-key", "known"]
    assert key_lines(d) == ["key kept", "key bound"]


def test_kept_key_is_bound_by_its_finder_alone(world, daemon):
    """Another address in the thread, and another key from the finder's."""
    d = daemon()
    ack = kept(world, d)
    number = number_of(world)
    world.deliver(letters.reply(world.finder, world.poc, "x",
                                ack.message_id, sender=people.STRANGER),
                  people.STRANGER)
    world.finder2.learn(world.poc)
    world.deliver(letters.reply(world.finder2, world.poc, number,
                                text="Mine is another key.\n"))
    settle(d)
    finder = finder_of(d)
    assert finder["key"] == world.finder.fingerprint
    assert finder["key_standing"] == "kept"
    assert key_lines(d) == ["key kept"]


def test_kept_key_is_not_replaced(world, daemon):
    """A new key in an answer to our mail is not taken for the finder's."""
    d = daemon()
    ack = kept(world, d)
    number = number_of(world)
    world.finder2.learn(world.poc)
    world.deliver(letters.letter(
        letters.head(f"Re: [{number}]", name="Robin Finder",
                     In_Reply_To=ack.message_id),
        letters.pgp_encrypted(
            letters.with_key(letters.text_part("My new key is attached.\n"),
                             world.finder2),
            world.finder2, [world.poc.fingerprint])))
    settle(d)
    finder = finder_of(d)
    assert finder["key"] == world.finder.fingerprint
    assert finder["key_standing"] == "kept"
    assert key_lines(d) == ["key kept"]


def test_bound_key_is_not_replaced(world, daemon):
    d = daemon()
    world.deliver(letters.finder_report(world.finder, world.poc))
    settle(d)
    number = number_of(world)
    world.finder2.learn(world.poc)
    subject = f"Re: [{number}] your report"
    world.deliver(letters.letter(
        letters.head(subject, name="Robin Finder"),
        letters.pgp_encrypted(
            letters.with_key(letters.text_part("My new key is attached.\n"),
                             world.finder2),
            world.finder2, [world.poc.fingerprint])))
    settle(d)
    finder = finder_of(d)
    assert finder["key"] == world.finder.fingerprint
    assert finder["key_standing"] == "bound"
    assert key_lines(d) == ["key bound"]


@pytest.mark.parametrize("thread", [True, False])
def test_key_that_comes_later_is_bound(world, daemon, thread):
    """First a question in clear, then the report with a key.  A number and
    a From are anybody's: only what answers our mail brings a key."""
    d = daemon()
    world.deliver(letters.letter(letters.head("XYZ-100 has a flaw"),
                                 letters.text_part(letters.ENGLISH)))
    settle(d)
    assert finder_of(d)["key"] is None
    number = case_of(d)["case"]
    ack, = world.mails(letters.FINDER, kind="acknowledge")
    assert d.stop() == 0
    world.deliver(letters.letter(
        letters.head(f"Re: [{number}]", name="Robin Finder",
                     In_Reply_To=ack.message_id if thread else None),
        letters.pgp_encrypted(
            letters.with_key(letters.text_part("Here is more.\n"),
                             world.finder),
            world.finder, [world.poc.fingerprint])))
    settle(d)
    finder = finder_of(d)
    assert finder["key"] == (world.finder.fingerprint if thread else None)
    assert finder["key_standing"] == ("bound" if thread else None)


def digests(folder, pattern):
    return {path: hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(pathlib.Path(folder).glob(pattern))}


def test_keys_of_letters_enter_no_ring(world, daemon):
    """Neither the settings' GNUPGHOME nor a vault's own home changes."""
    theirs = digests(world.poc.folder, "pubring*")
    d = daemon()
    d.start()
    ours = until(lambda: digests(d.folder / "w", "v*/pubring.kbx"), 10,
                 "the vaults' rings")
    world.deliver(letters.finder_report(world.finder, world.poc))
    world.deliver(letters.signed_report(world.finder2), people.FINDER2)
    world.deliver(sealed(world, letters.with_key(
        letters.text_part("XYZ-100 again, version 3.\n"), world.forger),
        sign=False))
    until(lambda: len([x for x in d.psirt.letters()
                       if x["state"] not in ("received", "opened")]) == 3,
          30 * SLOW, "three letters")
    assert digests(d.folder / "w", "v*/pubring.kbx") == ours
    assert digests(world.poc.folder, "pubring*") == theirs
    for ring in ours:
        until(lambda ring=ring: not list(ring.parent.glob("t/*")), 20 * SLOW,
              "the throw-away homes to go")
        for home in (world.finder, world.finder2, world.forger):
            assert (bytes.fromhex(home.fingerprint)
                    not in ring.read_bytes()), home.user_id
        assert (bytes.fromhex(world.jpcert.fingerprint)
                in ring.read_bytes())


# ---- gpg that hangs or dies -------------------------------------------------

WALL = 3


def programs(d, *words):
    """Programs below a vault whose command line has all of these words."""
    found = []
    for vault in rooms(d, "vault"):
        for pid in descendants(vault):
            try:
                line = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()
            except OSError:
                continue
            if all(word in line.split(b"\0") for word in words):
                found.append(pid)
    return found


def runs(pid):
    """Ended ones may wait for whoever takes over orphans."""
    try:
        stat = pathlib.Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


def long_letter(world):
    """gpg needs a moment for it."""
    armor = world.finder.gpg(
        "--armor", "-z9", "--recipient", world.poc.fingerprint, "--encrypt",
        data=b"\0" * 60_000_000).stdout
    return letters.letter(
        letters.head("a long one", sender=people.STRANGER),
        letters.multipart("encrypted", [
            b"Content-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n",
            b"Content-Type: application/octet-stream\r\n\r\n"
            + letters.crlf(armor) + b"\r\n"], PROTOCOL))


def honest(world):
    """A report that is to be answered, whatever became of the others."""
    world.deliver(letters.finder_report(world.finder, world.poc))


def caught(d):
    return until(lambda: programs(d, b"--decrypt"), 30 * SLOW, "gpg")[0]


@pytest.mark.parametrize("how", [signal.SIGSTOP, signal.SIGKILL])
def test_gpg_that_does_not_end_delays_by_the_limit(world, daemon, how):
    d = daemon(workers=1, limits={"wall": f"{WALL}s"})
    d.start()
    world.deliver(long_letter(world), people.STRANGER)
    gpg = caught(d)
    os.kill(gpg, how)
    start = time.monotonic()
    honest(world)
    world.wait_mails(letters.FINDER, kind="acknowledge",
                     seconds=(WALL + 15) * SLOW)
    assert time.monotonic() - start < (WALL + 5) * SLOW
    assert not runs(gpg)
    layer, = d.psirt.json("letter", "1")["layers"]
    assert layer["outcome"] == "took too long to open", layer
    letter, = [x for x in d.psirt.letters() if x["letter"] == 1]
    assert letter["state"] in ("quarantined", "filed"), letter
    assert letter["reason"], letter


@pytest.mark.parametrize("how", [signal.SIGSTOP, signal.SIGKILL])
def test_agent_that_hangs_or_dies_is_started_anew(world, daemon, how):
    d = daemon(workers=1, limits={"wall": f"{WALL}s"})
    d.start()
    agent, = until(lambda: programs(d, b"gpg-agent"), 10, "the agent")
    os.kill(agent, how)
    start = time.monotonic()
    honest(world)
    ack, = world.wait_mails(letters.FINDER, 1, world.finder, "acknowledge",
                            seconds=(WALL + 15) * SLOW)
    assert ack.encrypted
    assert time.monotonic() - start < (WALL + 5) * SLOW
    other, = programs(d, b"gpg-agent")
    assert other != agent and not runs(agent)


def test_agent_that_hangs_amid_a_letter(world, daemon):
    """gpg waits for it until both are ended; then the next one opens."""
    d = daemon(workers=1, limits={"wall": f"{WALL}s"})
    d.start()
    world.deliver(long_letter(world), people.STRANGER)
    caught(d)
    for agent in programs(d, b"gpg-agent"):
        os.kill(agent, signal.SIGSTOP)
    honest(world)
    start = time.monotonic()
    world.wait_mails(letters.FINDER, kind="acknowledge",
                     seconds=(2 * WALL + 15) * SLOW)
    assert time.monotonic() - start < (2 * WALL + 5) * SLOW


def test_key_that_takes_too_long_to_prove_costs_only_itself(world, daemon):
    """gpg stands still in the second pass; the letter is filed without it."""
    d = daemon(workers=1, limits={"wall": f"{WALL}s"})
    text = letters.ENGLISH + ("x" * 70 + "\n") * 280_000
    d.start()
    world.deliver(sealed(world, letters.with_key(letters.text_part(text),
                                                 world.finder)))
    first = caught(d)
    until(lambda: not runs(first), 30 * SLOW, "its end")
    second = caught(d)
    assert second != first
    os.kill(second, signal.SIGSTOP)
    start = time.monotonic()
    ack, = world.wait_mails(letters.FINDER, 1, None, "acknowledge",
                            seconds=(WALL + 15) * SLOW)
    assert not ack.encrypted
    assert time.monotonic() - start < (WALL + 5) * SLOW
    letter, = d.psirt.letters()
    assert (letter["state"], letter["verdict"]) == ("filed", "unknown-key")
    assert finder_of(d)["key"] is None
