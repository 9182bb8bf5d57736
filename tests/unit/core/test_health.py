"""Health: which verdicts make which block bad, by which rule, and what is too old to count."""

from dataclasses import replace

import pytest

from tidegauge_collector.core.blocks import BLOCKS, block_of
from tidegauge_collector.core.default_monitors import AUC, DEFAULT_MONITORS, DRIFT, ERROR_RATE, NO_PREDICTIONS
from tidegauge_collector.core.health import Said, assess, overall
from tidegauge_collector.core.monitors import Monitor, Verdict

DAY_US = 86_400_000_000
OK, WARNING, FAILING = Verdict.OK, Verdict.WARNING, Verdict.FAILING


def said(monitor: Monitor, verdict: Verdict, column: str = "", *, day: int = 100, version: str = "1") -> Said:
    return Said(monitor.id, monitor.metric, column, "", version, verdict, day * DAY_US)


def blocks(*verdicts: Said, monitors=DEFAULT_MONITORS, importance=None):
    found = assess(monitors, verdicts, importance=importance)
    return {one.block: one for one in found}


def test_every_block_is_there_and_says_where_nothing_is_known():
    found = blocks()

    assert tuple(found) == BLOCKS
    assert found["drift"].state is Verdict.NOT_ENOUGH_DATA
    assert found["fairness"].state is Verdict.NOT_APPLICABLE
    assert overall(found.values()) is Verdict.NOT_ENOUGH_DATA


def test_one_minor_column_does_not_fail_the_block_and_is_named():
    found = blocks(said(DRIFT, FAILING, "a"), said(DRIFT, OK, "b"))["drift"]

    assert found.state is WARNING
    assert [one.column for one in found.because] == ["a"]


@pytest.mark.parametrize(
    ("verdicts", "importance"),
    [
        ([("a", FAILING), ("b", FAILING), ("c", OK)], {}),
        ([("a", FAILING), ("b", OK)], {"a": 0.4, "b": 0.6}),
        ([("_prediction", FAILING), ("b", OK)], {}),
        ([("a", FAILING)], {}),
    ],
)
def test_two_columns_an_important_one_the_prediction_or_the_only_one_fail_the_block(verdicts, importance):
    heard = [said(DRIFT, verdict, column) for column, verdict in verdicts]

    assert blocks(*heard, importance=importance)["drift"].state is FAILING


def test_other_blocks_are_as_their_worst_member_and_the_whole_as_the_worst_block():
    found = blocks(said(AUC, WARNING), said(ERROR_RATE, OK), said(DRIFT, OK, "a"))

    assert (found["accuracy"].state, found["service"].state, found["drift"].state) == (WARNING, OK, OK)
    assert overall(found.values()) is WARNING


def test_columns_and_versions_that_are_gone_say_nothing_any_more():
    found = blocks(
        said(DRIFT, OK, "a"), said(DRIFT, FAILING, "gone", day=98), said(DRIFT, FAILING, "a", version="0", day=50)
    )

    assert found["drift"].state is OK


def test_silence_keeps_its_word_however_long_ago_it_was_written_down():
    found = blocks(said(NO_PREDICTIONS, OK, day=99), said(NO_PREDICTIONS, OK))

    assert found["freshness"].state is OK


def test_a_composite_that_names_a_block_makes_its_rule():
    composite = Monitor(id="serious", kind="composite", members=("drift",), at_least=3, block="drift")
    monitors = (*DEFAULT_MONITORS, composite)

    found = blocks(said(DRIFT, FAILING, "a"), said(DRIFT, FAILING, "b"), said(composite, OK), monitors=monitors)[
        "drift"
    ]

    assert (found.state, found.rule) == (OK, "composite")


@pytest.mark.parametrize(
    ("monitor", "block"),
    [
        (DRIFT, "drift"),
        (replace(DRIFT, block="quality"), "quality"),
        (replace(DRIFT, metric="basket_value"), "custom"),
        (NO_PREDICTIONS, "freshness"),
        (Monitor(id="slo", kind="burn_rate", metric="error_rate"), "service"),
        (Monitor(id="c", kind="composite", members=("drift",)), "custom"),
    ],
)
def test_a_monitor_belongs_to_the_block_it_names_else_that_of_its_kind_or_metric(monitor, block):
    assert block_of(stated=monitor.block, kind=monitor.kind, metric=monitor.metric) == block
