"""Who decides that a mail leaves (RULES 21, 26), and who knows what after.

Three kinds leave by themselves; every other to the outside waits for a
person, who approves what was shown, and nothing else.
"""

import os
import pathlib
import shutil
import subprocess
import tempfile

import pytest

import letters
import world as people
from clients import Terminal
from procedure import INVESTIGATED, ROLES, finder_case
from process import until
from program import BUILD, TOP

WORDS = "We look into the matter and write again on Friday."


def shown(d, mail):
    """The draft as psirt shows it."""
    return d.psirt.json("approve", str(mail))["mail"]


def reply_draft(desk, words=WORDS):
    desk.psirt("reply", desk.number, "--", words)
    row, = desk.wait_draft("reply")
    return str(row["mail"])


def lf(text):
    return text.replace("\r\n", "\n").rstrip("\n")


def test_what_leaves_by_itself_and_what_waits(world, vendor, daemon):
    d, desk = finder_case(world, vendor, daemon, procedure={
        "status_finder": "4s", "status_quiet": "0s"})
    world.deliver(letters.broken_for_us(
        world.finder2, world.poc, sender=people.FINDER2))
    world.wait_mails(people.FINDER2, 1, kind="resend")
    world.wait_mails(letters.FINDER, 1, world.finder, "status")
    assert desk.drafts() == []
    # Nobody approved anything so far.
    assert {line["actor"] for line in d.psirt.log()} == {"psirtd"}
    before = world.mails(letters.FINDER, world.finder)
    reply_draft(desk)
    desk.step("2.1.1", "status=reproduced")
    desk.wait_step("2.6.1", "ready")
    desk.step("2.6.1", "start")
    desk.step("1.2.1", "start")
    desk.psirt("question", desk.number)
    waiting = {"reply", "report", "support_request"}
    for kind in waiting:
        desk.wait_draft(kind)
    world.wait_mails(letters.FINDER, 1 + len(world.mails(
        letters.FINDER, kind="status")), world.finder, "status")
    assert {row["kind"] for row in desk.drafts()} == waiting
    assert {row["policy"] for row in desk.drafts()} == {"approve"}
    after = {mail.kind for mail in world.mails(letters.FINDER, world.finder)}
    assert after == {mail.kind for mail in before}
    assert world.count(letters.JPCERT) == 0
    # Each is in the day's list, with what to type.
    for row in desk.drafts():
        assert f"psirt approve {row['mail']}" in d.psirt.text()


def test_what_was_shown_is_what_arrives(world, vendor, daemon):
    d, desk = finder_case(world, vendor, daemon)
    desk.step("2.1.1", "status=reproduced")
    desk.wait_step("2.6.1", "ready")
    desk.step("2.6.1", "start")
    row, = desk.wait_draft("report")
    seen = shown(d, row["mail"])
    assert seen["address"] == letters.FINDER
    assert seen["key"] == world.finder.fingerprint
    screen = desk.psirt("approve", str(row["mail"]))
    assert letters.FINDER in screen and world.finder.fingerprint in screen
    desk.psirt("approve", str(row["mail"]), "--yes")
    mail, = world.wait_mails(letters.FINDER, 1, world.finder, "report")
    assert mail.signers == [world.poc.fingerprint]
    assert lf(mail.text) == lf(seen["body"])
    assert mail.subject == seen["subject"]
    # On the screen stands every line of it, behind the mark.
    lines = [line[2:] for line in screen.split("\n") if line[:2] == ": "]
    for line in lf(mail.text).split("\n"):
        if len(line) < 70:
            assert line in lines, line
    approved, = [line for line in d.psirt.log()
                 if line["what"] == "approved"]
    assert approved["digest"] == seen["digest"]
    assert approved["mail"] == row["mail"] and approved["actor"] != "psirtd"
    # It cannot be approved twice.
    assert "only drafts" in desk.refused(
        "approve", str(row["mail"]), "--yes")


def test_a_mail_that_changed_is_refused(world, vendor, daemon):
    d, desk = finder_case(world, vendor, daemon)
    mail = reply_draft(desk)
    seen = shown(d, mail)
    # Somebody else words it anew in the meantime.
    desk.psirt("approve", mail, "--edit", "--digest", seen["digest"], "--",
               seen["subject"], "We shall not mend it.\n")
    assert "changed" in desk.refused(
        "approve", mail, "--yes", "--digest", seen["digest"])
    assert "changed" in desk.refused(
        "approve", mail, "--yes", "--digest", "00" * 32)
    assert world.mails(letters.FINDER, kind="reply") == []
    # Nothing of a report stands in a subject: the number has to.
    assert desk.number in desk.refused(
        "approve", mail, "--edit", "--digest", shown(d, mail)["digest"],
        "--", "our answer", "text\n")
    now = shown(d, mail)
    assert now["digest"] != seen["digest"]
    desk.psirt("approve", mail, "--yes", "--digest", now["digest"])
    got, = world.wait_mails(letters.FINDER, 1, world.finder, "reply")
    assert lf(got.text) == "We shall not mend it."
    edited, = [line for line in d.psirt.log()
               if line["what"] == "draft-edited"]
    assert edited["digest"] == now["digest"]


