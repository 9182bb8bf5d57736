"""What the rows of a call say besides their features: ids, event times."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import numpy.typing as npt

from tidegauge.core.columns import is_missing
from tidegauge.core.ids import digest_ids
from tidegauge.core.windows import SECOND_US, to_us
from tidegauge.errors import UsageError

EARLIEST_US, LATEST_US = to_us(datetime(1900, 1, 1, tzinfo=UTC)), to_us(datetime(9999, 12, 31, tzinfo=UTC))

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
