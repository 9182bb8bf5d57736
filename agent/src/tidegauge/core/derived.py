"""Columns that no profile takes as they are, as numbers that one does: texts by length and words, vectors by norm, mean and dimensions.

What is no text in a text column, or no numbers in a vector, becomes `INVALID`, which a numeric profile counts as such.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tidegauge.core.columns import ColumnKind, is_missing, numeric_values

Column = npt.NDArray[Any]

PARTS: Mapping[ColumnKind, tuple[str, ...]] = {
    ColumnKind.TEXT: ("length", "words"),
    ColumnKind.VECTOR: ("norm", "mean", "dimensions"),
}
INVALID = "invalid"
READ_CHARACTERS = 65_536
"""Of a longer text only so many are searched for words; its length is always the whole."""
_AT_ONCE = 32

Number = float | str | None


class MeasuredText(str):
    """The beginning of a long text, which knows the length and words of the whole."""

    __slots__ = ("length", "words")
    length: int
    words: int


@dataclass(frozen=True, slots=True)
class MeasuredVector:
    """Stands for a long vector whose numbers are not kept."""

    norm: Number
    mean: Number
    dimensions: Number


def measured_text(text: str, kept: int) -> MeasuredText:
    """The first `kept` characters, with the measures of the whole."""
    short = MeasuredText(text[:kept])
    length, words = _measure_text(text)
    short.length, short.words = int(length or 0), int(words or 0)
    return short


def measured_vector(values: Any) -> MeasuredVector:
    """The measures of a vector, without the vector."""
    return MeasuredVector(*_measure_vector(values))


def derive(
    columns: Mapping[str, Column], kinds: Mapping[str, ColumnKind], breathe: Callable[[], None] = lambda: None
) -> tuple[dict[str, Column], dict[str, ColumnKind]]:
    """The columns with texts and vectors replaced by numbers (`note` by `note.length` and `note.words`), and the kinds of those.

    A column that is there under a derived name already stays what it is.
    """
    if not any(kinds.get(name) in PARTS for name in columns):
        return dict(columns), {}
    found: dict[str, Column] = {}
    new: dict[str, ColumnKind] = {}
    for name, values in columns.items():
        kind = kinds.get(name)
        if kind is None or kind not in PARTS:
            found[name] = values
            continue
        for part, numbers in zip(PARTS[kind], _measures(values, kind, breathe), strict=True):
            derived = f"{name}.{part}"
            if derived not in columns:
                found[derived] = numbers
                new[derived] = ColumnKind.NUMERIC
    return found, new


def take_over(kinds: dict[str, ColumnKind], known: Mapping[str, ColumnKind], stated: Mapping[str, ColumnKind]) -> None:
    """Let the kinds of a baseline's columns hold in `kinds`, but for those that were stated; where it has `note.length` and
    `note.words`, `note` is a text."""
    known = {**sources(known), **known}
    for name, kind in known.items():
        if name in stated:
            continue
        for part in PARTS.get(kinds.get(name, kind), ()):
            if kinds.get(name) is not kind and f"{name}.{part}" not in known:
                kinds.pop(f"{name}.{part}", None)
        kinds[name] = kind


def sources(kinds: Mapping[str, ColumnKind]) -> dict[str, ColumnKind]:
    """The columns that derived ones among `kinds` were made of, where they are not there themselves."""
    found = {}
    for kind, parts in PARTS.items():
        ending = f".{parts[0]}"
        for name in (one.removesuffix(ending) for one in kinds if one.endswith(ending)):
            if name not in kinds and all(f"{name}.{part}" in kinds for part in parts):
                found[name] = kind
    return found


def _measures(values: Column, kind: ColumnKind, breathe: Callable[[], None]) -> list[Column]:
    measure = _measure_text if kind is ColumnKind.TEXT else _measure_vector
    rows: list[tuple[Number, ...]] = []
    nothing = (None,) * len(PARTS[kind])
    for start in range(0, len(values), _AT_ONCE):
        part = values[start : start + _AT_ONCE]
        rows += [
            nothing if _is_nothing(value) else measure(value) for value in (part if values.ndim > 1 else part.tolist())
        ]
        breathe()
    return [_numbers(column) for column in zip(*rows, strict=True)] if rows else [np.empty(0) for _ in nothing]


def _is_nothing(value: object) -> bool:
    return not isinstance(value, (str, bytes, list, tuple, np.ndarray)) and is_missing(value)


def _numbers(values: Sequence[Number]) -> Column:
    if any(type(value) is str for value in values):
        column = np.empty(len(values), dtype=object)
        column[:] = values
        return column
    return np.array(values, dtype=np.float64)  # None becomes NaN


def _measure_text(value: object) -> tuple[Number, ...]:
    if isinstance(value, MeasuredText):
        return value.length, value.words
    if isinstance(value, bytes):
        value = value.decode("utf-8", "backslashreplace")
    if not isinstance(value, str):
        return INVALID, INVALID
    return len(value), len(value[:READ_CHARACTERS].split())


def _measure_vector(value: object) -> tuple[Number, ...]:
    if isinstance(value, MeasuredVector):
        return value.norm, value.mean, value.dimensions
    if not isinstance(value, (list, tuple, np.ndarray)):
        return INVALID, INVALID, INVALID
    numbers = _vector(value)
    if numbers is None:
        return INVALID, INVALID, len(value)
    with np.errstate(over="ignore", invalid="ignore"):
        norm, mean = float(np.sqrt(np.dot(numbers, numbers))), float(numbers.sum() / max(1, len(numbers)))
    if not np.isfinite(norm + mean):
        norm = mean = np.inf  # a component that is not finite, or a sum beyond float64: counted as non-finite
    return norm, mean if len(numbers) else None, len(numbers)


def _vector(value: Any) -> npt.NDArray[np.float64] | None:
    """The numbers of a vector in one dimension; None where something else is among them."""
    try:
        array = np.asarray(value)
    except (ValueError, TypeError, OverflowError):
        return None
    if array.dtype.kind in "iufb":
        with np.errstate(over="ignore"):  # a wider float beyond float64 becomes an infinity
            return array.reshape(-1).astype(np.float64, copy=False)
    split = numeric_values(array.reshape(-1).tolist())
    if split.invalid:
        return None
    return split.finite if len(split.finite) == split.rows else np.full(split.rows, np.inf)
