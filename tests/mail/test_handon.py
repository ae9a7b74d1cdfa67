"""What an overview promises: the words of a finder's report follow."""

import procedure
from process import until


def test_the_promised_words_stand_until_they_are_handed_on(
        world, vendor, daemon):
    d, desk = procedure.finder_case(world, vendor, daemon, route="auto")
    promise = until(
        lambda: world.mails(procedure.ROLES["design"][2],
                            vendor.homes["design"], "overview"),
        20, "the overview")[0]
    assert "The words of the report follow" in promise.text
    task, = desk.wait_tasks("hand-on")
    say = task["next"].split()
    assert say[:3] == ["psirt", "route", desk.number]
    assert say[-1] == "--details" and "plc" in say and "qa" not in say
    for words in (["today"], ["show", desk.number]):
        assert task["next"] in desk.psirt(*words), words
    # Not without a reason, and half the departments are not all of them.
    number = str(task["task"])
    assert "--why" in desk.refused("task", number, "done")
    desk.psirt("route", desk.number, "plc", "--details")
    left, = desk.wait_tasks("hand-on")
    assert "plc" not in left["next"].split()
    details = until(
        lambda: world.mails(procedure.ROLES["design"][2],
                            vendor.homes["design"], "details"),
        20, "the details")[0]
    assert "xylophone-cabbage" in details.text
    # What stands there is typed as it stands.
    desk.psirt(*left["next"].split()[1:])
    assert desk.tasks("hand-on") == []
