import pytest
from control_timeline import DAY_US, FAILING, QUIET, START_US, WARNING, Timeline, plain_body


def kinds(store, alert_id):
    return [event.kind for event in store.alert_events(alert_id)]


def test_a_breach_opens_one_alert_with_its_event_and_one_message_per_channel(store):
    (alert,) = Timeline(store, channels=("ops", "ml")).judge(FAILING)

    assert store.alerts() == [alert]
    assert (alert.status, alert.severity, alert.value, alert.threshold, alert.seq) == (
        "firing",
        "failing",
        0.31,
        0.25,
        1,
    )
    assert (alert.opened_window_start_us, alert.opened_window_end_us) == (START_US, START_US + DAY_US)
    assert kinds(store, alert.id) == ["opened"]
    messages = store.deliveries(alert.id)
    assert [(each.channel, each.event_type) for each in messages] == [("ops", "alert.firing"), ("ml", "alert.firing")]
    assert len({each.delivery_id for each in messages}) == 2
    assert {each.body for each in messages} == {f"{alert.key} 1 alert.firing".encode()}


def test_an_alert_lives_from_opened_over_changed_to_resolved(store):
    Timeline(store).judge(WARNING, FAILING, QUIET, QUIET)

    (alert,) = store.alerts()
    assert (alert.status, alert.resolved_at_us) == ("resolved", START_US + 4 * DAY_US)
    assert kinds(store, alert.id) == ["opened", "changed", "resolved"]
    assert [each.event_type for each in store.deliveries(alert.id)] == [
        "alert.firing",
        "alert.updated",
        "alert.resolved",
    ]


def test_the_sequence_of_a_key_goes_on_over_its_alerts(store):
    Timeline(store).judge(FAILING, QUIET, QUIET, FAILING, QUIET, QUIET)

    second, first = store.alerts()
    assert first.key == second.key
    assert [event.seq for event in store.alert_events(first.id)] == [1, 2]
    assert [event.seq for event in store.alert_events(second.id)] == [3, 4]


def test_the_state_of_a_firing_series_names_its_alert_and_survives_the_store(store):
    timeline = Timeline(store)
    (alert,) = timeline.judge(FAILING)

    firing = store.series_states("flights")["drift", timeline.series]
    timeline.judge(QUIET, QUIET)
    calm = store.series_states("flights")["drift", timeline.series]

    assert (firing.status, firing.alert_id) == ("firing", str(alert.id))
    assert (calm.status, calm.alert_id, calm.last_window_end_us) == ("quiet", None, START_US + 3 * DAY_US)


def test_recording_the_same_judgement_twice_has_no_effect(store):
    timeline = Timeline(store)
    update = timeline.update(FAILING)
    timeline.record(update)

    timeline.tell(START_US + DAY_US)

    assert timeline.record(update) == []

    assert timeline.tell(START_US + DAY_US) == []
    assert len(store.alerts()) == store.outbox_depth() == 1


def test_a_judgement_older_than_the_state_has_no_effect(store):
    timeline = Timeline(store)
    old = timeline.update(FAILING)
    timeline.judge(QUIET)

    assert timeline.record(old) == []
    assert store.alerts() == []


def test_a_rendering_that_fails_undoes_the_telling_and_it_is_told_later(store):
    def broken(_bulletin):
        raise RuntimeError("cannot render")

    timeline = Timeline(store, render=broken)
    with pytest.raises(RuntimeError, match="cannot render"):
        timeline.judge(FAILING)
    assert (len(store.alerts()), store.outbox_depth()) == (1, 0)

    timeline.render = plain_body
    timeline.tell(START_US + DAY_US)

    assert store.outbox_depth() == 1


def test_an_update_for_an_unknown_monitor_names_it_and_stores_nothing(store):
    timeline = Timeline(store)
    _, *rest = timeline.update(FAILING)

    with pytest.raises(LookupError, match="'nonsense'"):
        timeline.record(("nonsense", *rest))

    assert store.alerts() == []


def test_alerts_are_listed_newest_first_in_pages_and_by_status(store):
    for column in "abc":
        Timeline(store, column=column).judge(FAILING)
    Timeline(store, column="d", deployment="other").judge(FAILING, QUIET, QUIET)

    columns = [each.column for each in store.alerts()]
    first_page = store.alerts(limit=2)
    second_page = store.alerts(limit=2, before=first_page[-1].id)

    assert columns == ["d", "c", "b", "a"]
    assert [each.column for each in (*first_page, *second_page)] == columns
    assert [each.column for each in store.alerts("flights")] == ["c", "b", "a"]
    assert [each.column for each in store.alerts(status="resolved")] == ["d"]
    assert store.alerts("nobody") == []


def test_without_channels_alerts_are_kept_and_nobody_is_told(store):
    (alert,) = Timeline(store, channels=()).judge(FAILING)

    assert store.alerts() == [alert]
    assert store.outbox_depth() == 0


def test_what_fires_is_counted_by_deployment_and_severity(store):
    days = Timeline(store)
    days.judge(FAILING)
    ((name, firing),) = store.firing().items()
    (alert,) = store.alerts()

    days.judge(QUIET, QUIET)

    assert (name, firing) == (alert.deployment, {"failing": 1})
    assert store.firing() == {}
