"""A whole vendor, and its people at work: departments that answer by mail,
coordinators, customers, and the desk with psirt.

Everybody here does what such a person does: a department replies to the mail
it got, copies the lines, signs; the desk reads drafts and sends them.
"""

import re

import letters
from keys import Home
from process import until

ROLES = {  # role: (name of the department, contact, address, language)
    "design": ("plc", "Akira Design", "design@vendor.example", "en"),
    "quality": ("qa", "Hana Quality", "quality@vendor.example", "ja"),
    "research": ("lab", "Ren Research", "research@vendor.example", "ja"),
    "integration": ("si", "Sora Integration", "si@vendor.example", "ja"),
    "care": ("care", "Kei Care", "care@vendor.example", "en"),
    "sales": ("sales", "Mei Sales", "sales@vendor.example", "ja"),
    "risk": ("legal", "Jun Legal", "legal@vendor.example", "en"),
    "publicity": ("press", "Aoi Press", "press@vendor.example", "ja"),
    "manufacturing": ("plant", "Dai Plant", "plant@vendor.example", "ja"),
    "csirt": ("csirt", "Rei Csirt", "csirt@vendor.example", "en"),
}
CUSTOMERS = {  # name: (address, NDA, via which integrator)
    "North Power": ("ops@north.example", True, None),
    "East Water": ("ops@east.example", True, "Sora Systems"),
    "West Gas": ("ops@west.example", False, None),
}
# Of people that the world itself has no keys for.
ADDRESSES = ([row[2] for row in ROLES.values()]
             + [row[0] for row in CUSTOMERS.values()])

# Words by which the desk itself answers what departments are asked.
INVESTIGATED = {
    "2.1.1": ["status=reproduced"],
    "2.2.1": ["cause=a length is not checked", "conditions=always"],
    "2.4.1": ["affected=XYZ-100 < 2.4"],
    "2.5.1": ["impact=it stops", "difficulty=low"],
    "3.1.1": ["plan=a fix in 2.4", "planned=2031-03-01"],
    "3.2.1": ["fix=firmware 2.4"],
    "3.2.2": ["workaround=close port 80"],
    "3.3.1": ["verified=yes"],
}


class Vendor:
    """Keys for all departments and customers of a world."""

    def __init__(self, world):
        self.world = world
        self.homes = {}
        for role, (_, who, address, _) in ROLES.items():
            self.homes[role] = (getattr(world, role, None)
                                or self._home(role, who, address))
        for n, (name, (address, _, _)) in enumerate(CUSTOMERS.items()):
            self.homes[name] = self._home(f"customer{n}", name, address)
        world.poc.learn(*(self.homes[name] for name in self.homes))

    def _home(self, folder, who, address):
        home = Home(self.world.folder / "g" / folder, f"{who} <{address}>")
        home.learn(self.world.poc)
        self.world.homes[folder] = home
        return home

    def settings(self):
        """For daemon(vendor=...): departments, product, customers."""
        customers = self.world.folder / "customers.csv"
        customers.write_text(
            "name,address,fingerprint,nda,products,integrator,language\n"
            + "".join(f"{name},{address},{self.homes[name].fingerprint},"
                      f"{'yes' if nda else 'no'},XYZ-100,{via or ''},en\n"
                      for name, (address, nda, via) in CUSTOMERS.items()))
        return {
            "departments": [
                (name, role, name.title(), who, address,
                 self.homes[role].fingerprint, language)
                for role, (name, who, address, language) in ROLES.items()],
            "product": {role: row[0] for role, row in ROLES.items()
                        if role != "csirt"},
            "customers": customers}


