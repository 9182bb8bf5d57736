"""Kinds of columns, their canonical text, and how a column's raw values are sorted into usable and unusable ones.

Whatever a model is fed (None, NaN, infinities, text among numbers, lists among names) is counted in a place of its own
and never raises.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any

import numpy as np
import numpy.typing as npt

from tidegauge.core.windows import SECOND_US, to_us

MAX_NAME_LENGTH = 128
"""Code points that are kept of a category, a segment value or a column name."""

PREDICTION = "_prediction"
PREDICTION_LABEL = "_prediction_label"
ACTUAL = "_actual"
LATENCY = "_latency"
ERROR = "_error"
ROWS = "_rows"
CONSUMER = "_consumer"
CACHE = "_cache"
SERVICE_COLUMNS = frozenset({LATENCY, ERROR, ROWS, CONSUMER, CACHE})
METRIC_PREFIX = "_metric."
"""A custom metric `basket_value` is profiled as the column `_metric.basket_value`."""
RULE_PREFIX = "_rule."
"""Each humility rule is profiled as the boolean column `_rule.NAME`: true for the rows that it marks."""
_RESERVED = frozenset({PREDICTION, PREDICTION_LABEL, ACTUAL, *SERVICE_COLUMNS})
_RESERVED_PREFIXES = (f"{PREDICTION}.", METRIC_PREFIX, RULE_PREFIX)


def is_reserved(name: str) -> bool:
    """Whether no feature may be called so: it would be counted into a column that is ours."""
    return name in _RESERVED or name.startswith(_RESERVED_PREFIXES)


class ColumnKind(StrEnum):
    """What a column holds, and so how it is profiled."""

    NUMERIC = "numeric"
    CATEGORICAL = "categorical"
    BOOLEAN = "boolean"
    TEXT = "text"
    DATETIME = "datetime"
    VECTOR = "vector"
    LOG_LINEAR = "log_linear"
    UNKNOWN = "unknown"
    """Nothing was ever there to judge by: all rows are missing."""

    @property
    def is_numeric(self) -> bool:
        """Whether the column is profiled by numeric bins and moments."""
        return self in {ColumnKind.NUMERIC, ColumnKind.DATETIME}

    @property
    def is_categorical(self) -> bool:
        """Whether the column is profiled by the names of its values, of which one of unknown kind has none."""
        return self in {ColumnKind.CATEGORICAL, ColumnKind.BOOLEAN, ColumnKind.UNKNOWN}


@dataclass(frozen=True, slots=True)
class NumericValues:
    """A numeric column split up: `finite` (float64, in the order given) and how many values were of no use."""

    finite: npt.NDArray[np.float64]
    missing: int
    non_finite: int
    invalid: int

    @property
    def rows(self) -> int:
        return len(self.finite) + self.missing + self.non_finite + self.invalid


@dataclass(frozen=True, slots=True)
class CategoryCounts:
    """A categorical column split up: rows per canonical name and how many values were of no use."""

    counts: dict[str, int]
    missing: int
    non_finite: int
    invalid: int

    @property
    def rows(self) -> int:
        return sum(self.counts.values()) + self.missing + self.non_finite + self.invalid


_PLAIN_NUMBERS = frozenset({float, int, type(None), np.float64, np.float32, np.int64, np.int32})
_MISSING_TYPES = frozenset({"NAType", "NaTType", "MaskedConstant"})
_NO_NUMBERS = (str, bytes, bytearray, bool, np.bool_, complex, np.complexfloating, np.ndarray)
_BOOLEANS = frozenset({bool, np.bool_})


def is_missing(value: object) -> bool:
    """Whether a value means "nothing here": None, NaN, NaT, pandas' NA, numpy's masked."""
    if value is None or type(value).__name__ in _MISSING_TYPES:
        return True
    if isinstance(value, (float, np.floating)):
        return bool(math.isnan(value))
    if isinstance(value, (np.datetime64, np.timedelta64)):
        return bool(np.isnat(value))
    return isinstance(value, Decimal) and value.is_nan()


def numeric_values(values: npt.NDArray[Any] | Sequence[object]) -> NumericValues:
    """Sort a column's values into finite numbers, missing, non-finite and invalid ones (text, booleans, containers)."""
    if hasattr(values, "__array__"):
        values = np.asarray(values)  # also of a sparse column
        if values.dtype.kind in "iu":
            return NumericValues(values.astype(np.float64), 0, 0, 0)
        if values.dtype.kind == "f":
            with np.errstate(over="ignore"):  # a wider float beyond float64 becomes an infinity, and is counted as one
                return _split_floats(values.astype(np.float64, copy=False))
        if values.dtype.kind in "mM":
            return _split_times(values)
        values = values.tolist()
    try:
        if _PLAIN_NUMBERS.issuperset(map(type, values)):
            return _split_floats(np.array(values, dtype=np.float64))
    except OverflowError:
        pass  # an integer beyond float64: the slow way counts it
    return _split_mixed(values)


def numeric_or_nan(values: npt.NDArray[Any] | Sequence[object]) -> npt.NDArray[np.float64]:
    """The values as float64, in their order; NaN for what is no number or missing."""
    if hasattr(values, "__array__"):
        values = np.asarray(values)  # also of a sparse column
        if values.dtype.kind in "iuf":
            with np.errstate(over="ignore"):  # a wider float beyond float64 becomes an infinity
                return values.astype(np.float64, copy=False)
        if values.dtype.kind in "mM":
            microseconds = values.astype(f"{values.dtype.kind}8[us]").astype(np.int64)
            return np.where(np.isnat(values), math.nan, microseconds / SECOND_US)
    rows = values.tolist() if isinstance(values, np.ndarray) else values
    numbers = (None if is_missing(value) else _as_float(value) for value in rows)
    return np.array([math.nan if number is None else number for number in numbers], dtype=np.float64)


