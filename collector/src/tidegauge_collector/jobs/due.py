"""Which windows of a monitor are to be judged, from how far the data, judging and the clock are."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from zoneinfo import ZoneInfo

from tidegauge.core.windows import DAY_US, SECOND_US, Window, day_start, next_day, to_datetime, to_us, window_start
from tidegauge_collector.core.monitors import Monitor
from tidegauge_collector.core.readiness import GRACE_US
from tidegauge_collector.measuring.observing import family_for
from tidegauge_collector.measuring.progress import Progress
from tidegauge_collector.telemetry.extent import Reach


def bounds_of(
    seen: Reach, progress: Progress, monitor: Monitor, now_us: int, *, zone: ZoneInfo
) -> tuple[int, int] | None:
    """From the first data to the last instant at which a window may be judged: ready, and no later than the window that holds the
    last row, and as many days as labels may lag. None where there is nothing."""
    family = family_for(monitor)
    service = family is not None and family.by_arrival
    start_us = seen.first_arrival_us if service else seen.first_event_us
    end_us = seen.last_arrival_us if service else seen.last_event_us
    ready_us = now_us - GRACE_US if service else progress.settled_until_us
    if start_us is None or end_us is None or ready_us is None:
        return None
    return start_us, min(ready_us, _last_instant(monitor, end_us, zone))


def _last_instant(monitor: Monitor, end_us: int, zone: ZoneInfo) -> int:
    """No later than this the window that holds the last row has its instant; local days may have 25 hours."""
    lag_us = monitor.lag_s * SECOND_US
    if monitor.every_s * SECOND_US != DAY_US:
        return end_us + monitor.every_s * SECOND_US + lag_us
    if lag_us % DAY_US:
        return next_day(day_start(end_us + lag_us, zone), zone)
    return _before(next_day(day_start(end_us, zone), zone), -lag_us, zone=zone)


def windows_of(monitor: Monitor, bounds: tuple[int, int], judged_us: int, zone: ZoneInfo) -> Iterator[Window]:
    """Windows of a monitor whose instant (window end + lag) lies in the bounds, after the last one judged.

    What goes from midnight to midnight is of whole local days: of 23 and 25 hours, too.
    """
    start_us, ready_us = bounds
    lag_us, length_us = monitor.lag_s * SECOND_US, monitor.window_s * SECOND_US
    every_us = monitor.every_s * SECOND_US
    before = partial(_before, zone=zone if every_us == DAY_US else None)
    for instant in _instants(max(start_us, judged_us + lag_us), ready_us, every_us, zone):
        end_us = before(instant, lag_us)
        if end_us > max(start_us, judged_us) and instant <= ready_us:
            yield Window(before(end_us, length_us), end_us)


def _before(at_us: int, span_us: int, *, zone: ZoneInfo | None) -> int:
    """A time so long before another; whole days before a local midnight another one."""
    if zone is None or span_us % DAY_US or day_start(at_us, zone) != at_us:
        return at_us - span_us
    noon = to_datetime(at_us).astimezone(zone).replace(tzinfo=None) + timedelta(hours=12, microseconds=-span_us)
    return day_start(to_us(noon.replace(tzinfo=zone)), zone)


def _instants(start_us: int, until_us: int, every_us: int, zone: ZoneInfo) -> Iterator[int]:
    if every_us == DAY_US:
        at = day_start(start_us, zone)
        while at <= until_us:
            yield at
            at = next_day(at, zone)
        return
    at = window_start(start_us, every_us)
    while at <= until_us:
        yield at
        at += every_us
