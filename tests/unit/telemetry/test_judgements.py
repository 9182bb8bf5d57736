"""Judgements are appended; the newest of a measurement holds."""

from dataclasses import replace

from tidegauge.core.windows import HOUR_US, Window
from tidegauge_collector.telemetry.extent import deployments
from tidegauge_collector.telemetry.judgements import Judgement, append_judgements, newest_judgements
from tidegauge_collector.telemetry.testing import judgement_columns

ONE = Judgement(
    version="1",
    monitor="drift",
    metric="psi",
    column="temp",
    segment="",
    window_start_us=0,
    window_end_us=HOUR_US,
    value=0.3,
    reason=None,
    n=100,
    baseline_n=1_000,
    coverage=None,
    verdict="failing",
    p_value=0.001,
    adjusted_p=0.002,
    judged_at_us=50,
)


def test_a_judgement_is_read_as_it_was_stored(store):
    undefined = replace(ONE, column="wind", value=None, reason="too_few_bins", baseline_n=None, p_value=None)

    append_judgements(store, "flights", judgement_columns(ONE, undefined))

    assert newest_judgements(store, "flights") == [ONE, undefined]


def test_the_newest_judgement_of_a_measurement_holds(store):
    newer, older = replace(ONE, verdict="ok", judged_at_us=60), replace(ONE, verdict="warning", judged_at_us=40)

    for one in (ONE, newer, older):
        append_judgements(store, "flights", judgement_columns(one))

    assert newest_judgements(store, "flights") == [newer]


def test_windows_and_monitors_can_be_chosen(store):
    later = replace(ONE, window_start_us=HOUR_US, window_end_us=2 * HOUR_US)
    other = replace(ONE, monitor="missing")
    append_judgements(store, "flights", judgement_columns(ONE, later, other))

    assert newest_judgements(store, "flights", window=Window(HOUR_US, 2 * HOUR_US)) == [later]
    assert newest_judgements(store, "flights", monitor="missing") == [other]


def test_a_deployment_first_named_by_a_judgement_is_known(store):
    append_judgements(store, "flights", judgement_columns(ONE))

    assert deployments(store) == ("flights",)
    assert newest_judgements(store, "other") == []


def test_no_judgements_are_no_write(store):
    append_judgements(store, "flights", [])

    assert deployments(store) == ()
