"""Looking after channels: how they stand, a test, going on, sending again; a pause is told to the others; and no secret is ever said."""

import pytest
from notify_desks import ALL, tell
from structlog.testing import capture_logs

from tidegauge_collector.notify import OutboxSender
from tidegauge_collector.notify.attending import Attendant, TooSoon
from tidegauge_collector.notify.kinds.slack import SlackChannel

CANARIES = ("slack-token", "hook-secret", "jira-token", "snow-secret", "teams-secret", "ops-key", "R" * 32, "a2V5")


@pytest.mark.parametrize("desk", ALL, indirect=True)
@pytest.mark.parametrize("fault", [400, 401, 500, "accept_then_close"])
async def test_no_secret_is_said_in_logs_receipts_or_answers(desk, fault):
    attendant = Attendant(desk.store, desk.sender, now_us=desk.clock.now_us)
    desk.provider.otherwise = fault
    desk.tell("firing")

    with capture_logs() as logs:
        for _ in range(6):
            await desk.sender.deliver_due()
            desk.clock.advance(600)

    dead = desk.store.talks.dead()
    said = repr((logs, attendant.listed(), desk.sender.paused, desk.channel, desk.channel.endpoint, dead))
    receipts = [desk.store.receipts(one.id) for one in dead]
    assert attendant.listed()[0]["last"] is not None
    assert not any(canary in said + repr(receipts) for canary in CANARIES)


@pytest.mark.parametrize("desk", ["jira"], indirect=True)
async def test_a_channel_is_tested_resumed_and_sent_to_again(desk):
    attendant = Attendant(desk.store, desk.sender, now_us=desk.clock.now_us)
    desk.provider.otherwise = 400
    desk.tell("firing")
    await desk.sender.deliver_due()
    (one,) = attendant.listed()
    assert (one["name"], one["kind"], one["dead"], one["depth"]) == ("ops", "jira", 1, 0)

    desk.provider.otherwise = None
    (dead,) = desk.store.talks.dead()
    assert attendant.do({"action": "resend", "of": dead.delivery_id}) == {"resent": dead.delivery_id}
    await desk.settle()
    assert desk.over == [False]
    with pytest.raises(ValueError, match="only a dead one"):
        attendant.do({"action": "resend", "of": dead.delivery_id})
    with pytest.raises(ValueError, match="there are ops"):
        attendant.do({"action": "resume", "of": "nobody"})

    said = await attendant.test("ops")
    assert said.was_taken
    with pytest.raises(TooSoon, match="wait 10 s"):
        await attendant.test("ops")


@pytest.mark.parametrize("desk", ["jira"], indirect=True)
async def test_a_pause_is_told_to_the_others_once_and_so_is_its_end(desk):
    broken = SlackChannel("broken", f"{desk.provider.url}/nowhere", ("127.0.0.1",))
    sender = OutboxSender(desk.store, [desk.channel, broken], clock=desk.clock, random=lambda: 1.0)
    desk.provider.otherwise = 403
    tell(desk.store, "broken", "firing", now_us=desk.clock.now_us())
    await sender.deliver_due()
    desk.provider.otherwise = None
    for _ in range(3):
        await sender.deliver_due()

    (issue,) = desk.provider.issues.values()
    assert "channel broken refuses" in issue.fields["summary"]
    assert not issue.is_done

    desk.provider.answer = lambda *_: (200, "ok")
    sender.resume("broken")
    desk.clock.advance(1)
    await sender.deliver_due()
    del desk.provider.answer
    desk.clock.advance(1)
    for _ in range(3):
        await sender.deliver_due()

    assert issue.is_done