def test_a_dropped_draft_never_leaves(world, vendor, daemon):
    d, desk = finder_case(world, vendor, daemon)
    mail = reply_draft(desk)
    done = d.psirt.run("approve", mail, "--drop")
    assert done.returncode == 2 and "why" in done.stderr
    assert len(desk.drafts("reply")) == 1
    why = "the finder was called instead"
    desk.psirt("approve", mail, "--drop", "--why", why)
    assert desk.drafts() == []
    assert "cancelled" in desk.refused("approve", mail, "--yes")
    notes = d.psirt.json("log", "--case", desk.number, "--notes")["lines"]
    line, = [line for line in notes if line["what"] == "draft-dropped"]
    assert line["note"] == why and line["mail"] == int(mail)
    # What is drafted after it leaves, and it alone.
    desk.psirt("approve", reply_draft(desk, "Another one."), "--yes")
    got, = world.wait_mails(letters.FINDER, 1, world.finder, "reply")
    assert "Another one." in got.text and WORDS not in got.text


# ---- the editor (RULES 21) ----

EDITOR = """#!/bin/sh
# Notes where the draft lies, and words it anew.
ls -ld "$1" "$(dirname "$1")" > "{notes}"
echo "$1" >> "{notes}"
sed -i 's/Friday/Monday/' "$1"
cp "$1" "$1~"
"""


