"""A private copy cannot be reached by the caller; what shares memory does so only where nobody can write to it."""

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import scipy.sparse

from tidegauge.copies import private_copy
from tidegauge.worker.shapes import size_bytes
from tidegauge.worker.tabulate import tabulate

from .containers import torch


def write_all(frame: pl.DataFrame) -> None:
    frame[0, "x"] = 9.0
    frame.replace_column(0, pl.Series("x", [9.0]))
    frame.extend(pl.DataFrame({"x": [9.0]}))
    frame.columns = ["z"]


CHANGES: dict[str, tuple[Callable[[], Any], Callable[[Any], object]]] = {
    "vector in a dict": (lambda: {"x": np.array([1.0])}, lambda v: v["x"].fill(9.0)),
    "list in a dict": (lambda: {"x": [1.0]}, lambda v: v["x"].append(9.0)),
    "dict of columns": (lambda: {"x": [1.0]}, lambda v: v.update(x=[9.0])),
    "list of objects": (lambda: [{"x": 1.0}], lambda v: v[0].update(x=9.0)),
    "structured": (lambda: np.array([(1.0,)], dtype=[("x", "f8")]), lambda v: v["x"].fill(9.0)),
    "vectors in an array": (lambda: np.array([{"x": 1.0}], dtype=object), lambda v: v[0].update(x=9.0)),
    "masked": (lambda: np.ma.masked_array([[1.0]], mask=[[False]]), lambda v: v.fill(9.0)),
    "pandas": (lambda: pd.DataFrame({"x": [1.0]}), lambda v: v.__setitem__("x", 9.0)),
    "pandas in place": (lambda: pd.DataFrame({"x": [1.0]}), lambda v: v.insert(0, "z", 9.0)),
    "polars": (lambda: pl.DataFrame({"x": [1.0]}), write_all),
    "polars Series": (lambda: pl.Series("x", [1.0]), lambda v: v.__setitem__(0, 9.0)),
    "csr": (lambda: scipy.sparse.csr_matrix([[1.0]]), lambda v: v.data.fill(9.0)),
    "coo": (lambda: scipy.sparse.coo_array([[1.0]]), lambda v: v.data.fill(9.0)),
    "lil": (lambda: scipy.sparse.lil_array([[1.0]]), lambda v: v.__setitem__((0, 0), 9.0)),
    "torch": (lambda: torch().ones((1, 1)), lambda v: v.mul_(9.0)),
    "torch of bfloat16": (lambda: torch().ones((1, 1), dtype=torch().bfloat16), lambda v: v.mul_(9.0)),
}


@pytest.mark.parametrize("name", CHANGES)
def test_what_the_caller_does_afterwards_is_not_seen(name: str) -> None:
    make, change = CHANGES[name]
    inputs = make()

    copied, _ = private_copy(inputs)
    change(inputs)

    columns, rows = tabulate(copied, ("x",))
    value = np.asarray(columns["x"]).tolist()[0]
    assert rows == 1
    assert np.asarray(value, dtype=float).reshape(-1).tolist() == [1.0]


def test_arrow_and_polars_tables_are_kept_without_a_copy_of_their_values() -> None:
    table = pa.table({"x": np.arange(100_000.0)})
    frame = pl.DataFrame({"x": np.arange(100_000.0)})

    assert private_copy(table)[0] is table
    kept = private_copy(frame)[0]
    assert np.shares_memory(kept["x"].to_numpy(), frame["x"].to_numpy())
    assert size_bytes(table) == size_bytes(frame) == 800_000


READS_WITHOUT = """
import io, sys
import {library}
CSV = b"x,n,c,t,d,b\\n1.5,1,a,2026-01-01T00:00:00Z,2026-01-01,true\\n,,b,,,\\n"
{make}
before = set(sys.modules)
from tidegauge.copies import private_copy
from tidegauge.worker.shapes import count_rows, size_bytes, slice_rows
from tidegauge.worker.tabulate import tabulate
for one in (inputs, private_copy(inputs)[0], slice_rows(inputs, slice(0, 1))):
    tabulate(one), count_rows(one), size_bytes(one)
loaded = {{name.partition(".")[0] for name in set(sys.modules) - before}}
print(sorted(loaded & {{"pandas", "pyarrow", "polars", "scipy", "torch", "tensorflow", "grpc", "xgboost"}}))
"""


@pytest.mark.parametrize(
    ("library", "make"),
    [
        ("numpy", "inputs = numpy.rec.fromarrays([[1.0], ['a']], names='x,c')"),
        (
            "polars",
            "inputs = polars.DataFrame({'x': [1.0, None], 'n': [1, None], 'c': ['a', None], 'l': [[1.0], None]})",
        ),
        (
            "pyarrow",
            "import pyarrow.csv; inputs = pyarrow.csv.read_csv(io.BytesIO(CSV))",
        ),
        ("scipy.sparse", "inputs = scipy.sparse.csc_array([[1.0, 0.0]])"),
    ],
    ids=["numpy", "polars", "pyarrow", "scipy"],
)
def test_reading_imports_no_library_that_the_host_has_not(library: str, make: str) -> None:
    code = READS_WITHOUT.format(library=library, make=make)

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False)

    assert (done.returncode, done.stderr, done.stdout.strip()) == (0, "", "[]")
