"""What leaves: refusals, delays, and the mail nobody is sure of."""

import letters
import world as people
from broken import SmtpHangsUp
from process import until
from program import TRY_AGAIN


def test_deferred_mail_waits_and_goes_once(world, daemon):
    d = daemon()
    world.deliver(letters.clear_report(), people.STRANGER)
    world.smtp.defer(True)
    assert d.once() == TRY_AGAIN
    assert world.mails(people.STRANGER) == []
    d.start()
    mail, = d.psirt.queue()
    assert mail["state"] == "sealed" and mail["tries"] >= 1
    assert mail["smtp"] == 451 and mail["not_before"]
    world.smtp.defer(False)
    world.wait_mails(people.STRANGER, kind="acknowledge", seconds=90)
    assert len(world.mails(people.STRANGER)) == 1


def test_refused_mail_is_shown_not_repeated(world, daemon):
    d = daemon()
    world.deliver(letters.clear_report(sender="gone@unknown.example"),
                  "gone@unknown.example")
    assert d.once() == 0, d.text()
    d.start()
    mail, = d.psirt.queue()
    assert mail["state"] == "failed" and mail["smtp"] == 550
    assert len(d.psirt.cases()) == 1
    d.psirt.text("queue", "drop", str(mail["mail"]))
    assert d.psirt.queue() == []


def test_hung_up_after_the_dot_is_uncertain_and_not_repeated(world, daemon):
    world.deliver(letters.clear_report(), people.STRANGER)
    with SmtpHangsUp(world) as server:
        d = daemon(submission={"port": server.port})
        d.start()
        mail, = until(lambda: [m for m in d.psirt.queue()
                               if m["state"] == "uncertain"], 20,
                      "an uncertain mail")
        assert len(server.letters) == 1
        assert d.stop() == 0
        d.configure(submission={"port": None})
        d.start()
        still, = [m for m in d.psirt.queue() if m["mail"] == mail["mail"]]
        assert still["state"] == "uncertain"
        assert world.mails(people.STRANGER) == []
        d.psirt.text("queue", "resend", str(mail["mail"]))
        world.wait_mails(people.STRANGER, kind="acknowledge")
        # The same bytes under the same Message-ID.
        again, = world.letters(people.STRANGER)
        assert again.endswith(server.letters[0])


def test_hung_up_before_the_dot_is_tried_again(world, daemon):
    """In the midst of it: test_send_room, with a mail no buffer holds."""
    world.deliver(letters.clear_report(), people.STRANGER)
    with SmtpHangsUp(world, "at-data") as server:
        d = daemon(submission={"port": server.port})
        assert d.once() == TRY_AGAIN
        assert server.sessions >= 1 and server.letters == []
    d.configure(submission={"port": None})
    d.start()
    world.wait_mails(people.STRANGER, kind="acknowledge", seconds=90)
    assert len(world.mails(people.STRANGER)) == 1


def test_expired_key_of_a_department_holds_its_mail(world, daemon):
    """Never in clear because the key is unusable (DESIGN, 8)."""
    d = daemon()
    from program import Settings
    old = world.design.make("Old <old@vendor.example>", encrypt=False)
    world.poc.gpg("--import", data=world.design.public(old))
    settings = Settings(world, d.folder)
    settings.departments[0] = settings.departments[0][:5] + (old, "en")
    d.conf.write_text(settings.text())
    world.deliver(letters.finder_report(world.finder, world.poc))
    d.start()
    world.wait_mails(letters.FINDER, kind="acknowledge")
    mail, = until(lambda: [m for m in d.psirt.queue()
                           if m["state"] == "held"], 20, "a held mail")
    assert mail["to"] == "plc" and mail["reason"]
    assert world.mails(people.DESIGN) == []


def test_one_recipient_a_mail(world, daemon):
    d = daemon()
    before = len(world.smtp.text())
    world.deliver(letters.finder_report(world.finder, world.poc))
    assert d.once() == 0, d.text()
    ours = [line for line in world.smtp.text()[before:].splitlines()
            if " <= " in line and ":psirtd " in line]
    assert ours
    for line in ours:
        assert len(line.rpartition(" for ")[2].split()) == 1, line
    sent, = world.wait_mails(people.DESIGN, 1, world.design)
    assert sent.outer["To"] and "," not in sent.outer["To"]
    assert sent.outer["Cc"] is None and sent.outer["Bcc"] is None
