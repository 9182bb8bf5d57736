"""Which stretch of time a page shows. Pure: the data's extent comes in, no clock is read.

Ranges end where the data ends, not now, so that a replay of last year opens on its data and a live deployment opens on today.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

CHOICES = ("24h", "7d", "30d", "90d", "all", "custom")
_SPANS = {"24h": timedelta(hours=24), "7d": timedelta(days=7), "30d": timedelta(days=30), "90d": timedelta(days=90)}
_HOURLY_UP_TO = timedelta(hours=49)


@dataclass(frozen=True, slots=True)
class Range:
    """A half-open stretch in UTC, aligned to `step` in the deployment's zone; `problem` is the text key of a bad wish."""

    choice: str
    start: datetime
    end: datetime
    problem: str | None = None

    @property
    def step(self) -> str:
        """Drift and accuracy: days, since an hour's mix differs from a day's on healthy data; hours only for a day or two."""
        return "hour" if self.end - self.start <= _HOURLY_UP_TO else "day"


def choose_range(query: Mapping[str, str], data_start: datetime, data_end: datetime, *, zone: ZoneInfo) -> Range:
    """The range that `range=`, `start=` and `end=` ask for; else the whole extent.

    They are days of `zone`, the last one included, or minutes, the last one not.
    """
    choice = query.get("range", "all")
    if choice in _SPANS:
        return _trailing(choice, data_end, zone)
    everything = _aligned("all", data_start, _just_after(data_end), zone)
    if choice == "custom":
        return _custom(query, everything, zone)
    if choice != "all":
        return Range("all", everything.start, everything.end, problem="range.unknown")
    return everything


def _trailing(choice: str, data_end: datetime, zone: ZoneInfo) -> Range:
    if choice == "24h":
        end = _hour_ceiling(_just_after(data_end))
        return Range(choice, end - _SPANS[choice], end)
    end = _day_ceiling(_just_after(data_end), zone)
    first_day = end.astimezone(zone).date() - _SPANS[choice]
    return Range(choice, _midnight(first_day, zone), end)


def _custom(query: Mapping[str, str], everything: Range, zone: ZoneInfo) -> Range:
    """Cut to the data's extent: nobody can ask for a thousand years of empty days."""
    try:
        start = _edge(query.get("start", ""), zone, default=everything.start)
        end = _edge(query.get("end", ""), zone, default=everything.end, is_end=True)
    except (ValueError, OverflowError):
        return Range("all", everything.start, everything.end, problem="range.bad_date")
    if start >= end:
        return Range("all", everything.start, everything.end, problem="range.reversed")
    start, end = max(start, everything.start), min(end, everything.end)
    if start >= end:
        return Range("all", everything.start, everything.end, problem="range.outside")
    return Range("custom", start, end)


def _edge(text: str, zone: ZoneInfo, *, default: datetime, is_end: bool = False) -> datetime:
    """`2026-01-31` is a whole day of the zone, `2026-01-31T10:00` that minute; ValueError for anything else."""
    if not text:
        return default
    if len(text) <= len("2026-01-31"):
        day = date.fromisoformat(text)
        return _midnight(day + timedelta(days=1) if is_end else day, zone)
    return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)


def _aligned(choice: str, start: datetime, end: datetime, zone: ZoneInfo) -> Range:
    if end - start <= timedelta(hours=48):
        return Range(choice, start.replace(minute=0, second=0, microsecond=0), _hour_ceiling(end))
    return Range(choice, _midnight(start.astimezone(zone).date(), zone), _day_ceiling(end, zone))


def _just_after(moment: datetime) -> datetime:
    """An extent names its last event; the half-open range must still hold it."""
    return moment + timedelta(microseconds=1)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)


def _day_ceiling(moment: datetime, zone: ZoneInfo) -> datetime:
    floor = _midnight(moment.astimezone(zone).date(), zone)
    return floor if floor >= moment else _midnight(moment.astimezone(zone).date() + timedelta(days=1), zone)


def _hour_ceiling(moment: datetime) -> datetime:
    floor = moment.replace(minute=0, second=0, microsecond=0)
    return floor if floor >= moment else floor + timedelta(hours=1)
