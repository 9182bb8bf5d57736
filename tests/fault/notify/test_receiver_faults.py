"""What receivers do to a sender, on real sockets; each test ends in what must hold: nothing lost, nothing out of order."""

import socket
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import aiohttp
import pytest
from control_timeline import FAILING, QUIET
from notify_receiver import ACCEPT_THEN_CLOSE, BIG_BODY, BREAK_OFF, HANG, OK, REDIRECT, RESET, SECRET, TOKEN
from structlog.testing import capture_logs

from tidegauge_collector.notify import WebhookChannel
from tidegauge_collector.notify.delivery import open_session


def waits_s(store, clock, alert):
    """Seconds until the message is tried again."""
    (message,) = store.deliveries(alert.id)
    assert message.status == "pending"
    return (message.next_attempt_us - clock.now_us()) / 1e6


async def deliver_all(sender, clock, *, passes=60, step_s=60):
    for _ in range(passes):
        await sender.deliver_due()
        clock.advance(step_s)


@pytest.mark.parametrize("fault", [500, 503, 429, 408, 425, RESET, ACCEPT_THEN_CLOSE, REDIRECT])
async def test_a_passing_fault_leads_to_the_same_message_again(fault, store, alerting, sender, receiver, clock):
    receiver.script.extend([fault, OK])
    (alert,) = alerting().judge(FAILING)

    await sender.deliver_due()
    assert waits_s(store, clock, alert) == 5
    clock.advance(5)
    await sender.deliver_due()

    first, second = receiver.seen
    assert (first.delivery_id, first.body) == (second.delivery_id, second.body)
    assert second.timestamp == first.timestamp + 5
    (delivery,) = store.deliveries(alert.id)
    assert (delivery.status, delivery.attempts) == ("delivered", 2)
    assert [each.outcome for each in store.receipts(delivery.id)] == ["retry", "delivered"]


async def test_a_message_is_not_tried_before_its_time(alerting, sender, receiver, clock):
    receiver.script.append(500)
    alerting().judge(FAILING)
    await sender.deliver_due()

    clock.advance(4.999)

    assert await sender.deliver_due() == 0
    assert len(receiver.seen) == 1


@pytest.mark.parametrize(("asked_s", "wait_s"), [(1, 5), (90, 90), (86_400, 3600)])
@pytest.mark.parametrize("form", ["seconds", "date"])
async def test_retry_after_is_honoured_up_to_an_hour(asked_s, wait_s, form, store, alerting, sender, receiver, clock):
    at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=clock.now_us()) + timedelta(seconds=asked_s)
    header = str(asked_s) if form == "seconds" else format_datetime(at, usegmt=True)
    receiver.script.append((429, {"Retry-After": header}))
    (alert,) = alerting().judge(FAILING)

    await sender.deliver_due()

    assert waits_s(store, clock, alert) == wait_s


@pytest.mark.parametrize("fault", [500, RESET, ACCEPT_THEN_CLOSE, 429])
async def test_a_resolve_never_overtakes_a_trigger_that_fails(fault, alerting, sender, receiver, clock):
    receiver.script.extend([fault, fault])
    alerting().judge(FAILING, QUIET, QUIET)

    await deliver_all(sender, clock)

    assert [seen.seq for seen in receiver.seen] == [1, 1, 1, 2]


async def test_a_redirect_is_not_followed(alerting, sender, receiver):
    receiver.script.append(REDIRECT)
    alerting().judge(FAILING)

    await sender.deliver_due()

    assert len(receiver.seen) == 1
    assert receiver.elsewhere == []


async def test_of_a_ten_megabyte_answer_only_the_beginning_is_read_and_the_message_counts_as_taken(
    store, alerting, sender, receiver
):
    receiver.script.append(BIG_BODY)
    (alert,) = alerting().judge(FAILING)

    await sender.deliver_due()

    assert store.deliveries(alert.id)[0].status == "delivered"
    assert receiver.bytes_sent < 10_000_000


async def test_a_receiver_that_never_answers_is_left_alone_and_tried_again(
    store, alerting, new_sender, receiver, clock
):
    def impatient(_channel):
        return aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=0.2))

    receiver.script.append(HANG)
    (alert,) = alerting().judge(FAILING)

    await new_sender(("ops", receiver.url), session_factory=impatient).deliver_due()

    assert waits_s(store, clock, alert) == 5
    assert "Timeout" in store.deliveries(alert.id)[0].last_error


async def test_the_clients_own_limits_are_those_promised():
    channel = WebhookChannel("ops", "https://hooks.example/", "whsec_" + "a2V5" * 8)
    async with open_session(channel) as session:
        limits = session.timeout

    assert (limits.total, limits.connect, limits.sock_connect) == (15, 5, 5)
    assert not session.trust_env
    assert not session.auto_decompress


async def test_an_answer_that_breaks_off_after_its_status_counts(store, alerting, sender, receiver):
    receiver.script.append(BREAK_OFF)
    (alert,) = alerting().judge(FAILING)

    await sender.deliver_due()

    assert store.deliveries(alert.id)[0].status == "delivered"


