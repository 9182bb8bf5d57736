"""Threads in the store: who is told of which alerts together, in one message after the other; what people do; storms."""

import json
from dataclasses import replace

import pytest
from control_timeline import DAY_US, FAILING, QUIET, START_US, WARNING, Timeline

from tidegauge_collector.control.telling import Bulletin
from tidegauge_collector.core.default_monitors import DRIFT
from tidegauge_collector.core.definitions import Definition
from tidegauge_collector.core.routing import Route

S, M = 1_000_000, 60_000_000
NOW = START_US + DAY_US


def told_body(bulletin: Bulletin) -> bytes:
    """What a test wants to know of a message."""
    alerts = [[one.column, one.status, one.severity] for one in bulletin.alerts]
    said = {"changes": bulletin.changes, "alerts": alerts, "comment": bulletin.comment, "seq": bulletin.seq}
    said["closed_by"] = bulletin.closed_by
    return json.dumps(said | {"type": bulletin.event_type, "key": bulletin.key, "channel": bulletin.channel}).encode()


class Watch:
    """Columns of one deployment, told to some channels; `messages` are what has been put into the outbox since the last look."""

    def __init__(self, store, *columns, **options):
        options = {"channels": ("chat",), "kind": "slack", "render": told_body} | options
        self.store = store
        self.series = {column: Timeline(store, column=column, **options) for column in columns or ("a",)}
        self.seen = set()

    def judge(self, column, *values, now_us=NOW):
        """Without telling."""
        touched = []
        for value in values:
            touched += self.series[column].record(self.series[column].update(value), now_us=now_us)
        return touched

    def tell(self, now_us):
        next(iter(self.series.values())).tell(now_us)
        return self.messages()

    def messages(self):
        found = []
        while due := [one for one in self.store.due(2**60) if one.id not in self.seen]:
            for one in due:
                self.seen.add(one.id)
                found.append(json.loads(one.body))
                self.store.delivered(one.id, now_us=NOW)
        return found


def test_alerts_of_a_group_are_one_message_after_the_wait(store):
    watch = Watch(store, "a", "b", "c")
    watch.judge("a", WARNING)
    watch.judge("b", FAILING)

    assert watch.tell(NOW) == []
    assert watch.tell(NOW + 29 * S) == []
    (first,) = watch.tell(NOW + 30 * S)
    assert first["alerts"] == [["b", "firing", "failing"], ["a", "firing", "warning"]]
    assert (first["type"], first["changes"], first["seq"]) == ("alert.firing", ["opened"], 1)

    watch.judge("c", FAILING, now_us=NOW + M)
    assert watch.tell(NOW + 5 * M) == []
    (second,) = watch.tell(NOW + 30 * S + 5 * M)
    assert (second["type"], second["changes"], second["seq"], second["key"]) == (
        "alert.updated",
        ["joined"],
        2,
        first["key"],
    )


def test_a_group_is_over_when_its_last_alert_is_and_opens_a_thread_that_goes_on_counting(store):
    watch = Watch(store, "a", "b")
    watch.judge("a", FAILING)
    watch.judge("b", FAILING)
    watch.tell(NOW + 30 * S)
    watch.judge("a", QUIET, QUIET, now_us=NOW + 10 * M)
    (partly,) = watch.tell(NOW + 10 * M)
    watch.judge("b", QUIET, QUIET, now_us=NOW + 20 * M)
    (over,) = watch.tell(NOW + 20 * M)
    watch.judge("a", FAILING, now_us=NOW + 30 * M)
    (again,) = watch.tell(NOW + 31 * M)

    assert (partly["type"], over["type"], again["type"]) == ("alert.updated", "alert.resolved", "alert.firing")
    assert [one["seq"] for one in (partly, over, again)] == [2, 3, 4]
    first, second = store.threads_of(1)[0], store.threads_of(3)[0]
    assert (first.is_open, second.is_open, first.key) == (False, True, second.key)


