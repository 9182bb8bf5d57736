"""Monitors: what can be said, what is refused, what the defaults are."""

import pytest

from tidegauge_collector.core.default_monitors import DEFAULT_MONITORS, DRIFT
from tidegauge_collector.core.monitors import Monitor

FIELDS = {
    "id": "m1",
    "name": "A rule",
    "metric": "psi",
    "columns": "*",
    "comparison": "above",
    "warning": 0.1,
    "failing": 0.25,
    "window_s": 3600,
    "every_s": 3600,
    "min_rows": 50,
}


@pytest.mark.parametrize(
    ("columns", "column", "covered"),
    [
        ("temp_*, wind", "wind", True),
        ("temp_*, wind", "temp_in", True),
        ("temp_*, wind", "window", False),
        ("temp_*, *", "age", True),
        ("a,b", "a,b", True),
        ("*", "age", True),
        ("*", "_prediction", True),
        ("*", "_prediction.cat", True),
        ("*", "_actual", False),
        ("*", "_latency", False),
        ("*", "", False),
        ("", "", True),
        ("", "age", False),
        ("age", "age", True),
        ("age", "Age", False),
        ("temp_*", "temp_out", True),
        ("temp_*", "humidity", False),
        ("_actual", "_actual", True),
        ("x[0]", "x[0]", True),
    ],
)
def test_columns_pattern_covers_features_and_prediction(columns, column, covered):
    assert Monitor(**{**FIELDS, "columns": columns}).covers(column) is covered


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"warning": None, "failing": None}, "at least one threshold"),
        ({"warning": 0.3}, "lies beyond failing"),
        ({"comparison": "below"}, "lies beyond failing"),
        ({"comparison": "beside"}, "'beside'"),
        ({"warning": float("nan"), "failing": None}, "must be finite"),
        ({"hold": (3, 2)}, "hold is 3 of 2"),
        ({"hold": (0, 2)}, "hold is 0 of 2"),
        ({"recover_after": 0}, "recover_after is 0"),
        ({"window_s": 0}, "window_s is 0"),
        ({"every_s": -1}, "every_s is -1"),
        ({"min_rows": -1}, "min_rows is -1"),
        ({"lag_s": -1}, "lag_s is -1"),
        ({"significance": 1.0}, r"significance is 1\.0"),
    ],
)
def test_a_rule_that_cannot_be_is_refused_by_field(change, complaint):
    with pytest.raises(ValueError, match=complaint):
        Monitor(**{**FIELDS, **change})


def test_all_problems_are_reported_together_under_the_monitors_id():
    with pytest.raises(ValueError, match=r"monitor 'm1': .*window_s is 0.*hold is 3 of 2"):
        Monitor(**{**FIELDS, "window_s": 0, "hold": (3, 2)})


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"id": " "}, "id is empty"),
        ({"metric": ""}, "metric is empty"),
        ({"kind": "other"}, "kind is 'other': use measurement, composite, burn_rate, no_data or fairness"),
        ({"limits": "guessed"}, "limits is 'guessed'"),
        ({"block": "misc"}, "block is 'misc'"),
        ({"severity": "ok"}, "severity is 'ok'"),
        ({"warning": (0.1, 0.2)}, "are pairs: use them with comparison outside"),
        ({"comparison": "outside", "warning": (0.2, 0.1), "failing": None}, "no pairs of low and high"),
        ({"comparison": "outside", "warning": (0.0, 0.5), "failing": (0.1, 0.9)}, "lies beyond failing"),
        ({"limits": "trailing", "warning": -1}, "use numbers of at least 0"),
        ({"limits": "trailing", "comparison": "drop_from_baseline"}, "with one number"),
        ({"important_only": 2.0}, r"important_only is 2\.0"),
        ({"recover_margin": 1.0}, r"recover_margin is 1\.0"),
        ({"cooldown_s": -1}, "cooldown_s is -1"),
        ({"exclude_ranges": ("2026-01-01/2026-01-02",)}, "exclude_ranges holds '2026-01-01/2026-01-02'"),
        ({"kind": "composite"}, "members is empty.*warning and failing say nothing"),
        ({"kind": "burn_rate", "warning": None, "failing": None}, "metric is 'psi': a burn rate is of error_rate"),
        ({"kind": "burn_rate", "metric": "error_rate", "objective": 1.0}, r"objective is 1\.0"),
        ({"kind": "no_data"}, "metric is 'psi': silence is of predictions, agents or labels"),
    ],
)
def test_what_a_kind_of_monitor_needs_is_asked_for(change, complaint):
    with pytest.raises(ValueError, match=complaint):
        Monitor(**{**FIELDS, **change})


