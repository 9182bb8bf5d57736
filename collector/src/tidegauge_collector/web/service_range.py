"""Which stretch of arrival time the service charts show. Pure.

Drift and accuracy lie in event time, service figures in arrival time: a replay of last year arrives today. Where nothing arrived in
the chosen range, the charts show when it did arrive, and the page says so.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from .ranges import Range

_BY_MINUTE_UP_TO = timedelta(hours=6)
_BY_HOUR_UP_TO = timedelta(days=8, hours=1)  # a week of local days that lose an hour to summer time, and the hour begun
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class ServiceRange:
    """A half-open stretch in UTC on whole minutes.

    `why`: it lies in the `chosen` range; or nothing arrived there, since the data was `replayed` after its time, or arrived `elsewhere`.
    """

    start: datetime
    end: datetime
    why: Literal["chosen", "replayed", "elsewhere"]

    @property
    def step(self) -> Literal["minute", "hour", "day"]:
        """Minutes up to 6 hours, hours up to 8 days, else days."""
        length = self.end - self.start
        if length <= _BY_MINUTE_UP_TO:
            return "minute"
        return "hour" if length <= _BY_HOUR_UP_TO else "day"


def choose_service_range(picked: Range, first: datetime, last: datetime, *, data_end: datetime) -> ServiceRange:
    """What of `picked` lies between the first and the last arrival; all arrivals where that is nothing.

    `data_end` is the newest event time: data that arrived only after it was replayed.
    """
    start = first.replace(second=0, microsecond=0)
    end = last.replace(second=0, microsecond=0) + _MINUTE
    if start < picked.end and picked.start < end:
        return ServiceRange(max(start, picked.start), min(end, picked.end), "chosen")
    return ServiceRange(start, end, "replayed" if first > data_end else "elsewhere")
