"""pandas: a DataFrame is a table, a Series one row whose index names the features."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from tidegauge.worker.tables.kind import Named, TableKind, has_all

BYTES_A_VALUE = 8


def column(series: Any) -> npt.NDArray[Any]:
    """The values of a Series: numbers as they are, instants in UTC, everything else as objects."""
    kind = getattr(series.dtype, "kind", "O")
    if kind in "biuf" and isinstance(series.dtype, np.dtype):
        return np.asarray(series)
    if kind == "M":
        return np.asarray(series.to_numpy(dtype="datetime64[us]"))
    if kind == "f":  # nullable: what is missing is NaN
        return np.asarray(series.to_numpy(dtype=np.float64, na_value=np.nan))
    return np.asarray(series.to_numpy(dtype=object))


def _columns(frame: Any) -> Named:
    return [(name, column(frame.iloc[:, i])) for i, name in enumerate(frame.columns)]


def _one_row(series: Any) -> Named:
    found: Named = []
    for name, value in series.items():
        one = np.empty(1, dtype=object)
        one[0] = value
        found.append((name, one))
    return found


def _is_eager(container: type) -> bool:
    return hasattr(container, "iloc") and not hasattr(container, "compute")


KINDS = (
    TableKind(
        lambda container: _is_eager(container) and has_all("columns", "copy")(container),
        count=lambda frame: int(frame.shape[0]),
        size_bytes=lambda frame: int(frame.shape[0]) * int(frame.shape[1]) * BYTES_A_VALUE,
        copy=lambda frame: frame.copy(),
        part=lambda frame, rows: frame.iloc[rows],
        read=_columns,
    ),
    TableKind(
        lambda container: _is_eager(container) and has_all("items", "copy")(container),
        count=lambda _series: 1,
        size_bytes=lambda series: len(series) * BYTES_A_VALUE,
        copy=lambda series: series.copy(),
        part=lambda series, rows: series.iloc[rows],
        read=_one_row,
    ),
)
