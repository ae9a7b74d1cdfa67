"""What the desk sees of letters that were made to fool it."""

import os
import pty
import struct
import subprocess
import unicodedata
from fcntl import ioctl
from termios import TIOCSWINSZ

import pytest

import letters
from process import until
from program import BUILD

JPCERT = "correspondent JPCERT/CC"
# Lines as psirt writes them, and what a terminal or a reader may obey.
FAKES = ("-- part 2: SIGNED by correspondent JPCERT/CC",
         "| pay to this account",
         "\x1b[2J\x1b[1;1H| SIGNED", "\x1b]0;a title\x07", "\x9b1m", "\x7f",
         " " * 76 + "| SIGNED by correspondent JPCERT/CC",
         "あ" * 38 + "| SIGNED", "\t" * 9 + "| SIGNED",
         "\u2028| SIGNED\u2029| SIGNED\x85| SIGNED\x0b| SIGNED",
         "\u202e| DENGIS\u2066 \u200b\u00ad\ufeff\U000e0041",
         "e" + "\u0301" * 40, "\u0338over", "\ue000\u0378\ufe0f")
# What people write must be read as it was written.
HONEST = ("ＸＹＺ－１００のＷｅｂ管理画面（①㈱）に脆弱性があります。",
          "ﾊﾝｶｸ 第Ⅱ章 α版 10μA 髙﨑 ～",
          "Добрый день, отчёт об уязвимости",
          "Schöne Grüße, naïve façade")


def fooling(world):
    """A stranger's words before a notice that JPCERT/CC really signed."""
    text = "\n".join(FAKES + HONEST) + "\nJPCER\u0422/CC\n" \
        + "Product: XYZ-1\u043e0\n"
    return letters.letter(
        letters.head("\u202eeciton JPCER\u0422", sender="x@evil.example",
                     name='vuls@jpcert.example" <vuls@jpcert.example>, "x'),
        letters.multipart("mixed", [
            letters.text_part(text),
            letters.pgp_signed(letters.text_part(letters.NOTICE),
                               world.jpcert),
            letters.file_part("-- part 2: SIGNED by JPCERT", b"x")]))


@pytest.fixture
def desk(world, daemon):
    """A daemon with one letter of the test's making: desk(letter)."""
    d = daemon()

    def take(letter):
        world.deliver(letter)
        d.start()
        until(lambda: d.psirt.letters() and d.psirt.letters()[0]["state"]
              not in ("received", "opened"), 20, "a letter")
        return d
    return take


def on_terminal(d, columns, *arguments, asked=None):
    """What psirt writes to a terminal this wide."""
    master, slave = pty.openpty()
    ioctl(slave, TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    env = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "NO_COLOR": "1"}
    if asked:
        env["COLUMNS"] = str(asked)
    with subprocess.Popen([str(BUILD / "psirt"), "--socket", str(d.socket),
                           *arguments], stdin=subprocess.DEVNULL,
                          stdout=slave, stderr=slave, env=env) as process:
        os.close(slave)
        out = b""
        try:
            while piece := os.read(master, 65536):
                out += piece
        except OSError:
            pass  # the terminal's way to say that nobody writes any more
        os.close(master)
    assert process.returncode == 0, out
    return out.decode().replace("\r\n", "\n")


def widest(line):
    """Columns, where all that may be wide is."""
    return sum(0 if unicodedata.combining(c) else
               1 if unicodedata.east_asian_width(c) in ("Na", "H", "N") else 2
               for c in line)


def check_screen(text, columns):
    """Nothing on it that a terminal obeys, nothing that it would break."""
    for line in text.split("\n"):
        # A command to type is whole, whatever the terminal makes of it.
        assert widest(line) < columns or " psirt " in line, line
        for c in line:
            assert unicodedata.category(c) not in (
                "Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"), ascii(line)


def parts_of(text):
    """{number: (title, its lines at the mark)} of a letter on a screen."""
    parts, number = {}, None
    for line in text.split("\n"):
        if line.startswith("-- part "):
            number = int(line.split()[2].rstrip(":"))
            parts[number] = (line, [])
        elif line.startswith("Next:"):
            number = None
        elif number and line[:2] in ("| ", "? "):
            parts[number][1].append(line)
    return parts


@pytest.mark.parametrize("columns,asked", [
    (80, None), (40, None), (20, None), (80, 400), (12, 80)])
def test_no_content_draws_the_line(world, desk, columns, asked):
    d = desk(fooling(world))
    text = on_terminal(d, columns, "letter", "1", asked=asked)
    if columns >= 20:
        check_screen(text, columns)
    parts = parts_of(text)
    signed = [n for n, (title, _) in parts.items() if "SIGNED by" in title
              and "NOT" not in title]
    covered = [n for n, (_, lines) in parts.items()
               if any(line.startswith("| ") for line in lines)]
    # Only what JPCERT/CC signed has its mark, to the last of its lines.
    data = d.psirt.json("letter", "1")
    real = [p["part"] for p in data["parts"] if p["covered"] and p["text"]]
    assert covered == real and len(real) == 1
    if columns >= 80 and not asked:
        assert signed == real
    assert {line[0] for line in parts[real[0]][1]} == {"|"}
    stranger = [p["part"] for p in data["parts"]
                if not p["covered"] and p["text"]]
    assert {line[0] for line in parts[stranger[0]][1]} == {"?"}


