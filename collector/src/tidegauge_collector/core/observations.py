"""Measurements as monitors see them: one at a time, or many as arrays with an entry for each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from tidegauge_collector.core.spread import Spread

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Objects = npt.NDArray[np.object_]

NO_EVENTS = -1


@dataclass(frozen=True, slots=True)
class SeriesKey:
    """What is measured over time within a deployment; "" in column: the deployment as a whole, in segment: all traffic.

    "" in version: all versions together.
    """

    metric: str
    column: str
    segment: str
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """One measurement as a monitor sees it: window `[start, end)` in microseconds since the epoch, None values with a reason.

    `events`: how many of the n, where the value is their share; `standard_error` of the value, where it is known. `spread`: over windows
    like this one, for limits that are learned and changes from the trailing windows.
    """

    series: SeriesKey
    window_start_us: int
    window_end_us: int
    value: float | None
    reason: str | None
    n: int
    baseline_value: float | None = None
    p_value: float | None = None
    events: int | None = None
    standard_error: float | None = None
    baseline_standard_error: float | None = None
    spread: Spread | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Observations:
    """m observations as arrays [m]: nan is no number, NO_EVENTS no events, None no reason and no spread.

    `has_value` tells a value that is nan from none at all.
    """

    metric: Objects
    column: Objects
    segment: Objects
    version: Objects
    window_start_us: Ints
    window_end_us: Ints
    value: Floats
    has_value: Flags
    reason: Objects
    n: Ints
    baseline_value: Floats
    p_value: Floats
    events: Ints
    standard_error: Floats
    baseline_standard_error: Floats
    spread: Objects

    def __len__(self) -> int:
        return len(self.value)

    def __getitem__(self, i: int) -> Observation:
        events = int(self.events[i])
        return Observation(
            series=self.series(i),
            window_start_us=int(self.window_start_us[i]),
            window_end_us=int(self.window_end_us[i]),
            value=float(self.value[i]) if self.has_value[i] else None,
            reason=self.reason[i],
            n=int(self.n[i]),
            baseline_value=number(self.baseline_value[i]),
            p_value=number(self.p_value[i]),
            events=None if events == NO_EVENTS else events,
            standard_error=number(self.standard_error[i]),
            baseline_standard_error=number(self.baseline_standard_error[i]),
            spread=self.spread[i],
        )

    def __iter__(self) -> Iterator[Observation]:
        return (self[i] for i in range(len(self)))

    @property
    def is_seen(self) -> Flags:
        """Where there is anything to judge: rows, or a value."""
        return (self.n > 0) | self.has_value

    @property
    def has_spread(self) -> Flags:
        """Of which it is known how they spread."""
        return np.array([one is not None for one in self.spread], dtype=np.bool_)

    def series(self, i: int) -> SeriesKey:
        """Which series an entry is of."""
        return SeriesKey(self.metric[i], self.column[i], self.segment[i], self.version[i])

    def where(self, chosen: Flags) -> Observations:
        """Some of them, in their order."""
        return self if chosen.all() else self._taken(chosen)

    def by_window_end(self) -> Observations:
        """All of them in the order of their window ends; those of one end in the order that they have."""
        ends = self.window_end_us
        return self if (ends[1:] >= ends[:-1]).all() else self._taken(np.argsort(ends, kind="stable"))

    def families(self) -> Iterator[Observations]:
        """Those of each window end, in the order of the ends."""
        return (self.where(self.window_end_us == end_us) for end_us in np.unique(self.window_end_us))

    def _taken(self, which: Flags | Ints) -> Observations:
        return Observations(**{one: getattr(self, one)[which] for one in _FIELDS})


_FIELDS = tuple(one.name for one in fields(Observations))


def observations(seen: Sequence[Observation]) -> Observations:
    """The same as arrays."""
    series = [one.series for one in seen]
    return Observations(
        metric=objects([one.metric for one in series]),
        column=objects([one.column for one in series]),
        segment=objects([one.segment for one in series]),
        version=objects([one.version for one in series]),
        window_start_us=np.array([one.window_start_us for one in seen], dtype=np.int64),
        window_end_us=np.array([one.window_end_us for one in seen], dtype=np.int64),
        value=floats(one.value for one in seen),
        has_value=np.array([one.value is not None for one in seen], dtype=np.bool_),
        reason=objects([one.reason for one in seen]),
        n=np.array([one.n for one in seen], dtype=np.int64),
        baseline_value=floats(one.baseline_value for one in seen),
        p_value=floats(one.p_value for one in seen),
        events=np.array([NO_EVENTS if one.events is None else one.events for one in seen], dtype=np.int64),
        standard_error=floats(one.standard_error for one in seen),
        baseline_standard_error=floats(one.baseline_standard_error for one in seen),
        spread=objects([one.spread for one in seen]),
    )


def together(parts: Sequence[Observations]) -> Observations:
    """All of them, one part behind the other."""
    parts = [one for one in parts if len(one)]
    if len(parts) == 1:
        return parts[0]
    if not parts:
        return observations([])
    return Observations(**{one: np.concatenate([getattr(part, one) for part in parts]) for one in _FIELDS})


def objects(values: Sequence[object]) -> Objects:
    """An array of Python values as they are, sequences among them too."""
    found = np.empty(len(values), dtype=object)
    found[:] = values
    return found


def floats(values: Iterable[float | None]) -> Floats:
    """Numbers, nan where there is none."""
    return np.array([np.nan if one is None else one for one in values], dtype=np.float64)


def number(value: float) -> float | None:
    """A Python number, None of nan."""
    return None if value != value else float(value)  # noqa: PLR0124 - nan alone differs from itself


def plain(values: Floats) -> list[Any]:
    """The numbers of an array as nested lists of Python's, None for nan."""
    found = values.astype(object)
    found[np.isnan(values)] = None
    return list(found.tolist())
