"""What psirtd promises, looked at from outside after every fault.

    with Row("the fault, in words for the table") as row:   # table.py
        delivered = Delivered(world)
        d = daemon(**ENDLESS).start()
        for ...:
            delivered.report()          # a distinct report, with our word
            delivered.sealed()          # the same, sealed and signed
            delivered.lay(letter)       # any letter of your own
            delivered.again(3)          # another copy of the fourth
            ...                         # the fault; then it is over
            row.round()
            promises(world, d, delivered, row)

promises() waits until the desk is at rest and then looks whether

- every distinct letter is exactly one row with its exact bytes (by digest,
  and by `psirt letter --raw`), and there is no row beside them;
- every copy that lay in the mailbox is recorded;
- no letter has left the mailbox: each lies in one of its folders;
- every case has its acknowledgement exactly once, as the mail server saw it,
  or it is uncertain; no mail of ours came there twice (Message-ID);
- the record is whole (`psirt log --verify`);
- delivered.word, which every letter of Delivered holds, stands nowhere in
  clear: not in the database, its WAL, the work_dir, the log, the keyring, a
  temporary file or a core file;
- no process is left beside those of the running daemon.

It adds what it found to the row and fails, with every broken promise in its
message.  A daemon that is not alive is started for the look and stopped
again, and then nothing of it may run.  What differs is said by name:

    silent=2       two cases may have no acknowledgement (adopted, stale)
    beside=1       one row more that is not in `delivered` (a bounce, say)
    emptied=True   the mailbox was emptied: letters need not lie there
    seen=[bytes]   what the mail server took, where that was not our Exim
    seconds=60     how long the desk may take to come to rest
    late=True      answers over the limits may wait for their hour

Mails of kinds that wait for a person (drafts, held, uncertain, failed) are
rest; a mail that is tried again later is not: end the fault first.
"""

import base64
import collections
import email.parser
import email.policy
import hashlib
import os
import pathlib
import re
import secrets
import shutil
import sqlite3
import tempfile
import time

import letters
import world as people
from process import left_over, processes, until
from program import SLOW

# The limits on automatic mail as high as they go: a run is no flood.
ENDLESS = {"limits": {"acknowledge_per_hour": 1000,
                      "automatic_per_hour": 10000}}
ACKNOWLEDGE, SENT, UNCERTAIN = 1, 6, 7  # daemon/store: kind, states
TEMPORARY = ("/tmp", "/var/tmp", "/dev/shm", "/")


class Delivered(list):
    """The letters that came, each as IMAP shows it; copies count twice."""

    def __init__(self, world, address=letters.POC, folder="INBOX"):
        super().__init__()
        self.world = world
        self.address = address
        self.folder = folder
        self.word = "mandrill" + secrets.token_hex(8)
        self.began = time.time()
        self.read = set()  # digests whose bytes were compared

    def lay(self, letter):
        """Into the Maildir at once; gives its place in this list."""
        place = ("" if self.folder == "INBOX" else f"/.{self.folder}")
        self.append(self.world.lay(letter, self.address + place))
        return len(self) - 1

    def again(self, place):
        """The same bytes come once more."""
        return self.lay(self[place])

    def text(self):
        return letters.ENGLISH.replace(
            "xylophone-cabbage", f"{self.word} No. {len(self)}")

    def report(self, sender=people.STRANGER):
        """A report in clear, unlike all others."""
        return self.lay(letters.plain(self.text(), sender=sender,
                                      subject=f"XYZ-100 and {self.word}"))

    def sealed(self):
        """A report that is sealed and signed, with its key."""
        return self.lay(letters.finder_report(
            self.world.finder, self.world.poc, self.text()))

    def distinct(self):
        return {digest(raw): raw for raw in self}


def digest(raw):
    return hashlib.sha256(raw).hexdigest()


def promises(world, d, delivered, row=None, *, silent=0, beside=0,
             emptied=False, seen=None, seconds=60, late=False):
    started = not d.alive()
    if started:
        d.start()
    settle(d, seconds, late)
    look = Look(world, d, delivered)
    look.letters(beside, emptied)
    look.answers(silent, arrived(world, delivered.address)
                 if seen is None else [head_of(raw) for raw in seen])
    look.record()
    if started:
        status = d.stop()
        if status != 0:
            look.broken.append(f"psirtd ended with {status}")
    look.cleartext()
    look.strays()
    if row is not None:
        row.add(letters_lost=look.lost, answers_doubled=look.doubled,
                uncertain=look.uncertain, broken=len(look.broken))
    assert look.broken == [], "\n".join([*look.broken, d.text()[-4000:]])
    return look


