"""How times, counts and values are written: the same in both languages, always with their unit or zone."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_RATES = ("rate", "ratio", "coverage", "accuracy", "availability", "share", "budget")


def moment(text: str) -> datetime:
    """An RFC 3339 time of the API as an aware datetime; ValueError for anything else."""
    parsed = datetime.fromisoformat(text)
    if parsed.tzinfo is None:
        raise ValueError(f"time {text!r} has no zone; the API writes RFC 3339 in UTC")
    return parsed


def rfc3339(value: datetime) -> str:
    """The API's way to write an aware UTC time."""
    return value.isoformat().replace("+00:00", "Z")


def zone_of(name: str) -> ZoneInfo:
    """The deployment's zone, or UTC where this machine's zone data does not know its name."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def when(text: str | None, zone: ZoneInfo) -> str:
    """`2013-09-27 14:05` in `zone`; an en dash for no time."""
    return moment(text).astimezone(zone).strftime("%Y-%m-%d %H:%M") if text else "–"


def span(start: str, end: str, zone: ZoneInfo) -> str:
    """A half-open window in `zone`: `2013-09-27` for a whole local day, `2013-09-21 – 2013-09-27` for several, else with its times."""
    first, last = (moment(text).astimezone(zone) for text in (start, end))
    if _is_midnight(first) and _is_midnight(last):
        days = (first.date(), (last - timedelta(seconds=1)).date())
        return " – ".join(day.isoformat() for day in dict.fromkeys(days))
    ending = "%H:%M" if first.date() == last.date() else "%Y-%m-%d %H:%M"
    return f"{first:%Y-%m-%d %H:%M} – {last.strftime(ending)}"


def _is_midnight(value: datetime) -> bool:
    return (value.hour, value.minute, value.second, value.microsecond) == (0, 0, 0, 0)


def count(value: float | None) -> str:
    """Digits in groups of three; an en dash for nothing known."""
    return "–" if value is None else f"{value:,.0f}"


def value_of(metric: str, value: float | None) -> str:
    """A measured value with the precision and unit of its metric: rates and shares in percent, latencies in milliseconds."""
    if value is None:
        return "–"
    if any(part in _RATES for part in metric.split("_")):
        return f"{100 * value:.1f} %"
    if metric.startswith("latency"):
        return f"{1000 * value:.3g} ms"
    return f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}"


def duration(seconds: float) -> tuple[str, int]:
    """Seconds as (unit, count) in the largest unit of which there is at least one: `("minute", 12)`."""
    for size, unit in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= size:
            return unit, round(seconds / size)
    return "second", round(seconds)
