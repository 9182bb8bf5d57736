import asyncio
import sqlite3
from contextlib import asynccontextmanager, suppress

import pytest
from control_timeline import FAILING, QUIET, WARNING
from notify_receiver import OK

from tidegauge_collector.control import StoreUnavailable
from tidegauge_collector.errors import ConfigError, StoreFatal
from tidegauge_collector.notify import OutboxSender, WebhookChannel


@asynccontextmanager
async def running(sender):
    task = asyncio.create_task(sender.run())
    try:
        yield task
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def test_an_opened_alert_arrives_signed_and_is_marked_delivered(store, alerting, sender, receiver):
    (alert,) = alerting().judge(FAILING)

    assert await sender.deliver_due() == 1

    (seen,) = receiver.seen
    assert seen.event["type"] == "alert.firing"
    assert (seen.key, seen.event["data"]["value"]) == (alert.key, 0.31)
    (delivery,) = store.deliveries(alert.id)
    assert (delivery.status, delivery.delivery_id, delivery.attempts) == ("delivered", seen.delivery_id, 1)
    assert sender.counts == {("ops", "delivered"): 1}


async def test_the_events_of_an_alert_arrive_one_after_the_other_and_those_of_others_beside_them(
    alerting, sender, receiver
):
    alerting("a").judge(WARNING, FAILING, QUIET, QUIET)
    alerting("b").judge(FAILING, QUIET, QUIET)

    tried = [await sender.deliver_due() for _ in range(4)]

    assert tried == [2, 2, 1, 0]
    by_key = {}
    for seen in receiver.seen:
        by_key.setdefault(seen.key, []).append(seen.event["type"])
    assert sorted(by_key.values()) == [
        ["alert.firing", "alert.resolved"],
        ["alert.firing", "alert.updated", "alert.resolved"],
    ]


async def test_more_alerts_than_fit_in_one_pass_all_arrive_once(alerting, sender, receiver, clock):
    for number in range(45):
        alerting(f"column {number}").judge(FAILING)

    async with running(sender):
        await receiver.until(45)
        await clock.somebody_sleeps()

    assert len({seen.delivery_id for seen in receiver.seen}) == len(receiver.seen) == 45


async def test_a_running_sender_delivers_when_woken_from_another_thread(alerting, sender, receiver, clock):
    async with running(sender):
        await clock.somebody_sleeps()
        assert receiver.seen == []

        def judge_and_wake():
            alerting().judge(FAILING)
            sender.wake()

        await asyncio.to_thread(judge_and_wake)

        await receiver.until(1)


async def test_a_running_sender_tries_again_when_the_wait_is_over_and_then_sends_what_waited_behind(
    alerting, sender, receiver, clock
):
    receiver.script.extend([500, OK])
    alerting().judge(FAILING, QUIET, QUIET)

    async with running(sender):
        await receiver.until(1)
        assert await clock.somebody_sleeps() == 5
        clock.advance(4.9)
        assert len(receiver.seen) == 1
        clock.advance(0.1)
        await receiver.until(3)

    assert [seen.seq for seen in receiver.seen] == [1, 1, 2]


async def test_a_wake_before_or_after_running_does_no_harm(sender, clock):
    sender.wake()
    async with running(sender):
        await clock.somebody_sleeps()
    sender.wake()

    assert await sender.deliver_due() == 0


async def test_messages_to_channels_that_are_not_configured_stay_pending(store, alerting, sender, receiver):
    alerting(channels=("ops", "gone")).judge(FAILING)

    await sender.deliver_due()

    assert store.outbox_depths() == {"gone": 1}
    assert len(receiver.seen) == 1


async def test_a_test_message_arrives(store, sender, receiver, clock):
    name = store.enqueue_test("ops", body=b'{"type":"alert.test"}', now_us=clock.now_us())

    await sender.deliver_due()

    assert [(seen.delivery_id, seen.event["type"]) for seen in receiver.seen] == [(name, "alert.test")]


async def test_a_sender_without_channels_runs_and_sends_nothing(store, alerting, clock):
    alerting().judge(FAILING)
    sender = OutboxSender(store, [], clock=clock)

    async with running(sender) as task:
        assert await sender.deliver_due() == 0
        assert not task.done()

    assert store.outbox_depth() == 1


def test_two_channels_of_one_name_are_refused(store):
    channel = WebhookChannel("ops", "https://hooks.example/", "whsec_" + "a2V5" * 8)

    with pytest.raises(ConfigError, match="ops"):
        OutboxSender(store, [channel, channel], clock=None)


async def test_a_store_that_is_locked_for_a_while_does_not_end_the_run(
    store, alerting, sender, receiver, clock, monkeypatch
):
    alerting().judge(FAILING)
    whole = store.due

    def locked(*_, **__):
        monkeypatch.setattr(store, "due", whole)
        raise StoreUnavailable("SELECT", {}, sqlite3.OperationalError("database is locked"))

    monkeypatch.setattr(store, "due", locked)

    async with running(sender):
        assert await clock.somebody_sleeps() == 5
        assert receiver.seen == []
        clock.advance(5)
        await receiver.until(1)


async def test_another_error_of_the_store_ends_the_run(sender, store, clock):
    def broken(*_, **__):
        raise StoreFatal("the store is broken")

    store.due = broken

    with pytest.raises(ExceptionGroup) as ended:
        await sender.run()

    assert ended.group_contains(StoreFatal, match="the store is broken")


async def test_an_answer_that_a_channel_cannot_cope_with_is_tried_again_and_ends_nothing_else(
    store, alerting, new_sender, receiver, monkeypatch
):
    alerting(channels=("ops", "others")).judge(FAILING)
    converse = WebhookChannel.converse

    def unforeseen(self, *asked, **how):
        yield from () if self.name == "others" else [1 / 0]
        return (yield from converse(self, *asked, **how))

    monkeypatch.setattr(WebhookChannel, "converse", unforeseen)

    assert await new_sender(("ops", receiver.url), ("others", receiver.url)).deliver_due() == 2

    found = {one.channel: (one.status, one.last_error) for one in store.deliveries(1)}
    assert found == {"ops": ("pending", "a fault of ours: ZeroDivisionError"), "others": ("delivered", None)}
