"""Monitors: what can be said, what is refused, what the defaults are."""

import pytest

from tidegauge_collector.core.monitors import DEFAULT_MONITORS, DRIFT, Monitor

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


def test_a_single_threshold_is_enough():
    assert Monitor(**{**FIELDS, "warning": None}).failing == 0.25


def test_default_drift_is_judged_daily_over_a_day_with_chance_ruled_out():
    day = 24 * 3600

    assert (DRIFT.warning, DRIFT.failing, DRIFT.min_rows, DRIFT.significance) == (0.1, 0.25, 50, 0.01)
    assert (DRIFT.window_s, DRIFT.every_s, DRIFT.hold, DRIFT.recover_after) == (day, day, (1, 1), 2)


def test_default_monitors_watch_drift_errors_and_accuracy_after_the_labels_arrive():
    by_metric = {monitor.metric: monitor for monitor in DEFAULT_MONITORS}

    assert list(by_metric) == ["psi", "error_rate", "auc", "accuracy"]
    assert len({monitor.id for monitor in DEFAULT_MONITORS}) == len(DEFAULT_MONITORS)
    errors = by_metric["error_rate"]
    assert (errors.warning, errors.failing, errors.window_s, errors.min_rows) == (0.01, 0.05, 3600, 50)
    for metric in ("auc", "accuracy"):
        monitor = by_metric[metric]
        assert (monitor.comparison, monitor.warning, monitor.failing) == ("drop_from_baseline", 0.05, 0.10)
        assert (monitor.window_s, monitor.lag_s, monitor.min_rows) == (7 * 24 * 3600, 7 * 24 * 3600, 30)
