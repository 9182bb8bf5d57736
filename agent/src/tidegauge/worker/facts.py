"""What the rows of a call say besides their features: ids, event times, segments."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import numpy.typing as npt

from tidegauge.core.columns import canonical_text, is_missing
from tidegauge.core.ids import digest_ids
from tidegauge.core.windows import SECOND_US, to_us
from tidegauge.errors import UsageError

MAX_FUTURE_US = 600 * SECOND_US
EARLIEST_US, LATEST_US = to_us(datetime(1900, 1, 1, tzinfo=UTC)), to_us(datetime(9999, 12, 31, tzinfo=UTC))
MAX_SEGMENT_VALUES = 50
OTHER = "other"

_BOOLEANS = frozenset({bool, np.bool_})

Times = npt.NDArray[np.int64]


def as_list(values: Any) -> list[Any]:
    """The values of a list, an array of any library, a Series or anything that iterates; a single value is a list of one.

    Of a table with a single column: those of the column.
    """
    if isinstance(values, (str, bytes)) or not hasattr(values, "__iter__"):
        return [values]
    if getattr(values, "ndim", 1) == 2 and values.shape[1] == 1:
        values = values.iloc[:, 0] if hasattr(values, "iloc") else values[:, 0]
    for name in ("tolist", "to_pylist", "to_list"):  # of numpy and pandas, of Arrow, of polars
        if hasattr(values, name):
            found = getattr(values, name)()
            return found if isinstance(found, list) else [found]
    return list(values)


def read_ids(ids: Any, rows: int, key: bytes = b"") -> bytes:
    """Digests of one id a row (a single id of a single row may stand alone), under the `key` of ids where there is one.

    UsageError where numbers or types are wrong.
    """
    values = as_list(ids)
    if len(values) != rows:
        raise UsageError(f"{len(values)} prediction ids for {rows} rows: give one id a row")
    return digest_ids(values, key)


def read_times(times: Any, rows: int) -> Times:
    """Microseconds of one time a row, or one for all: aware or UTC-naive datetimes, numpy or pandas times, ISO text, epoch seconds."""
    if hasattr(times, "to_numpy") and getattr(getattr(times, "dtype", None), "kind", "") == "M":
        times = times.to_numpy(dtype="datetime64[us]")  # a time zone is taken into account
    if isinstance(times, np.ndarray) and times.dtype.kind == "M":
        read = np.atleast_1d(times.astype("datetime64[us]").astype(np.int64))
    else:
        values = [times] if isinstance(times, (str, datetime)) else as_list(times)
        read = np.array([read_time(value) for value in values], dtype=np.int64)
    _check_times(read)
    if len(read) == 1 and rows != 1:
        return np.repeat(read, rows)
    if len(read) != rows:
        raise UsageError(f"{len(read)} timestamps for {rows} rows: give one time a row, or one for all")
    return read


def _check_times(times: Times) -> None:
    wrong = times[(times < EARLIEST_US) | (times > LATEST_US)]
    if len(wrong):
        raise UsageError(
            f"timestamp {int(wrong[0])} us since 1970 is missing or outside of the years 1900 to 9999: "
            "give datetimes or seconds (not milliseconds) since 1970"
        )


def read_time(value: object) -> int:
    """Microseconds of one time."""
    if is_missing(value):
        raise UsageError(f"timestamp {value!r:.80} is a {type(value).__name__}: give datetimes or seconds since 1970")
    if isinstance(value, datetime):
        return to_us(value)
    if isinstance(value, np.datetime64):
        return int(value.astype("datetime64[us]").astype(np.int64))
    if isinstance(value, date):
        return to_us(datetime(value.year, value.month, value.day))  # noqa: DTZ001 - a naive time is taken as UTC
    if isinstance(value, str):
        try:
            return to_us(datetime.fromisoformat(value))
        except ValueError as error:
            raise UsageError(f"timestamp {value!r:.80}: write ISO 8601, e.g. 2026-11-23T13:00:00Z") from error
    if isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool):
        return int(min(max(float(value), -1e12), 1e12) * SECOND_US)  # what is too far is refused later
    raise UsageError(f"timestamp {value!r:.80} is a {type(value).__name__}: give datetimes or seconds since 1970")


def clamp_future(times: Times, now_us: int) -> tuple[Times, int]:
    """Times more than 10 minutes ahead become `now_us`; and how many were."""
    ahead = times > now_us + MAX_FUTURE_US
    count = int(np.count_nonzero(ahead))
    return (np.where(ahead, now_us, times) if count else times), count


class SegmentNames:
    """Names of segments, at most `max_values` a column; the rest is `other`, and counted."""

    def __init__(self, max_values: int = MAX_SEGMENT_VALUES) -> None:
        self._known: dict[str, set[str]] = {}
        self._most = self._max_values = max_values
        self.overflowed_rows = 0

    def limit(self, max_values: int) -> None:
        """From now on take up new values only below so many (values taken up before stay)."""
        self._max_values = min(max_values, self._most)

    def names(self, column: str, values: Sequence[Any] | npt.NDArray[Any]) -> list[str]:
        """`column=value` for each row; missing values are `column=missing`."""
        rows = values.tolist() if isinstance(values, np.ndarray) else list(values)
        has_booleans = not _BOOLEANS.isdisjoint(map(type, rows))  # True == 1, but they are different segments
        try:
            keys = list(zip(map(type, rows), rows, strict=True)) if has_booleans else rows
            cache = {key: self._name(column, key[1] if has_booleans else key) for key in dict.fromkeys(keys)}
            names = [cache[key] for key in keys]
        except TypeError:  # a list, or something else that cannot be told apart by its hash
            names = [self._name(column, value) for value in rows]
        if OTHER not in self._known.get(column, ()):
            self.overflowed_rows += names.count(f"{column}={OTHER}")
        return names

    def crossed(self, column: str, parts: Sequence[Sequence[str]]) -> list[str]:
        """Names of a declared intersection `a&b` from the names of its parts: `a=1&b=2`, at most as many as of a column."""
        known = self._known.setdefault(column, set())
        names = []
        for row in zip(*parts, strict=True):
            text = "&".join(row)
            if text not in known and len(known) >= self._max_values:
                text = f"{column}={OTHER}"
                self.overflowed_rows += 1
            known.add(text)
            names.append(text)
        return names

    def _name(self, column: str, value: Any) -> str:
        known = self._known.setdefault(column, set())
        text = "missing" if is_missing(value) else canonical_text(value)
        if text is None or (text not in known and len(known) >= self._max_values):
            return f"{column}={OTHER}"
        known.add(text)
        return f"{column}={text}"
