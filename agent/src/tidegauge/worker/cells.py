"""Open windows: the profiles of each (event hour, segment) that are not sealed yet, under a budget of cells.

A cell is one column of one segment in one window. Counts and moments leave with every seal; sketches wait for the window to close,
unless no reference bins are known: then the sketch is all that later re-binning has, and leaves with the counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from tidegauge.core.bins import CategoricalBins, ColumnBins, NumericBins, ReferenceBins
from tidegauge.core.columns import ColumnKind, category_counts, numeric_values
from tidegauge.core.profile import (
    ColumnProfile,
    Counts,
    limit_names,
    merge_profiles,
    profile_categories,
    profile_numeric,
)
from tidegauge.core.sketch import DELTA_POINTS, EMPTY, QuantileSketch, merge_sketches
from tidegauge.worker.tabulate import Column

MAX_CELLS = 4_096
MAX_NAMES = 1_000
LEAST_ROWS = 10
LEAST_NAME_ROWS = 5
_PARTS = 64


@dataclass(frozen=True, order=True)
class WindowKey:
    """A window on the hour grid in one segment and batch."""

    start_us: int
    segment: str
    batch: str = ""


@dataclass
class Cell:
    """What one column gathered since the last seal, and its sketches since the window opened."""

    deltas: list[ColumnProfile] = field(default_factory=list)
    sketches: list[QuantileSketch] = field(default_factory=list)

    def add(self, profile: ColumnProfile) -> None:
        """Take in the profile of some more rows."""
        if profile.sketch.count:
            self.sketches.append(profile.sketch)
            if len(self.sketches) > _PARTS:
                self.sketches = [merge_sketches(self.sketches, 4 * DELTA_POINTS)]
        self.deltas.append(replace(profile, sketch=EMPTY))
        if len(self.deltas) > _PARTS:
            self.deltas = [merge_profiles(self.deltas)]

    def take(self, *, closed: bool) -> ColumnProfile:
        """The delta since the last take; with the sketch where the window is closed or no bins are known."""
        delta = merge_profiles(self.deltas)
        self.deltas = [ColumnProfile(delta.name, delta.kind, 0, pivot=delta.pivot, bin_counts=_zeros(delta))]
        if closed or delta.bin_counts is None:
            delta = replace(delta, sketch=merge_sketches(self.sketches, DELTA_POINTS))
            self.sketches = []
        return delta


@dataclass
class OpenWindow:
    """Cells by column; `first_event_us` of the rows not sealed yet, `touched_s` when rows last came (wall clock)."""

    cells: dict[str, Cell] = field(default_factory=dict)
    rows: int = 0
    first_event_us: int = 0
    touched_s: float = 0.0
    clamped_rows: int = 0


@dataclass(frozen=True)
class SealedWindow:
    """A delta of a window, ready to be encoded. `counted_rows`: rows of all traffic in it (0 for the copies in segments)."""

    key: WindowKey
    columns: list[ColumnProfile]
    closed: bool
    counted_rows: int
    clamped_rows: int


class NameGuard:
    """Remembers for each column whether most of its values are distinct; then rare names do not leave the host."""

    def __init__(self) -> None:
        self._rows: dict[str, int] = {}
        self._names: dict[str, set[str]] = {}

    def limit(self, profile: ColumnProfile) -> ColumnProfile:
        """The profile with at most 1,000 unknown names, and none with fewer than 5 rows where most values are distinct."""
        if not profile.names:
            return profile
        seen = self._names.setdefault(profile.name, set())
        self._rows[profile.name] = self._rows.get(profile.name, 0) + sum(profile.names.values())
        if len(seen) < MAX_NAMES:
            seen.update(profile.names)
        mostly_distinct = 2 * len(seen) > self._rows[profile.name]
        return limit_names(profile, MAX_NAMES, LEAST_NAME_ROWS if mostly_distinct else 1)


class OpenWindows:
    """All open windows of one deployment and version."""

    def __init__(self, max_cells: int = MAX_CELLS) -> None:
        self._windows: dict[WindowKey, OpenWindow] = {}
        self._max_cells = max_cells
        self._guard = NameGuard()

    def __len__(self) -> int:
        return len(self._windows)

    @property
    def cells(self) -> int:
        return sum(len(window.cells) for window in self._windows.values())

    @property
    def over_budget(self) -> bool:
        """Whether windows must be sealed early."""
        return self.cells > self._max_cells

    def first_unsealed_us(self) -> int | None:
        """Earliest event time of the rows that no seal has taken yet."""
        return min((w.first_event_us for w in self._windows.values() if w.rows), default=None)

    def add(self, key: WindowKey, profiles: list[ColumnProfile], *, rows: int, event_us: int, now_s: float) -> None:
        """Add the profiles of `rows` rows whose earliest event time is `event_us`."""
        window = self._windows.setdefault(key, OpenWindow())
        window.first_event_us = min(window.first_event_us, event_us) if window.rows else event_us
        window.rows += rows
        window.touched_s = now_s
        for profile in profiles:
            window.cells.setdefault(profile.name, Cell()).add(profile)

    def count_clamped(self, key: WindowKey, rows: int) -> None:
        """Count rows whose event time lay in the future."""
        self._windows[key].clamped_rows += rows

    def seal(self, *, close: frozenset[WindowKey] = frozenset(), everything: bool = False) -> list[SealedWindow]:
        """Take the deltas: of windows to `close` with their sketches; of others from 10 rows on, or all where `everything`."""
        sealed = []
        for key in sorted(self._windows):
            window = self._windows[key]
            closing = key in close
            if window.rows >= LEAST_ROWS or closing or (everything and window.rows):
                sealed.append(self._seal(key, window, closed=closing))
            if closing:
                del self._windows[key]
        return sealed

    def _seal(self, key: WindowKey, window: OpenWindow, *, closed: bool) -> SealedWindow:
        columns = [self._guard.limit(cell.take(closed=closed)) for cell in window.cells.values()]
        taken = SealedWindow(key, columns, closed, 0 if key.segment else window.rows, window.clamped_rows)
        window.rows = window.clamped_rows = 0
        return taken

    def due_to_close(
        self, *, now_s: float, newest_event_us: int, length_us: int, idle_s: float = 60.0
    ) -> frozenset[WindowKey]:
        """Windows that event time has left and that got no row for a while."""
        return frozenset(
            key
            for key, window in self._windows.items()
            if key.start_us + length_us <= newest_event_us and now_s - window.touched_s >= idle_s
        )

    def oldest(self, share: float = 0.5) -> frozenset[WindowKey]:
        """The oldest windows by event time, whole hours: what to close when the budget is exceeded."""
        starts = sorted({key.start_us for key in self._windows})
        until = starts[max(0, int(len(starts) * share) - 1)] if starts else 0
        return frozenset(key for key in self._windows if key.start_us <= until)

    def all_keys(self) -> frozenset[WindowKey]:
        """Every open window."""
        return frozenset(self._windows)


def _zeros(profile: ColumnProfile) -> Counts | None:
    return None if profile.bin_counts is None else np.zeros_like(profile.bin_counts)


def profile_columns(
    columns: Mapping[str, Column], kinds: Mapping[str, ColumnKind], bins: ReferenceBins | None
) -> list[ColumnProfile]:
    """Profile each column that has a kind that profiles know."""
    known: Mapping[str, ColumnBins] = bins.columns if bins else {}
    profiles = []
    for name, values in columns.items():
        kind, ref = kinds[name], known.get(name)
        if kind.is_numeric:
            numeric = ref if isinstance(ref, NumericBins) else None
            profiles.append(profile_numeric(name, numeric_values(values), numeric, kind=kind))
        elif kind.is_categorical:
            named = ref if isinstance(ref, CategoricalBins) else None
            profiles.append(profile_categories(name, category_counts(values, kind), named, kind=kind))
    return profiles