def test_a_group_that_fires_again_at_once_is_told_an_interval_after_its_last_message(store):
    watch = Watch(store)
    watch.judge("a", FAILING)
    watch.tell(NOW + 30 * S)
    watch.judge("a", QUIET, QUIET, now_us=NOW + 10 * M)
    assert len(watch.tell(NOW + 10 * M)) == 1
    watch.judge("a", FAILING, now_us=NOW + 11 * M)

    assert watch.tell(NOW + 15 * M - 1) == []
    assert [one["type"] for one in watch.tell(NOW + 15 * M)] == ["alert.firing"]


def test_a_channel_that_is_not_configured_any_more_is_left_and_history_says_so(store):
    watch = Watch(store, channels=("chat", "gone"), kind="webhook")
    (alert,) = watch.judge("a", FAILING)
    watch.tell(NOW)

    assert store.leave_channels(["chat"], now_us=NOW + M) == {"gone": 1}
    assert store.leave_channels(["chat"], now_us=NOW + M) == {}
    assert [(one.kind, one.details.get("channel")) for one in store.alert_events(alert.id)][1:] == [("left", "gone")]
    assert {one.channel: one.is_open for one in store.threads_of(alert.id)} == {"chat": True, "gone": False}
    watch.judge("a", QUIET, QUIET, now_us=NOW + 2 * M)
    assert [(one["channel"], one["type"]) for one in watch.tell(NOW + 2 * M)] == [("chat", "alert.resolved")]


def test_what_a_channel_that_is_left_has_not_taken_is_given_up_and_can_be_resent(store):
    watch = Watch(store, channels=("chat", "gone"), kind="webhook")
    watch.judge("a", FAILING)
    next(iter(watch.series.values())).tell(NOW)

    store.leave_channels(["chat"], now_us=NOW + M)

    assert store.outbox_depths() == {"chat": 1}
    (dead,) = store.talks.dead()
    assert (dead.channel, dead.last_error) == (
        "gone",
        "the channel is not configured any more: resend it when it is again",
    )
    store.resend(dead.id, now_us=NOW + 2 * M)
    assert store.outbox_depths() == {"chat": 1, "gone": 1}


def test_what_opens_and_ends_before_anybody_heard_leaves_history_and_no_message(store):
    watch = Watch(store)
    watch.judge("a", FAILING, QUIET, QUIET)

    assert watch.tell(NOW + M) == []
    (alert,) = store.alerts()
    assert [one.kind for one in store.alert_events(alert.id)] == ["opened", "resolved"]
    assert not store.threads_of(alert.id)[0].is_open


def test_a_machine_hears_of_each_alert_at_once_under_the_alerts_own_key(store):
    watch = Watch(store, "a", "b", kind="webhook")
    (one,) = watch.judge("a", FAILING)
    (other,) = watch.judge("b", WARNING)

    assert {message["key"] for message in watch.tell(NOW)} == {one.key, other.key}


def test_a_severity_that_a_route_waits_for_joins_late_and_stays(store):
    watch = Watch(store, kind="webhook", routes=(Route(name="r", min_severity="failing"),))
    watch.judge("a", WARNING)
    assert watch.tell(NOW) == []

    watch.judge("a", FAILING, now_us=NOW + 1)
    assert [one["type"] for one in watch.tell(NOW + 1)] == ["alert.firing"]
    watch.judge("a", WARNING, WARNING, now_us=NOW + 2)
    assert [one["changes"] for one in watch.tell(NOW + 2)] == [["better"]]


def test_a_group_by_severity_is_left_for_another_when_the_severity_changes(store):
    watch = Watch(store, routes=(Route(name="r", group_by=("severity",), wait_us=0, interval_us=0),))
    watch.judge("a", WARNING)
    watch.tell(NOW)
    watch.judge("a", FAILING, now_us=NOW + 1)

    assert sorted(one["type"] for one in watch.tell(NOW + 1)) == ["alert.firing", "alert.resolved"]


