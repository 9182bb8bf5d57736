"""Columns and rows that are hard to measure: what each of them comes to over REST, number or reason, by hand.

Every answer goes through a parser that refuses NaN and Infinity (`Harbour`).
"""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from collector_harbour import Harbour, agent_at, harbour

from tidegauge_collector.core.drift import DIVERGENCES
from tidegauge_collector.measuring.accuracy import METRICS

NAN, INF = float("nan"), float("inf")
AT = "2025-06-02T10:00:00Z"
TRAINED, SERVED = 200, 100
FLOOR = 1e-4

AMOUNTS = np.random.default_rng(5).gamma(2.0, size=TRAINED).tolist()
COLUMNS: dict[str, tuple[list[Any], list[Any]]] = {  # baseline and window
    "moved": ([7.0] * TRAINED, [8.0] * SERVED),
    "constant": ([7.0] * TRAINED, [7.0] * SERVED),
    "zeros": ([0.0] * 184 + AMOUNTS[:8] * 2, [0.0] * 92 + AMOUNTS[:8]),
    "fewer_zeros": ([0.0] * 184 + AMOUNTS[:16], [0.0] * 50 + AMOUNTS[:50]),
    "disjoint": (["a", "b"] * 100, ["c", "d"] * 50),
    "gone": (AMOUNTS, [None] * SERVED),
    "never": ([NAN] * TRAINED, [NAN] * SERVED),
    "came": ([NAN] * TRAINED, [1.0] * SERVED),
    "nan": (AMOUNTS, [NAN] * SERVED),
    "infinite": (AMOUNTS, [INF, -INF] * 50),
    "text": (AMOUNTS, ["x"] * SERVED),
}


def rows_of(side: int, count: int) -> pd.DataFrame:
    return pd.DataFrame({name: pair[side][:count] for name, pair in COLUMNS.items()})


def serve(port: Harbour, spool: Path, name: str, scores: list[float], truth: list[float], task: str = "binary") -> None:
    ids = [f"{name}-{i}" for i in range(len(scores))]
    with agent_at(port, spool / name, name, alerts="all", task=task) as agent:
        agent.baseline(rows_of(0, TRAINED))
        times = [AT] * len(ids)
        agent.record(rows_of(1, len(ids)), scores, prediction_ids=ids, timestamps=times, latency_s=0.01)
        agent.actuals(ids, truth)
        port.ship(agent, end=True)


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Harbour]:
    folder = tmp_path_factory.mktemp("hard")
    binary = {
        "columns": ([0.25] * SERVED, [0, 1] * 50),
        "one-row": ([0.9], [1]),
        "positives": ([0.2, 0.9, 0.4, 0.6], [1] * 4),
        "negatives": ([0.2, 0.9, 0.4, 0.6], [0] * 4),
        "certain": ([0.0, 1.0, 0.0, 1.0], [0, 1, 1, 0]),
        "right": ([0.0, 1.0, 0.0, 1.0], [0, 1, 0, 1]),
        "not-a-share": ([1.5, -0.5, 2.0, 0.5], [1, 0, 1, 0]),
        "nan-scores": ([NAN] * 4, [1, 0, 1, 0]),
    }
    regression = {
        "zero-actuals": ([1.0, 2.0, 3.0], [0.0, 0.0, 4.0]),
        "only-zeros": ([1.0, 2.0], [0.0, 0.0]),
        "exact": ([1.0, 2.0, 3.0], [1.0, 2.0, 3.0]),
        "huge": ([1.7e308, -1.7e308], [-1.7e308, 1.7e308]),
    }
    with harbour(folder / "data") as running:
        for name, rows in binary.items():
            serve(running, folder, name, *rows)
        for name, rows in regression.items():
            serve(running, folder, name, *rows, task="regression")
        running.settle()
        yield running


def value_of(port: Harbour, deployment: str, metric: str, **query: Any) -> float | str:
    """The value, or the reason that there is none."""
    (found,) = port.values(deployment, metric, **query)
    assert (found["value"] is None) == (found["reason"] is not None), found
    return found["reason"] if found["value"] is None else found["value"]