def _split_floats(values: npt.NDArray[np.float64]) -> NumericValues:
    finite = np.isfinite(values)
    usable = int(np.count_nonzero(finite))
    if usable == len(values):
        return NumericValues(values, 0, 0, 0)
    missing = int(np.count_nonzero(np.isnan(values)))
    return NumericValues(values[finite], missing, len(values) - usable - missing, 0)


def _split_times(values: npt.NDArray[Any]) -> NumericValues:
    missing = np.isnat(values)
    seconds = values[~missing].astype(f"{values.dtype.kind}8[us]").astype(np.int64) / SECOND_US
    return NumericValues(seconds, int(np.count_nonzero(missing)), 0, 0)


def _split_mixed(values: Iterable[object]) -> NumericValues:
    finite: list[float] = []
    missing = non_finite = invalid = 0
    for value in values:
        if is_missing(value):
            missing += 1
            continue
        number = _as_float(value)
        if number is None:
            invalid += 1
        elif math.isfinite(number):
            finite.append(number)
        else:
            non_finite += 1
    return NumericValues(np.array(finite, dtype=np.float64), missing, non_finite, invalid)


def _as_float(value: object) -> float | None:
    if isinstance(value, _NO_NUMBERS):
        return None
    try:
        if isinstance(value, datetime):
            return to_us(value) / SECOND_US
        if isinstance(value, timedelta):
            return value.total_seconds()
        if isinstance(value, date):
            return datetime(value.year, value.month, value.day, tzinfo=UTC).timestamp()
        if isinstance(value, (np.datetime64, np.timedelta64)):
            return float(_split_times(np.array([value])).finite[0])
        return float(value)  # type: ignore[arg-type]
    except OverflowError:
        return math.inf
    except Exception:  # noqa: BLE001 - the value's own conversion failed, whatever way: it is no number
        return None


def category_counts(values: npt.NDArray[Any] | Sequence[object], kind: ColumnKind) -> CategoryCounts:
    """Count a column's values by canonical name; containers are invalid, and so is all but true, false, 0, 1 in a boolean column."""
    if isinstance(values, np.ndarray):
        values = values.astype("datetime64[us]") if values.dtype.kind == "M" else values
        rows: Sequence[Any] = values.tolist()
    else:
        rows = values
    tally: Counter[Any]
    try:
        tally = Counter(rows)
    except Exception:  # noqa: BLE001 - some value cannot be hashed, whatever way: look at them one by one
        tally = Counter(map(_hashable, rows))
    if (0 in tally or 1 in tally) and not _BOOLEANS.isdisjoint(map(type, rows)):
        typed = Counter((type(value), _hashable(value)) for value in rows)  # True == 1, but their names differ
        return _named([(key[1], n) for key, n in typed.items()], kind)
    return _named(list(tally.items()), kind)


_CONTAINER = object()


def _hashable(value: object) -> object:
    try:
        hash(value)
    except Exception:  # noqa: BLE001 - what cannot be hashed, whatever way, is no category
        return None if is_missing(value) else _CONTAINER
    return value


def _named(items: list[tuple[object, int]], kind: ColumnKind) -> CategoryCounts:
    counts: dict[str, int] = {}
    missing = non_finite = invalid = 0
    for value, n in items:
        if is_missing(value):
            missing += n
            continue
        if isinstance(value, (float, np.floating, Decimal)) and math.isinf(value):
            non_finite += n
            continue
        name = _boolean_text(value) if kind is ColumnKind.BOOLEAN else canonical_text(value)
        if name is None:
            invalid += n
        else:
            counts[name] = counts.get(name, 0) + n
    return CategoryCounts(counts, missing, non_finite, invalid)


def _boolean_text(value: object) -> str | None:
    try:
        return {0: "false", 1: "true"}.get(value)  # type: ignore[call-overload,no-any-return]
    except TypeError:
        return None


def canonical_text(value: object) -> str | None:
    """A category's one name: strings as they are, integers in decimal, integral floats as integers, booleans true/false.

    A Decimal is named like the equal float where there is one; bytes are read as UTF-8. Equal numbers have equal names.
    Cut at 128 code points; lone surrogates are escaped, so that the name is valid UTF-8. None for what cannot be a category.

    >>> canonical_text(3.0), canonical_text(0.1), canonical_text(True)
    ('3', '0.1', 'true')
    """
    if isinstance(value, bytes):
        value = value.decode("utf-8", "backslashreplace")
    if isinstance(value, str):
        text = value[:MAX_NAME_LENGTH]
        return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()[:MAX_NAME_LENGTH]
    if isinstance(value, (bool, np.bool_)):
        return "true" if value else "false"
    if isinstance(value, (int, np.integer)):
        return _integer_text(int(value))
    if isinstance(value, (float, np.floating)):
        number = float(value)
        return _integer_text(int(number)) if number.is_integer() else repr(number)
    if isinstance(value, Decimal):
        return _decimal_text(value)
    return str(value)[:MAX_NAME_LENGTH] if type(value).__name__ in _NAMED_BY_STR else None


_NAMED_BY_STR = frozenset({"UUID", "date", "datetime", "Timestamp", "datetime64", "time"})


def _decimal_text(value: Decimal) -> str | None:
    if not value.is_finite():
        return str(value)
    number = float(value)
    return canonical_text(number) if number == value else str(value.normalize())[:MAX_NAME_LENGTH]


def _integer_text(value: int) -> str:
    return hex(value)[:MAX_NAME_LENGTH] if value.bit_length() > 1024 else str(value)[:MAX_NAME_LENGTH]
