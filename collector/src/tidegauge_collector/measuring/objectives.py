"""How objectives stand: good and bad requests (or minutes) of any windows, and what follows from them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np

from tidegauge.core.columns import ERROR, LATENCY, ROWS
from tidegauge.core.latency import bucket_bounds_s
from tidegauge.core.windows import DAY_US, HOUR_US, MINUTE_US, SECOND_US, Window, day_start, days
from tidegauge_collector.core.minutes import Minutes, slow_minutes, stale_minutes
from tidegauge_collector.core.monitors import Monitor
from tidegauge_collector.core.objectives import BY_MINUTE
from tidegauge_collector.core.service import slow_calls
from tidegauge_collector.core.slo import BURNS, Burn, Tally, burn_rate, spans_s
from tidegauge_collector.telemetry.extent import reach
from tidegauge_collector.telemetry.loads import service_loads
from tidegauge_collector.telemetry.selecting import span
from tidegauge_collector.telemetry.service import ServiceCounts, added, service_counts
from tidegauge_collector.telemetry.store import TelemetryStore

MAX_HISTORY_DAYS = 400
RECENT_US = 6 * HOUR_US
"""How far back minutes are known one by one; longer windows of an objective reach into the past."""
READ_ANEW_US = 20 * MINUTE_US
MOST_KEPT = 10_000
MINUTES_OF = {"throughput": LATENCY, "freshness": ROWS}
"""The column whose minutes an objective counts, by its metric."""


@dataclass(frozen=True, slots=True)
class Day:
    """One local day of an objective; `rolling`: over the objective's window up to its end, in whole days."""

    window: Window
    tally: Tally
    rolling: Tally


@dataclass(frozen=True, slots=True)
class Burning:
    """A burn-rate rule: how fast the budget burns over both its windows, and whether that is beyond it on both."""

    burn: Burn
    long: float | None
    short: float | None

    @property
    def burns(self) -> bool:
        return all(rate is not None and rate > self.burn.factor for rate in (self.long, self.short))


@dataclass(frozen=True, slots=True)
class Standing:
    """An objective at an instant."""

    window: Window
    tally: Tally
    burning: tuple[Burning, ...]
    history: tuple[Day, ...]


def tallies(store: TelemetryStore, monitor: Monitor, deployment: str, windows: Sequence[Window]) -> list[Tally]:
    """Good and bad of each window of arrival time, over all versions that answer callers."""
    if not windows:
        return []
    if monitor.metric in BY_MINUTE:
        found = minutes_of(store, monitor, deployment, span(windows))
        return [found.tally(one.start_us, one.end_us) for one in windows]
    is_latency = monitor.metric == "slow_requests"
    columns = {LATENCY} if is_latency else {LATENCY, ERROR}
    counts = service_counts(store, deployment, windows=_parts(windows), columns=columns, with_latency=is_latency)
    return [_tally(monitor, added(one, [part for part in counts if lies_in(part.window, one)])) for one in windows]


def _parts(windows: Sequence[Window]) -> list[Window]:
    """What the windows consist of, without overlap: most of them lie within each other, and no row is read twice."""
    bounds = sorted({at for one in windows for at in (one.start_us, one.end_us)})
    parts = [Window(start, end) for start, end in pairwise(bounds)]
    return [part for part in parts if any(lies_in(part, one) for one in windows)]


def lies_in(part: Window, whole: Window) -> bool:
    """Whether a window is a part of another."""
    return whole.start_us <= part.start_us and part.end_us <= whole.end_us