def of_columns(port: Harbour, metric: str, deployment: str = "columns") -> dict[str, float | str]:
    return {
        one["column"]: one["reason"] if one["value"] is None else one["value"]
        for one in port.values(deployment, metric)
    }


AS_FAR_AS_CAN_BE = ["moved", "disjoint", "gone", "came", "nan", "infinite", "text"]


def test_what_moved_altogether_is_as_far_as_can_be_and_failing(port: Harbour) -> None:
    psi = 2 * math.log(1 / FLOOR) * (1 - FLOOR) / (1 + FLOOR)  # both shares floored: ± (p - q)·ln(p/q) in two bins
    found = of_columns(port, "psi")

    for name in AS_FAR_AS_CAN_BE:
        assert found[name] > 10, name
    assert [found["moved"], found["came"]] == pytest.approx([psi, psi], rel=1e-9)
    for metric in ("js_distance", "js_divergence", "hellinger", "total_variation"):
        assert {of_columns(port, metric)[name] for name in AS_FAR_AS_CAN_BE} == {1.0}, metric
    verdicts = {one["column"]: one["verdict"] for one in port.values("columns", "psi", step="day")}
    assert {verdicts[name] for name in AS_FAR_AS_CAN_BE} == {"failing"}
    assert {verdicts[name] for name in ("constant", "zeros", "never")} == {"ok"}
    assert verdicts["fewer_zeros"] == "failing"
    alerts = {one["column"] for one in port.get("/alerts", deployment="columns")["items"] if one["monitor"] == "drift"}
    assert alerts == {*AS_FAR_AS_CAN_BE, "fewer_zeros"}


def test_what_did_not_move_is_no_drift_by_any_metric(port: Harbour) -> None:
    for metric in DIVERGENCES:
        found = of_columns(port, metric)
        assert [found[name] for name in ("constant", "zeros", "never")] == pytest.approx([0, 0, 0], abs=1e-12), metric


def test_92_percent_zeros_are_a_bin_of_their_own(port: Harbour) -> None:
    assert of_columns(port, "ks")["zeros"] == pytest.approx(0, abs=1e-12)
    assert of_columns(port, "ks")["fewer_zeros"] == pytest.approx(0.42, abs=1e-9)  # 92 % against 50 %
    assert of_columns(port, "l_infinity")["fewer_zeros"] == pytest.approx(0.42, abs=1e-9)


def test_distances_of_what_has_no_values_or_no_width_have_their_reason(port: Harbour) -> None:
    wasserstein, norm, ks = (of_columns(port, metric) for metric in ("wasserstein", "wasserstein_norm", "ks"))

    assert (ks["moved"], wasserstein["moved"]) == (1.0, 1.0)
    assert (ks["constant"], wasserstein["constant"]) == (0.0, 0.0)
    assert norm["moved"] == norm["constant"] == "not_applicable"  # a constant baseline has no deviation
    for name in ("gone", "never", "came", "nan", "infinite", "text"):
        assert (ks[name], wasserstein[name]) == ("no_rows", "no_rows"), name
    assert ks["disjoint"] == "not_applicable"


def test_missing_values_are_counted_and_nan_is_one_of_them(port: Harbour) -> None:
    rate, delta = of_columns(port, "missing_rate"), of_columns(port, "missing_delta")

    assert [rate[name] for name in ("gone", "never", "nan", "infinite", "text", "came")] == [1, 1, 1, 0, 0, 0]
    assert [delta[name] for name in ("gone", "never", "nan", "came")] == [1, 0, 1, -1]


def test_the_chance_test_of_one_bin_says_so(port: Harbour) -> None:
    assert of_columns(port, "chi_square")["constant"] == of_columns(port, "cramers_v")["never"] == "too_few_bins"
    assert of_columns(port, "cramers_v")["disjoint"] == pytest.approx(1.0, abs=1e-9)
    assert of_columns(port, "cramers_v")["moved"] == pytest.approx(1.0, abs=1e-9)


