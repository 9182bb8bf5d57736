"""How times, counts and values are written: times as the reader's language writes them, always with their unit or zone.

The patterns of dates stand in the catalogues (`format`), so that the browser writes them alike.
"""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from .catalogue import Text
from .metrics import PERCENTS

_UNITS = ((86_400, "day"), (3_600, "hour"), (60, "minute"))
_SECOND = (1, "second")


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


def day(value: date, t: Text) -> str:
    """`27 Sep 2013`, or `2013/09/27`, as the language writes it."""
    month = t("format.months").split()[value.month - 1]
    return t("format.day", year=f"{value:%Y}", month=month, mm=f"{value:%m}", dd=f"{value:%d}", d=value.day)


def minute(value: datetime, t: Text) -> str:
    """`27 Sep 2013 14:05`, of the zone that `value` is in."""
    return f"{day(value, t)} {value:%H:%M}"


def when(text: str | None, zone: ZoneInfo, t: Text) -> str:
    """A time of the API in `zone`, to the minute; an en dash for no time."""
    return minute(moment(text).astimezone(zone), t) if text else "–"


def on_day(text: str, zone: ZoneInfo, t: Text) -> str:
    """The day in `zone` of a time of the API."""
    return day(moment(text).astimezone(zone).date(), t)


def month(text: str, t: Text) -> str:
    """`Nov 2026`, or `2026/11`, of `2026-11`."""
    year, _, mm = text.partition("-")
    return t("format.month", year=year, mm=mm, month=t("format.months").split()[int(mm) - 1])


def span(start: str, end: str, zone: ZoneInfo, t: Text) -> str:
    """A half-open window in `zone`: `27 Sep 2013` for a whole local day, `21 Sep 2013 – 27 Sep 2013` for several, else with its times."""
    first, last = (moment(text).astimezone(zone) for text in (start, end))
    if _is_midnight(first) and _is_midnight(last):
        days = (first.date(), (last - timedelta(seconds=1)).date())
        return " – ".join(day(one, t) for one in dict.fromkeys(days))
    ending = f"{last:%H:%M}" if first.date() == last.date() else minute(last, t)
    return f"{minute(first, t)} – {ending}"


def _is_midnight(value: datetime) -> bool:
    return (value.hour, value.minute, value.second, value.microsecond) == (0, 0, 0, 0)


def count(value: float | None) -> str:
    """Digits in groups of three; an en dash for nothing known."""
    return "–" if value is None else f"{value:,.0f}"


def percent(share: float) -> str:
    """`12.3 %`; two digits below ten percent, where one would hide what is small."""
    return f"{100 * share:.{2 if share < 0.0995 else 1}f} %"


def number(value: float) -> str:
    """Three significant digits, from a thousand on whole and in groups."""
    if abs(value) >= 999.5:
        return count(value)
    return f"{value:.3g}"


def value_of(metric: str, value: float | None, t: Text) -> str:
    """A measured value with the precision and unit of its metric: rates in percent, latencies in ms, delays in their largest unit."""
    if value is None:
        return "–"
    if metric in PERCENTS:
        return percent(value)
    if metric.startswith("latency"):
        return t("duration.millisecond", n=number(1000 * value)) if value < 1 else t("duration.second", n=number(value))
    if metric.startswith("label_lag"):
        size, unit = next((one for one in _UNITS if value >= one[0]), _SECOND)
        return t(f"duration.{unit}", n=number(value / size))
    return number(value)


def whole_duration(seconds: int, t: Text) -> str:
    """Seconds, exactly, in the largest unit that measures them: `90 min` for one and a half hours."""
    size, unit = next((one for one in _UNITS if seconds and seconds % one[0] == 0), _SECOND)
    return t(f"duration.{unit}", n=count(seconds // size))


def duration(seconds: float, t: Text) -> str:
    """Seconds in the largest unit of which there is at least one, whole: `12 min`."""
    size, unit = next((one for one in _UNITS if seconds >= one[0]), _SECOND)
    return t(f"duration.{unit}", n=count(round(seconds / size)))
