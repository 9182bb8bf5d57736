"""Ten thousand verdicts within a minute: everything is recorded, and people get a few messages, the first of them soon."""

from collections import defaultdict
from itertools import pairwise

import pytest
from control_timeline import DAY_US, FAILING, START_US, Timeline, plain_body

from tidegauge_collector.core.alerts import SeriesState, Transition
from tidegauge_collector.core.default_monitors import DRIFT
from tidegauge_collector.core.explaining import Explanation
from tidegauge_collector.core.judging import Judgement, Observation, SeriesKey
from tidegauge_collector.core.monitors import Verdict
from tidegauge_collector.core.routing import Routing
from tidegauge_collector.jobs.telling import Telling

DEPLOYMENTS, COLUMNS = 100, 100
S, M = 1_000_000, 60_000_000
NOW = START_US + DAY_US


def update(column, kind="opened", end_us=NOW):
    """What judging hands over for one column that fails, or is well again."""
    series = SeriesKey(metric="psi", column=column, segment="", version="1")
    seen = Observation(
        series=series, window_start_us=end_us - DAY_US, window_end_us=end_us, value=0.9, reason=None, n=400
    )
    status, severity = ("firing", "failing") if kind == "opened" else ("quiet", None)
    state = SeriesState(status=status, severity=severity, last_window_end_us=end_us)
    return DRIFT.id, series, state, Transition(kind, "failing", Judgement(observation=seen, verdict=Verdict.FAILING))


class Clock:
    now_us = NOW


@pytest.fixture
def clock():
    return Clock()


def telling_of(store, routing, clock):
    return Telling(
        store,
        routing,
        explain=lambda *_: Explanation(),
        render=lambda bulletin, _: plain_body(bulletin),
        now_us=lambda: clock.now_us,
        on_told=lambda: None,
    )


def messages(store):
    """(channel, key, time) of each message, by draining the outbox."""
    found = []
    while due := store.due(2**60, limit=1_000):
        for one in due:
            found.append((one.channel, one.alert_key, one.created_at_us))
            store.delivered(one.id, now_us=NOW)
    return found


def test_ten_thousand_verdicts_in_a_minute_are_recorded_and_few_messages(store, clock):
    routing = Routing((), {"hook": "webhook", "chat": "slack"})
    telling = telling_of(store, routing, clock)
    for number in range(DEPLOYMENTS):
        name = f"model-{number}"
        store.ensure_deployment(name, proposal={}, now_us=NOW)
        store.record_transitions(
            name, [update(f"c{column}") for column in range(COLUMNS)], routing=routing, now_us=clock.now_us
        )
        clock.now_us += 60 * S // DEPLOYMENTS
        if number % 5 == 0:
            telling.tell_some()
    for _ in range(12):
        clock.now_us += M
        telling.tell_some()

    told = messages(store)
    assert store.alert_figures().open == {("failing", False): DEPLOYMENTS * COLUMNS}
    times = defaultdict(list)
    for channel, key, at_us in told:
        times[channel, key].append(at_us)
    assert {channel for channel, _ in times} == {"hook", "chat"}
    for channel in ("hook", "chat"):
        mine = [at for (name, _), some in times.items() if name == channel for at in some]
        assert min(mine) <= NOW + 60 * S
        assert len(mine) <= 50 + 1 + 12 * M // (5 * M)
    for some in times.values():
        assert all(later - earlier >= 5 * M for earlier, later in pairwise(some))


def test_the_end_of_a_storm_of_one_deployment_is_few_messages_and_all_is_recorded(store, clock):
    routing = Routing((), {"hook": "webhook"})
    telling = telling_of(store, routing, clock)
    store.ensure_deployment("wide", proposal={}, now_us=NOW)
    columns = [f"c{number}" for number in range(2_500)]

    touched = store.record_transitions("wide", [update(one) for one in columns], routing=routing, now_us=NOW)
    telling.tell_some()
    clock.now_us += M
    telling.tell_some()
    ends = [update(one, "resolved", NOW + DAY_US) for one in columns]
    store.record_transitions("wide", ends, routing=routing, now_us=clock.now_us)
    for _ in range(6):
        clock.now_us += M
        telling.tell_some()

    assert len(touched) == len(store.alerts(status="resolved", limit=5_000)) == len(columns)
    assert len({one for _, one, _ in messages(store)}) == 51
    assert store.due_threads(["hook"], now_us=2**62) == []


def test_threads_of_a_channel_that_is_gone_are_left_at_the_start_and_counted(store, clock):
    before = Routing((), {"chat": "webhook", "gone": "webhook"})
    line = Timeline(store, channels=tuple(before.kinds))
    line.judge(FAILING, now_us=clock.now_us)
    telling = telling_of(store, Routing((), {"chat": "webhook"}), clock)

    telling.tell_some()
    telling.tell_some()

    assert telling.counts["left"] == 1
    assert [one.channel for one in store.threads_of(1) if one.is_open] == ["chat"]
