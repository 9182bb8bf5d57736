"""No NaN or infinity in any answer, whatever the columns hold."""

import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from collector_harbour import Harbour, agent_at, harbour
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tidegauge_collector.measuring.families import METRICS

NAN, INF = float("nan"), float("inf")
AT = "2025-06-02T10:00:00Z"
ROWS = 20
NASTY = {
    "constant": [7.0] * 20,
    "missing": [None] * 20,
    "nan": [NAN] * 20,
    "infinite": [INF, -INF] * 10,
    "nearly": [1.0] * 19 + [INF],
    "huge": [1.7e308, -1.7e308] * 10,
    "tiny": [5e-324, -5e-324] * 10,
    "text": ["a", "b"] * 10,
    "mixed": [1.0, "a", None, True, NAN] * 4,
}
cells = st.one_of(
    st.none(), st.floats(allow_nan=True, allow_infinity=True, width=64), st.integers(), st.sampled_from(["", "a"])
)
numbers = itertools.count()


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Harbour]:
    with harbour(tmp_path_factory.mktemp("json") / "data", baseline_rows=10) as running:
        yield running


def strictly(port: Harbour, path: str, **query: Any) -> Any:
    """The JSON of an answer; fails on what JSON has no word for."""

    def refuse(word: str) -> None:
        raise AssertionError(f"{word} in {path} {query}")

    answer = port.client.get(path, params=query)
    assert answer.status_code == 200, answer.text
    return json.loads(answer.text, parse_constant=refuse)


def look_at_everything(port: Harbour, name: str) -> None:
    root = f"/api/v1/deployments/{name}"
    for metric in METRICS:
        for item in strictly(port, f"{root}/measurements", metric=metric)["items"]:
            assert (item["value"] is None) == (item["reason"] is not None), item
    for column in strictly(port, root)["columns"]:
        strictly(port, f"{root}/profiles", column=column["name"])
    for path in (f"{root}/status", f"{root}/predictions", "/api/v1/deployments", "/api/v1/alerts"):
        strictly(port, path)


def serve(port: Harbour, spool: Path, rows: list[Any], *, trained: list[Any], scores: list[float]) -> str:
    """A deployment of these rows; its truth is of one class."""
    name = f"nasty-{next(numbers)}"
    ids = [f"{name}-{i}" for i in range(len(rows))]
    with agent_at(port, spool / name, name, task="binary", alerts="all") as agent:
        if trained:
            agent.baseline(trained)
        agent.record(rows, scores, prediction_ids=ids, timestamps=[AT] * len(rows), latency_s=0.0)
        agent.actuals(ids, [1] * len(ids))
        port.ship(agent, end=True)
    port.settle()
    return name


def rows_of(columns: dict[str, list[Any]], count: int) -> list[dict[str, Any]]:
    return [{name: values[i] for name, values in columns.items()} for i in range(count)]


@pytest.mark.parametrize("rows", [1, ROWS])
@pytest.mark.parametrize("trained", ["production", "the same", "otherwise"])
def test_nasty_columns_leave_no_nan_in_any_answer(port: Harbour, tmp_path: Path, trained: str, rows: int) -> None:
    baseline = {
        "production": [],
        "the same": rows_of(NASTY, ROWS),
        "otherwise": [{name: float(i) for name in NASTY} for i in range(ROWS)],
    }[trained]

    name = serve(port, tmp_path, rows_of(NASTY, rows), trained=baseline, scores=[0.5] * rows)

    look_at_everything(port, name)
    made = trained != "production" or rows >= 10
    assert [one["status"] for one in port.get(f"/deployments/{name}")["baselines"]] == ["active"] * made


@settings(
    max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(
    rows=st.lists(st.tuples(cells, st.floats(allow_nan=True, allow_infinity=True, width=32)), min_size=1, max_size=30),
    trained=st.lists(cells, max_size=30),
)
def test_no_columns_and_scores_leave_nan_in_any_answer(
    port: Harbour, tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[Any, float]], trained: list[Any]
) -> None:
    scores = [score for _, score in rows]

    name = serve(
        port,
        tmp_path_factory.mktemp("spool"),
        [{"x": value} for value, _ in rows],
        trained=[{"x": value} for value in trained],
        scores=scores,
    )

    look_at_everything(port, name)


def test_importance_that_is_not_finite_is_null(port: Harbour, tmp_path: Path) -> None:
    with agent_at(port, tmp_path / "spool", "weights") as agent:
        model = SimpleNamespace(feature_importances_=[NAN, 0.5])
        agent.baseline([{"x": float(i), "y": 1.0} for i in range(20)], model=model)
        agent.record([{"x": 1.0, "y": 2.0}], timestamps=[AT])
        port.ship(agent, end=True)
    port.settle()

    found = strictly(port, "/api/v1/deployments/weights")
    assert {one["name"]: one["importance"] for one in found["columns"]}["x"] is None
