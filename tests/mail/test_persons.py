"""Who read, decided, approved or overrode is a person, by name, on record:
what each command leaves behind in a real desk.  That every command is refused
to whom it is not for is tests/unit/test_control_persons.c.
"""

import letters
import world as people
from procedure import finder_case
from process import until
from program import SLOW, login


def second_case(world, d):
    """Of another finder, so that two can be one."""
    world.deliver(letters.letter(
        letters.head("once more", name="Yamada Taro",
                     sender=people.FINDER2),
        letters.pgp_encrypted(letters.text_part(letters.ENGLISH),
                              world.finder2, [world.poc.fingerprint])),
        people.FINDER2)
    return until(lambda: next((c["case"] for c in d.psirt.cases()
                               if c["case"].endswith("-0002")), None),
                 20 * SLOW, "the second case")


def inquiry(world, d):
    world.deliver(letters.inquiry(), people.STRANGER)
    return until(lambda: next((str(x["letter"]) for x in d.psirt.letters()
                               if x["state"] == "inquiry"), None),
                 20 * SLOW, "the inquiry")


def refused_mail(d):
    """One that nobody takes waits for a decision."""
    return str(until(lambda: next((m["mail"] for m in d.psirt.queue()
                                   if m["state"] == "failed"), None),
                     20 * SLOW, "the mail that was refused"))


def draft(desk):
    row, = desk.wait_draft("reply")
    mail = str(row["mail"])
    shown = desk.d.psirt.json("approve", mail)["mail"]
    return mail, shown["digest"]


def test_what_a_person_does_stands_under_a_name(world, vendor, daemon):
    d, desk = finder_case(world, vendor, daemon)
    one = desk.number

    def did(what, *words):
        """It leaves a line of this kind, and every line is by who did it or
        by psirtd."""
        before = max(line["line"] for line in d.psirt.log())
        desk.psirt(*words)
        lines = [line for line in d.psirt.log() if line["line"] > before]
        mine = [line for line in lines if line["what"] == what]
        assert [line["actor"] for line in mine][:1] == [login()], (
            what, words, lines)
        assert {line["actor"] for line in lines} <= {login(), "psirtd"}

    for command in ("show", "who", "customers", "clock", "question", "step"):
        did("case-read", command, one)
    did("letter-read", "letter", "1")
    did("letter-read", "letter", "1", "--raw")
    did("letter-decided", "letter", "1", "--reopen")
    did("notes-read", "log", "--notes")
    did("case-taken", "take", one)
    did("case-titled", "title", one, "Overflow")
    did("answer", "note", one, "a word")
    did("answer", "step", one, "2.1.1", "status=reproduced", "--by", "Akira")
    did("clock", "clock", one, "set", "imposed", "2027-01-01")
    did("clock", "clock", one, "end", "imposed")
    did("routed", "route", one, "si", "--again")

    did("mail-drafted", "reply", one, "Soon.")
    mail, digest = draft(desk)
    did("mail-read", "approve", mail)
    did("draft-edited", "approve", mail, "--edit", "--digest", digest, "--",
        f"[{one}] Our answer", "Very soon.")
    did("draft-dropped", "approve", mail, "--drop", "--why", "too early")
    did("mail-drafted", "reply", one, "Now.")
    mail, digest = draft(desk)
    did("approved", "approve", mail, "--yes", "--digest", digest)

    two = second_case(world, d)
    did("case-linked", "link", one, two)
    did("case-unlinked", "unlink", one, two)
    did("case-merged", "merge", two, one)
    did("case-split", "split", two)
    did("case-closed", "close", two, "withdrawn", "--why", "by mistake")
    did("case-reopened", "reopen", two)
    did("case-closed", "incident", two, "--why", "an attack")

    letter = inquiry(world, d)
    did("letter-dropped", "drop", letter, "--why", "no report")
    did("letter-decided", "file", letter)
    world.deliver(letters.clear_report(sender="gone@unknown.example"),
                  "gone@unknown.example")
    mail = refused_mail(d)
    did("mail-decided", "queue", "resend", mail)
    mail = refused_mail(d)
    did("mail-decided", "queue", "drop", mail)

    did("backup", "backup", str(d.folder / "copy"))
    did("key-resealed", "key", "reseal")
    did("key-renew", "key", "renew")
    assert d.psirt.run("log", "--verify").returncode == 0
    assert d.stop() == 0
    # What nobody asked for is psirtd's own.
    assert {line["actor"] for line in started(d)} == {"psirtd"}


def started(d):
    """Lines of a start at which nobody does anything."""
    last = None
    d.start()
    last = d.psirt.log()[-1]["line"]
    assert d.stop() == 0
    d.start()
    lines = [x for x in d.psirt.log() if x["line"] > last]
    assert {"stop", "start"} <= {x["what"] for x in lines}
    assert d.stop() == 0
    return lines
