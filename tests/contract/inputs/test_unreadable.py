"""What cannot be read is counted with its reason; the model gets it as it was, and nothing is computed, waited for or used up."""

import contextlib
import io
from collections.abc import Callable, Iterator
from typing import Any

import lightgbm
import numpy as np
import polars as pl
import pyarrow as pa
import pytest
import xgboost

import tidegauge
from tidegauge.copies import private_copy
from tidegauge.errors import UsageError
from tidegauge.worker.shapes import Unread, count_rows, slice_rows
from tidegauge.worker.tabulate import tabulate

from .containers import NUMBERS, FakeTensorFlow, torch

MakeAgent = Callable[..., tidegauge.Agent]


class DaskLike:
    """A lazy table by dask's protocol, which is not installed here."""

    iloc = columns = None
    shape = (10, 2)

    def compute(self) -> None:
        raise AssertionError("the agent computed it")

    persist = __array__ = compute


class CudaTensor:
    """A tensor on a graphics card by DLPack's protocol; there is none in this machine."""

    shape = (4, 3)

    def __dlpack_device__(self) -> tuple[int, int]:
        return 2, 0

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        raise AssertionError("the agent waited for the device")


def constructed() -> lightgbm.Dataset:
    return lightgbm.Dataset(np.ones((30, 2)), params={"verbosity": -1}, free_raw_data=True).construct()


UNREADABLE: dict[str, tuple[Callable[[], Any], str, int]] = {
    "polars LazyFrame": (lambda: pl.LazyFrame({"x": [1.0, 2.0]}), "lazy", 1),
    "dask table": (DaskLike, "lazy", 1),
    "XGBoost DMatrix": (lambda: xgboost.DMatrix(np.ones((7, 2))), "closed", 7),
    "LightGBM Dataset": (constructed, "closed", 30),
    "LightGBM Dataset not constructed": (lambda: lightgbm.Dataset(np.ones((30, 2))), "closed", 1),
    "generator": (lambda: (i for i in range(3)), "stream", 1),
    "file": (lambda: io.StringIO("1,2\n"), "stream", 1),
    "Arrow stream": (lambda: pa.table({"x": [1.0]}).to_reader(), "stream", 1),
    "tensor on a card": (CudaTensor, "device", 4),
    "TensorFlow tensor on a card": (lambda: FakeTensorFlow(NUMBERS, "/device:GPU:0"), "device", 2),
    "torch meta tensor": (lambda: torch().empty((5, 2), device="meta"), "object", 5),
    "torch sparse tensor": (lambda: torch().eye(3).to_sparse(), "object", 3),
    "object": (object, "object", 1),
    "set": (lambda: {1.0, 2.0}, "object", 1),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_what_cannot_be_read_is_counted_with_its_reason_and_passed_on(make_agent: MakeAgent, name: str) -> None:
    make, reason, rows = UNREADABLE[name]
    inputs, seen = make(), []
    agent = make_agent()

    answer = agent.watch(lambda table: seen.append(table) or 0.5)(inputs)
    agent.flush()

    status = agent.status()
    assert (answer, seen[0] is inputs) == (0.5, True)
    assert (status["captured"], status["dropped"]) == (rows, {"unreadable_input": rows})
    assert status["counters"] == {f"unreadable_input:{reason}": rows, "faults": 0}


@pytest.mark.parametrize("name", UNREADABLE)
def test_nothing_of_it_is_kept_and_explicit_calls_say_what_to_do(name: str) -> None:
    make, reason, rows = UNREADABLE[name]
    inputs = make()

    copied, size = private_copy(inputs)

    assert copied == Unread(type(inputs).__name__, rows, reason)
    assert size == 0
    assert count_rows(inputs) == rows
    with pytest.raises(UsageError, match="no table"):
        tabulate(copied)
    with pytest.raises(UsageError, match="no table"):
        tabulate(inputs)


def test_a_stream_is_not_moved() -> None:
    def rows() -> Iterator[int]:
        yield from range(3)

    stream, text = rows(), io.StringIO("1\n2\n")

    for inputs in (stream, text):
        private_copy(inputs)
        count_rows(inputs)
        slice_rows(inputs, slice(0, 1))
        with contextlib.suppress(UsageError):
            tabulate(inputs)

    assert (list(stream), text.read()) == ([0, 1, 2], "1\n2\n")


def test_one_unreadable_row_in_a_list_costs_the_call_alone(make_agent: MakeAgent) -> None:
    agent = make_agent()
    model = agent.watch(lambda rows: [0.5] * len(rows))

    for rows in ([[1.0], [2.0]], [[1.0], object()], [[1.0, 2.0], "text"], [[3.0], [4.0]]):
        model(rows)
    agent.flush()

    status = agent.status()
    assert (status["captured"], status["dropped"]) == (8, {"unreadable_input": 4})
    assert status["counters"]["unreadable_input:shape"] == 4
