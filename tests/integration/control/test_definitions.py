"""Definitions in the store, and the monitors and alerts of deployments that follow them."""

from dataclasses import replace

import pytest
from control_timeline import FAILING, Timeline

from tidegauge_collector.control.definitions import DefinitionsChanged
from tidegauge_collector.control.tables import ThreadMemberRow, ThreadRow
from tidegauge_collector.core.default_monitors import DEFAULT_MONITORS, DRIFT, ERROR_RATE
from tidegauge_collector.core.definitions import Definition

STRICT = Definition(monitor=replace(DRIFT, failing=0.2), origin="file", source="strict.toml")
OWN = Definition(monitor=replace(ERROR_RATE, id="own"), deployments=("shop-*",), origin="file", source="own.toml")
OFF = Definition(monitor=DRIFT, enabled=False, origin="api")


def apply(store, *wanted, now_us=5, **options):
    return store.definitions.apply(wanted, actor="anna", now_us=now_us, **options)


def ids(store, deployment):
    return [one.id for one in store.monitors(deployment)]


@pytest.fixture
def fleet(store):
    for name in ("bank", "shop-eu", "shop-us"):
        store.ensure_deployment(name, proposal={}, now_us=1)
    return store


def test_defaults_are_written_once_and_change_nothing(fleet):
    changed = [fleet.definitions.refresh(now_us=2), fleet.definitions.refresh(now_us=9)]

    listed = fleet.definitions.listed()
    assert changed == [0, 0]
    assert [(one.definition.origin, one.updated_at_us, one.matched) for one in listed] == [("default", 2, 3)] * len(
        DEFAULT_MONITORS
    )
    assert fleet.monitors("bank") == list(DEFAULT_MONITORS)


def test_an_apply_reaches_the_deployments_that_match_and_those_to_come(fleet):
    apply(fleet, STRICT, OWN)
    fleet.ensure_deployment("shop-jp", proposal={}, now_us=6)

    defaults = [one.id for one in DEFAULT_MONITORS]
    assert ids(fleet, "bank") == defaults
    assert ids(fleet, "shop-eu") == ids(fleet, "shop-jp") == [*defaults, "own"]
    assert fleet.monitors("bank")[0] == STRICT.monitor


def test_what_judging_has_read_is_old_after_an_apply(fleet):
    before = fleet.generation
    apply(fleet, STRICT)

    assert fleet.generation > before


def test_a_start_keeps_what_people_defined(fleet):
    apply(fleet, STRICT, OWN)

    assert fleet.definitions.refresh(now_us=9) == 0
    assert fleet.monitors("bank")[0] == STRICT.monitor


def test_a_start_brings_deployments_to_what_is_defined(fleet):
    with fleet._write() as session:
        from tidegauge_collector.control.tables import MonitorRow

        session.delete(session.get(MonitorRow, (1, "auc")))

    assert fleet.definitions.refresh(now_us=9) == 1
    assert "auc" in ids(fleet, "bank")


def test_applying_again_and_in_another_order_changes_nothing(fleet):
    apply(fleet, STRICT, OWN)
    before = [fleet.monitors(name) for name in ("bank", "shop-eu")], fleet.definitions.listed()

    again = apply(fleet, OWN, STRICT, now_us=9)

    assert again.plan.is_empty
    assert ([fleet.monitors(name) for name in ("bank", "shop-eu")], fleet.definitions.listed()) == before


def test_only_pruning_takes_away_what_no_file_has_any_more(fleet):
    apply(fleet, STRICT, OWN)

    left = apply(fleet, OWN).plan.left
    pruned = apply(fleet, OWN, prune=True).plan

    assert left == ("drift",)
    assert [(one.kind, one.id, one.after_origin) for one in pruned.changes] == [("change", "drift", "default")]
    assert fleet.monitors("bank")[0] == DRIFT


def test_who_planned_with_other_definitions_applies_nothing(fleet):
    planned = fleet.definitions.plan([STRICT])
    apply(fleet, OWN)

    with pytest.raises(DefinitionsChanged, match="plan again"):
        apply(fleet, STRICT, expected=planned.fingerprint)
    assert fleet.monitors("bank")[0] == DRIFT
    assert apply(fleet, STRICT, expected=fleet.definitions.plan([STRICT]).fingerprint).plan.changes


