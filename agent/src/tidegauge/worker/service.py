"""Service statistics: profiles of the reserved columns `_latency`, `_rows`, `_error`, `_consumer` and `_cache` by minute of arrival.

Each request counts once in all traffic, and once in every segment that a row of it is in.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import compress
from operator import itemgetter

import numpy as np
import numpy.typing as npt

from tidegauge.core.columns import CACHE, CONSUMER, ERROR, LATENCY, ROWS, ColumnKind, NumericValues
from tidegauge.core.profile import ColumnProfile, limit_names, merge_profiles, profile_durations, profile_numeric
from tidegauge.core.windows import MINUTE_US
from tidegauge.worker.calls import CallContext, Calls, ServiceOnly

MAX_NAMES = 100
"""Error classes, and consumers, that are counted by name in a minute; the rest is overflow."""

REQUESTS_AT_ONCE = 4_096
PARTS_AT_ONCE = 64
MAX_PROFILES = 8

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Requests:
    """Calls as a service sees them: when they came, how long they took (below 0: not known), the rows that each answered (0 where
    it failed), its error ("system:ValueError") or None, and what was stated of it; no errors and contexts at all where none has any."""

    started_us: Integers
    durations_ns: Integers
    rows: Integers
    errors: Sequence[str | None]
    contexts: Sequence[CallContext | None]

    def where(self, chosen: npt.NDArray[np.bool_]) -> Requests:
        """The requests that are chosen, by a mask."""
        return Requests(
            self.started_us[chosen],
            self.durations_ns[chosen],
            self.rows[chosen],
            list(compress(self.errors, chosen)) if self.errors else (),
            list(compress(self.contexts, chosen)) if self.contexts else (),
        )

    @classmethod
    def of(cls, calls: Calls, rows: Integers, wall_us: Callable[[int], int]) -> Requests:
        """From calls; `rows` is how many each has, `wall_us` turns a monotonic reading into wall-clock time."""
        errors = calls.errors
        answered = np.where([error is None for error in errors], rows, 0) if errors else rows
        began_us = calls.integers("started_ns") // 1_000 + wall_us(0)
        durations_ns = calls.integers("ended_ns") - calls.integers("started_ns")
        return cls(began_us, durations_ns, answered, errors, calls.contexts)

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
        self._minutes: dict[tuple[int, str], _Minute] = {}

    def add(self, requests: Requests, segment: str = "") -> None:
        """Count the requests whose duration is known."""
        is_timed = requests.durations_ns >= 0
        if not is_timed.all():
            requests = requests.where(is_timed)
        if not len(requests.started_us):
            return
        for minute, own in _by_minute(requests):
            self._minutes.setdefault((minute, segment), _Minute()).add(own)

    def seal(self) -> list[tuple[int, str, list[ColumnProfile]]]:
        """Take all minutes: their starts, segments and profiles."""
        taken, self._minutes = self._minutes, {}
        return [(start, segment, minute.take()) for (start, segment), minute in sorted(taken.items(), key=_KEY)]


_KEY = itemgetter(0)


def _by_minute(requests: Requests) -> Iterator[tuple[int, Requests]]:
    first, last = (int(us) // MINUTE_US for us in (requests.started_us.min(), requests.started_us.max()))
    if first == last:
        yield first * MINUTE_US, requests
        return
    minutes = requests.started_us // MINUTE_US
    for minute in np.unique(minutes).tolist():
        yield minute * MINUTE_US, requests.where(minutes == minute)


class _Minute:
    """Requests of one minute and segment: those that wait to be profiled, many at once, and profiles of those before."""

    def __init__(self) -> None:
        self._waiting: list[Requests] = []
        self._requests = 0
        self._profiles: list[list[ColumnProfile]] = []

    def add(self, requests: Requests) -> None:
        self._waiting.append(requests)
        self._requests += len(requests.started_us)
        if self._requests >= REQUESTS_AT_ONCE or len(self._waiting) >= PARTS_AT_ONCE:
            self._profile()

    def _profile(self) -> None:
        waiting, self._waiting, self._requests = self._waiting, [], 0
        self._profiles.append(_profiles(_joined(waiting)))
        if len(self._profiles) > MAX_PROFILES:
            self._profiles = [_merged(self._profiles)]

    def take(self) -> list[ColumnProfile]:
        if self._waiting:
            self._profile()
        return _merged(self._profiles)


def _joined(parts: list[Requests]) -> Requests:
    if len(parts) == 1:
        return parts[0]
    return Requests(
        np.concatenate([part.started_us for part in parts]),
        np.concatenate([part.durations_ns for part in parts]),
        np.concatenate([part.rows for part in parts]),
        [error for part in parts for error in part.errors],
        [one for part in parts for one in part.contexts],
    )


def _profiles(requests: Requests) -> list[ColumnProfile]:
    profiles = [
        profile_durations(LATENCY, requests.durations_ns),
        profile_numeric(ROWS, NumericValues(requests.rows.astype(np.float64), 0, 0, 0)),
    ]
    profiles += _named(ERROR, [error for error in requests.errors if error])
    stated = [one for one in requests.contexts if one is not None]
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
