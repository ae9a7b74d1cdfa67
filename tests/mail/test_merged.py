"""Cases that were merged: each finder keeps its own key in the whole."""

import re

import letters
import world as people
from process import until


def report(world, d, home, sender, name, text):
    """A signed report with its key; the number and the acknowledgement."""
    world.deliver(letters.finder_report(
        home, world.poc, text, sender=sender, name=name), sender)
    ack = world.wait_mails(sender, 1, home, "acknowledge")[0]
    return re.search(r"PSIRT-\d{4}-\d{4}", ack.subject)[0], ack


def newest(d, number, count):
    """The letter that came last, once the case has so many."""
    rows = until(lambda: (lambda rows: len(rows) == count and rows)(
        d.psirt.case(number)["letters"]), 20, f"{count} letters")
    return max(rows, key=lambda row: row["letter"])


def test_each_finder_keeps_its_key(world, daemon):
    d = daemon()
    d.start()
    one, _ = report(world, d, world.finder, letters.FINDER, "Robin Finder",
                    letters.ENGLISH)
    other, ack = report(world, d, world.finder2, people.FINDER2,
                        "Yamada Taro", letters.ENGLISH + "\nSeen twice.\n")
    d.psirt.text("merge", other, one)
    answer = dict(number=other, in_reply_to=ack.message_id,
                  sender=people.FINDER2, name="Yamada Taro")

    # Its own key vouches, by thread and by number.
    world.deliver(letters.reply(world.finder2, world.poc, **answer),
                  people.FINDER2)
    row = newest(d, one, 3)
    assert (row["verdict"], row["unconfirmed"]) == ("known", False)
    world.deliver(letters.reply(
        world.finder2, world.poc, **{**answer, "in_reply_to": None},
        text="And version 2.1.\n"), people.FINDER2)
    row = newest(d, one, 4)
    assert (row["verdict"], row["unconfirmed"]) == ("known", False)

    # In its name without its key, or by the other's: not as expected.
    world.deliver(letters.reply(world.finder2, world.poc, **answer,
                                text="Unsigned.\n", sign=False),
                  people.FINDER2)
    assert newest(d, one, 5)["unconfirmed"]
    world.deliver(letters.reply(world.finder, world.poc, **answer,
                                text="Of another.\n"), people.FINDER2)
    assert newest(d, one, 6)["unconfirmed"]
