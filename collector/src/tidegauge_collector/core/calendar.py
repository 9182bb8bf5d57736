"""Hours of the week and times of digests, in a zone. Times are microseconds since the epoch; summer time is the zone's affair."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
HOUR_US = 3_600_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_HOURS = re.compile(r"(?:(?P<days>[A-Za-z,-]+) )?(?P<start>\d\d:\d\d)-(?P<end>\d\d:\d\d) (?P<zone>\S+)")
_DAILY = re.compile(r"daily (?P<time>\d\d:\d\d) (?P<zone>\S+)")
_UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_DURATION = re.compile(r"(\d{1,9})\s*([smhd])")


@dataclass(frozen=True, slots=True)
class Hours:
    """Some hours on some days of each week; where they end before they begin, they end on the day after."""

    days: frozenset[int]
    start: int  # minutes of the day
    end: int
    zone: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """From `Mon-Fri 09:00-18:00 Europe/Berlin`, `Sat,Sun 00:00-24:00 UTC` or `22:00-06:00 UTC`; raises ValueError."""
        found = _HOURS.fullmatch(text.strip())
        if found is None:
            raise ValueError("write days, hours and a zone, e.g. Mon-Fri 09:00-18:00 Europe/Berlin")
        start, end = _minutes(found["start"]), _minutes(found["end"])
        if start in (end, 24 * 60):
            raise ValueError(f"{found['start']}-{found['end']} has no length: write 00:00-24:00 for whole days")
        return cls(_days(found["days"] or "Mon-Sun"), start, end, _zone(found["zone"]))

    def __str__(self) -> str:
        """As `parse` reads it."""
        return f"{_runs(self.days)} {_clock(self.start)}-{_clock(self.end)} {self.zone}"

    def contains(self, at_us: int) -> bool:
        """Is it within the hours? Their end is not."""
        local = _local(at_us, self.zone)
        return any(
            start <= at_us < end
            for start, end in (self._span(local.date() + timedelta(days=shift)) or (0, 0) for shift in (-1, 0))
        )

    def next_start_us(self, at_us: int) -> int:
        """When they next begin, after `at_us`."""
        return min(start for start, _ in self._spans(at_us) if start > at_us)

    def end_us(self, at_us: int) -> int:
        """When those hours end that `at_us` is within."""
        return max(end for start, end in self._spans(at_us) if start <= at_us < end)

    def _spans(self, at_us: int) -> list[tuple[int, int]]:
        today = _local(at_us, self.zone).date()
        found = (self._span(today + timedelta(days=shift)) for shift in range(-1, 9))
        return [one for one in found if one is not None]

    def _span(self, day: date) -> tuple[int, int] | None:
        if day.weekday() not in self.days:
            return None
        end = self.end if self.end > self.start else self.end + 24 * 60
        return _at(day, self.start, self.zone), _at(day, end, self.zone)


@dataclass(frozen=True, slots=True)
class Digest:
    """The times at which something is told: each full hour, or a time of each day in a zone."""

    minute: int | None = None  # of the day; None: each full hour
    zone: str = "UTC"

    @classmethod
    def parse(cls, text: str) -> Self:
        """From `hourly` or `daily 09:00 Europe/Berlin`; raises ValueError."""
        if text.strip() == "hourly":
            return cls()
        found = _DAILY.fullmatch(text.strip())
        if found is None:
            raise ValueError("write hourly, or daily with a time and a zone, e.g. daily 09:00 Europe/Berlin")
        minute = _minutes(found["time"])
        if minute == 24 * 60:
            raise ValueError("24:00 is no time of a day: write 00:00")
        return cls(minute, _zone(found["zone"]))

    def __str__(self) -> str:
        """As `parse` reads it."""
        return "hourly" if self.minute is None else f"daily {_clock(self.minute)} {self.zone}"

    def next_us(self, after_us: int) -> int:
        """The next time after `after_us`."""
        if self.minute is None:
            return (after_us // HOUR_US + 1) * HOUR_US
        today = _local(after_us, self.zone).date()
        times = (_at(today + timedelta(days=shift), self.minute, self.zone) for shift in range(-1, 3))
        return min(one for one in times if one > after_us)

    def is_time(self, at_us: int) -> bool:
        """Is it one of the times?"""
        return self.next_us(at_us - 1) == at_us


def duration_us(value: object) -> int:
    """Microseconds of `30s`, `5m`, `12h`, `2d`, or of a number of seconds; raises ValueError."""
    if isinstance(value, str):
        found = _DURATION.fullmatch(value.strip())
        if found is not None:
            return int(found[1]) * _UNITS[found[2]] * 1_000_000
    elif isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1e9:
        return round(value * 1_000_000)
    raise ValueError("write a duration such as 30s, 5m, 12h or 2d")


def _minutes(text: str) -> int:
    hours, minutes = int(text[:2]), int(text[3:])
    if minutes > 59 or hours * 60 + minutes > 24 * 60:
        raise ValueError(f"{text} is no time of a day: write 00:00 to 24:00")
    return hours * 60 + minutes


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def _runs(days: frozenset[int]) -> str:
    """Three or more days after one another as a range."""
    runs: list[list[int]] = []
    for day in sorted(days):
        if runs and day == runs[-1][-1] + 1:
            runs[-1].append(day)
        else:
            runs.append([day])
    named = [[DAYS[day] for day in run] for run in runs]
    return ",".join(f"{run[0]}-{run[-1]}" if len(run) > 2 else ",".join(run) for run in named)


def _days(text: str) -> frozenset[int]:
    found: set[int] = set()
    for part in text.split(","):
        first, _, last = part.partition("-")
        if first not in DAYS or (last and last not in DAYS):
            raise ValueError(f"{part} are no days: write {', '.join(DAYS)}, or a range such as Mon-Fri")
        start, end = DAYS.index(first), DAYS.index(last or first)
        found |= {day % 7 for day in range(start, end + 1 if end >= start else end + 8)}
    return frozenset(found)


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as problem:
        raise ValueError(f"{name} is no time zone: write one such as Europe/Berlin or UTC") from problem
    return name


def _local(at_us: int, zone: str) -> datetime:
    return (_EPOCH + timedelta(microseconds=at_us)).astimezone(ZoneInfo(zone))


def _at(day: date, minute: int, zone: str) -> int:
    wall = datetime.combine(day, time()) + timedelta(minutes=minute)
    return (wall.replace(tzinfo=ZoneInfo(zone)) - _EPOCH) // timedelta(microseconds=1)