@pytest.mark.parametrize("status", [400, 413, 422])
async def test_a_message_that_is_refused_is_dead_and_visible_and_the_next_goes_on(
    status, store, alerting, sender, receiver, clock
):
    receiver.script.extend([status, status])
    alerting().judge(FAILING, QUIET, QUIET)

    await deliver_all(sender, clock, passes=3)

    (alert,) = store.alerts()
    assert [(each.status, each.seq) for each in store.deliveries(alert.id)] == [("dead", 1), ("delivered", 2)]
    assert str(status) in store.deliveries(alert.id)[0].last_error
    assert [seen.seq for seen in receiver.seen] == [1, 1, 2]
    whole, brief, _ = receiver.seen
    assert "threshold" in whole.event["data"]
    assert set(brief.event["data"]) == {"alert_key", "seq", "status", "severity", "url", "title"}


@pytest.mark.parametrize("status", [401, 403, 404, 410])
async def test_a_channel_that_is_refused_is_asked_once_and_keeps_its_messages_until_resumed(
    status, store, alerting, sender, receiver, clock
):
    receiver.script.append(status)
    alerting("a").judge(FAILING)
    await sender.deliver_due()
    alerting("b").judge(FAILING)

    await deliver_all(sender, clock, passes=20)
    assert len(receiver.seen) == 1
    assert str(status) in sender.paused["ops"]
    assert store.outbox_depth() == 2

    sender.resume("ops")
    await sender.deliver_due()
    assert (len(receiver.seen), store.outbox_depth(), sender.paused) == (3, 0, {})
    assert receiver.seen[0].delivery_id in {seen.delivery_id for seen in receiver.seen[1:]}


async def test_a_paused_channel_gives_its_messages_up_after_three_days(store, alerting, sender, receiver, clock):
    receiver.script.append(401)
    (alert,) = alerting().judge(FAILING)
    await sender.deliver_due()

    clock.advance(3 * 86_400)
    await sender.deliver_due()
    assert store.deliveries(alert.id)[0].status == "pending"
    clock.advance(1)
    await sender.deliver_due()

    assert store.deliveries(alert.id)[0].status == "dead"
    assert sender.counts["ops", "expired"] == 1


async def test_three_days_of_failure_lose_nothing(store, alerting, sender, receiver, clock):
    receiver.otherwise = 503
    alerting().judge(FAILING, QUIET, QUIET)
    await deliver_all(sender, clock, passes=72, step_s=3600)
    assert store.outbox_depth() == 2

    receiver.otherwise = OK
    await deliver_all(sender, clock, passes=48, step_s=3600)

    assert [seen.seq for seen in receiver.seen if seen.reply == OK] == [1, 2]
    assert store.outbox_depth() == 0


async def test_after_five_failures_one_probe_a_minute_is_sent_whatever_waits(alerting, sender, receiver, clock):
    receiver.otherwise = 500
    for number in range(20):
        alerting(f"column {number}").judge(FAILING)

    await sender.deliver_due()
    first = len(receiver.seen)
    for _ in range(10):
        clock.advance(6)
        await sender.deliver_due()

    assert 5 <= first <= 8  # four at a time: the fifth failure stops the second four
    assert len(receiver.seen) == first + 1


async def test_a_probe_that_succeeds_lets_all_others_through(store, alerting, sender, receiver, clock):
    receiver.otherwise = 500
    for number in range(20):
        alerting(f"column {number}").judge(FAILING)
    await sender.deliver_due()

    receiver.otherwise = OK
    await deliver_all(sender, clock, passes=3)

    assert store.outbox_depth() == 0


async def test_a_broken_channel_does_not_hold_up_another(store, alerting, new_sender, receiver, clock):
    with socket.socket() as deaf:  # the port is its own, and nobody listens there
        deaf.bind(("127.0.0.1", 0))
        sender = new_sender(("ops", receiver.url), ("broken", f"http://127.0.0.1:{deaf.getsockname()[1]}/"))
        (alert,) = alerting(channels=("broken", "ops")).judge(FAILING)

        await sender.deliver_due()

    assert {each.channel: each.status for each in store.deliveries(alert.id)} == {
        "broken": "pending",
        "ops": "delivered",
    }
    assert sender.counts == {("ops", "delivered"): 1, ("broken", "retry"): 1}


@pytest.mark.parametrize("fault", [500, 400, 401, RESET])
async def test_neither_secret_nor_url_gets_into_logs_or_receipts(fault, store, alerting, sender, receiver, clock):
    receiver.otherwise = fault
    for number in range(6):
        alerting(f"column {number}").judge(FAILING)

    with capture_logs() as logs:
        await deliver_all(sender, clock, passes=3)

    receipts = [store.receipts(each.id) for alert in store.alerts() for each in store.deliveries(alert.id)]
    said = repr((logs, receipts, sender.paused, store.alerts(), sender.counts))
    assert receiver.seen
    assert not any(canary in said for canary in (SECRET, SECRET.removeprefix("whsec_"), TOKEN))


async def test_changes_of_a_channels_state_are_logged_and_attempts_are_not(alerting, sender, receiver, clock):
    receiver.otherwise = 500
    for number in range(9):
        alerting(f"column {number}").judge(FAILING)

    with capture_logs() as logs:
        await deliver_all(sender, clock, passes=4)
        receiver.otherwise = OK
        await deliver_all(sender, clock, passes=10)

    assert [each["event"] for each in logs] == ["channel.failing", "channel.recovered"]
