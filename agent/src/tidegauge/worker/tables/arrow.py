"""Arrow: tables and record batches are tables, arrays one column. They cannot be changed, and so are kept by reference.

Numbers and times are read out of Arrow's own buffers (validity bitmap, values), since `to_numpy` imports pandas where it is installed.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import numpy.typing as npt

from tidegauge.worker.tables.kind import Named, TableKind, has_all, rows_as_objects

FEW_ROWS, BYTES_A_VALUE = 64, 16
_TYPES = {"double": "f8", "float": "f4", "halffloat": "f2", "date32[day]": "i4", "date64[ms]": "M8[ms]"}
_NUMBER = re.compile(r"(u?)int(8|16|32|64)")
_TIME = re.compile(r"(timestamp|duration)\[(s|ms|us|ns)")


def _column(array: Any) -> npt.NDArray[Any]:
    parts = [_values(chunk) for chunk in getattr(array, "chunks", [array])]
    if len(parts) == 1:
        return parts[0]
    return np.concatenate(parts) if parts else np.empty(0, dtype=object)


def _values(array: Any) -> npt.NDArray[Any]:
    name = str(array.type)
    dtype = _dtype(name)
    if dtype is None or (array.null_count and dtype.kind in "iu" and name != "date32[day]"):
        return rows_as_objects(array.to_pylist())  # whole numbers with some missing stay whole: they may be ids
    values = np.frombuffer(array.buffers()[1] or b"", dtype=dtype)[array.offset : array.offset + len(array)]
    if name == "date32[day]":
        values = values.astype("M8[D]")
    if not array.null_count:
        return values
    values = values.copy()
    values[~_is_there(array)] = np.nan if dtype.kind == "f" else "NaT"
    return values


def _dtype(name: str) -> np.dtype[Any] | None:
    """numpy's type for Arrow's values as they lie in memory; None where there is none."""
    if name in _TYPES:
        return np.dtype(_TYPES[name])
    number, time = _NUMBER.fullmatch(name), _TIME.match(name)
    if number is not None:
        return np.dtype(f"{number[1]}int{number[2]}")
    return None if time is None else np.dtype(f"{'M' if time[1] == 'timestamp' else 'm'}8[{time[2]}]")


def _is_there(array: Any) -> npt.NDArray[np.bool_]:
    bits = np.unpackbits(np.frombuffer(array.buffers()[0], dtype=np.uint8), bitorder="little")
    return bits[array.offset : array.offset + len(array)].astype(bool)


def _columns(table: Any) -> Named:
    return [(name, _column(table.column(i))) for i, name in enumerate(table.column_names)]


def _size_bytes(table: Any) -> int:
    """Of few rows an estimate: adding up all buffers takes some microseconds a column."""
    if table.num_rows <= FEW_ROWS:
        return int(table.num_rows * table.num_columns) * BYTES_A_VALUE
    return int(table.nbytes)


def _part(container: Any, rows: slice) -> Any:
    start, stop, _ = rows.indices(len(container))
    return container.slice(start, max(0, stop - start))


KINDS = (
    TableKind(
        has_all("column_names", "num_rows", "nbytes", "slice"),
        count=lambda table: int(table.num_rows),
        size_bytes=_size_bytes,
        copy=lambda table: table,
        part=_part,
        read=_columns,
        is_immutable=True,
    ),
    TableKind(
        has_all("null_count", "to_pylist", "nbytes", "slice"),
        count=len,
        size_bytes=lambda array: int(array.nbytes),
        copy=lambda array: array,
        part=_part,
        read=lambda array: [("f0", _column(array))],
        is_immutable=True,
    ),
)
