"""Flights in at two agents, answers out of the API: each metric is what the libraries say of the rows themselves."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pytest
from collector_harbour import Harbour, agent_at, harbour
from sklearn.linear_model import LogisticRegression

from . import shares, witnesses

NAME = "flights"
AT = pd.Timestamp("2013-07-01T10:00:00Z")
FEATURES = ["carrier", "origin", "dest", "dep_delay", "distance", "hour"]
CALL = 10
LATENCY_BOUND = 1 / 128
NEAR = {"abs": 1e-9, "rel": 1e-9}


@dataclass(frozen=True)
class Voyage:
    """What was sent: rows of window and baseline with `score` and `late`, seconds until each truth, seconds of each call."""

    port: Harbour
    window: pd.DataFrame
    baseline: pd.DataFrame
    lags_s: np.ndarray
    calls_s: np.ndarray

    def one(self, metric: str, **query: Any) -> dict[str, Any]:
        (found,) = self.port.values(NAME, metric, **query)
        return found

    def is_near(self, metric: str, expected: float, **query: Any) -> None:
        found = self.one(metric, **query)
        assert found["reason"] is None, (metric, found)
        assert found["value"] == pytest.approx(expected, **NEAR), metric


@pytest.fixture(scope="module")
def voyage(tmp_path_factory: pytest.TempPathFactory, flights: pd.DataFrame) -> Iterator[Voyage]:
    folder = tmp_path_factory.mktemp("peers")
    baseline, window = scored(flights)
    rng = np.random.default_rng(7)
    lags_s, calls_s = rng.integers(60, 90_000, len(window)).astype(float), rng.gamma(2.0, 0.01, len(window) // CALL)
    with harbour(folder / "data") as port:
        options = {"task": "binary", "segments": ["origin"]}
        for number in (0, 1):
            with agent_at(port, folder / f"spool{number}", NAME, **options) as agent:
                if not number:
                    agent.baseline(
                        baseline[FEATURES], predictions=baseline["score"].to_numpy(), actuals=baseline["late"]
                    )
                for call in range(number, len(calls_s), 2):
                    rows = slice(call * CALL, (call + 1) * CALL)
                    part = window.iloc[rows]
                    ids = part.index.tolist()
                    times = [AT] * len(part)
                    agent.record(
                        part[FEATURES], part["score"].to_numpy(), prediction_ids=ids, timestamps=times,
                        latency_s=calls_s[call],
                    )  # fmt: skip
                    known_at = [AT + pd.Timedelta(seconds=lag) for lag in lags_s[rows]]
                    agent.actuals(ids, part["late"].tolist(), timestamps=known_at)
                port.ship(agent, end=True)
        port.settle()
        yield Voyage(port, window, baseline, lags_s, calls_s)


def scored(flights: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """January and July, with the score of being late that a regression on January gives them."""
    known = flights.dropna(subset=["arr_delay"])
    known = known.assign(late=(known["arr_delay"] >= 15).astype(int))
    model = LogisticRegression().fit(known[["dep_delay", "hour"]].to_numpy()[::50], known["late"].to_numpy()[::50])
    scores = model.predict_proba(known[["dep_delay", "hour"]].to_numpy())[:, 1]
    known = known.assign(score=scores, distance=known["distance"].astype(float)).reset_index(drop=True)
    january, july = known[known["month"] == 1], known[known["month"] == 7]
    return january.iloc[::25], july.iloc[:: len(july) // 400].iloc[:400]


def test_drift_of_every_column(voyage: Voyage) -> None:
    tables = (witnesses.SHARES, witnesses.TABLES, witnesses.VALUES, witnesses.COLUMNS)
    found = {
        metric: {one["column"]: one for one in voyage.port.values(NAME, metric)} for table in tables for metric in table
    }

    for column in (*FEATURES, "_prediction"):
        name = "score" if column == "_prediction" else column
        window, baseline = voyage.window[name], voyage.baseline[name]
        expected = expected_drift(window, baseline)
        p_value = expected.pop("p_value")
        numbers = {metric: found[metric][column]["value"] for metric in expected}
        assert numbers == pytest.approx(expected, **NEAR), column
        assert found["psi"][column]["parameters"]["p_value"] == pytest.approx(p_value, **NEAR)
        if pd.api.types.is_numeric_dtype(window):
            assert {found[metric][column]["error_bound"] for metric in witnesses.VALUES} == {0.0}
        else:
            assert {found[metric][column]["reason"] for metric in witnesses.VALUES} == {"not_applicable"}


def expected_drift(window: pd.Series, baseline: pd.Series) -> dict[str, float]:
    """By metric, and the p-value of the chance test."""
    in_window, in_baseline, intervals = shares.counted(window, baseline)
    p, q = shares.shares_of(in_window, in_baseline)
    table = shares.pooled_table(in_window, in_baseline, intervals)
    given = [(witnesses.SHARES, (p, q)), (witnesses.TABLES, (table,)), (witnesses.COLUMNS, (window, baseline))]
    if pd.api.types.is_numeric_dtype(window):
        given.append((witnesses.VALUES, (window.to_numpy(), baseline.to_numpy())))
    found = {metric: one.of(*rows) for witnesses_of, rows in given for metric, one in witnesses_of.items()}
    return found | {"p_value": witnesses.P_VALUE.of(table)}


def test_accuracy(voyage: Voyage) -> None:
    truth, score = (voyage.window["late"] == 1).to_numpy(), voyage.window["score"].to_numpy()

    for metric, witness in witnesses.BINARY.items():
        expected = witness.of(truth, score, score >= 0.5)
        if metric == "confusion_matrix":
            assert voyage.one(metric)["parameters"]["matrix"] == expected.tolist()
        else:
            voyage.is_near(metric, expected)
        assert voyage.one(metric)["coverage"] == 1.0, metric  # of every metric: labelled of predicted, not its own rows


def test_groups(voyage: Voyage) -> None:
    truth, said = (voyage.window["late"] == 1).to_numpy(), voyage.window["score"].to_numpy() >= 0.5
    groups = voyage.window["origin"].to_numpy(str)
    large = voyage.window["origin"].map(voyage.window["origin"].value_counts()).to_numpy() >= 100

    assert not large.all()
    for metric, witness in witnesses.GROUPS.items():
        if metric.endswith("_min_ratio"):  # small groups stay out
            voyage.is_near(metric, witness.of(truth[large], said[large], groups[large]), group="origin")
        else:
            expected = {f"origin={name}": value for name, value in witness.of(truth, said, groups).items()}
            found = {one["segment"]: one["value"] for one in voyage.port.values(NAME, metric, group="origin")}
            assert found == pytest.approx(expected, **NEAR), metric


def test_what_is_counted_is_what_was_sent(voyage: Voyage) -> None:
    calls, rows = len(voyage.calls_s), len(voyage.window)

    for metric, expected in {
        "label_ratio": 1.0, "requests": calls, "predictions": rows, "errors": 0.0, "error_rate": 0.0
    }.items():  # fmt: skip
        voyage.is_near(metric, expected)


def test_quantiles_of_lags_are_exact_and_of_latencies_within_their_bound(voyage: Voyage) -> None:
    for metric, witness in witnesses.QUANTILES.items():
        if metric.startswith("label_lag"):
            voyage.is_near(metric, witness.of(voyage.lags_s))
        else:
            found = voyage.one(metric)
            assert found["value"] == pytest.approx(witness.of(voyage.calls_s), rel=LATENCY_BOUND)
            assert found["error_bound"] == pytest.approx(found["value"] * LATENCY_BOUND)