def test_one_row_has_values_but_no_verdict(port: Harbour) -> None:
    assert of_columns(port, "total_variation", "one-row")["moved"] == 1.0
    verdicts = {one["column"]: one["verdict"] for one in port.values("one-row", "psi", step="day")}
    assert {verdicts[name] for name in COLUMNS} == {"not_enough_data"}
    assert value_of(port, "one-row", "auc") == "one_class"
    assert value_of(port, "one-row", "accuracy") == 1.0
    assert value_of(port, "one-row", "log_loss") == pytest.approx(-math.log(0.9))
    (loss,) = port.values("one-row", "log_loss")
    assert loss["parameters"]["standard_error"] is None


@pytest.mark.parametrize(
    ("deployment", "expected"),
    [
        (
            "positives",
            {"auc": "one_class", "gini": "one_class", "ks_score": "one_class", "balanced_accuracy": "one_class",
             "specificity": "one_class", "fpr": "one_class", "mcc": "one_class", "fve_binomial": "one_class",
             "recall": 0.5, "precision": 1.0, "average_precision": 1.0, "lift_at_top_10": 1.0, "rate_at_top_5": 1.0,
             "accuracy": 0.5, "f1": 2 / 3, "brier": (0.64 + 0.01 + 0.36 + 0.16) / 4},
        ),
        (
            "negatives",
            {"auc": "one_class", "average_precision": "no_positive", "lift_at_top_10": "no_positive", "recall": "no_positive",
             "fnr": "no_positive", "precision": 0.0, "f1": 0.0, "specificity": 0.5, "rate_at_top_10": 0.0},
        ),
        (
            "certain",
            {"log_loss": -math.log(2**-52) / 2, "brier": 0.5, "ece": 0.5, "auc": 0.5, "accuracy": 0.5, "mcc": 0.0},
        ),
        ("right", {"log_loss": 0.0, "brier": 0.0, "ece": 0.0, "auc": 1.0, "fve_binomial": 1.0, "mcc": 1.0}),
        (
            "not-a-share",
            {"log_loss": "out_of_domain", "brier": "out_of_domain", "ece": "out_of_domain",
             "fve_binomial": "out_of_domain", "auc": 1.0, "accuracy": 0.75},
        ),
        (
            "zero-actuals",
            {"mape": 0.25, "smape": (2 + 2 + 2 / 7) / 3, "rmse": math.sqrt(2), "poisson_deviance":
             (2 + 4 + 2 * (4 * math.log(4 / 3) - 1)) / 3, "gamma_deviance": "out_of_domain", "r2": 1 - 6 / (32 / 3)},
        ),
        (
            "only-zeros",
            {"mape": "no_rows", "smape": 2.0, "r2": "constant_actual", "fve_poisson": "constant_actual",
             "rmsle": math.sqrt((math.log(2) ** 2 + math.log(3) ** 2) / 2)},
        ),
        ("exact", {"rmse": 0.0, "r2": 1.0, "mape": 0.0, "gamma_deviance": 0.0, "fve_gamma": 1.0, "max_error": 0.0}),
        ("huge", {"rmse": "out_of_domain", "mae": "out_of_domain", "mape": "out_of_domain", "smape": "out_of_domain",
             "r2": "out_of_domain", "max_error": "out_of_domain"}),
    ],
)  # fmt: skip
def test_accuracy_of_hard_rows_is_a_number_or_its_reason(
    port: Harbour, deployment: str, expected: dict[str, float | str]
) -> None:
    found = {metric: value_of(port, deployment, metric) for metric in expected}

    texts = {metric: value for metric, value in expected.items() if isinstance(value, str)}
    assert {metric: found[metric] for metric in texts} == texts
    numbers = {metric: value for metric, value in expected.items() if not isinstance(value, str)}
    assert {metric: found[metric] for metric in numbers} == pytest.approx(numbers, abs=1e-9)


def test_zero_actuals_are_left_out_of_mape_and_counted(port: Harbour) -> None:
    (found,) = port.values("zero-actuals", "mape")

    assert (found["n"], found["parameters"]["left_out"], found["coverage"]) == (1, 2, 1.0)


@pytest.mark.parametrize("deployment", ["nan-scores", "huge"])
def test_every_metric_of_scores_that_are_no_numbers_has_a_number_or_a_reason(port: Harbour, deployment: str) -> None:
    for metric in METRICS:
        value_of(port, deployment, metric)
