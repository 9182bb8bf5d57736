"""`record`, `baseline` and `actuals` take the same containers as a watched model, checked for misuse; large ones are read in blocks."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import scipy.sparse

import tidegauge
from tidegauge.errors import UsageError
from tidegauge.worker.shapes import size_bytes

from .containers import NAMES, TWO_ROWS, FakeTensorFlow, torch

MakeAgent = Callable[..., tidegauge.Agent]

ANSWERS: dict[str, Callable[[], Any]] = {
    "array": lambda: np.array([0.2, 0.8]),
    "column": lambda: np.array([[0.2], [0.8]]),
    "probabilities": lambda: np.array([[0.8, 0.2], [0.2, 0.8]]),
    "frame": lambda: pd.DataFrame({"no": [0.8, 0.2], "yes": [0.2, 0.8]}),
    "polars": lambda: pl.Series([0.2, 0.8]),
    "Arrow": lambda: pa.array([0.2, 0.8]),
    "torch": lambda: torch().tensor([0.2, 0.8]),
    "dict of columns": lambda: {"score": [0.2, 0.8]},
    "list of dicts": lambda: [{"score": 0.2}, {"score": 0.8}],
    "pair": lambda: (["no", "yes"], [0.2, 0.8]),
    "outputs": lambda: [np.array([[0.8, 0.2], [0.2, 0.8]]), np.array([[0.5, 0.3, 0.2], [0.1, 0.1, 0.8]])],
}
IDS: dict[str, Callable[[], Any]] = {
    "list": lambda: ["a", "b"],
    "array": lambda: np.array(["a", "b"]),
    "Series": lambda: pd.Series(["a", "b"]),
    "frame": lambda: pd.DataFrame({"id": ["a", "b"]}),
    "polars": lambda: pl.Series(["a", "b"]),
    "Arrow": lambda: pa.array(["a", "b"]),
    "Arrow chunks": lambda: pa.chunked_array([["a"], ["b"]]),
}


@pytest.mark.parametrize("name", TWO_ROWS)
def test_record_and_baseline_take_every_container(make_agent: MakeAgent, name: str) -> None:
    agent = make_agent(feature_names=list(NAMES))

    agent.baseline(TWO_ROWS[name](), predictions=np.array([0.2, 0.8]), actuals=np.array([0, 1]))
    agent.record(TWO_ROWS[name](), np.array([0.2, 0.8]))
    agent.flush()

    status = agent.status()
    assert (status["captured"], status["dropped"]) == (2, {})
    assert status["counters"] == {"faults": 0}


@pytest.mark.parametrize("name", ANSWERS)
def test_record_takes_every_form_of_answers_and_counts_them(make_agent: MakeAgent, name: str) -> None:
    agent = make_agent()

    agent.record([[1.0], [2.0]], ANSWERS[name](), prediction_ids=["a", "b"])
    with pytest.raises(UsageError, match="predictions for 3 rows"):
        agent.record([[1.0], [2.0], [3.0]], ANSWERS[name]())
    agent.flush()

    assert (agent.status()["captured"], agent.status()["counters"]) == (2, {"faults": 0})


@pytest.mark.parametrize("name", IDS)
def test_ids_and_truth_come_in_every_container(make_agent: MakeAgent, spooled: Any, name: str) -> None:
    import agent_frames as view

    agent = make_agent()

    agent.record([[1.0], [2.0]], [0.2, 0.8], prediction_ids=IDS[name]())
    agent.actuals(IDS[name](), pa.array([0.0, 1.0]))
    agent.actuals(IDS[name](), pl.Series(["no", "yes"]))
    agent.flush()

    frames = spooled(agent)
    assert len(view.records(frames)[0].ids) == 32
    assert agent.status()["counters"] == {"faults": 0, "actuals": 4}


ROWS = 530_000
LARGE: dict[str, Callable[[], Any]] = {
    "array": lambda: np.ones((ROWS, 2)),
    "structured": lambda: np.rec.fromarrays([np.ones(ROWS)] * 2, names="x,y"),
    "dict of columns": lambda: {"x": np.ones(ROWS), "y": np.ones(ROWS)},
    "list of dicts": lambda: [{"x": 1.0, "y": 1.0}] * 150_000,
    "pandas": lambda: pd.DataFrame(np.ones((ROWS, 2)), columns=["x", "y"]),
    "polars": lambda: pl.DataFrame(np.ones((ROWS, 2)), schema=["x", "y"]),
    "Arrow": lambda: pa.table({"x": np.ones(ROWS), "y": np.ones(ROWS)}),
    "csr": lambda: scipy.sparse.csr_array(np.ones((ROWS, 2))),
    "csc": lambda: scipy.sparse.csc_matrix(np.ones((ROWS, 2))),
    "torch": lambda: torch().ones((ROWS, 2), dtype=torch().float64),
    "TensorFlow's protocol": lambda: FakeTensorFlow(np.ones((2 * ROWS, 2))),
}


@pytest.mark.parametrize("name", LARGE)
def test_a_table_of_more_than_8_mib_is_read_in_blocks_to_the_last_row(
    make_agent: MakeAgent, spooled: Any, name: str
) -> None:
    import agent_frames as view

    inputs = LARGE[name]()
    rows = len(inputs) if name == "list of dicts" else 2 * ROWS if name.startswith("Tensor") else ROWS
    agent = make_agent(feature_names=["x", "y"])
    assert size_bytes(inputs) > 8 * 1024 * 1024

    agent.watch(lambda table: np.full(rows, 0.5))(inputs)
    agent.flush()

    frames, status = spooled(agent), agent.status()
    assert (status["captured"], status["dropped"], status["counters"]) == (rows, {}, {"faults": 0})
    for column in ("x", "y"):
        found = view.column(frames, column)
        assert (found.rows, found.minimum, found.maximum) == (rows, 1.0, 1.0)
    assert view.column(frames, "_prediction").rows == rows


@pytest.mark.parametrize(
    ("answers", "columns"),
    [
        (lambda: {"score": np.full(ROWS, 0.5), "label": ["a"] * ROWS}, {"_prediction", "_prediction_label"}),
        (lambda: (["a"] * ROWS, np.full(ROWS, 0.5)), {"_prediction"}),
        (lambda: [np.full((ROWS, 2), 0.5), np.full((ROWS, 3), 1 / 3)], {"_prediction.0", "_prediction.1.2"}),
        (lambda: pd.DataFrame({"a": np.full(ROWS, 0.5), "b": np.full(ROWS, 0.5)}), {"_prediction"}),
    ],
    ids=["dict", "pair", "outputs", "frame"],
)
def test_answers_to_a_large_table_are_read_in_the_same_blocks(
    make_agent: MakeAgent, spooled: Any, answers: Callable[[], Any], columns: set[str]
) -> None:
    import agent_frames as view

    agent = make_agent()

    agent.record(np.ones((ROWS, 2)), answers())
    agent.flush()

    frames = spooled(agent)
    assert agent.status()["counters"] == {"faults": 0}
    assert {view.column(frames, name).rows for name in columns} == {ROWS}
