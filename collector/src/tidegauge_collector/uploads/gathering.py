"""Profiles of the rows of one request, window by window and segment by segment, until its frames are made.

The laws are those of the agent's worker (tidegauge.core does the counting): hours in event time, one cell a column, sketches pooled in
levels, second moments of all traffic only. What differs: nothing waits for a window to close, since a request knows its rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from tidegauge.core.bins import LEAST_NAME_ROWS, CategoricalBins, NumericBins, ReferenceBins
from tidegauge.core.columns import (
    LATENCY,
    PREDICTION,
    PREDICTION_LABEL,
    ROWS,
    CategoryCounts,
    ColumnKind,
    NumericValues,
    category_counts,
    numeric_values,
)
from tidegauge.core.derived import PARTS, derive
from tidegauge.core.kinds import infer_kind
from tidegauge.core.moments import SecondMoments, merge_moments, second_moments, standard_of
from tidegauge.core.profile import (
    ColumnProfile,
    limit_names,
    merge_profiles,
    profile_categories,
    profile_durations,
    profile_numeric,
)
from tidegauge.core.sketch import EMPTY, SketchStack
from tidegauge.core.windows import HOUR_US, MINUTE_US
from tidegauge_collector.uploads.outcomes import Answers
from tidegauge_collector.uploads.rows import Observed
from tidegauge_collector.uploads.values import Column

MAX_CELLS = 65_536
MAX_CELL_BYTES = 128 * 1024 * 1024
MAX_NAMES = 1_000
MAX_KINDS = 2_100
LEAST_MOMENT_ROWS = 10
_NAME_BYTES, _CELL_BYTES = 180, 500
_NAMES_TO_JUDGE_BY = 100
_PARTS = 8


@dataclass(frozen=True, slots=True, order=True)
class WindowKey:
    """An hour of event time (`is_service`: a minute), in one segment."""

    start_us: int
    segment: str
    is_service: bool = False


@dataclass
class Cell:
    """What one column gathered."""

    deltas: list[ColumnProfile] = field(default_factory=list)
    sketches: SketchStack = field(default_factory=SketchStack)

    def add(self, profile: ColumnProfile, *, keeps_sketch: bool) -> int:
        """Take in the profile of some more rows; about how many bytes it adds."""
        if profile.sketch.count and keeps_sketch:
            self.sketches.add(profile.sketch)
        self.deltas.append(replace(profile, sketch=EMPTY))
        if len(self.deltas) >= _PARTS:
            merged = merge_profiles(self.deltas)
            self.deltas = [limit_names(merged, 2 * MAX_NAMES)]
        bins = 0 if profile.bin_counts is None else profile.bin_counts.nbytes
        return _CELL_BYTES + bins + _NAME_BYTES * len(profile.names)

    def take(self) -> ColumnProfile:
        """All of it."""
        return replace(merge_profiles(self.deltas), sketch=self.sketches.take())


@dataclass
class OpenWindow:
    """Cells by column; `rows` and `clamped_rows` of all traffic."""

    cells: dict[str, Cell] = field(default_factory=dict)
    moments: SecondMoments | None = None
    rows: int = 0
    clamped_rows: int = 0


@dataclass(frozen=True, slots=True)
class SealedWindow:
    """A window's delta, ready to be encoded."""

    key: WindowKey
    columns: list[ColumnProfile]
    moments: SecondMoments | None
    clamped_rows: int


