"""What the explicit calls refuse: each check names the thing, the value and the fix in a UsageError."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from tidegauge.core.columns import ColumnKind, is_missing, numeric_or_nan
from tidegauge.errors import UsageError
from tidegauge.worker.facts import as_list

MAX_LATENCY_S = 365 * 86_400
METRIC_NAME = re.compile(r"[A-Za-z0-9._-]{1,100}")


def metric_numbers(name: str, values: Any) -> npt.NDArray[np.float64]:
    """The values of a custom metric, NaN where missing; UsageError for a name or values that are none."""
    if not METRIC_NAME.fullmatch(str(name)):
        raise UsageError(f"metric {name!r:.80}: use 1 to 100 letters, digits, '.', '_' and '-'")
    given = as_list(values)
    numbers = numeric_or_nan(given)
    wrong = [one for one, number in zip(given, numbers, strict=True) if math.isnan(number) and not is_missing(one)]
    if wrong:
        raise UsageError(f"metric {name!r}: {wrong[0]!r:.80} is no number")
    return numbers


def nanoseconds_of(latency_s: Any) -> int:
    """Nanoseconds of a latency in seconds; UsageError for what is none."""
    if not is_finite(latency_s) or not 0 <= latency_s <= MAX_LATENCY_S:
        raise UsageError(f"latency_s={latency_s!r:.80}: give seconds, from 0 to {MAX_LATENCY_S:,} (a year)")
    return int(latency_s * 1e9)


def length(values: Any) -> int:
    """How many values are given; a single one counts as one."""
    return len(as_list(values))


def check_length(what: str, values: Any, rows: int, of: str = "rows") -> None:
    """Raise UsageError unless there is one value for each row."""
    if length(values) != rows:
        raise UsageError(f"{length(values)} {what} for {rows} {of}: give one for each")


def check_names(what: str, given: Mapping[str, Any], columns: Mapping[str, Any]) -> None:
    """Raise UsageError for names that are no columns."""
    unknown = [name for name in given if name not in columns]
    if unknown:
        raise UsageError(f"{what} names {unknown[:5]} that are not columns; the columns are {list(columns)[:20]}")


def check_importance(weights: Mapping[str, Any], columns: Mapping[str, Any]) -> None:
    """Raise UsageError for weights that are no numbers, or of no column."""
    check_names("importance", weights, columns)
    for name, weight in weights.items():
        if not is_finite(weight):
            raise UsageError(f"importance[{name!r}]={weight!r:.80}: give a finite number")


def check_edges(
    bins: Mapping[str, Sequence[float]], columns: Mapping[str, Any], kinds: Mapping[str, ColumnKind]
) -> None:
    """Raise UsageError for bin edges that make no bins, or of columns that have none."""
    check_names("bins", bins, columns)
    for name, edges in bins.items():
        given = as_list(edges)
        if not given or not all(map(is_finite, given)) or any(not a < b for a, b in pairwise(given)):
            raise UsageError(f"bins[{name!r}]={given[:8]}: give finite edges in ascending order without repetition")
        if name in kinds and not kinds[name].is_numeric:
            raise UsageError(f"bins[{name!r}]: the column is {kinds[name]}, only numeric ones have edges")


def is_finite(edge: object) -> bool:
    """Whether something is a finite number."""
    return isinstance(edge, (int, float, np.integer, np.floating)) and math.isfinite(edge)


def check_kind(kind: object) -> None:
    """Raise UsageError unless an event's kind is a word."""
    if not isinstance(kind, str) or _KIND.fullmatch(kind) is None:
        raise UsageError(
            f"event(kind={kind!r:.80}): write a word of lower-case letters, digits, '_' and '-', at most 64"
        )


_KIND = re.compile(r"[a-z][a-z0-9_-]{0,63}")
