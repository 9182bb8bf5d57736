"""polars: a DataFrame is a table, a Series one column. A clone shares the values, which whoever writes to copies first.

A LazyFrame is not collected: see `closed`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from tidegauge.worker.tables.kind import Named, TableKind, has_all, rows_as_objects


def _column(series: Any) -> npt.NDArray[Any]:
    has_nulls = series.null_count() > 0
    dtype = str(series.dtype)
    if dtype.startswith("Struct") or (has_nulls and series.dtype.is_integer()):  # of integers: they may be ids
        return rows_as_objects(series.to_list())
    values = np.asarray(series.to_numpy())
    if values.ndim == 1:
        return values
    return rows_as_objects(series.to_list()) if has_nulls else rows_as_objects(values)


def _columns(frame: Any) -> Named:
    return [(series.name, _column(series)) for series in frame.get_columns()]


KINDS = (
    TableKind(
        has_all("get_columns", "estimated_size", "clone"),
        count=lambda frame: int(frame.height),
        size_bytes=lambda frame: int(frame.estimated_size()),
        copy=lambda frame: frame.clone(),
        part=lambda frame, rows: frame[rows],
        read=_columns,
        is_immutable=True,
    ),
    TableKind(
        has_all("to_frame", "estimated_size", "null_count", "clone"),
        count=len,
        size_bytes=lambda series: int(series.estimated_size()),
        copy=lambda series: series.clone(),
        part=lambda series, rows: series[rows],
        read=lambda series: [(series.name or "f0", _column(series))],
        is_immutable=True,
    ),
)
