"""What rows say besides their features: ids, times, latencies. What is wrong is a problem of its row."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tidegauge.core.columns import ColumnKind, is_missing
from tidegauge.core.ids import ID_BYTES, digest_id, digest_ids
from tidegauge.core.windows import SECOND_US, to_us
from tidegauge.errors import UsageError
from tidegauge_collector.uploads.problems import BatchProblems, Mask
from tidegauge_collector.uploads.values import Raw, plain_column, read_times_text, text_column

Times = npt.NDArray[np.int64]
Ids = npt.NDArray[np.void]

EARLIEST_US, LATEST_US = to_us(datetime(1900, 1, 1, tzinfo=UTC)), to_us(datetime(9999, 12, 31, tzinfo=UTC))
MAX_LATENCY_S = 86_400.0
TIME_FIX = "write ISO 8601, such as 2026-11-23T13:00:00Z, or seconds since 1970"
ID_FIX = "write text or a whole number"
LATENCY_FIX = "write seconds, 0 or more, at most a day"


def listed(raw: Raw) -> list[Any]:
    """The values as Python has them."""
    return raw if isinstance(raw, list) else raw.to_pylist()


def read_ids(raw: Raw, column: str, problems: BatchProblems) -> tuple[Ids, Mask]:
    """Digests of 16 bytes, and which rows have one; a missing id is no problem."""
    values = listed(raw)
    try:
        found = digest_ids(values)
        return np.frombuffer(found, dtype=f"V{ID_BYTES}"), np.ones(len(values), dtype=bool)
    except UsageError:
        pass  # one by one: which is missing, and which is wrong
    digests, has_id = [], np.zeros(len(values), dtype=bool)
    for row, value in enumerate(values):
        digests.append(bytes(ID_BYTES))
        if is_missing(value):
            continue
        try:
            digests[row], has_id[row] = digest_id(value), True
        except UsageError:
            problems.add(row, column, value, ID_FIX)
    return np.frombuffer(b"".join(digests), dtype=f"V{ID_BYTES}"), has_id


def read_times(raw: Raw, column: str, problems: BatchProblems) -> Times:
    """Microseconds of one time a row; 0 where there is a problem."""
    times = _times_at_once(raw)
    if times is None or bool(((times < EARLIEST_US) | (times > LATEST_US)).any()):
        return _times_one_by_one(listed(raw), column, problems)
    return times


def _times_at_once(raw: Raw) -> Times | None:
    if isinstance(raw, list):
        return None
    if pa.types.is_dictionary(raw.type):
        raw = raw.dictionary_decode()
    if raw.null_count:
        return None
    if pa.types.is_string(raw.type) or pa.types.is_large_string(raw.type):
        found = read_times_text(raw)
        return None if found is None else found.astype("datetime64[us]").astype(np.int64)
    values = plain_column(raw)
    if values.dtype.kind == "M":
        return values.astype("datetime64[us]").astype(np.int64)
    if values.dtype.kind not in "iuf":
        return None
    seconds = np.clip(np.nan_to_num(values.astype(np.float64), nan=-1e12), -1e12, 1e12)
    return (seconds * SECOND_US).astype(np.int64)


def _times_one_by_one(values: Sequence[Any], column: str, problems: BatchProblems) -> Times:
    times = np.zeros(len(values), dtype=np.int64)
    for row, value in enumerate(values):
        found = _time(value)
        if found is None or not EARLIEST_US <= found <= LATEST_US:
            problems.add(row, column, value, TIME_FIX)
        else:
            times[row] = found
    return times


def _time(value: Any) -> int | None:
    if is_missing(value) or isinstance(value, bool):
        return None
    if isinstance(value, datetime):
        return to_us(value)
    if isinstance(value, date):
        return to_us(datetime(value.year, value.month, value.day, tzinfo=UTC))
    try:
        if isinstance(value, str) and not _is_number(value):
            return to_us(datetime.fromisoformat(value))
        return int(min(max(float(value), -1e12), 1e12) * SECOND_US)
    except (ValueError, TypeError, OverflowError):
        return None


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def read_latencies(raw: Raw, column: str, problems: BatchProblems, *, is_text: bool) -> Times:
    """Nanoseconds a row; -1 where it is not known."""
    seconds = read_numbers(raw, column, LATENCY_FIX, problems, is_text=is_text)
    known = ~np.isnan(seconds)
    for row in np.flatnonzero(known & ~((seconds >= 0) & (seconds <= MAX_LATENCY_S))).tolist():
        problems.add(row, column, float(seconds[row]), LATENCY_FIX)
        seconds[row] = 0.0
    return np.where(known, np.rint(np.nan_to_num(seconds) * 1e9), -1).astype(np.int64)


def read_numbers(raw: Raw, column: str, fix: str, problems: BatchProblems, *, is_text: bool) -> npt.NDArray[np.float64]:
    """One number a row, NaN where missing; what is no number is a problem."""
    values = text_column(raw, ColumnKind.NUMERIC) if is_text and not isinstance(raw, list) else plain_column(raw)
    if values.dtype.kind in "iuf":
        return values.astype(np.float64)
    numbers = np.full(len(values), np.nan)
    for row, value in enumerate(values.tolist()):
        if is_missing(value):
            continue
        number = _as_number(value)
        if number is None:
            problems.add(row, column, value, fix)
        else:
            numbers[row] = number
    return numbers


def _as_number(value: Any) -> float | None:
    if isinstance(value, (bool, str, bytes)):
        return None
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return None