def test_routes_and_silences_know_an_alert_by_the_block_that_its_monitor_states(store):
    routes = (Route(name="feeds", match={"block": ("quality",)}, channels=("chat",)), Route(channels=("mail",)))
    watch = Watch(store, "a", "b", channels=("chat", "mail"), kind="webhook", routes=routes)
    (before,) = watch.judge("a", FAILING)
    store.definitions.apply([Definition(monitor=replace(DRIFT, block="quality"))], actor="anna", now_us=NOW)
    (after,) = watch.judge("b", FAILING)

    assert store.labels_of_alert(after.id)["block"] == "quality"
    assert [(one["channel"], one["key"]) for one in watch.tell(NOW)] == [("mail", before.key), ("chat", after.key)]
    silence(store, until_us=NOW + 60 * M, block="quality")
    watch.judge("b", WARNING, now_us=NOW + M)
    assert watch.tell(NOW + M) == []


# ---------------------------------------------------------------- silences


def silence(store, *, until_us, start_us=NOW, **matchers):
    made = {name: (pattern,) for name, pattern in matchers.items()}
    return store.silences.create(
        made, starts_at_us=start_us, ends_at_us=until_us, comment="works", by="anna", now_us=NOW
    )


def test_silenced_alerts_are_told_when_the_silence_ends_and_history_says_so(store):
    watch = Watch(store, "a", "b", kind="webhook")
    made = silence(store, until_us=NOW + 60 * M, column="a")
    (held,) = watch.judge("a", FAILING)
    watch.judge("b", FAILING)

    assert [one["alerts"][0][0] for one in watch.tell(NOW)] == ["b"]
    assert watch.tell(NOW + 59 * M) == []
    events = store.alert_events(held.id)
    assert [(one.kind, one.details.get("silence")) for one in events] == [("opened", None), ("silenced", made.id)]
    assert [one["alerts"][0][0] for one in watch.tell(NOW + 60 * M)] == ["a"]


def test_a_silence_that_is_ended_early_tells_what_still_fires(store):
    watch = Watch(store, kind="webhook")
    made = silence(store, until_us=NOW + 60 * M, deployment="fl*")
    watch.judge("a", FAILING)
    assert watch.tell(NOW) == []

    ended = store.silences.end(made.id, by="anna", now_us=NOW + M)
    store.silences.end(made.id, by="bert", now_us=NOW + 2 * M)

    assert (ended.state(NOW + M), ended.ended_by) == ("ended", "anna")
    assert [one.ended_by for one in store.silences.listed()] == ["anna"]
    assert len(watch.tell(NOW + M)) == 1


def test_a_silence_that_begins_later_is_found_at_the_next_news(store):
    watch = Watch(store, kind="webhook")
    watch.judge("a", WARNING)
    watch.tell(NOW)
    silence(store, start_us=NOW + M, until_us=NOW + 60 * M, column="a")

    watch.judge("a", FAILING, now_us=NOW + 2 * M)

    assert watch.tell(NOW + 2 * M) == []
    assert [one["changes"] for one in watch.tell(NOW + 60 * M)] == [["worse"]]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"ends_at_us": NOW}, "give a later end"),
        ({"matchers": {}}, "would silence everything"),
        ({"weekly": "sometimes"}, "write days, hours and a zone"),
    ],
)
def test_a_silence_that_silences_nothing_or_everything_is_refused(store, changes, words):
    options = {"matchers": {"column": ("a",)}, "starts_at_us": NOW, "ends_at_us": NOW + M, "by": "anna", "now_us": NOW}

    with pytest.raises(ValueError, match=words):
        store.silences.create(**options | changes)

    assert store.silences.listed() == []


# ---------------------------------------------------------------- people