def test_a_plan_changes_nothing(fleet):
    fleet.definitions.plan([STRICT, OWN], prune=True)

    assert fleet.definitions.plan([]).plan.is_empty
    assert "own" not in ids(fleet, "shop-eu")


def test_removing_a_definition_brings_the_default_back(fleet):
    apply(fleet, STRICT)

    removed = fleet.definitions.remove("drift", actor="anna", now_us=7)

    assert [one.kind for one in removed.plan.changes] == ["change"]
    assert fleet.monitors("bank")[0] == DRIFT
    with pytest.raises(ValueError, match="built in"):
        fleet.definitions.remove("drift", actor="anna", now_us=8)
    with pytest.raises(LookupError, match="defined are drift"):
        fleet.definitions.remove("own", actor="anna", now_us=8)


def test_an_alert_whose_monitor_goes_is_withdrawn_and_its_threads_have_something_to_say(store):
    timeline = Timeline(store)
    (opened,) = timeline.judge(FAILING)
    with store._write() as session:
        thread = {"channel": "ops", "route": "", "key": "k", "labels": {}, "seq": 1, "told": {}, "told_at_us": 1}
        times = {"opened_at_us": 1, "closed_at_us": None, "remembered": {}}
        session.add(ThreadRow(id=101, status="open", due_us=None, **thread, **times))
        session.add(ThreadRow(id=102, status="closed", due_us=None, **thread, **times))
        session.flush()
        session.add_all([ThreadMemberRow(thread_id=one, alert_id=opened.id) for one in (101, 102)])

    planned = store.definitions.plan([OFF])
    applied = apply(store, OFF, now_us=77)

    (alert,) = store.alerts()
    assert (planned.withdrawn, applied.withdrawn) == (1, 1)
    assert (alert.status, alert.resolved_at_us, alert.seq) == ("resolved", 77, opened.seq + 1)
    assert [(one.kind, one.at_us) for one in store.alert_events(opened.id)][-1] == ("withdrawn", 77)
    assert store.series_states("flights") == {}
    with store._read() as session:
        assert [session.get(ThreadRow, one).due_us for one in (101, 102)] == [77, None]


def test_a_withdrawn_alert_may_open_again_when_its_monitor_is_back(store):
    timeline = Timeline(store)
    timeline.judge(FAILING)
    apply(store, OFF)
    store.definitions.remove("drift", actor="anna", now_us=8)

    (opened,) = timeline.judge(FAILING)

    assert (opened.status, opened.seq) == ("firing", 3)


@pytest.mark.parametrize(
    ("change", "fires"),
    [
        ({"failing": 0.9, "warning": 0.8}, True),  # judging decides
        ({"columns": "temp*"}, True),
        ({"columns": "humidity"}, False),
        ({"metric": "missing_rate"}, False),
    ],
)
def test_an_alert_of_a_series_that_its_monitor_no_longer_looks_at_is_withdrawn(store, change, fires):
    Timeline(store).judge(FAILING)

    apply(store, Definition(monitor=replace(DRIFT, **change)))

    assert [one.status for one in store.alerts()] == ["firing" if fires else "resolved"]
    assert bool(store.series_states("flights")) is fires


def test_other_deployments_alerts_go_on(store):
    Timeline(store).judge(FAILING)
    Timeline(store, deployment="shop").judge(FAILING)

    apply(store, Definition(monitor=DRIFT, deployments=("flights",)))

    assert {one.deployment: one.status for one in store.alerts()} == {"flights": "firing", "shop": "resolved"}


def test_the_monitors_of_a_deployment_say_what_they_follow_from(fleet):
    apply(fleet, STRICT, OWN)

    found = fleet.definitions.of_deployment("shop-eu")

    assert {monitor.id: definition.origin for monitor, definition in found} == {
        **{one.id: "default" for one in DEFAULT_MONITORS},
        "drift": "file",
        "own": "file",
    }
    with pytest.raises(LookupError, match="nowhere"):
        fleet.definitions.of_deployment("nowhere")
