"""Arrow: tables and record batches are tables, arrays one column. They cannot be changed, and so are kept by reference."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from tidegauge.worker.tables.kind import Named, TableKind, has_all


def _column(array: Any) -> npt.NDArray[Any]:
    """The values of an array, chunked or not; whole numbers with some missing as objects, for they may be ids."""
    if array.null_count and str(array.type).lstrip("u").startswith("int"):
        return np.array(array.to_pylist(), dtype=object)
    is_chunked = hasattr(array, "num_chunks")
    return np.asarray(array.to_numpy() if is_chunked else array.to_numpy(zero_copy_only=False))


def _columns(table: Any) -> Named:
    return [(name, _column(table.column(i))) for i, name in enumerate(table.column_names)]


def _part(container: Any, rows: slice) -> Any:
    start, stop, _ = rows.indices(len(container))
    return container.slice(start, max(0, stop - start))


KINDS = (
    TableKind(
        has_all("column_names", "num_rows", "nbytes", "slice"),
        count=lambda table: int(table.num_rows),
        size_bytes=lambda table: int(table.nbytes),
        copy=lambda table: table,
        part=_part,
        read=_columns,
    ),
    TableKind(
        has_all("null_count", "to_pylist", "nbytes", "slice"),
        count=len,
        size_bytes=lambda array: int(array.nbytes),
        copy=lambda array: array,
        part=_part,
        read=lambda array: [("f0", _column(array))],
    ),
)
