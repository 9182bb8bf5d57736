"""The same two rows in every container that the documentation names, as the real libraries make them."""

from __future__ import annotations

import os
import warnings
from collections import OrderedDict, namedtuple
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import scipy.sparse
from pydantic import BaseModel

NAMES = ("x", "y")
NUMBERS = np.array([[1.0, 4.0], [2.0, 0.0]])
TORCH = "torch is not in the lock, its wheels are large: `pip install torch` (a CPU build is enough)"


def torch() -> Any:
    """PyTorch, or a skip that says how to get it; in CI it must be there."""
    if os.environ.get("CI") == "true":
        import torch as found
    else:
        found = pytest.importorskip("torch", reason=TORCH)
    return found


@dataclass
class DataRow:
    x: float
    y: float


class PydanticRow(BaseModel):
    x: float
    y: float


TupleRow = namedtuple("TupleRow", "x y")  # noqa: PYI024 - as many services still write them


class FakeTensorFlow:
    """Stands in for TensorFlow's EagerTensor, which is not installed here: its protocol (`numpy`, `shape`, `dtype`, `__array__`)."""

    def __init__(self, values: Any, device: str = "/job:localhost/replica:0/task:0/device:CPU:0") -> None:
        self._values = np.asarray(values, dtype=np.float32)
        self.device = device
        self.dtype = self._values.dtype
        self.shape = self._values.shape

    def numpy(self) -> np.ndarray:
        assert "GPU" not in self.device, "this would wait for the device"
        return self._values

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return self.numpy()

    def __len__(self) -> int:
        return len(self._values)

    def __getitem__(self, rows: Any) -> FakeTensorFlow:
        return FakeTensorFlow(self._values[rows], self.device)


def _structured(values: np.ndarray = NUMBERS) -> np.ndarray:
    return np.rec.fromarrays(values.T, names=list(NAMES))


def _sparse(form: str, kind: str) -> Any:
    return getattr(scipy.sparse, f"{form}_{kind}")(NUMBERS)


def _matrix() -> np.ndarray:
    with warnings.catch_warnings(action="ignore"):  # numpy advises against it; it is met all the same
        return np.asmatrix(NUMBERS.copy())


def _objects() -> np.ndarray:
    rows = np.empty(2, dtype=object)
    rows[:] = [dict(zip(NAMES, row, strict=True)) for row in NUMBERS.tolist()]
    return rows


TWO_ROWS: dict[str, Callable[[], Any]] = {
    "list of dicts": lambda: [dict(zip(NAMES, row, strict=True)) for row in NUMBERS.tolist()],
    "dict of columns": lambda: {"x": [1.0, 2.0], "y": np.array([4.0, 0.0])},
    "dict of Series": lambda: {"x": pd.Series([1.0, 2.0]), "y": pl.Series([4.0, 0.0])},
    "ordered dict of columns": lambda: OrderedDict(x=[1.0, 2.0], y=(4.0, 0.0)),
    "list of lists": NUMBERS.tolist,
    "list of tuples": lambda: list(map(tuple, NUMBERS.tolist())),
    "tuple of lists": lambda: tuple(NUMBERS.tolist()),
    "list of arrays": lambda: list(NUMBERS.copy()),
    "list of dataclasses": lambda: [DataRow(1.0, 4.0), DataRow(2.0, 0.0)],
    "list of pydantic models": lambda: [PydanticRow(x=1.0, y=4.0), PydanticRow(x=2.0, y=0.0)],
    "list of named tuples": lambda: [TupleRow(1.0, 4.0), TupleRow(2.0, 0.0)],
    "list of Series": lambda: [pd.Series({"x": 1.0, "y": 4.0}), pd.Series({"x": 2.0, "y": 0.0})],
    "array": NUMBERS.copy,
    "array of float32": lambda: NUMBERS.astype(np.float32),
    "array of whole numbers": lambda: NUMBERS.astype(np.int64),
    "fortran array": lambda: np.asfortranarray(NUMBERS),
    "strided array": lambda: np.repeat(NUMBERS, 2, axis=0)[::2],
    "matrix": _matrix,
    "array of objects": lambda: NUMBERS.astype(object),
    "vector of dicts": _objects,
    "structured array": lambda: np.array(_structured()),
    "record array": _structured,
    "masked array": lambda: np.ma.masked_array(NUMBERS.copy(), mask=np.zeros_like(NUMBERS, dtype=bool)),
    "masked structured array": lambda: np.ma.masked_array(np.array(_structured())),
    "DataFrame": lambda: pd.DataFrame(NUMBERS, columns=list(NAMES)),
    "DataFrame of nullable types": lambda: pd.DataFrame(NUMBERS, columns=list(NAMES)).convert_dtypes(),
    "DataFrame of Arrow types": lambda: pd.DataFrame(NUMBERS, columns=list(NAMES)).astype("float64[pyarrow]"),
    "DataFrame of sparse types": lambda: pd.DataFrame(NUMBERS, columns=list(NAMES)).astype(
        pd.SparseDtype("float", 0.0)
    ),
    "polars DataFrame": lambda: pl.DataFrame(NUMBERS, schema=list(NAMES)),
    "Arrow table": lambda: pa.table({"x": [1.0, 2.0], "y": pa.chunked_array([[4.0], [0.0]])}),
    "Arrow record batch": lambda: pa.RecordBatch.from_pydict({"x": [1.0, 2.0], "y": [4.0, 0.0]}),
    **{
        f"{form} {kind}": partial(_sparse, form, kind)
        for form in ("csr", "csc", "coo", "lil")
        for kind in ("matrix", "array")
    },
    "torch tensor": lambda: torch().tensor(NUMBERS),
    "torch tensor with a gradient": lambda: torch().tensor(NUMBERS, requires_grad=True),
    "torch tensor of bfloat16": lambda: torch().tensor(NUMBERS, dtype=torch().bfloat16),
    "list of torch tensors": lambda: [torch().tensor(row) for row in NUMBERS],
    "tensor of TensorFlow's protocol": lambda: FakeTensorFlow(NUMBERS),
}
"""Rows (1, 4) and (2, 0) of the columns x and y."""


def _single(*values: Any) -> np.ndarray:
    row = np.empty(len(values), dtype=object)
    row[:] = values
    return row


ONE_ROW: dict[str, Callable[[], Any]] = {
    "dict": lambda: {"x": 1.0, "y": 4.0},
    "dataclass": lambda: DataRow(1.0, 4.0),
    "pydantic model": lambda: PydanticRow(x=1.0, y=4.0),
    "named tuple": lambda: TupleRow(1.0, 4.0),
    "list": lambda: [1.0, 4.0],
    "tuple": lambda: (1.0, 4.0),
    "vector": lambda: np.array([1.0, 4.0]),
    "vector of objects": lambda: _single(1.0, 4.0),
    "record": lambda: _structured()[0],
    "structured array of no dimension": lambda: np.array(_structured()[0]),
    "Series": lambda: pd.Series({"x": 1.0, "y": 4.0}),
    "csr of one row": lambda: scipy.sparse.csr_array(NUMBERS)[[0]],
    "sparse vector": lambda: scipy.sparse.coo_array(NUMBERS[0]),
    "torch vector": lambda: torch().tensor(NUMBERS[0]),
    "vector of TensorFlow's protocol": lambda: FakeTensorFlow(NUMBERS[0]),
}
"""The row (1, 4) alone."""
