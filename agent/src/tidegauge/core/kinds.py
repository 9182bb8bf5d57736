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

_LOOK_AT = 1_000
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

    Numbers are numeric, booleans boolean, dates datetime, containers vector; any text among them makes the column categorical.
    """
    if isinstance(values, np.ndarray) and values.dtype.kind in _BY_DTYPE:
        return _BY_DTYPE[values.dtype.kind]
    present = (value for value in values if not is_missing(value))
    kinds = {_kind_of(value) for value in islice(present, _LOOK_AT)}
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


def _kind_of(value: object) -> ColumnKind:
    if isinstance(value, (bool, np.bool_)):
        return ColumnKind.BOOLEAN
    if isinstance(value, (int, float, Decimal, np.integer, np.floating, timedelta)):
        return ColumnKind.NUMERIC
    if isinstance(value, (datetime, np.datetime64)):
        return ColumnKind.DATETIME
    if isinstance(value, (list, tuple, np.ndarray, dict, set)):
        return ColumnKind.VECTOR
    return ColumnKind.CATEGORICAL