class Desk:
    """The desk at work on one case."""

    def __init__(self, daemon, number):
        self.d = daemon
        self.number = number

    def psirt(self, *words):
        return self.d.psirt.text(*words)

    def step(self, step, *words):
        """Said again while the mail that asks for it is on its way."""
        def said():
            done = self.d.psirt.run("step", self.number, step, *words)
            if "has not left: psirt queue" in done.stderr:
                return None
            assert done.returncode == 0, (step, words, done.stderr)
            return done.stdout
        return until(said, 20, f"the mail of {step} to leave")

    def refused(self, *words):
        """What psirt says when it refuses; fails when it does not."""
        done = self.d.psirt.run(*words)
        assert done.returncode == 1, (words, done.stdout, done.stderr)
        return done.stderr

    def steps(self):
        """State by number of the latest pass of each step."""
        rows = self.d.psirt.json("step", self.number)["steps"]
        return {row["step"]: row["state"] for row in rows
                if row.get("state")}

    def wait_step(self, step, state="ended", seconds=20):
        return until(lambda: self.steps().get(step) == state, seconds,
                     f"step {step} to be {state}, not {self.steps()}")

    def tasks(self, kind=None):
        rows = self.d.psirt.json("task")["tasks"]
        return [row for row in rows
                if row["case"] == self.number and kind in (None, row["kind"])]

    def wait_task(self, kind, seconds=20):
        """The one open task of this kind."""
        task, = until(lambda: self.tasks(kind), seconds,
                      f"a task {kind}, not {self.tasks()}")
        return task

    def drafts(self, kind=None):
        rows = self.d.psirt.json("approve")["mails"]
        return [row for row in rows
                if row["case"] == self.number and kind in (None, row["kind"])]

    def wait_draft(self, kind, seconds=20):
        return until(lambda: self.drafts(kind), seconds,
                     f"a draft of kind {kind}, not {self.drafts()}")

    def answers(self, step=None):
        """(word, value) of what stands on record, in order."""
        rows = self.d.psirt.json("step", self.number)["answers"]
        return [(row["answer"], row["value"]) for row in rows
                if step in (None, row["step"]) and not row["taken_back"]]

    def wait_answers(self, step, wanted, seconds=20):
        return until(lambda: sorted(self.answers(step)) == sorted(wanted),
                     seconds, f"{wanted} of step {step}")

    def tasks(self, kind=None):
        rows = self.d.psirt.json("task", "--case", self.number)["tasks"]
        return [row for row in rows if kind in (None, row["kind"])]

    def wait_tasks(self, kind, count=1, seconds=20):
        """The open tasks of this kind, once there are as many."""
        def enough():
            rows = self.tasks(kind)
            return rows if len(rows) >= count else None
        return until(enough, seconds,
                     f"{count} task(s) {kind} of {self.number}")

    def words_of(self, task):
        """What stands in a task."""
        return self.d.psirt.json("task", str(task["task"]))["task"]["text"]

    def record(self, what):
        """What the lines of this kind say."""
        lines = self.d.psirt.json("log", "--case", self.number)["lines"]
        return [line["code_text"] for line in lines if line["what"] == what]

    def unread(self):
        """The letters of the case that wait for a reader."""
        rows = self.d.psirt.json("today")["letters"]
        return [row["letter"] for row in rows if row["case"] == self.number]

    def told(self, part):
        """Who was told this part of the case."""
        rows = self.d.psirt.json("who", self.number)["told"]
        return {row["address"] for row in rows if part in row["parts"]}

    def go(self, upto, words, hold=(), seconds=40):
        """By the desk's hand until step `upto` has begun or is offered:
        drafts are sent but those of a kind in `hold`, and each step that
        has words gets them once."""
        words = dict(words)

        def on_the_way():
            steps = self.steps()
            if upto in steps:
                return True
            for row in self.drafts():
                if row["kind"] not in hold:
                    self.psirt("approve", str(row["mail"]), "--yes")
            for step in list(words):
                if steps.get(step) in ("ready", "running"):
                    self.step(step, *words.pop(step))
            return False
        until(on_the_way, seconds, f"step {upto}")

    def approve(self, kind):
        """Sends every draft of this kind; gives what psirt showed."""
        return [self.psirt("approve", str(row["mail"]), "--yes")
                for row in self.wait_draft(kind)]


def lines_of(mail):
    """The ref: line of a mail that asks, and the words it offers."""
    ref = re.search(r"^\W*(ref: *\S+/\S+/\S+)\r?$", mail.text, re.M)
    assert ref, mail.text
    return ref[1]


def finder_case(world, vendor, daemon, files=(), **settings):
    """A finder has reported, and the overviews are out."""
    d = daemon(vendor=vendor.settings(), **settings)
    world.deliver(letters.finder_report(world.finder, world.poc,
                                        files=files))
    d.start()
    ack, = world.wait_mails(letters.FINDER, 1, world.finder, "acknowledge")
    return d, Desk(d, re.search(r"PSIRT-\d{4}-\d{4}", ack.subject)[0])


def notice_case(world, vendor, daemon, **settings):
    """JPCERT/CC has sent its notice, and the overviews are out."""
    d = daemon(vendor=vendor.settings(), **settings)
    world.deliver(letters.jpcert_notice(world.jpcert, world.poc),
                  letters.JPCERT)
    d.start()
    ack, = world.wait_mails(letters.JPCERT, 1, world.jpcert, "acknowledge")
    return d, Desk(d, re.search(r"PSIRT-\d{4}-\d{4}", ack.subject)[0])


