"""What kind a column is, judged from its values where nobody stated it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import islice
from typing import Any

import numpy as np
import numpy.typing as npt

from tidegauge.core.columns import ColumnKind, is_missing
from tidegauge.core.derived import MeasuredVector

_LOOK_AT = 1_000
TEXT_CHARACTERS, TEXT_WORDS = 40, 5
"""Strings of at least so many characters and words on average, most of them distinct, are texts; others are categories."""
_BY_DTYPE = {
    "b": ColumnKind.BOOLEAN,
    "i": ColumnKind.NUMERIC,
    "u": ColumnKind.NUMERIC,
    "f": ColumnKind.NUMERIC,
    "M": ColumnKind.DATETIME,
    "m": ColumnKind.NUMERIC,  # seconds
    "U": ColumnKind.CATEGORICAL,
    "S": ColumnKind.CATEGORICAL,
}


def infer_kind(values: npt.NDArray[Any] | Sequence[object]) -> ColumnKind | None:
    """The kind of a column from its dtype or its first 1,000 values that are there; None where nothing is there to judge by.

    Numbers are numeric, booleans boolean, dates datetime, sequences vector; a string among them makes the column categorical, or
    text where all are long, of several words and mostly distinct.
    """
    dtype = getattr(values, "dtype", None)
    if isinstance(dtype, np.dtype) and dtype.kind in _BY_DTYPE and not _may_be_text(dtype):
        return _BY_DTYPE[dtype.kind]
    present = list(islice((value for value in values if not is_missing(value)), _LOOK_AT))
    kinds = {_kind_of(value) for value in present}
    if kinds == {ColumnKind.CATEGORICAL} and are_texts(present):
        return ColumnKind.TEXT
    for kind in (
        ColumnKind.CATEGORICAL,
        ColumnKind.VECTOR,
        ColumnKind.DATETIME,
        ColumnKind.NUMERIC,
        ColumnKind.BOOLEAN,
    ):
        if kind in kinds:
            return kind
    return None


def _may_be_text(dtype: np.dtype[Any]) -> bool:
    return dtype.kind in "US" and dtype.itemsize >= TEXT_CHARACTERS * (4 if dtype.kind == "U" else 1)


def are_texts(values: Sequence[object]) -> bool:
    """Whether values are long strings of several words, most of them distinct."""
    if not values or not all(isinstance(value, (str, bytes)) for value in values):
        return False
    sizes = [_size_of(value) for value in values]
    return (
        sum(length for length, _ in sizes) >= TEXT_CHARACTERS * len(values)
        and sum(words for _, words in sizes) >= TEXT_WORDS * len(values)
        and 2 * len(set(values)) > len(values)
    )


def _size_of(value: Any) -> tuple[int, int]:
    """Length and words, the latter as far as it takes to tell."""
    return len(value), len(value[: TEXT_CHARACTERS * 10].split(None, TEXT_WORDS * 4))


def _kind_of(value: object) -> ColumnKind:
    if isinstance(value, (bool, np.bool_)):
        return ColumnKind.BOOLEAN
    if isinstance(value, (int, float, Decimal, np.integer, np.floating, timedelta)):
        return ColumnKind.NUMERIC
    if isinstance(value, (datetime, np.datetime64)):
        return ColumnKind.DATETIME
    if isinstance(value, (list, tuple, np.ndarray, MeasuredVector)):
        return ColumnKind.VECTOR
    return ColumnKind.CATEGORICAL
