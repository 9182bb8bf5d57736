"""From a column of an upload to the numpy column that the core profiles; text from CSV becomes what its values, or the baseline, are."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tidegauge.core.columns import ColumnKind

Column = npt.NDArray[Any]
Raw: TypeAlias = pa.Array | list[Any]

_NUMBERS = frozenset({float, int, type(None)})
_TRUTHS = {"true": True, "false": False}


def plain_column(raw: Raw) -> Column:
    """The values as the agent would have them: numbers as numbers (missing ones NaN), times as datetime64, all else as objects."""
    if isinstance(raw, list):
        return _of_list(raw)
    if pa.types.is_dictionary(raw.type):
        raw = raw.dictionary_decode()
    kind = raw.type
    if pa.types.is_timestamp(kind):
        return np.asarray(pc.cast(raw, pa.timestamp("us", kind.tz), safe=False).to_numpy(zero_copy_only=False))
    if pa.types.is_date(kind):
        return np.asarray(pc.cast(raw, pa.timestamp("us")).to_numpy(zero_copy_only=False))
    if pa.types.is_duration(kind):
        return np.asarray(pc.cast(raw, pa.duration("us"), safe=False).to_numpy(zero_copy_only=False))
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or (pa.types.is_boolean(kind) and not raw.null_count):
        return np.asarray(raw.to_numpy(zero_copy_only=False))
    return objects(raw.to_pylist())


def _of_list(values: Sequence[Any]) -> Column:
    kinds = set(map(type, values))
    if kinds <= _NUMBERS and kinds != {type(None)}:
        try:
            return np.array(values, dtype=np.int64 if kinds == {int} else np.float64)
        except OverflowError:
            pass  # an integer beyond 64 bits stays an object
    return np.array(values) if kinds == {bool} else objects(values)


def objects(values: Sequence[Any]) -> Column:
    """Values as an array of objects, one each, containers too."""
    column = np.empty(len(values), dtype=object)
    for i, value in enumerate(values):
        column[i] = value
    return column


def kind_of_text(texts: pa.Array) -> ColumnKind | None:
    """What a text column holds: numbers, truths, times, or text (CATEGORICAL here, also for long texts); None where all is missing.

    Numbers where most are: the others are counted as invalid.
    """
    present = pc.drop_null(texts)
    if not len(present):
        return None
    if _numbers(present) is not None or _mostly_numbers(present):
        return ColumnKind.NUMERIC
    if all(value.lower() in _TRUTHS for value in pc.unique(present).slice(0, 3).to_pylist()):
        return ColumnKind.BOOLEAN
    return ColumnKind.DATETIME if read_times_text(present) is not None else ColumnKind.CATEGORICAL


def text_column(texts: pa.Array, kind: ColumnKind) -> Column:
    """A text column as values of a kind; what is none of it stays text, and is counted as invalid."""
    if kind is ColumnKind.NUMERIC:
        found = _numbers(texts)
        return found if found is not None else objects([_number(value) for value in texts.to_pylist()])
    if kind is ColumnKind.BOOLEAN:
        return objects([value if value is None else _truth(value) for value in texts.to_pylist()])
    if kind is ColumnKind.DATETIME:
        times = read_times_text(texts)
        return times if times is not None else objects(texts.to_pylist())
    return np.asarray(texts.to_numpy(zero_copy_only=False))


def read_times_text(texts: pa.Array) -> Column | None:
    """Times of ISO 8601 text as datetime64[us] in UTC (NaT where missing), None where one is no such text."""
    for kind in (pa.timestamp("us", "UTC"), pa.timestamp("us")):
        try:
            return np.asarray(pc.cast(texts, kind).to_numpy(zero_copy_only=False))
        except pa.ArrowException:
            continue
    return None


def _numbers(texts: pa.Array) -> Column | None:
    try:
        return np.asarray(pc.cast(texts, pa.float64()).to_numpy(zero_copy_only=False))
    except pa.ArrowException:
        return None


def _mostly_numbers(present: pa.Array) -> bool:
    values = present.slice(0, 1_000).to_pylist()
    return 2 * sum(isinstance(_number(value), float) for value in values) > len(values)


def _number(text: str | None) -> Any:
    if text is None:
        return math.nan
    try:
        return float(text)
    except ValueError:
        return text


def _truth(text: str) -> Any:
    return _TRUTHS.get(text.lower(), {"0": 0, "1": 1}.get(text, text))