class Gathering:
    """The windows of one request. `kinds` is shared with the reader: each learns kinds that the other needs."""

    def __init__(self, bins: ReferenceBins | None, kinds: dict[str, ColumnKind]) -> None:
        self._bins = bins
        self._kinds = kinds
        self._standard = None if bins is None else standard_of(bins)
        self._windows: dict[WindowKey, OpenWindow] = {}
        self._bytes = 0
        self._names = NameGuard()

    def add(self, rows: Observed) -> Iterator[SealedWindow]:
        """Count rows; windows that must make room come out."""
        if not rows.count:
            return
        self._learn(rows.features)
        usable, derived = derive(rows.features, self._kinds)
        self._kinds.update(derived)
        columns: dict[str, Column | None] = {**usable, **self._absent(usable)}
        answers = answer_columns(rows.answers)
        self._learn(answers)
        columns |= answers
        columns = {name: values for name, values in columns.items() if self._kinds.get(name)}
        for start, segment, chosen in _members(rows):
            self._count(WindowKey(start, segment), rows, columns, chosen)
        self._serve(rows)
        if self._is_full():
            yield from self._seal(sorted(self._windows)[: max(1, len(self._windows) // 2)])

    def finish(self) -> Iterator[SealedWindow]:
        """All that is left."""
        yield from self._seal(sorted(self._windows))

    def _count(
        self, key: WindowKey, rows: Observed, columns: Mapping[str, Column | None], chosen: npt.NDArray[np.intp] | None
    ) -> None:
        count = rows.count if chosen is None else len(chosen)
        part = columns if chosen is None else {n: None if v is None else v[chosen] for n, v in columns.items()}
        window = self._windows.setdefault(key, OpenWindow())
        for profile in profile_columns(part, count, self._kinds, self._bins):
            cell = window.cells.setdefault(profile.name, Cell())
            keeps_sketch = not key.segment or profile.bin_counts is None
            self._bytes += cell.add(profile, keeps_sketch=keeps_sketch)
        if key.segment:
            return
        window.rows += count
        window.clamped_rows += int(np.count_nonzero(rows.clamped if chosen is None else rows.clamped[chosen]))
        if self._standard is not None and self._standard.columns:
            numeric = {n: part.get(n) for n in self._standard.columns if self._kinds.get(n) is ColumnKind.NUMERIC}
            moments = second_moments(numeric, count, self._standard)
            window.moments = moments if window.moments is None else merge_moments([window.moments, moments])

    def _serve(self, rows: Observed) -> None:
        """Requests with a known duration, each of one row, in the minute of their time."""
        if rows.latency_ns is None:
            return
        timed = rows.latency_ns >= 0
        minutes = rows.event_us - rows.event_us % MINUTE_US
        for minute in np.unique(minutes[timed]).tolist():
            inside = timed & (minutes == minute)
            for segment, chosen in _segments(rows, np.flatnonzero(inside)):
                durations = rows.latency_ns[chosen]
                window = self._windows.setdefault(WindowKey(minute, segment, is_service=True), OpenWindow())
                ones = NumericValues(np.ones(len(durations)), 0, 0, 0)
                for profile in (profile_durations(LATENCY, durations), profile_numeric(ROWS, ones)):
                    cell = window.cells.setdefault(profile.name, Cell())
                    self._bytes += cell.add(profile, keeps_sketch=False)

    def _seal(self, keys: list[WindowKey]) -> Iterator[SealedWindow]:
        for key in keys:
            window = self._windows.pop(key)
            columns = [self._names.limit(cell.take(), learn=not key.segment) for cell in window.cells.values()]
            moments = window.moments
            if moments is not None and moments.rows < LEAST_MOMENT_ROWS:
                moments = None  # out of so few, single rows could be told again
            yield SealedWindow(key, columns, moments, window.clamped_rows)
        self._bytes = sum(len(window.cells) for window in self._windows.values()) * _CELL_BYTES

    def _is_full(self) -> bool:
        cells = sum(len(window.cells) for window in self._windows.values())
        return cells > MAX_CELLS or self._bytes > MAX_CELL_BYTES

    def _learn(self, columns: Mapping[str, Column]) -> None:
        for name, values in columns.items():
            if name not in self._kinds and len(self._kinds) < MAX_KINDS:
                kind = infer_kind(values)
                if kind is not None:
                    self._kinds[name] = kind

    def _absent(self, columns: Mapping[str, Column]) -> dict[str, None]:
        """Columns that belong there and are not: all of their values are missing."""
        names = (n for n in self._kinds if n not in columns and not n.startswith("_") and self._kinds[n] not in PARTS)
        return dict.fromkeys(names)


class NameGuard:
    """Of a column most of whose values are distinct, names of fewer than 5 rows are not kept: they may be ids."""

    def __init__(self) -> None:
        self._rows: dict[str, int] = {}
        self._seen: dict[str, set[str]] = {}

    def limit(self, profile: ColumnProfile, *, learn: bool) -> ColumnProfile:
        """The profile with at most 1,000 unknown names; `learn` from it (not from a segment's copy of rows seen already)."""
        named = profile.rows - profile.missing - profile.non_finite - profile.invalid
        seen = self._seen.setdefault(profile.name, set())
        if learn and len(seen) < MAX_NAMES:
            self._rows[profile.name] = self._rows.get(profile.name, 0) + named
            seen.update(profile.names)
        if not profile.names or profile.kind is ColumnKind.BOOLEAN:
            return profile
        hit = 0 if profile.bin_counts is None else int(np.count_nonzero(profile.bin_counts[:-1]))
        rows, names = self._rows.get(profile.name, named), len(seen or profile.names) + hit
        judges = len(profile.names) >= _NAMES_TO_JUDGE_BY and 2 * (len(profile.names) + hit) > named
        return limit_names(profile, MAX_NAMES, LEAST_NAME_ROWS if judges or 2 * names > rows else 1)


def answer_columns(answers: Answers) -> dict[str, Column]:
    """Answers as the reserved columns that they are profiled in."""
    columns: dict[str, Column] = {
        f"{PREDICTION}.{name}" if name else PREDICTION: values for name, values in answers.scores.items()
    }
    if answers.labels is not None:
        names: Column = np.array([*answers.labels.names, None], dtype=object)
        columns[PREDICTION_LABEL] = names[np.minimum(answers.labels.codes, len(answers.labels.names))]
    return columns


def profile_columns(
    columns: Mapping[str, Column | None], rows: int, kinds: Mapping[str, ColumnKind], bins: ReferenceBins | None
) -> list[ColumnProfile]:
    """Profile each column that has a kind that profiles know; of a column that is None all `rows` values are missing."""
    profiles = []
    for name, values in columns.items():
        kind, ref = kinds[name], bins.columns.get(name) if bins else None
        if kind.is_numeric:
            numbers = NumericValues(np.empty(0), rows, 0, 0) if values is None else numeric_values(values)
            profiles.append(profile_numeric(name, numbers, ref if isinstance(ref, NumericBins) else None, kind=kind))
        elif kind.is_categorical:
            names = CategoryCounts({}, rows, 0, 0) if values is None else category_counts(values, kind)
            known = ref if isinstance(ref, CategoricalBins) else None
            profiles.append(profile_categories(name, names, known, kind=kind))
    return profiles


def _members(rows: Observed) -> Iterator[tuple[int, str, npt.NDArray[np.intp] | None]]:
    """Each hour, in all traffic and each segment, with the rows in it (None: all)."""
    hours = rows.event_us - rows.event_us % HOUR_US
    first = int(hours[0])
    if bool((hours == first).all()):
        yield first, "", None
        for segment, chosen in _segments(rows, np.arange(rows.count), whole=False):
            yield first, segment, chosen
        return
    order = np.argsort(hours, kind="stable")
    starts, places = np.unique(hours[order], return_index=True)
    for start, inside in zip(starts.tolist(), np.split(order, places[1:]), strict=True):
        for segment, chosen in _segments(rows, inside):
            yield start, segment, chosen


def _segments(
    rows: Observed, inside: npt.NDArray[np.intp], *, whole: bool = True
) -> Iterator[tuple[str, npt.NDArray[np.intp]]]:
    """All traffic (where `whole`) and each segment that some of these rows are in."""
    if whole:
        yield "", inside
    codes = rows.segment_codes[inside]
    present = [rows.segment_sets[code] for code in np.unique(codes).tolist()]
    for segment in dict.fromkeys(name for one in present for name in one):
        member = np.array([segment in one for one in rows.segment_sets], dtype=bool)
        yield segment, inside[member[codes]]
