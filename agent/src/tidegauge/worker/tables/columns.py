"""A table given as a mapping of columns (`{"x": [1, 2], "c": ["a", "b"]}`), and how it is told from a mapping that is one row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from tidegauge.worker.tables import kind_of

SCALARS = frozenset({str, bytes, int, float, bool, type(None), np.float64, np.float32, np.int64, np.int32, np.bool_})


@dataclass(frozen=True, slots=True, eq=False)
class ColumnTable:
    """Columns of one length by name."""

    columns: Mapping[Any, Any]
    rows: int

    def part(self, rows: slice) -> ColumnTable:
        """Some consecutive rows."""
        chosen = {name: _part(values, rows) for name, values in self.columns.items()}
        return ColumnTable(chosen, len(range(self.rows)[rows]))


def as_column_table(mapping: Mapping[Any, Any]) -> ColumnTable | None:
    """The mapping as a table, where all of its values are columns of one length; None where it is one row."""
    length = None
    for value in mapping.values():
        if type(value) in SCALARS:
            return None
        found = _length(value)
        if found is None or found != (found if length is None else length):
            return None
        length = found
    return None if length is None else ColumnTable(mapping, length)


def _length(value: Any) -> int | None:
    if isinstance(value, (list, tuple)):
        return len(value)
    if isinstance(value, np.ndarray):
        return len(value) if value.ndim else None
    if isinstance(value, (str, bytes, Mapping)) or kind_of(value) is None:
        return None
    try:
        return len(value)
    except Exception:  # noqa: BLE001 - a tensor of no dimension, a lazy column: no column then
        return None


def _part(values: Any, rows: slice) -> Any:
    return values.iloc[rows] if hasattr(values, "iloc") else values[rows]