def asked(vendor, role, step, seconds=20):
    """The mail that asks a department for a step."""
    def find():
        return next((mail for mail in vendor.world.mails(
            ROLES[role][2], vendor.homes[role])
            if re.search(rf"ref: *\S+/{step}/", mail.text or "")), None)
    return until(find, seconds, f"a mail that asks {role} for {step}")


def replies(vendor, role, mail, lines, **how):
    """This department's contact answers the mail."""
    _, who, address, _ = ROLES[role]
    answer(vendor.world, vendor.homes[role], address, mail, lines,
           name=how.pop("name", who), **how)


def answer(world, home, sender, mail, lines, sign=True, to_poc=True,
           quote=True, name=None, **fields):
    """A department replies to a mail: its lines first, then what it quotes
    of ours, signed and sealed as its mail client does."""
    text = "\n".join(lines) + "\n\n"
    if quote:
        text += "On that day the desk wrote:\n" + "".join(
            f"> {line}\n" for line in mail.text.splitlines())
    raw = letters.letter(
        letters.head("Re: " + mail.subject, sender=sender, name=name,
                     In_Reply_To=mail.outer["Message-ID"],
                     References=mail.outer["Message-ID"], **fields),
        letters.pgp_encrypted(letters.text_part(text), home,
                              [world.poc.fingerprint], sign))
    world.deliver(raw, sender)


def from_jpcert(world, text, number, subject="ご連絡", reply_to=None, files=()):
    """A signed letter of JPCERT/CC on a running case; synthetic."""
    entity = letters.text_part(text, subject=f"[{number}] {subject}")
    if files:
        entity = letters.multipart(
            "mixed", [entity] + [letters.file_part(*f) for f in files])
    world.deliver(letters.letter(
        letters.head(f"[{number}] {subject}", sender=letters.JPCERT,
                     name="JPCERT/CC (synthetic)", X_Synthetic="yes",
                     In_Reply_To=reply_to, References=reply_to),
        letters.pgp_encrypted(entity, world.jpcert,
                              [world.poc.fingerprint])), letters.JPCERT)


class Vendors:
    """Everybody does their work on one case until nothing is left to do.

    answers: what the departments' mails of a step are answered with; hand:
    the words of psirt by which a person ends or answers a step; arrivals:
    the letter that comes for a step.  What was done is kept in `done`.
    """

    def __init__(self, vendor, desk, answers, hand, arrivals, hold=()):
        self.vendor, self.desk = vendor, desk
        self.world = vendor.world
        self.answers, self.hand, self.arrivals = answers, hand, arrivals
        self.hold = set(hold)
        self.done = []
        self._answered = set()

    def work(self, upto, rounds=60):
        """Until step `upto` has ended."""
        for _ in range(rounds):
            steps = self.desk.steps()
            if steps.get(upto) == "ended":
                return steps
            if not self._one(steps):
                self._settle()
        raise AssertionError(f"step {upto} never ended: {self.desk.steps()}\n"
                             f"done: {self.done}\n"
                             f"drafts: {self.desk.drafts()}\n"
                             + self.desk.psirt("show", self.desk.number))

    def _settle(self):
        import time
        time.sleep(0.5)

    def _one(self, steps):
        return (self._drafts() or self._departments() or self._arrives(steps)
                or self._by_hand(steps))

    def _drafts(self):
        for row in self.desk.drafts():
            if row["kind"] in self.hold:
                continue
            self.desk.psirt("approve", str(row["mail"]), "--yes")
            self.done.append(("approve", row["kind"]))
            return True
        return False

    def _departments(self):
        for role, (_, who, address, _) in ROLES.items():
            home = self.vendor.homes[role]
            for mail in self.world.mails(address, home):
                ref = re.search(r"ref: *(\S+)/(\S+)/(\S+)", mail.text or "")
                if (not ref or ref[1] != self.desk.number
                        or mail.kind not in ("overview", "details", "ask",
                                             "meeting", "dates",
                                             "circulate")
                        or ref[0] in self._answered
                        or (role, ref[2]) not in self.answers):
                    continue
                self._answered.add(ref[0])
                answer(self.world, home, address, mail,
                       ["ref: " + ref[0].partition(":")[2].strip()]
                       + self.answers[role, ref[2]], name=who)
                self.done.append((role, ref[2]))
                return True
        return False

    def _arrives(self, steps):
        for step, make in list(self.arrivals.items()):
            if steps.get(step) == "running":
                del self.arrivals[step]
                make(self.desk)
                self.done.append(("arrival", step))
                return True
        return False

    def _by_hand(self, steps):
        for (step, state), words in list(self.hand.items()):
            if steps.get(step) == state:
                del self.hand[step, state]
                self.desk.step(step, *words)
                self.done.append(("hand", step))
                return True
        return False