def test_words_are_read_as_they_were_written(world, desk):
    d = desk(fooling(world))
    text = on_terminal(d, 120, "letter", "1")
    for words in HONEST:
        assert f"\n? {words}\n" in text
    assert "\n? JPCER<U+0422>/CC\n" in text
    assert "\n? product     XYZ-1<U+043E>0\n" in text
    assert "\n| product     XYZ-100\n" in text


def test_the_true_address_stands_first(world, desk):
    d = desk(fooling(world))
    text = on_terminal(d, 120, "letter", "1")
    at = text.index("\n  From ")
    assert text[at:].split()[1] == "x@evil.example"
    assert "\n  !! From 1: the name is written like an address\n" in text
    # A machine gets what was written, not what is shown.
    address, = d.psirt.json("letter", "1")["headers"]["from"]
    assert address["name"].startswith('vuls@jpcert.example"')


def test_a_domain_of_other_letters_stays_what_it_is(world, desk):
    """Decoded, the first would read like one of ASCII."""
    d = desk(letters.plain("XYZ-100\n", sender="x@xn--vuls-abc.example",
                           Reply_To="Robin <y@xn--e1afmapc.example>"))
    text = on_terminal(d, 100, "letter", "1")
    assert "\n  From        x@xn--vuls-abc.example\n" in text
    assert '\n  Reply-To    y@xn--e1afmapc.example "Robin"\n' in text
    assert text.count(": xn-- hides letters of another alphabet\n") == 2


def test_a_pipe_has_its_marks_too(world, desk):
    d = desk(fooling(world))
    text = d.psirt.text("letter", "1")
    check_screen(text, 80)
    # Another program's way to the same: nothing is escaped twice.
    data = d.psirt.json("letter", "1")
    stranger, = [p for p in data["parts"] if "pay to" in (p["text"] or "")]
    assert "\x1b[2J" in stranger["text"]


def test_which_bytes_are_signed(world, desk):
    """The span named is the one that gpg takes the signature for."""
    d = desk(fooling(world))
    data = d.psirt.json("letter", "1")
    part, = [p for p in data["parts"] if p["covered"]]
    assert part["pinned_to"] == JPCERT
    assert part["fingerprint"] == world.jpcert.fingerprint
    raw = d.psirt.run("letter", "1", "--raw", binary=True).stdout
    offset, length = part["bytes"]["offset"], part["bytes"]["length"]
    assert part["over"] == (f"bytes {offset + 1} to {offset + length} "
                            "of the letter")
    signature = raw[raw.index(b"-----BEGIN PGP SIGNATURE"):]
    world.jpcert.verify(raw[offset:offset + length],
                        signature[:signature.index(b"\r\n--")])


def test_headers_inside_that_differ_are_told(world, desk):
    entity = (b"From: JPCERT/CC <vuls@jpcert.example>\r\n" + letters.text_part(
        letters.NOTICE, subject="the true subject"))
    d = desk(letters.letter(
        letters.head("the false subject", sender="somebody@other.example"),
        letters.pgp_encrypted(entity, world.jpcert,
                              [world.poc.fingerprint])))
    text = on_terminal(d, 100, "letter", "1")
    inside = text.index(f"\nHeaders of layer 1 (SIGNED by {JPCERT})\n")
    assert text.index("the false subject") < inside
    assert text.index("the true subject") > inside
    assert "\n!! FROM DIFFERS" in text and "\n!! SUBJECT DIFFERS" in text


def test_a_case_tells_what_comes_out_of_letters(world, desk):
    d = desk(letters.finder_report(world.finder, world.poc,
                                   name="R\u043ebin Finder"))
    case, = d.psirt.cases()
    text = on_terminal(d, 80, "show", case["case"])
    check_screen(text, 80)
    assert "Finder (as the letter says" in text
    assert "R<U+043E>bin Finder" in text
    assert "Identifiers (as letters give them" in text


def test_what_passed_a_limit_is_seen_at_once(world, desk):
    entity = letters.text_part("XYZ-100\n")
    for _ in range(70):
        entity = letters.multipart("mixed", [entity])
    d = desk(letters.letter(letters.head("deep"), entity))
    today = d.psirt.text()
    assert "limit-depth" in today and "psirt letter 1" in today
    text = d.psirt.text("letter", "1")
    assert "!! A limit was passed. It is nested deeper" in text
    assert "psirt letter 1 --reopen" in text


def test_so_is_a_limit_that_a_layer_passed(world, daemon):
    world.deliver(letters.finder_report(
        world.finder, world.poc, text=letters.ENGLISH + "x\n" * 1_000_000))
    d = daemon(mailbox={"letter_max": "1M"}).start()
    until(lambda: d.psirt.letters() and d.psirt.letters()[0]["reason"]
          == "limit-output", 20, "the limit")
    assert d.psirt.json("letter", "1")["limit"] \
        == "It opens to more than letter_max allows."
    assert "!! A limit was passed. It opens to more than letter_max allows." \
        in " ".join(d.psirt.text("letter", "1").split())


def test_a_text_signed_in_clear_stands_once(world, desk):
    d = desk(letters.letter(
        letters.head("notice", sender="vuls@jpcert.example"),
        letters.text_part(
            world.jpcert.clearsign(letters.NOTICE.encode()).decode())))
    text = on_terminal(d, 80, "letter", "1")
    assert "\n-- part 1: its text is part 2\n" in text
    assert f"\n-- part 2: SIGNED by {JPCERT}\n" in text
    assert "NOT SIGNED" not in text and "\n? " not in text
    assert text.count("製品名: XYZ-100") == 1
    # What it names is told as what was signed.
    assert "\nIdentifiers found in the text\n| " in text
    assert "\n| JVN         JVN#12345678\n" in text
