"""The grid of time: half-open windows of minutes and hours in UTC, days in a deployment's time zone.

All times are whole microseconds since 1970-01-01T00:00:00Z.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

import numpy as np
import numpy.typing as npt

Times = npt.NDArray[np.int64]

SECOND_US = 1_000_000
MINUTE_US = 60 * SECOND_US
HOUR_US = 60 * MINUTE_US
DAY_US = 24 * HOUR_US
MAX_FUTURE_US = 10 * MINUTE_US

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, order=True)
class Window:
    """The times t with start_us <= t < end_us."""

    start_us: int
    end_us: int

    @property
    def length_s(self) -> int:
        return (self.end_us - self.start_us) // SECOND_US


def window_start(time_us: int, length_us: int) -> int:
    """Start of the grid window of `length_us` (a divisor of a day) that holds `time_us`."""
    return time_us - time_us % length_us


def to_datetime(time_us: int) -> datetime:
    """The instant as an aware datetime in UTC."""
    return _EPOCH + timedelta(microseconds=time_us)


def to_us(when: datetime) -> int:
    """Microseconds of an aware datetime; a naive one is taken as UTC."""
    aware = when if when.tzinfo is not None else when.replace(tzinfo=UTC)
    return (aware - _EPOCH) // timedelta(microseconds=1)


def day_start(time_us: int, zone: tzinfo) -> int:
    """Start of the local day that holds `time_us`."""
    local = to_datetime(time_us).astimezone(zone)
    return to_us(datetime(local.year, local.month, local.day, tzinfo=zone))


def next_day(start_us: int, zone: tzinfo) -> int:
    """Start of the local day after the one that starts at `start_us` (23, 24 or 25 hours later)."""
    local = to_datetime(start_us).astimezone(zone)
    following = datetime(local.year, local.month, local.day, tzinfo=zone) + timedelta(days=1)
    return to_us(datetime(following.year, following.month, following.day, tzinfo=zone))


def days(start_us: int, end_us: int, zone: tzinfo) -> Iterator[Window]:
    """The local days that overlap [start_us, end_us), whole."""
    start = day_start(start_us, zone)
    while start < end_us:
        end = next_day(start, zone)
        yield Window(start, end)
        start = end


def clamp_future(times_us: Times, now_us: int) -> tuple[Times, npt.NDArray[np.bool_]]:
    """Times more than 10 minutes ahead become `now_us`; and which were."""
    ahead = times_us > now_us + MAX_FUTURE_US
    return np.where(ahead, now_us, times_us), ahead