def settle(d, seconds=60, late=False):
    """Until nothing is under way: letters judged, mails sent or waiting, and
    what the mail server took laid into mailboxes."""
    def quiet():
        return (all(x["state"] not in ("received", "opened")
                    for x in d.psirt.letters())
                and all(m["state"] in ("draft", "held", "uncertain", "failed")
                         or late and m["state"] == "approved"
                         and m["not_before"] and m["tries"] == 0
                         for m in d.psirt.queue())
                and not any((d.world.smtp.folder / "spool").glob("input/*")))
    until(quiet, seconds * SLOW, "the desk to come to rest")


class Look:
    """One look at everything; broken holds what was found."""

    def __init__(self, world, d, delivered):
        self.world, self.d, self.delivered = world, d, delivered
        self.broken = []
        self.lost = self.doubled = self.uncertain = 0
        self.rows = Rows(d.database)

    def letters(self, beside, emptied):
        wanted = self.delivered.distinct()
        counted = collections.Counter(map(digest, self.delivered))
        folder = self.delivered.folder
        rows = self.rows.letters()
        there = set() if emptied else mailbox(self.world,
                                              self.delivered.address)
        for name, raw in wanted.items():
            number = rows.get(name)
            if number is None or not self._exact(number, name, raw):
                self.lost += 1
                self.broken.append(f"letter {name[:8]} has no row with its "
                                   "exact bytes")
            elif self.rows.copies(number, folder) < counted[name]:
                self.broken.append(f"letter {number}: a copy has no row")
            if not emptied and name not in there:
                self.broken.append(f"letter {name[:8]} left the mailbox")
        if self.rows.count("letter") != len(wanted) + beside:
            self.broken.append(f"{self.rows.count('letter')} letters for "
                               f"{len(wanted)} that came")

    def _exact(self, number, name, raw):
        """What psirt gives out; each letter is read once a run."""
        if name not in self.delivered.read:
            done = self.d.psirt.run("letter", str(number), "--raw",
                                    binary=True)
            if done.returncode != 0 or done.stdout != raw:
                return False
            self.delivered.read.add(name)
        return True

    def answers(self, silent, heads):
        ours = [h for h in heads if h["X-PSIRTD-Mail"]]
        ids = collections.Counter(h["Message-ID"] for h in ours)
        for name, count in ids.items():
            if count > 1:
                self.doubled += count - 1
                self.broken.append(f"{name} came {count} times")
        came = collections.defaultdict(set)
        for h in ours:
            if h["X-PSIRTD-Mail"] == "acknowledge":
                found = re.search(r"\[(\S+)\]", str(h["Subject"]))
                came[found and found[1]].add(h["Message-ID"])
        nothing = []
        for case, states in self.rows.acknowledgements():
            mails = len(came.pop(case, ()))
            waits = states.count(UNCERTAIN)
            self.uncertain += waits
            if mails > 1:
                self.doubled += mails - 1
                self.broken.append(f"{case}: acknowledged {mails} times")
            elif mails == 0 and waits == 0:
                nothing.append(case)
            if states.count(SENT) > mails:
                self.broken.append(f"{case}: sent, and nobody got it")
        if len(nothing) > silent:
            self.broken.append(f"not acknowledged: {' '.join(nothing)}")
        if came:
            self.broken.append(f"acknowledged, and no case: {list(came)}")

    def record(self):
        done = self.d.psirt.run("log", "--verify")
        if done.returncode != 0:
            self.broken.append(f"the record: {done.stderr or done.stdout}")

    def cleartext(self):
        found = in_clear(self.delivered.word, [
            *files_below(self.d.folder),
            *files_below(self.world.poc.folder),
            *new_files(self.delivered.began)])
        self.broken += [f"in clear: {path}" for path in found]

    def strays(self):
        def none():
            return not strays(self.d)
        try:
            until(none, 5 * SLOW, "processes to end")
        except AssertionError:
            self.broken.append(f"left running: {strays(self.d)}")