def minutes_of(store: TelemetryStore, monitor: Monitor, deployment: str, window: Window) -> Minutes:
    """The minutes of a range: they count from the first data on, but for those of which only their hour is still kept."""
    start_us = window.start_us - window.start_us % MINUTE_US
    count = -(-(window.end_us - start_us) // MINUTE_US)
    whole = Window(
        _hour(start_us), start_us + count * MINUTE_US
    )  # the first may be known by an hour that began earlier
    loads = service_loads(store, deployment, whole, columns=[MINUTES_OF[monitor.metric]])
    places = (loads.start_us - start_us) // MINUTE_US
    fine = (loads.length_s <= 60) & (places >= 0)
    coarse = loads.length_s > 60
    counted = np.ones(count, dtype=np.bool_)
    first_us = reach(store, deployment).first_arrival_us
    known_from = count if first_us is None else max(0, (first_us - start_us) // MINUTE_US)
    counted[:known_from] = False
    for place, length_s in zip(places[coarse].tolist(), loads.length_s[coarse].tolist(), strict=True):
        counted[max(0, place) : max(0, place + length_s // 60)] = False
    requests, answered = np.zeros(count, dtype=np.int64), np.zeros(count, dtype=np.bool_)
    np.add.at(requests, places[fine], loads.requests[fine])
    last = places + loads.length_s // 60 - 1  # an hour that is known no more finely may have answered to its end
    answered[np.minimum(last[(loads.predictions > 0) & (last >= 0)], count - 1)] = True
    if monitor.metric == "throughput":
        return Minutes(start_us, counted, slow_minutes(requests, monitor.at_least_per_minute))
    earlier = loads.last_answer(start_us)
    earlier_s = None if earlier is None else max(0, start_us - earlier.end_us) / SECOND_US
    return Minutes(start_us, counted, stale_minutes(answered, monitor.stale_after_s, earlier_s))


def standing(
    store: TelemetryStore, monitor: Monitor, deployment: str, zone: ZoneInfo, *, at_us: int, history_days: int
) -> Standing:
    """An objective as it stands at an instant, with its last days."""
    spans = spans_s(monitor)
    ending = burn_windows(monitor, at_us)
    back = -(-monitor.objective_window_s * SECOND_US // DAY_US)
    past = list(days(day_start(at_us, zone) - (history_days + back) * DAY_US, at_us, zone))
    found = tallies(
        store, monitor, deployment, [*ending, *(Window(one.start_us, min(one.end_us, at_us)) for one in past)]
    )
    of_spans = dict(zip(spans, found, strict=False))
    of_days = found[len(spans) :]
    return Standing(
        window=Window(at_us - monitor.objective_window_s * SECOND_US, at_us),
        tally=of_spans[monitor.objective_window_s],
        burning=tuple(
            Burning(one, *(burn_rate(of_spans[at], monitor.objective) for at in (one.long_s, one.short_s)))
            for one in BURNS
        ),
        history=tuple(
            Day(past[i], of_days[i], total(of_days[max(0, i + 1 - back) : i + 1]))
            for i in range(max(0, len(past) - history_days), len(past))
        ),
    )


def burn_windows(monitor: Monitor, at_us: int) -> list[Window]:
    """The windows of `spans_s` up to an instant; those of more than six hours begin with a whole hour."""
    starts = [at_us - one * SECOND_US for one in spans_s(monitor)]
    return [Window(_hour(start) + HOUR_US if at_us - start > RECENT_US else start, at_us) for start in starts]


@dataclass(slots=True)
class _Counted:
    """What is known of an objective: of each long window what lies before the boundary, and of each minute from there on."""

    boundary_us: int
    until_us: int
    past: list[Tally]
    minutes: dict[int, Tally]

    def recent(self, start_us: int, at_us: int) -> Tally:
        """Of the minutes in [start_us, at_us)."""
        return total([found for minute, found in self.minutes.items() if start_us <= minute < at_us])


class Burnt:
    """The tallies that judging needs, from one instant to the next: the last minutes are read anew, what lies before them once an hour.

    What comes later than that for a minute is seen in the next hour.
    """

    def __init__(self, store: TelemetryStore) -> None:
        self._store = store
        self._counted: dict[tuple[object, ...], _Counted] = {}  # the longest unused first

    def tallies(self, monitor: Monitor, deployment: str, at_us: int) -> dict[int, Tally]:
        """Of each of `spans_s` in its one of `burn_windows`."""
        windows = burn_windows(monitor, at_us)
        long = [one for one in windows if one.end_us - one.start_us > RECENT_US]
        known = self._up_to(monitor, deployment, long, at_us)
        latest = known.recent(known.boundary_us, at_us)
        found = [
            total([known.past[long.index(one)], latest]) if one in long else known.recent(one.start_us, at_us)
            for one in windows
        ]
        return dict(zip(spans_s(monitor), found, strict=True))

    def _up_to(self, monitor: Monitor, deployment: str, long: Sequence[Window], at_us: int) -> _Counted:
        stated = (monitor.metric, monitor.slow_s, monitor.at_least_per_minute, monitor.stale_after_s)
        key, boundary_us = (deployment, *stated, monitor.objective_window_s), _hour(at_us) - RECENT_US
        known = self._counted.pop(key, None)
        since_us = boundary_us
        if known is None or known.boundary_us != boundary_us:
            past = tallies(self._store, monitor, deployment, [Window(one.start_us, boundary_us) for one in long])
            known = _Counted(boundary_us, at_us, past, {})
        else:
            since_us = max(boundary_us, min(known.until_us, at_us) - READ_ANEW_US)
        minutes = [Window(start, start + MINUTE_US) for start in range(since_us, at_us, MINUTE_US)]
        found = tallies(self._store, monitor, deployment, minutes)
        known.minutes.update(zip([one.start_us for one in minutes], found, strict=True))
        known.until_us = at_us
        self._counted[key] = known
        while len(self._counted) > MOST_KEPT:
            self._counted.pop(next(iter(self._counted)))
        return known


def _hour(at_us: int) -> int:
    return at_us - at_us % HOUR_US


def total(parts: Sequence[Tally]) -> Tally:
    """All parts together."""
    return Tally(sum(one.bad for one in parts), sum(one.total for one in parts))


def _tally(monitor: Monitor, seen: ServiceCounts) -> Tally:
    if monitor.metric == "slow_requests":
        indexes = np.array(list(seen.latency), dtype=np.int64)
        slow, _ = slow_calls(*bucket_bounds_s(indexes), list(seen.latency.values()), monitor.slow_s)
        return Tally(slow, seen.requests)
    counted = max(0, seen.requests - (seen.user_errors if monitor.metric == "availability" else 0))
    return Tally(min(seen.system_errors, counted), counted)
