"""What only charts and the page of all deployments ask for: trends, summary, curves, moments, events."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from collector_harbour import Harbour, agent_at, harbour
from collector_rows import REPLAY, give_baseline, record_days

from tidegauge import Rule

DAYS = [0.0, 0.0, 0.0, 80.0, 80.0, 80.0]
LABELLED = 200


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """`shop`: six days, from the fourth on shifted, with a metric, a rule and an event; `labels`: 200 predictions with their truth."""
    folder = tmp_path_factory.mktemp("charts")
    with harbour(folder / "data") as running:
        options = {"alerts": "all", "rules": [Rule.outlying_input("amount", 0, 150)]}
        with agent_at(running, folder / "shop", "shop", task="binary", **options) as agent:
            give_baseline(agent)
            record_days(agent, REPLAY, DAYS)
            at = REPLAY + timedelta(hours=3)
            agent.metric("basket_value", [40.0, 60.0], timestamps=at)
            agent.event("cache cold")
            running.ship(agent, end=True)
        with agent_at(running, folder / "labels", "labels", task="binary") as agent:
            scores = [(i + 0.5) / LABELLED for i in range(LABELLED)]
            ids = [str(i) for i in range(LABELLED)]
            times = [REPLAY] * LABELLED
            agent.record([{"x": 1.0}] * LABELLED, scores, prediction_ids=ids, timestamps=times)
            agent.actuals(ids, [int(score > 0.5) for score in scores], timestamps=times)
            running.ship(agent, end=True)
        running.settle()
        yield running


def test_a_trend_has_seven_days_of_rows_and_of_the_worst_verdict_a_day(port: Harbour) -> None:
    trend = {one["name"]: one for one in port.get("/trends")["items"]}["shop"]

    assert trend["predictions"] == [0, *[96] * len(DAYS)]
    assert trend["blocks"]["drift"] == [None, "ok", "ok", "ok", "failing", "failing", "failing"]
    assert trend["objectives"] == {"met": 0, "judged": 0}


def test_the_summary_adds_up_the_deployments_and_times_their_alerts(port: Harbour) -> None:
    everything, nothing = port.get("/summary"), port.get("/summary", since="2999-01-01T00:00:00Z")

    assert (everything["deployments"], everything["by_verdict"]["failing"]) == (2, 1)
    assert everything["predictions_last_week"] == 96 * len(DAYS) + LABELLED
    assert [everything[f"predictions_last_{days}_days"] for days in (30, 90)] == [96 * len(DAYS) + LABELLED] * 2
    assert (everything["alerts_open"], everything["alerts_opened"]) == (1, 1)
    assert everything["resolved"] == {"n": 0, "median_s": None}
    assert (nothing["alerts_open"], nothing["alerts_opened"]) == (1, 0)


def test_curves_of_a_perfect_model(port: Harbour) -> None:
    found = port.get("/deployments/labels/curves")

    assert (found["kind"], found["n"], found["positives"]) == ("binary", LABELLED, LABELLED // 2)
    assert {(one["fpr"], one["tpr"]) for one in found["roc"]} >= {(0.0, 0.0), (0.0, 1.0), (1.0, 1.0)}
    assert [one["actual"] for one in found["lift"]] == [1.0] * 5 + [0.0] * 5
    assert sum(one["n"] for one in found["calibration"]) == LABELLED


def test_curves_of_a_time_without_predictions_are_empty(port: Harbour) -> None:
    found = port.get("/deployments/labels/curves", start="2020-01-01T00:00:00Z", end="2020-01-02T00:00:00Z")

    assert (found["n"], found["roc"], found["lift"]) == (0, [], [])


def test_moments_are_those_of_each_window(port: Harbour) -> None:
    items = port.get("/deployments/shop/moments", column="amount", step="day")["items"]

    assert [one["n"] for one in items] == [96] * len(DAYS)
    assert [round(one["mean"] / 10) for one in items] == [10, 10, 10, 18, 18, 18]
    assert all(one["minimum"] < one["mean"] < one["maximum"] for one in items)


def test_moments_of_a_custom_metric_and_of_a_rule(port: Harbour) -> None:
    (metric,) = port.get("/deployments/shop/moments", column="_metric.basket_value")["items"]
    marked = port.get("/deployments/shop/moments", column="_rule.outlying_input.amount", step="day")["items"]

    assert [one["share_true"] for one in marked[:3]] == [0.0] * 3
    assert all(one["share_true"] > 0.9 and one["mean"] is None for one in marked[3:])
    assert (metric["n"], metric["mean"], metric["minimum"], metric["maximum"]) == (2, 50.0, 40.0, 60.0)


def test_moments_of_a_column_that_was_never_seen_are_refused(port: Harbour) -> None:
    assert port.refused("/deployments/shop/moments", column="nope")[0] == 404
    assert port.refused("/deployments/shop/moments")[0] == 400


def test_events_come_newest_first_within_the_range(port: Harbour) -> None:
    (event,) = port.get("/deployments/shop/events", kind="note")["items"]

    assert (event["kind"], event["text"]) == ("note", "cache cold")
    assert port.get("/deployments/shop/events", kind="note", start=event["at"])["items"] == [event]
    assert port.get("/deployments/shop/events", kind="note", end=event["at"])["items"] == []