def test_what_people_do_is_an_event_once_and_is_told(store):
    watch = Watch(store, kind="webhook")
    (alert,) = watch.judge("a", FAILING)
    watch.tell(NOW)
    people = store.people

    assert people.acknowledge(alert.id, actor="anna", at_us=NOW + 1)[0].acknowledged_by == "anna"
    assert people.acknowledge(alert.key, actor="bert", at_us=NOW + 2) == []
    assert people.assign(alert.id, "carla", actor="anna", at_us=NOW + 3)
    assert people.comment(alert.id, "the feed is late", actor="anna", at_us=NOW + 4)
    assert people.comment(alert.id, "the feed is late", actor="anna", at_us=NOW + 5) == []

    (message,) = watch.tell(NOW + 6)
    assert (message["changes"], message["comment"]) == (["acknowledged", "assigned", "commented"], "the feed is late")
    assert [(one.kind, one.actor) for one in store.alert_events(alert.id)] == [
        ("opened", ""),
        ("acknowledged", "anna"),
        ("assigned", "anna"),
        ("commented", "anna"),
    ]
    assert [
        one["changes"] for one in (people.unacknowledge(alert.id, actor="anna", at_us=NOW + 7), watch.tell(NOW + 8))[1]
    ] == [["unacknowledged"]]


def test_the_key_of_a_thread_means_all_its_firing_alerts(store):
    watch = Watch(store, "a", "b")
    watch.judge("a", FAILING)
    watch.judge("b", FAILING)
    (message,) = watch.tell(NOW + 30 * S)

    changed = store.people.acknowledge(message["key"], actor="anna", at_us=NOW + M)

    assert sorted(one.column for one in changed) == ["a", "b"]
    with pytest.raises(LookupError, match="no alert and no thread"):
        store.people.acknowledge("ff" * 16, actor="anna", at_us=NOW)
    with pytest.raises(LookupError, match="alert 99 does not exist"):
        store.people.acknowledge(99, actor="anna", at_us=NOW)


def test_what_a_person_closed_opens_again_only_after_it_was_well_once(store):
    watch = Watch(store, kind="webhook")
    (alert,) = watch.judge("a", WARNING)
    watch.tell(NOW)

    store.people.close_by_person(alert.id, actor="anna", at_us=NOW + 1)
    assert store.people.close_by_person(alert.id, actor="anna", at_us=NOW + 2) == []
    assert [(one["type"], one["closed_by"]) for one in watch.tell(NOW + 2)] == [("alert.resolved", "anna")]
    watch.judge("a", FAILING, WARNING, now_us=NOW + 3)
    assert watch.tell(NOW + 3) == []
    assert [one.status for one in store.alerts()] == ["resolved"]

    watch.judge("a", QUIET, QUIET, FAILING, now_us=NOW + 4)
    assert [one["type"] for one in watch.tell(NOW + 4)] == ["alert.firing"]
    assert [one.status for one in store.alerts()] == ["firing", "resolved"]
    watch.judge("a", QUIET, QUIET, now_us=NOW + 5)
    assert [(one["type"], one["closed_by"]) for one in watch.tell(NOW + 5)] == [("alert.resolved", "")]


@pytest.mark.parametrize("until_us", [NOW + 10 * M, None])
def test_a_muted_alert_is_quiet_until_its_time_or_until_it_recovers(store, until_us):
    watch = Watch(store, "a", "b", kind="webhook")
    (alert,) = watch.judge("a", WARNING)
    store.people.mute(alert.id, until_us=until_us, actor="anna", at_us=NOW)
    assert store.people.mute(alert.id, until_us=until_us, actor="anna", at_us=NOW) == []

    assert watch.tell(NOW) == []
    assert len(watch.tell(NOW + 10 * M)) == (until_us is not None)
    store.people.unmute(alert.id, actor="anna", at_us=NOW + 11 * M)
    assert len(watch.tell(NOW + 11 * M)) == (until_us is None)


