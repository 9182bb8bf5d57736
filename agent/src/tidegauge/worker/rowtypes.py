"""Rows that are objects (dataclasses, pydantic models, named tuples, …), and rows without the bulk that no profile looks into."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import numpy as np

from tidegauge.core.derived import measured_text, measured_vector
from tidegauge.worker.tables.columns import SCALARS, ColumnTable

BULKY_BYTES = 2_048
BULKY_VALUES = 512  # more than of any name is kept


def fields_of(value: Any) -> Mapping[str, Any] | None:
    """The names of the fields of a dataclass, a pydantic, attrs or msgspec object, or a named tuple; None for anything else."""
    return _fields(type(value))


def _find_fields(kind: type) -> Mapping[str, Any] | None:
    try:
        fields = getattr(kind, "__dataclass_fields__", None) or getattr(kind, "model_fields", None)
        if isinstance(fields, Mapping):
            return fields
        names = getattr(kind, "_fields" if issubclass(kind, tuple) else "__struct_fields__", None)
        if names is None:
            names = [one.name for one in getattr(kind, "__attrs_attrs__", ())] or None
    except Exception:  # noqa: BLE001 - a class that does not even say what it has
        return None
    return dict.fromkeys(names) if isinstance(names, (tuple, list)) else None


_fields: Callable[[type], Mapping[str, Any] | None] = lru_cache(maxsize=1_024)(_find_fields)


def as_mapping(value: Any) -> dict[str, Any] | None:
    """The fields of an object with their values; None for what has no fields."""
    fields = fields_of(value)
    return None if fields is None else {name: getattr(value, name) for name in fields}


def has_plain_values(row: Any) -> bool:
    """Whether a shallow copy of a row that is a dict is private: its values are numbers, texts and the like.

    Not so where its values are lists of one length, which makes it look like columns and be handed over as such.
    """
    if type(row) is dict:
        return SCALARS.issuperset(map(type, row.values()))
    return not isinstance(row, ColumnTable)


def lightened(row: dict[Any, Any]) -> dict[Any, Any]:
    """A row that may wait in memory for a while: of images, embeddings and long texts only the measures are kept."""
    if _NEVER_BULKY.issuperset(map(type, row.values())) or not any(map(_is_bulky, row.values())):
        return row
    return {name: _lightened(value) if _is_bulky(value) else value for name, value in row.items()}


_NEVER_BULKY = frozenset({float, int, bool, type(None), np.float64, np.float32, np.int64, np.int32})


def _is_bulky(value: Any) -> bool:
    if isinstance(value, np.ndarray):
        return value.nbytes > BULKY_BYTES
    return isinstance(value, (list, tuple, dict, set, str, bytes)) and len(value) > BULKY_VALUES


def _lightened(value: Any) -> Any:
    if isinstance(value, (str, bytes)):
        text = value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else value
        return measured_text(text, BULKY_VALUES)
    return measured_vector(value) if isinstance(value, (list, tuple, np.ndarray)) else []  # empty, a container still
