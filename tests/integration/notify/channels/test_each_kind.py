"""Every kind of channel through the real sender: opened, followed, ended; tried again, given up, sent again; once for each episode."""

import pytest
from notify_desks import ALL, COUNTED

from receivers.provider import (
    ACCEPT_THEN_CLOSE,
    BIG_BODY,
    GZIP_BOMB,
    HANG,
    INVALID_JSON,
    LATE_500,
    REDIRECT,
    RESET,
    SLOW,
    WRONG_TYPE,
)

BEFORE = [429, (429, {"Retry-After": "90"}), 500, 503, RESET, REDIRECT, HANG, SLOW]
AFTER = [ACCEPT_THEN_CLOSE, LATE_500]
ODD = [BIG_BODY, GZIP_BOMB, INVALID_JSON, WRONG_TYPE]
each_kind = pytest.mark.parametrize("desk", ALL, indirect=True)


@each_kind
async def test_an_episode_is_opened_followed_and_ended(desk):
    desk.tell("firing", severity="warning")
    await desk.settle()
    assert desk.over == [False]
    desk.tell("updated", severity="failing")
    desk.tell("updated", changes=["acknowledged"], acknowledged_by="anna")
    await desk.settle()
    assert desk.over == [False]
    desk.tell("resolved")
    await desk.settle()

    assert desk.over == [True]
    assert desk.statuses == ["delivered"] * 4


async def episodes(desk, faults, *, places):
    """An episode for each fault and place: that fault at the request of that number."""
    for fault in faults:
        for place in range(places):
            desk.provider.script.extend([None] * place + [fault])
            desk.tell("firing")
            await desk.settle()
            desk.provider.script.clear()
            desk.tell("resolved")
            await desk.settle()
            desk.clock.advance(2 * 86_400)  # too late to open the ticket again
    return len(faults) * places


@each_kind
async def test_a_fault_before_anything_is_done_leads_to_one_ticket_that_ends(desk, request):
    told = await episodes(desk, BEFORE, places=1)

    assert set(desk.over) == {True}
    assert len(desk.over) == (told if request.node.callspec.params["desk"] in COUNTED else 1)
    assert set(desk.statuses) == {"delivered"}


@each_kind
async def test_an_answer_that_is_lost_or_odd_leads_to_one_ticket_that_ends(desk, request):
    kind = request.node.callspec.params["desk"]
    faults = AFTER if kind == "slack" else [*AFTER, *ODD]  # what is not `ok` is no answer of Slack's webhook

    told = await episodes(desk, faults, places=2)

    assert desk.over.count(True) == (told if kind in COUNTED else 1)
    if kind != "slack_api":  # which cannot be asked what it has: a message may be doubled there
        assert set(desk.over) == {True}
    assert set(desk.statuses) == {"delivered"}


@each_kind
async def test_what_is_refused_for_ever_is_dead_and_arrives_when_it_is_sent_again(desk):
    desk.provider.otherwise = 400
    desk.tell("firing")
    await desk.sender.deliver_due()
    assert desk.statuses == ["dead"]

    desk.provider.otherwise = None
    (dead,) = desk.store.talks.dead(channel="ops")
    desk.store.resend(dead.id, now_us=desk.clock.now_us())
    await desk.settle()

    assert desk.statuses == ["delivered"]
    assert desk.over == [False]


@each_kind
async def test_credentials_that_are_refused_pause_the_channel_until_it_is_resumed(desk):
    desk.provider.otherwise = 401
    desk.tell("firing")
    await desk.sender.deliver_due()
    asked = len(desk.provider.seen)
    desk.clock.advance(3_600)
    await desk.sender.deliver_due()
    assert len(desk.provider.seen) == asked == 1
    assert "401" in desk.sender.paused["ops"]

    desk.provider.otherwise = None
    await desk.settle()  # resumes it

    assert desk.over == [False]


@each_kind
async def test_three_days_of_429_lose_nothing(desk):
    desk.provider.otherwise = (429, {"Retry-After": "600"})
    desk.tell("firing")
    end_us = desk.clock.now_us() + 3 * 86_400_000_000 - 1
    while desk.clock.now_us() < end_us:
        await desk.sender.deliver_due()
        due_us = max(desk.store.next_due_us(), desk.sender._lanes["ops"].ready_at_us())
        desk.clock.advance((min(due_us, end_us) - desk.clock.now_us()) / 1e6)
    assert desk.statuses == ["pending"]

    desk.provider.otherwise = None
    await desk.settle()

    assert desk.over == [False]
    assert desk.statuses == ["delivered"]


@each_kind
async def test_what_may_have_been_told_is_told_again_and_ended(desk):
    desk.provider.script.append(503)  # it may have come through, whatever the gateway says
    desk.tell("firing")
    await desk.sender.deliver_due()
    desk.tell("resolved")
    await desk.settle()

    assert desk.statuses == ["delivered", "delivered"]
    assert desk.over == [True]


@pytest.mark.parametrize("desk", ["opsgenie"], indirect=True)
async def test_what_was_taken_and_waits_to_be_looked_at_is_ended(desk):
    desk.tell("firing")
    await desk.sender.deliver_due()  # taken with 202: what came of it is asked for later
    desk.tell("resolved")
    await desk.settle()

    assert desk.statuses == ["delivered", "delivered"]
    assert desk.over == [True]


@pytest.mark.parametrize("desk", ["pagerduty"], indirect=True)
async def test_a_page_that_was_opened_and_not_yet_acknowledged_is_ended(desk):
    desk.provider.script.extend([None, 429])
    desk.tell("firing", changes=["opened", "acknowledged"], acknowledged_by="anna")
    await desk.sender.deliver_due()
    desk.tell("resolved")
    await desk.settle()

    assert desk.over == [True]


@pytest.mark.parametrize("desk", ["jira"], indirect=True)
async def test_a_ticket_that_was_opened_again_and_not_yet_commented_is_ended(desk):
    desk.tell("firing")
    desk.tell("resolved")
    await desk.settle()
    desk.provider.script.extend([None, None, None, 429])  # looked at, its transitions, opened again, and no comment
    desk.tell("firing")
    await desk.sender.deliver_due()
    assert desk.over == [False]
    desk.tell("resolved")
    await desk.settle()

    assert desk.over == [True]


@each_kind
async def test_a_page_is_never_opened_by_what_is_already_over(desk, request):
    desk.provider.otherwise = 429  # surely not taken
    desk.tell("firing")
    await desk.sender.deliver_due()
    desk.provider.otherwise = None
    desk.tell("resolved")
    await desk.settle()

    if request.node.callspec.params["desk"] not in {"webhook", "cloudevents"}:
        assert desk.over == []
        assert desk.receipts() == ["retry", "collapsed", "collapsed"]


@each_kind
async def test_a_test_message_is_taken_and_leaves_nothing_open(desk, request):
    from tidegauge_collector.notify import render_test

    desk.store.enqueue_test("ops", body=render_test("ops", now_us=desk.clock.now_us()), now_us=desk.clock.now_us())
    await desk.sender.deliver_due()

    assert desk.statuses == ["delivered"]
    if request.node.callspec.params["desk"] in {"jira", "jira_dc", "servicenow"}:
        assert desk.over == [True]