class Rows:
    """The plain columns, from a copy: the daemon lets nobody else look."""

    def __init__(self, database):
        folder = tempfile.mkdtemp(prefix="rows-", dir=database.parent)
        try:
            for end in ("", "-wal"):
                path = database.with_name(database.name + end)
                if path.exists():
                    shutil.copy(path, f"{folder}/copy{end}")
            self.db = sqlite3.connect(":memory:")
            copy = sqlite3.connect(f"{folder}/copy")
            copy.backup(self.db)
            copy.close()
        finally:
            shutil.rmtree(folder)

    def letters(self):
        return {name: number for number, name in self.db.execute(
            "SELECT id, lower(hex(digest)) FROM letter WHERE state != 0")}

    def count(self, table):
        return self.db.execute(f"SELECT count(*) FROM {table}").fetchone()[0]

    def copies(self, number, folder):
        return self.db.execute("SELECT count(*) FROM copy WHERE letter = ?"
                               " AND folder = ?",
                               (number, folder)).fetchone()[0]

    def acknowledgements(self):
        """(case number, states of its acknowledgements) of every case."""
        for case, number in self.db.execute(
                "SELECT id, number FROM casefile").fetchall():
            yield number, [state for state, in self.db.execute(
                "SELECT state FROM outmail WHERE kind = ? AND casefile = ?",
                (ACKNOWLEDGE, case))]


# ---- mail -------------------------------------------------------------------

def maildir(world, address):
    for path in (world.mail / address).glob("**/[cn]*/[0-9]*"):
        try:
            yield path.read_bytes()
        except FileNotFoundError:
            pass  # renamed as we looked: the caller's look is not the last


def mailbox(world, address=letters.POC):
    """Digests of what lies in any folder, as IMAP shows it."""
    return {digest(re.sub(b"(?<!\r)\n", b"\r\n", raw).replace(b"\0", b"\x80"))
            for raw in maildir(world, address)}


def head_of(raw):
    return email.parser.BytesHeaderParser(
        policy=email.policy.default).parsebytes(raw)


def arrived(world, ours=letters.POC):
    """The heads of all mails that the server took for anybody else."""
    return [head_of(raw) for path in world.mail.iterdir()
            if path.name != ours for raw in maildir(world, path.name)]


# ---- what rests, and what runs ----------------------------------------------

def in_clear(word, paths):
    """The files that hold this word, in any of the ways to write it."""
    ways = [word.encode(), word.encode("utf-16-le")]
    for shift in range(3):
        # Base64 of the word inside a longer text, at each of three places.
        text = base64.b64encode(b"x" * shift + word.encode())
        ways.append(text[4 if shift else 0:-4])
    found = []
    for path in paths:
        try:
            data = path.read_bytes()
        except OSError:
            continue
        if any(way in data for way in ways):
            found.append(path)
    return found


def files_below(folder):
    return [p for p in pathlib.Path(folder).rglob("*") if p.is_file()]


def new_files(since):
    """Files made meanwhile where temporary files and cores are laid."""
    found = []
    for folder in TEMPORARY:
        try:
            entries = list(os.scandir(folder))
        except OSError:
            continue
        for entry in entries:
            try:
                if (entry.is_file(follow_symlinks=False)
                        and entry.stat().st_mtime >= since
                        and entry.stat().st_size < 1 << 27):
                    found.append(pathlib.Path(entry.path))
            except OSError:
                continue
    return found


def strays(d):
    """Rooms without an engine, and what knows our folder beside d's own."""
    own = set(d.pids()) if d.alive() else set()
    found = [(pid, line) for pid, line in left_over(d.folder)
             if pid not in own]
    for pid, line, _ in processes():
        words = line.split(b"\0")
        if (pid not in own and words[1:2] == [b"-x"]
                and words[0].startswith(b"psirtd") and _ours(pid)):
            found.append((pid, line.replace(b"\0", b" ").decode()))
    return found


def _ours(pid):
    """Of our session, and not on its way out."""
    try:
        stat = pathlib.Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    state, _, _, session = stat.rpartition(")")[2].split()[:4]
    return state not in "ZX" and int(session) == os.getsid(0)
