"""Service statistics: profiles of the reserved columns `_latency`, `_rows`, `_error`, `_consumer` and `_cache` by minute of arrival.

Each request counts once in all traffic, and once in every segment that a row of it is in.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import compress

import numpy as np
import numpy.typing as npt

from tidegauge.core.columns import CACHE, CONSUMER, ERROR, LATENCY, ROWS, ColumnKind, NumericValues
from tidegauge.core.profile import ColumnProfile, limit_names, merge_profiles, profile_durations, profile_numeric
from tidegauge.core.windows import MINUTE_US
from tidegauge.worker.calls import CallContext, Calls, RawCall, ServiceOnly

MAX_NAMES = 100
"""Error classes, and consumers, that are counted by name in a minute; the rest is overflow."""

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Requests:
    """Calls as a service sees them: when they came, how long they took (below 0: not known), the rows that each answered (0 where
    it failed), its error ("system:ValueError") or None, and what was stated of it."""

    started_us: Integers
    durations_ns: Integers
    rows: Integers
    errors: Sequence[str | None]
    contexts: Sequence[CallContext | None]

    @classmethod
    def of(cls, calls: Sequence[RawCall], rows: Integers, wall_us: Callable[[int], int]) -> Requests:
        """From calls; `rows` is how many each has, `wall_us` turns a monotonic reading into wall-clock time."""
        calls = calls if isinstance(calls, Calls) else Calls(calls)
        errors = calls.field("error")
        answered = np.where([error is None for error in errors], rows, 0) if any(errors) else rows
        began_us = calls.integers("started_ns") // 1_000 + wall_us(0)
        return cls(began_us, calls.integers("duration_ns"), answered, errors, calls.field("context"))

    @classmethod
    def of_kept(cls, kept: Sequence[ServiceOnly], wall_us: Callable[[int], int]) -> Requests:
        """From what is left of calls that found no room."""
        _, rows, errors, started, durations, contexts = map(list, zip(*kept, strict=True))
        answered = np.where([error is None for error in errors], rows, 0)
        began_us = np.array(started, dtype=np.int64) // 1_000 + wall_us(0)
        return cls(began_us, np.array(durations, dtype=np.int64), answered, errors, contexts)


class ServiceMinutes:
    """Minutes that are not sealed yet, by segment."""

    def __init__(self) -> None:
        self._minutes: dict[tuple[int, str], list[list[ColumnProfile]]] = {}

    def add(self, requests: Requests, segment: str = "") -> None:
        """Count the requests whose duration is known."""
        is_timed = requests.durations_ns >= 0
        minutes = requests.started_us - requests.started_us % MINUTE_US
        for minute in np.unique(minutes[is_timed]).tolist():
            inside = (minutes == minute) & is_timed
            parts = self._minutes.setdefault((minute, segment), [])
            parts.append(_profiles(requests, inside))
            if len(parts) > 8:
                self._minutes[minute, segment] = [_merged(parts)]

    def seal(self) -> list[tuple[int, str, list[ColumnProfile]]]:
        """Take all minutes: their starts, segments and profiles."""
        taken, self._minutes = self._minutes, {}
        return [(start, segment, _merged(parts)) for (start, segment), parts in sorted(taken.items())]


def _profiles(requests: Requests, inside: npt.NDArray[np.bool_]) -> list[ColumnProfile]:
    rows = requests.rows[inside].astype(np.float64)
    profiles = [
        profile_durations(LATENCY, requests.durations_ns[inside]),
        profile_numeric(ROWS, NumericValues(rows, 0, 0, 0)),
    ]
    if any(requests.errors):
        profiles += _named(ERROR, [error for error in compress(requests.errors, inside) if error])
    if requests.contexts.count(None) < len(requests.contexts):
        stated = [one for one in compress(requests.contexts, inside) if one is not None]
        profiles += _named(CONSUMER, [one.consumer for one in stated if one.consumer])
        profiles += _named(CACHE, ["hit" if one.cached else "miss" for one in stated if one.cached is not None])
    return profiles


def _named(column: str, values: list[str]) -> list[ColumnProfile]:
    return [ColumnProfile(column, ColumnKind.CATEGORICAL, len(values), names=dict(Counter(values)))] if values else []


def _merged(parts: list[list[ColumnProfile]]) -> list[ColumnProfile]:
    by_name: dict[str, list[ColumnProfile]] = {}
    for part in parts:
        for profile in part:
            by_name.setdefault(profile.name, []).append(profile)
    return [limit_names(merge_profiles(profiles), MAX_NAMES) for profiles in by_name.values()]
