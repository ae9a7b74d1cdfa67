"""make demo: the main job of psirtd, on throw-away mail servers.

Starts a real IMAP and a real SMTP server on loopback with keys and
certificates made on the spot, lets eight letters arrive, runs psirtd until
they are handled, leads one case some steps on, and shows what the desk and the
finder see.  Every promise it shows is checked as well: the exit status is 0
only when all of them held.  Nothing is left behind, neither a process nor a file.
"""

import os
import pathlib
import signal
import sys
import textwrap
import time

TOP = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "tests" / "mail"))
sys.dont_write_bytecode = True

import letters  # noqa: E402
import procedure  # noqa: E402
import world as people  # noqa: E402
from process import left_over, until  # noqa: E402
from program import BUILD, SLOW, Daemon  # noqa: E402
from world import World  # noqa: E402

LIMIT = 90 * SLOW
WAIT = 20 * SLOW
WIDTH = 78
# Words of the reports: they may not stand in an answer, nor on the disk.
SECRETS = ("xylophone", "紫陽花", "tangerine-anvil", "XYZ-100",
           letters.FINDER, "JVN#12345678")


class Demo:
    def __init__(self):
        self.began = time.monotonic()
        self.steps = 0
        self.good = self.bad = 0
        self.world = self.daemon = None

    # ---- telling ----

    def step(self, title, text=""):
        self.steps += 1
        print(f"\n== {self.steps}. {title} ".ljust(WIDTH, "="))
        if text:
            self.say(text)

    @staticmethod
    def say(text):
        print(textwrap.fill(" ".join(text.split()), WIDTH), flush=True)

    def check(self, good, what):
        """Say what was expected and whether it came."""
        self.good += bool(good)
        self.bad += not good
        print(textwrap.fill(what, WIDTH, subsequent_indent=" " * 10,
                            initial_indent="   [ok]   " if good
                            else "   [FAIL] "), flush=True)

    def psirt(self, *arguments, most=None):
        """Run psirt as the desk would and show what it prints."""
        print("\n$ " + " ".join(("psirt",) + arguments))
        lines = self.daemon.psirt.text(*arguments).splitlines()
        for line in lines[:most]:
            print(f"  {line}")
        if most is not None and len(lines) > most:
            print(f"  ... and {len(lines) - most} more lines")
        print(flush=True)

    # ---- the steps ----

    def servers(self):
        self.step("A mail server, and people with keys", """
            Dovecot (IMAP) and Exim (SMTP) start on loopback with TLS, with
            certificates of a throw-away CA. The desk, a finder abroad, a
            finder in Japan, JPCERT/CC (synthetic), an overseas CERT, a forger
            and two departments get a mailbox and an OpenPGP key of their
            own.""")
        self.world = World()
        w = self.world
        print(f"""
   IMAP   imaps://mail.vendor.example:{w.imap.port} (127.0.0.1)
   SMTP   smtps://mail.vendor.example:{w.smtp.port} (127.0.0.1)
   desk   {letters.POC}
          key {w.poc.fingerprint}
   all of it in {w.folder}, which goes away at the end""")

    def start(self):
        self.step("psirtd starts", """
            It checks its settings, makes the database and the key that seals
            it, and watches the mailbox. Its rooms are processes with rights
            of their own: only the vault may use private keys, only fetch and
            send may reach the network.""")
        self.daemon = Daemon(self.world)
        self.daemon.start()
        self.check(self.daemon.alive(),
                   f"psirtd runs: {len(self.daemon.pids())} processes")

    def send(self, number, what, letter, sender):
        print(f"   {number}. {what}", flush=True)
        self.world.deliver(letter, sender)

    def first_four(self):
        w = self.world
        self.step("Eight letters arrive")
        self.send(1, "a finder, in English: PGP/MIME, signed, key attached",
                  letters.finder_report(w.finder, w.poc), letters.FINDER)
        self.send(2, "a finder, in Japanese: ISO-2022-JP, PGP inside the text",
                  letters.japanese_inline(w.finder2, w.poc), people.FINDER2)
        self.send(3, "JPCERT/CC (synthetic), signed by the pinned key: "
                  "VN: JVN#12345678",
                  letters.jpcert_notice(w.jpcert, w.poc), letters.JPCERT)
        self.send(4, "an overseas CERT (synthetic): VU#582497",
                  letters.overseas_notice(w.cert, w.poc), letters.CERT)
        self.answer, = w.wait_mails(letters.FINDER, 1, w.finder,
                                    "acknowledge", WAIT)
        self.number = self.case_of(letters.FINDER)
        w.wait_mails(people.DESIGN, 1, w.design, seconds=WAIT)

    def last_four(self):
        w = self.world
        asked = w.mails(people.DESIGN, w.design)[0]
        self.send(5, f"the finder again, signed, on {self.number}",
                  letters.reply(w.finder, w.poc, self.number,
                                self.answer.message_id), letters.FINDER)
        self.send(6, "a forged notice: the name of JPCERT/CC, another key",
                  letters.jpcert_notice(w.forger, w.poc, vn="JVN#87654321",
                                        tn="JPCERT#99999999"),
                  letters.JPCERT)
        self.send(7, "a report in clear, without any PGP",
                  letters.clear_report(), people.STRANGER)
        self.send(8, "an out-of-office reply to a mail of ours",
                  letters.out_of_office(in_reply_to=asked.message_id),
                  people.DESIGN)
        self.wait_until_handled()

    def case_of(self, address):
        for case in self.daemon.psirt.cases():
            shown = self.daemon.psirt.case(case["case"])
            if (shown["finder"] or {}).get("address") == address:
                return case["case"]
        raise AssertionError(f"no case of {address}")

    def wait_until_handled(self):
        psirt = self.daemon.psirt

        def handled():
            rows = psirt.letters()
            return (len(rows) == 8 and not psirt.queue() and
                    all(row["state"] not in ("received", "opened")
                        for row in rows))
        until(handled, WAIT, "eight letters to be handled")
        until(lambda: len(self.world.letters(letters.POC, "Filed")) == 8,
              WAIT, "eight letters in the folder Filed")

    def judgement(self):
        w, psirt = self.world, self.daemon.psirt
        rows = {row["letter"]: row for row in psirt.letters()}
        reasons = sorted(row["reason"] for row in rows.values())
        print()
        self.check(len(psirt.cases()) == 5, "five reports became five cases")
        self.check(reasons.count("new-report") == 5 and "joined" in reasons,
                   f"the finder's second letter joined {self.number}")
        self.check("forged" in reasons,
                   "the forged notice was set aside and is shown as forged")
        self.check("auto-reply" in reasons, "the out-of-office moved nothing")
        for what, address, home, sealed in (
                ("the finder got one acknowledgement, signed and encrypted, "
                 "and none for the second letter", letters.FINDER, w.finder,
                 True),
                ("the finder in Japan got one, signed (no key came along)",
                 people.FINDER2, w.finder2, False),
                ("JPCERT/CC got one, signed and encrypted, and none for the "
                 "forgery", letters.JPCERT, w.jpcert, True),
                ("the overseas CERT got one, signed and encrypted",
                 letters.CERT, w.cert, True),
                ("who wrote in clear got one, signed", people.STRANGER, None,
                 False)):
            mails = w.wait_mails(address, 1, home, "acknowledge", WAIT)
            self.check(len(mails) == 1 and mails[0].encrypted == sealed and
                       mails[0].signers == [w.poc.fingerprint], what)
        mails = w.wait_mails(people.DESIGN, 3, w.design, seconds=WAIT)
        self.check(all(m.encrypted for m in mails) and
                   {m.kind for m in mails} == {"overview"},
                   f"the design department got {len(mails)} overviews, "
                   "encrypted, and no answer to its out-of-office")
        self.check(w.letters(letters.POC) == [] and
                   len(w.letters(letters.POC, "Filed")) == 8,
                   "the mailbox is empty: all eight letters lie in Filed")

    def desk(self):
        self.step("What waits for the desk", """
            Without a word behind it, psirt says what needs a person, and what
            to type next.""")
        self.psirt()
        self.step("The cases", """
            A list shows numbers, dates and states: no word of a report, and
            so it leaves no trace.""")
        self.psirt("list")
        self.step("One case", """
            What came out of letters is shown too. That is a reading, and goes
            into the record before it is shown.""")
        self.psirt("show", self.number)

    def forgery(self):
        forged, = [row["letter"] for row in self.daemon.psirt.letters()
                   if row["reason"] == "forged"]
        self.step("The forged notice", """
            Behind "|" stands what a known key signed, behind "?" what nobody
            known did: this letter says it is from JPCERT/CC, and no line of
            it carries the pinned key.""")
        self.psirt("letter", str(forged))
        shown = self.daemon.psirt.json("letter", str(forged))
        self.check(not any(part["covered"] for part in shown["parts"]),
                   "no part of it counts as signed")
        self.check(shown["state"] == "set-aside" and not shown["case"],
                   "it moved nothing")

    def record(self):
        self.step("The record", """
            One line a fact, chained by SHA-256; who read what stands in it.
            It holds no content.""")
        self.psirt("log", "--case", self.number, most=30)
        self.psirt("log", "--verify")
        whole = self.daemon.psirt.json("log", "--verify")
        self.check(whole["whole"], f"all {whole['lines']} lines are as they "
                   "were written")
        text = self.daemon.psirt.text("log", "--json")
        self.check(not any(word in text for word in SECRETS),
                   "no word of a letter stands in the record")
        at_rest = self.daemon.at_rest()
        self.check(not any(word.encode() in at_rest for word in SECRETS),
                   f"nor in the {len(at_rest) // 1024} KiB of the database: "
                   "content is sealed")

    def reader(self):
        w = self.world
        mail, = w.mails(letters.FINDER, w.finder, "acknowledge")
        self.step("The acknowledgement, as the finder reads it", """
            Decrypted with the finder's own key; the signature is the
            desk's.""")
        print(f"\n  Subject: {mail.subject}\n")
        print(textwrap.indent(mail.text.replace("\r\n", "\n"), "  "))
        self.check(mail.signers == [w.poc.fingerprint],
                   "signed by the desk's key")
        self.check(self.number in mail.subject and self.number in mail.text,
                   f"it names {self.number}")
        words = mail.subject + mail.text
        self.check(not any(word in words for word in
                           ("xylophone", "XYZ-100", "web server", "CWE")),
                   "it tells no word of the report")

    def department(self):
        w, desk = self.world, procedure.Desk(self.daemon, self.number)
        self.step("A department answers", """
            The design department replies to its overview: a signed mail that
            begins with the lines it was shown.  What is understood is
            recorded, confirmed, and the case goes on.""")
        mail = next(m for m in w.mails(people.DESIGN, w.design, "overview")
                    if self.number in m.subject)
        lines = [procedure.lines_of(mail), "status: reproduced"]
        print(textwrap.indent("\n".join(lines), "  "))
        procedure.answer(w, w.design, people.DESIGN, mail, lines)
        desk.wait_step("2.1.1")
        confirmed, = w.wait_mails(people.DESIGN, 1, w.design, "confirm")
        self.check("reproduced" in confirmed.text,
                   "the answer moved step 2.1.1, and was confirmed")
        self.psirt("step", self.number, most=12)

    def approval(self):
        w, desk = self.world, procedure.Desk(self.daemon, self.number)
        self.step("A report waits for approval", """
            Acknowledgements go by themselves.  What else leaves the house is
            drafted from what is on record, and a person reads it first.""")
        desk.step("2.6.1", "start")
        draft, = desk.wait_draft("report")
        self.psirt("approve", str(draft["mail"]))
        self.check(w.mails(letters.FINDER, w.finder, "report") == [],
                   "nothing has left yet")
        self.psirt("approve", str(draft["mail"]), "--yes", most=0)
        report, = w.wait_mails(letters.FINDER, 1, w.finder, "report")
        self.check(report.encrypted and report.signers == [w.poc.fingerprint],
                   "the finder reads it, sealed to the finder's key")
        self.psirt("show", self.number, most=30)

    # ---- the whole ----

    def run(self):
        print("psirtd: what happens to eight letters, in "
              f"eleven steps ({BUILD}/psirtd)")
        self.servers()
        self.start()
        self.first_four()
        self.last_four()
        self.judgement()
        self.desk()
        self.forgery()
        self.record()
        self.reader()
        self.department()
        self.approval()

    def trouble(self, error):
        self.bad += 1
        print(f"\nThe demo broke off: {error}", file=sys.stderr)
        if self.daemon:
            tail = self.daemon.text().splitlines()[-25:]
            print("The daemon said last:", *tail, sep="\n  ",
                  file=sys.stderr)

    def close(self):
        """End everything; True when nothing is left."""
        status, left, folder = 0, [], None
        if self.daemon:
            try:
                status = self.daemon.stop()
            except AssertionError as error:
                self.trouble(error)
            self.daemon.remove()
        if self.world:
            folder = self.world.folder
            left = self.world.close() or left_over(folder)
        print()
        if self.daemon and not self.bad:
            self.check(status == 0, "psirtd ended in good order")
        self.check(not left and not (folder and folder.exists()),
                   "nothing is left running and no file is left behind")

    def verdict(self):
        took = time.monotonic() - self.began
        print(f"\n{self.good} of {self.good + self.bad} promises held, in "
              f"{took:.0f} seconds.")
        return 0 if self.bad == 0 else 1


def over(signum, frame):
    if signum == signal.SIGALRM:
        raise TimeoutError(f"it took longer than {LIMIT} seconds")
    raise KeyboardInterrupt


def main():
    if not all(os.access(BUILD / name, os.X_OK)
               for name in ("psirtd", "psirt")):
        print(f"There is no {BUILD}/psirtd and psirt: use `make demo`.",
              file=sys.stderr)
        return 2
    sys.stdout.reconfigure(encoding="utf-8", errors="replace")
    for number in (signal.SIGALRM, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, over)
    signal.alarm(LIMIT)
    demo = Demo()
    try:
        demo.run()
    except KeyboardInterrupt:
        demo.trouble("stopped by hand")
    except Exception as error:  # whatever it was, the servers must end
        demo.trouble(f"{type(error).__name__}: {error}")
    finally:
        signal.alarm(0)
        demo.close()
    return demo.verdict()


if __name__ == "__main__":
    sys.exit(main())
