"""Open windows: the profiles of each (event hour, segment) that are not sealed yet, under a budget of cells.

A cell is one column of one segment in one window. Counts and moments leave with every seal; sketches wait for the window to close,
unless no reference bins are known: then the sketch is all that later re-binning has, and leaves with the counts. Second moments
wait for the close as well.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from tidegauge.core.bins import LEAST_NAME_ROWS, CategoricalBins, ColumnBins, NumericBins, ReferenceBins
from tidegauge.core.blocksum import BlockSum
from tidegauge.core.columns import CategoryCounts, ColumnKind, NumericValues, category_counts, numeric_values
from tidegauge.core.moments import SecondMoments, merge_moments
from tidegauge.core.numbers import Layout, NumericBlock
from tidegauge.core.profile import (
    ColumnProfile,
    Counts,
    limit_names,
    merge_profiles,
    profile_categories,
    profile_numeric,
)
from tidegauge.core.sketch import EMPTY, SketchStack
from tidegauge.core.windows import MINUTE_US
from tidegauge.worker.facts import Times
from tidegauge.worker.pacing import Breathe, no_pause
from tidegauge.worker.tabulate import Column

MAX_CELLS = 4_096
MAX_STATE_BYTES = 8 * 1024 * 1024
NAME_BYTES = 180
"""Of a name of some ten characters and its count in a dict."""
MAX_NAMES = 1_000
MAX_OPEN_NAMES = 2 * MAX_NAMES
"""Names that an open window counts exactly; beyond, the rarest are overflow before the window is sealed."""
LEAST_ROWS = 10
NAMES_TO_JUDGE_BY = 100
_PARTS = 8


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
    sketches: SketchStack = field(default_factory=SketchStack)

    def add(self, profile: ColumnProfile, *, keeps_sketch: bool) -> None:
        """Take in the profile of some more rows; the sketch where it will be needed."""
        if profile.sketch.count and (keeps_sketch or profile.bin_counts is None):
            self.sketches.add(profile.sketch)
        self.deltas.append(replace(profile, sketch=EMPTY))
        if len(self.deltas) >= _PARTS or sum(len(delta.names) for delta in self.deltas) > 2 * MAX_OPEN_NAMES:
            merged = merge_profiles(self.deltas)
            self.deltas = [limit_names(merged, MAX_OPEN_NAMES) if len(merged.names) > MAX_OPEN_NAMES else merged]

    @property
    def size_bytes(self) -> int:
        """About how much memory it takes."""
        if not (self.deltas or self.sketches):
            return 0
        return self.sketches.size_bytes + sum(
            500 + 8 * _bins(delta) + NAME_BYTES * len(delta.names) for delta in self.deltas
        )

    def take(self, *, closed: bool) -> ColumnProfile:
        """The delta since the last take; with the sketch where the window is closed or no bins are known."""
        delta = merge_profiles(self.deltas)
        self.deltas = [ColumnProfile(delta.name, delta.kind, 0, pivot=delta.pivot, bin_counts=_zeros(delta))]
        if closed or delta.bin_counts is None:
            delta = replace(delta, sketch=self.sketches.take())
        return delta


@dataclass
class OpenWindow:
    """Cells by column; `sums`, what blocks of columns added up to and the cells do not have yet; second moments since the window
    opened; `first_event_us` of the rows not sealed yet, `touched_us` when rows last came (wall clock)."""

    cells: dict[str, Cell] = field(default_factory=dict)
    sums: dict[Layout, BlockSum] = field(default_factory=dict)
    moments: SecondMoments | None = None
    rows: int = 0
    first_event_us: int = 0
    touched_us: int = 0
    clamped_rows: int = 0

    def add_block(self, block: NumericBlock) -> None:
        """Take in a block of numeric columns."""
        if block.layout not in self.sums:
            self.sums[block.layout] = BlockSum(block.layout)
            for name in block.layout.names:
                self.cells.setdefault(name, Cell())
        self.sums[block.layout].add(block)

    def spread(self, *, closed: bool) -> None:
        """Give the cells what is theirs of the blocks: the sketches where the window is closed, or no bins are known."""
        for layout, total in self.sums.items():
            for profile in total.take():
                self.cells[profile.name].deltas.append(profile)
            for name, parts in total.take_sketches(range(len(layout.names)) if closed else layout.unbinned):
                self.cells[name].sketches.put(parts)


@dataclass(frozen=True)
class SealedWindow:
    """A delta of a window, ready to be encoded. `counted_rows`: rows of all traffic in it (0 for the copies in segments)."""

    key: WindowKey
    columns: list[ColumnProfile]
    closed: bool
    counted_rows: int
    clamped_rows: int
    moments: SecondMoments | None = None


class NameGuard:
    """Remembers for each column whether most of its values are distinct; then rare names do not leave the host."""

    def __init__(self, suppress_below: int = 0) -> None:
        """`suppress_below`: names with fewer rows never leave the host, whatever the column."""
        self._rows: dict[str, int] = {}
        self._names: dict[str, set[str]] = {}
        self._least = max(1, suppress_below)

    def limit(self, profile: ColumnProfile, *, learn: bool = True) -> ColumnProfile:
        """The profile with at most 1,000 unknown names, and none with fewer than 5 rows where most values are distinct.

        `learn` from it (not from a segment's copy of rows that were seen already). Judged by the first 1,000 names of the column,
        and by a delta with many names itself: a column may become one of ids later.
        """
        if learn:
            self._learn(profile)
        if not profile.names or profile.kind is ColumnKind.BOOLEAN:  # true and false name nobody
            return profile
        rows, names = _named_rows(profile), len(profile.names) + _hit_bins(profile)
        is_judge = len(profile.names) >= NAMES_TO_JUDGE_BY
        seen_rows, seen = self._rows.get(profile.name, rows), len(self._names.get(profile.name, profile.names))
        mostly_distinct = 2 * (seen + _hit_bins(profile)) > seen_rows or (is_judge and 2 * names > rows)
        return limit_names(profile, MAX_NAMES, max(self._least, LEAST_NAME_ROWS) if mostly_distinct else self._least)

    def _learn(self, profile: ColumnProfile) -> None:
        seen = self._names.setdefault(profile.name, set())
        if len(seen) < MAX_NAMES:
            self._rows[profile.name] = self._rows.get(profile.name, 0) + _named_rows(profile)
            seen.update(profile.names)


def _named_rows(profile: ColumnProfile) -> int:
    return profile.rows - profile.missing - profile.non_finite - profile.invalid


def _hit_bins(profile: ColumnProfile) -> int:
    return 0 if profile.bin_counts is None else int(np.count_nonzero(profile.bin_counts[:-1]))


def _bins(profile: ColumnProfile) -> int:
    return 0 if profile.bin_counts is None else len(profile.bin_counts)


class OpenWindows:
    """All open windows of one deployment and version."""

    def __init__(self, max_cells: int = MAX_CELLS, *, suppress_below: int = 0) -> None:
        self._windows: dict[WindowKey, OpenWindow] = {}
        self._max_cells = max_cells
        self._guard = NameGuard(suppress_below)

    def __len__(self) -> int:
        return len(self._windows)

    @property
    def cells(self) -> int:
        return sum(len(window.cells) for window in self._windows.values())

    @property
    def over_budget(self) -> bool:
        """Whether windows must be sealed early: too many cells, or too much in them."""
        return self.cells > self._max_cells or self.size_bytes > MAX_STATE_BYTES

    @property
    def size_bytes(self) -> int:
        """About how much memory the cells take."""
        cells = sum(cell.size_bytes for window in self._windows.values() for cell in window.cells.values())
        cells += sum(total.size_bytes for window in self._windows.values() for total in window.sums.values())
        return cells + sum(w.moments.size_bytes for w in self._windows.values() if w.moments is not None)

    def first_unsealed_us(self) -> int | None:
        """Earliest event time of the rows that no seal has taken yet."""
        return min((w.first_event_us for w in self._windows.values() if w.rows), default=None)

    def add(
        self,
        key: WindowKey,
        profiles: list[ColumnProfile],
        event_us: Times,
        *,
        arrived_us: int,
        blocks: Sequence[NumericBlock] = (),
        clamped_rows: int = 0,
    ) -> None:
        """Add the profiles of rows with these event times (`clamped_rows` of them lay in the future), the last of which came at
        `arrived_us`; `blocks` are of the numeric columns that have no profile among them."""
        window = self._windows.setdefault(key, OpenWindow())
        first = int(event_us.min())
        window.first_event_us = min(window.first_event_us, first) if window.rows else first
        window.rows += len(event_us)
        window.clamped_rows += clamped_rows
        window.touched_us = max(window.touched_us, arrived_us)
        for profile in profiles:
            window.cells.setdefault(profile.name, Cell()).add(profile, keeps_sketch=not key.segment)
        for block in blocks:
            window.add_block(block)

    def add_moments(self, key: WindowKey, moments: SecondMoments) -> None:
        """Add the second moments of rows whose profiles were added to an open window."""
        window = self._windows[key]
        window.moments = moments if window.moments is None else merge_moments([window.moments, moments])

    def seal(
        self,
        *,
        close: frozenset[WindowKey] = frozenset(),
        everything: bool = False,
        breathe: Breathe = no_pause,
    ) -> list[SealedWindow]:
        """Take the deltas: of windows to `close` with their sketches; of others from 10 rows on, or all where `everything`."""
        sealed = []
        for key in sorted(self._windows):
            window = self._windows[key]
            closing = key in close
            if window.rows >= LEAST_ROWS or closing or (everything and window.rows):
                sealed.append(self._seal(key, window, closed=closing, breathe=breathe))
            if closing:
                del self._windows[key]
        return sealed

    def _seal(self, key: WindowKey, window: OpenWindow, *, closed: bool, breathe: Breathe) -> SealedWindow:
        window.spread(closed=closed)
        columns = []
        for cell in window.cells.values():
            columns.append(self._guard.limit(cell.take(closed=closed), learn=not key.segment))
            breathe()
        moments = window.moments if closed else None
        taken = SealedWindow(key, columns, closed, 0 if key.segment else window.rows, window.clamped_rows, moments)
        window.rows = window.clamped_rows = 0
        return taken

    def due_to_close(
        self, *, now_us: int, newest_event_us: int, length_us: int, idle_us: int = MINUTE_US
    ) -> frozenset[WindowKey]:
        """Windows that event time, or the clock, has left and that got no row for a while."""
        until = max(newest_event_us, now_us) - length_us
        return frozenset(
            key
            for key, window in self._windows.items()
            if key.start_us <= until and now_us - window.touched_us >= idle_us
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
    columns: Mapping[str, Column | None],
    rows: int,
    kinds: Mapping[str, ColumnKind],
    bins: ReferenceBins | None,
    breathe: Breathe = no_pause,
) -> list[ColumnProfile]:
    """Profile each column that has a kind that profiles know; of a column that is None all `rows` values are missing."""
    known: Mapping[str, ColumnBins] = bins.columns if bins else {}
    profiles = []
    for name, values in columns.items():
        kind, ref = kinds[name], known.get(name)
        if kind.is_numeric:
            numbers = _NO_NUMBERS if values is None else numeric_values(values)
            numbers = replace(numbers, missing=rows) if values is None else numbers
            profiles.append(profile_numeric(name, numbers, ref if isinstance(ref, NumericBins) else None, kind=kind))
        elif kind.is_categorical:
            names = CategoryCounts({}, rows, 0, 0) if values is None else category_counts(values, kind)
            named = ref if isinstance(ref, CategoricalBins) else None
            profiles.append(profile_categories(name, names, named, kind=kind))
        breathe()
    return profiles


_NO_NUMBERS = NumericValues(np.empty(0, dtype=np.float64), 0, 0, 0)