@pytest.fixture
def memory():
    """A folder as $XDG_RUNTIME_DIR is."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="pa-", dir="/dev/shm"))
    yield folder
    shutil.rmtree(folder)


def edits(d, mail, runtime, folder):
    """The terminal on which psirt edits this draft."""
    script = folder / "editor"
    script.write_text(EDITOR.format(notes=folder / "notes"))
    script.chmod(0o700)
    env = {"EDITOR": str(script), "NO_COLOR": "1"}
    if runtime:
        env["XDG_RUNTIME_DIR"] = str(runtime)
    return Terminal([BUILD / "psirt", "--socket", d.socket, "approve", mail],
                    folder, env)


def test_a_draft_is_edited_in_memory_alone(world, vendor, daemon, memory):
    d, desk = finder_case(world, vendor, daemon)
    mail = reply_draft(desk)
    before = shown(d, mail)
    with edits(d, mail, memory, d.folder) as terminal:
        terminal.on("[q]uit: ", "e\n")
        # It is shown again before it can be sent.
        terminal.on("write again on Monday", "")
        terminal.on("[q]uit: ", "s\n")
        terminal.on("it leaves", "")
    got, = world.wait_mails(letters.FINDER, 1, world.finder, "reply")
    assert WORDS.replace("Friday", "Monday") in got.text
    assert lf(got.text) == lf(before["body"].replace("Friday", "Monday"))
    # Where it lay nobody else could look, and nothing of it is left there.
    *modes, path = (d.folder / "notes").read_text().splitlines()
    assert path.startswith(f"{memory}/")
    assert {row[:10] for row in modes} == {"-rw-------", "drwx------"}
    assert list(memory.iterdir()) == []
    assert len(desk.record("draft-edited")) == 1


def test_a_draft_is_edited_nowhere_else(world, vendor, daemon, memory):
    d, desk = finder_case(world, vendor, daemon)
    mail = reply_draft(desk)
    before = shown(d, mail)
    open_to_all = memory / "open"
    open_to_all.mkdir()
    open_to_all.chmod(0o755)
    for place, why in ((None, "not set"), ("/proc", "on a disk"),
                       ("run", "not set"), (open_to_all, "0700")):
        with edits(d, mail, place, d.folder) as terminal:
            terminal.on("[q]uit: ", "e\n")
            terminal.on(why, "")
    assert not (d.folder / "notes").exists()
    assert list(open_to_all.iterdir()) == []
    assert shown(d, mail)["digest"] == before["digest"]
    assert len(desk.drafts("reply")) == 1


# ---- two persons (RULES 26) ----

def two_for_reports(folder):
    """The shipped flow, where two have to approve a report."""
    text = (TOP / "conf/flow-direct.conf").read_text()
    plain = 'mail "report" { to = counterpart policy = approve }'
    assert text.count(plain) == 1
    path = folder / "flow-two.conf"
    path.write_text(text.replace(plain, plain.replace("approve", "two")))
    return path


def as_user(d, program, name, *words):
    """psirt, asked by another login of this host."""
    done = subprocess.run(
        [program, "--socket", str(d.socket), *words], user=name,
        group=os.stat(d.socket).st_gid, extra_groups=[], cwd="/",
        capture_output=True, text=True, timeout=60,
        env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", **{
            key: os.environ[key] for key in ("ASAN_OPTIONS", "LSAN_OPTIONS")
            if key in os.environ}})
    return done.returncode, done.stdout + done.stderr


def test_two_persons_approve_and_not_one_twice(world, vendor, daemon):
    others = ("daemon", "nobody")
    d, desk = finder_case(
        world, vendor, daemon, operators=others,
        procedure={"flow_direct": two_for_reports(world.folder)})
    desk.step("2.1.1", "status=reproduced")
    desk.wait_step("2.6.1", "ready")
    desk.step("2.6.1", "start")
    row, = desk.wait_draft("report")
    mail = str(row["mail"])
    assert row["policy"] == "two"
    # Root, and whom psirtd runs as: they count for nobody.
    assert "two persons" in desk.refused("approve", mail, "--yes")
    assert desk.drafts("report")[0]["approved_by"] == []
    if os.getuid() == 0:  # who else can be somebody else
        d.folder.chmod(0o711)
        program = shutil.copy(BUILD / "psirt", d.folder / "psirt")
        pathlib.Path(program).chmod(0o755)
        yes = ["approve", mail, "--yes"]
        code, said = as_user(d, program, others[0], *yes)
        assert code == 0 and "second person" in said
        code, said = as_user(d, program, others[0], *yes)
        assert code == 1 and "you have approved it" in said
        assert desk.drafts("report")[0]["approved_by"] == [others[0]]
        # An edit makes another mail of it: they begin anew.
        seen = shown(d, mail)
        said = desk.psirt("approve", mail, "--edit", "--digest",
                          seen["digest"], "--", seen["subject"],
                          seen["body"].replace("results", "outcome"))
        assert "void" in said
        assert desk.drafts("report")[0]["approved_by"] == []
        assert as_user(d, program, others[1], *yes)[0] == 0
        assert world.mails(letters.FINDER, kind="report") == []
        assert as_user(d, program, others[0], *yes)[0] == 0
        got, = world.wait_mails(letters.FINDER, 1, world.finder, "report")
        assert "outcome" in got.text
        assert desk.record("approval-void") != []
    else:
        assert world.mails(letters.FINDER, kind="report") == []


# ---- need to know ----

def key_ids(home):
    """The ids of the subkeys that mail to this home is sealed to."""
    rows = home.gpg("--with-colons", "--list-keys",
                    home.fingerprint).stdout.decode().splitlines()
    return {row.split(":")[4] for row in rows if row.startswith("sub:")}


def sealed_to(home, raw):
    """The key ids of the session keys in a mail (RFC 9580 5.1)."""
    packets = home.gpg("--list-packets", "--list-only",
                       data=raw, check=False).stdout.decode()
    return [line.split("keyid")[1].split()[0]
            for line in packets.splitlines()
            if line.startswith(":pubkey enc packet:")]


def test_each_reads_what_is_for_it_alone(world, vendor, daemon):
    d, desk = finder_case(world, vendor, daemon,
                          files=[("poc.py", b"exploit-marmalade")])
    # Whom an exploit would only harm gets none, by whatever command.
    for name in ("press", "sales", "care"):
        said = desk.refused("route", desk.number, name, "--attachments")
        assert "exploit" in said
    desk.psirt("route", desk.number, "plc", "--details", "--attachments")
    design, = world.wait_mails(people.DESIGN, 1, world.design, "details")
    assert ("poc.py", "application/octet-stream") in design.attachments()
    desk.go("4.1.1", INVESTIGATED)
    desk.step("4.1.1", "start")
    desk.approve("meeting")
    for role in ("care", "sales", "publicity"):
        mail, = world.wait_mails(ROLES[role][2], 1, vendor.homes[role],
                                 "meeting")
        for word in ("a length is not checked", "xylophone", "marmalade"):
            assert word not in mail.text
    until(lambda: {"care", "sales", "press"} <= {
        row["department"] for row in
        d.psirt.json("who", desk.number)["told"]}, 20, "the ledger")
    rows = d.psirt.json("who", desk.number)["told"]
    assert {row["person"] for row in rows
            if "exploit" in row["parts"]} == {"Akira Design"}
    for row in rows:
        if row["department"] in ("care", "sales", "press"):
            assert row["parts"] == ["overview"], row
        assert row["at"] and row["key"], row
    # Every mail in every mailbox opens with its owner's key, and no other.
    homes = {ROLES[role][2]: vendor.homes[role] for role in ROLES}
    homes |= {letters.FINDER: world.finder, people.DESK: world.desk}
    seen = 0
    for address, home in homes.items():
        for mail in world.mails(address, home):
            assert mail.encrypted, (address, mail.kind)
            block = mail.outer.get_payload()[1].get_payload(decode=True)
            assert set(sealed_to(home, block)) <= key_ids(home)
            assert len(sealed_to(home, block)) == 1, (address, mail.kind)
            seen += 1
    assert seen > 10