def test_silencing_what_a_thread_tells_of_is_done_once(store):
    watch = Watch(store, "a*", kind="webhook")
    (alert,) = watch.judge("a*", WARNING)

    made = store.people.silence(alert.key, until_us=NOW + 60 * M, actor="anna", at_us=NOW)

    assert dict(made.matchers) == {"deployment": ("flights",), "monitor": ("drift",), "column": ("a[*]",)}
    assert store.people.silence(alert.id, until_us=NOW + 60 * M, actor="anna", at_us=NOW) is None
    assert watch.tell(NOW) == []


def test_nobody_looks_after_it_so_others_hear_of_it_once(store):
    routes = (Route(name="r", channels=("chat",), wait_us=0, escalate_after_us=10 * M, escalate_to=("pager",)),)
    watch = Watch(store, channels=("chat", "pager"), routes=routes)
    (alert,) = watch.judge("a", FAILING)
    watch.tell(NOW)

    assert watch.tell(NOW + 9 * M) == []
    told = watch.tell(NOW + 10 * M) + watch.tell(NOW + 11 * M)
    assert sorted((one["channel"], one["changes"]) for one in told) == [
        ("chat", ["escalated"]),
        ("pager", ["opened", "escalated"]),
    ]
    assert [one.kind for one in store.alert_events(alert.id)] == ["opened", "escalated"]
    store.people.acknowledge(alert.id, actor="anna", at_us=NOW + 20 * M)
    assert {one["channel"] for one in watch.tell(NOW + 20 * M)} == {"chat", "pager"}


# ---------------------------------------------------------------- storms, retention


def test_a_channel_that_opens_too_many_threads_gets_one_for_the_rest(store):
    columns = [f"c{number}" for number in range(10)]
    watch = Watch(store, *columns, kind="webhook", routes=(Route(name="r", storm_after=4),))
    for column in columns:
        watch.judge(column, FAILING)

    told = watch.tell(NOW)
    (storm,) = watch.tell(NOW + 30 * S)

    assert [len(one["alerts"]) for one in told] == [1] * 4
    assert len(storm["alerts"]) == 6
    for column in columns:
        watch.judge(column, QUIET, QUIET, now_us=NOW + M)
    over = watch.tell(NOW + M) + watch.tell(NOW + 10 * M)
    assert [one["type"] for one in over] == ["alert.resolved"] * 5
    assert {one["key"] for one in over} == {one["key"] for one in told} | {storm["key"]}

    watch.judge("c1", FAILING, now_us=NOW + 20 * M)
    (again,) = watch.tell(NOW + 20 * M)
    assert again["key"] != storm["key"]


def test_old_threads_and_messages_are_forgotten_and_what_waits_stays(store):
    watch = Watch(store, "a", "b", kind="webhook")
    watch.judge("a", FAILING)
    watch.tell(NOW)
    watch.judge("a", QUIET, QUIET, now_us=NOW + 1)
    watch.tell(NOW + 1)
    watch.judge("b", FAILING, now_us=NOW + 1)
    watch.series["b"].tell(NOW + 1)

    assert store.forget_messages(before_us=NOW) == 0
    assert store.forget_messages(before_us=NOW + 10) == 3
    assert store.forget_messages(before_us=NOW + 10) == 0
    assert (store.outbox_depth(), len(store.alerts())) == (1, 2)
    assert store.threads_of(1) == []
    watch.judge("a", FAILING, now_us=NOW + 20)
    assert {one["seq"] for one in watch.tell(NOW + 20)} == {1, 3}


def test_firing_alerts_that_no_thread_knows_are_adopted(store):
    watch = Watch(store, channels=())
    watch.judge("a", FAILING)
    assert watch.tell(NOW) == []
    timeline = Timeline(store, column="b", kind="webhook", render=told_body)

    store.adopt_untold(timeline.routing, now_us=NOW + M)
    timeline.tell(NOW + M)

    assert [one["type"] for one in watch.messages()] == ["alert.firing"]