def test_excluded_columns_are_not_covered():
    monitor = Monitor(**{**FIELDS, "exclude": "*_id, secret"})

    assert [monitor.covers(name) for name in ("age", "user_id", "secret")] == [True, False, False]


def test_importance_leaves_out_minor_columns_where_it_is_known():
    monitor = Monitor(**{**FIELDS, "important_only": 0.1})

    assert monitor.covers_importance("a", {"a": 0.1}) is True
    assert monitor.covers_importance("b", {"a": 0.1, "b": 0.05}) is False
    assert monitor.covers_importance("b", {}) is True


@pytest.mark.parametrize(
    ("segments", "segment", "covered"),
    [
        ("", "", True),
        ("", "carrier=UA", False),
        ("*", "carrier=UA", True),
        ("*", "", False),
        ("carrier=*", "origin=JFK", False),
    ],
)
def test_segments_are_all_traffic_or_those_that_match(segments, segment, covered):
    assert Monitor(**{**FIELDS, "segments": segments}).covers_segment(segment) is covered


@pytest.mark.parametrize(
    ("versions", "name", "role", "covered"),
    [
        ("*", "1", "challenger", True),
        ("champion", "1", "challenger", False),
        ("champion", "1", "champion", True),
        ("2026-*", "2026-11", "retired", True),
        ("champion, 2026-*", "2026-11", "challenger", True),
    ],
)
def test_versions_are_those_that_match_or_the_champion(versions, name, role, covered):
    assert Monitor(**{**FIELDS, "versions": versions}).covers_version(name, role) is covered


def test_a_monitor_without_a_name_is_called_by_its_id():
    assert Monitor(id="m1", metric="psi", warning=0.1).name == "m1"


def test_a_single_threshold_is_enough():
    assert Monitor(**{**FIELDS, "warning": None}).failing == 0.25


def test_default_drift_is_judged_daily_over_a_day_with_chance_ruled_out():
    day = 24 * 3600

    assert (DRIFT.warning, DRIFT.failing, DRIFT.min_rows, DRIFT.significance) == (0.1, 0.25, 50, 0.01)
    assert (DRIFT.window_s, DRIFT.every_s, DRIFT.hold, DRIFT.recover_after) == (day, day, (1, 1), 2)


def test_default_monitors_watch_drift_errors_and_accuracy_after_the_labels_arrive():
    by_metric = {monitor.metric: monitor for monitor in DEFAULT_MONITORS}

    assert list(by_metric) == ["psi", "error_rate", "auc", "accuracy", "agents", "predictions"]
    assert len({monitor.id for monitor in DEFAULT_MONITORS}) == len(DEFAULT_MONITORS)
    errors = by_metric["error_rate"]
    assert (errors.warning, errors.failing, errors.window_s, errors.min_rows) == (0.01, 0.05, 3600, 50)
    for metric in ("auc", "accuracy"):
        monitor = by_metric[metric]
        assert (monitor.comparison, monitor.warning, monitor.failing) == ("drop_from_baseline", 0.05, 0.10)
        assert (monitor.window_s, monitor.lag_s, monitor.min_rows) == (7 * 24 * 3600, 7 * 24 * 3600, 30)
