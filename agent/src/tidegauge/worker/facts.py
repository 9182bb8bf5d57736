"""What the rows of a call say besides their features: ids, event times, segments."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import numpy as np
import numpy.typing as npt

from tidegauge.core.columns import canonical_text, is_missing
from tidegauge.core.ids import digest_ids
from tidegauge.core.windows import to_us
from tidegauge.errors import UsageError

MAX_FUTURE_US = 600 * 1_000_000
MAX_SEGMENT_VALUES = 50
OTHER = "other"

Times = npt.NDArray[np.int64]


def as_list(values: Any) -> list[Any]:
    """The values of a list, array, Series or anything that iterates; a single value is a list of one."""
    if isinstance(values, (str, bytes)) or not hasattr(values, "__iter__"):
        return [values]
    return list(values.tolist()) if hasattr(values, "tolist") else list(values)


def read_ids(ids: Any, rows: int) -> bytes:
    """Digests of one id a row (a single id of a single row may stand alone). UsageError where numbers or types are wrong."""
    values = as_list(ids)
    if len(values) != rows:
        raise UsageError(f"{len(values)} prediction ids for {rows} rows: give one id a row")
    return digest_ids(values)


def read_times(times: Any, rows: int) -> Times:
    """Microseconds of one time a row, or one for all: aware or UTC-naive datetimes, numpy or pandas times, ISO text, epoch seconds."""
    if isinstance(times, np.ndarray) and times.dtype.kind == "M":
        read = times.astype("datetime64[us]").astype(np.int64)
    elif hasattr(times, "dt") and hasattr(times, "to_numpy"):
        read = _read_series(times)
    else:
        values = [times] if isinstance(times, (str, datetime)) else as_list(times)
        read = np.array([read_time(value) for value in values], dtype=np.int64)
    read = np.atleast_1d(read)
    if len(read) == 1 and rows != 1:
        return np.repeat(read, rows)
    if len(read) != rows:
        raise UsageError(f"{len(read)} timestamps for {rows} rows: give one time a row, or one for all")
    return read


def _read_series(series: Any) -> Times:
    values = series.dt.tz_convert("UTC").dt.tz_localize(None) if getattr(series.dt, "tz", None) is not None else series
    return np.asarray(values.to_numpy(dtype="datetime64[us]")).astype(np.int64)


def read_time(value: object) -> int:
    """Microseconds of one time."""
    if isinstance(value, datetime):
        return to_us(value.to_pydatetime() if hasattr(value, "to_pydatetime") else value)
    if isinstance(value, np.datetime64) and not np.isnat(value):
        return int(value.astype("datetime64[us]").astype(np.int64))
    if isinstance(value, date):
        return to_us(datetime(value.year, value.month, value.day))  # noqa: DTZ001 - a naive time is taken as UTC
    if isinstance(value, str):
        try:
            return to_us(datetime.fromisoformat(value))
        except ValueError as error:
            raise UsageError(f"timestamp {value!r:.80}: write ISO 8601, e.g. 2026-11-23T13:00:00Z") from error
    if isinstance(value, (int, float, np.number)) and not isinstance(value, bool) and not is_missing(value):
        return int(float(value) * 1e6)
    raise UsageError(f"timestamp {value!r:.80} is a {type(value).__name__}: give datetimes or seconds since 1970")


def clamp_future(times: Times, now_us: int) -> tuple[Times, int]:
    """Times more than 10 minutes ahead become `now_us`; and how many were."""
    ahead = times > now_us + MAX_FUTURE_US
    count = int(np.count_nonzero(ahead))
    return (np.where(ahead, now_us, times) if count else times), count


class SegmentNames:
    """Names of segments, at most 50 values a column; the rest is `other`, and counted."""

    def __init__(self, max_values: int = MAX_SEGMENT_VALUES) -> None:
        self._known: dict[str, set[str]] = {}
        self._max_values = max_values
        self.overflowed_rows = 0

    def names(self, column: str, values: Sequence[Any] | npt.NDArray[Any]) -> list[str]:
        """`column=value` for each row; missing values are `column=missing`."""
        known = self._known.setdefault(column, set())
        cache: dict[Any, str] = {}
        names = []
        for value in values.tolist() if isinstance(values, np.ndarray) else values:
            try:
                name = cache.get((type(value), value))
            except TypeError:
                name = f"{column}={OTHER}"
            if name is None:
                name = cache[type(value), value] = self._name(column, value, known)
            names.append(name)
        self.overflowed_rows += names.count(f"{column}={OTHER}") if len(known) >= self._max_values else 0
        return names

    def _name(self, column: str, value: Any, known: set[str]) -> str:
        text = "missing" if is_missing(value) else canonical_text(value)
        if text is None or (text not in known and len(known) >= self._max_values):
            return f"{column}={OTHER}"
        known.add(text)
        return f"{column}={text}"
