"""One profile a column from whatever series hold its rows: different pivots are brought together, other kinds are invalid."""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tidegauge.core.columns import ColumnKind
from tidegauge.core.profile import ColumnProfile, merge_profiles
from tidegauge.core.sketch import EMPTY
from tidegauge.core.windows import Window
from tidegauge_collector.telemetry.index import Series
from tidegauge_collector.telemetry.store import TelemetryStore
from tidegauge_collector.telemetry.windowed import Windowed, rows_of


@dataclass(frozen=True, slots=True)
class Range:
    """Series and the window in which they are read, in one snapshot of the store."""

    store: TelemetryStore
    series: Sequence[Series]
    window: Window

    def profiles(self, *, detailed: bool) -> dict[str, ColumnProfile]:
        """A profile of each column that has rows; with names and sketches where `detailed`."""
        parts: dict[str, list[ColumnProfile]] = defaultdict(list)
        for place, _, *numbers in rows_of(self._read(self.series, range(len(self.series))).cells()):
            part = _part(self.series[place], numbers)
            parts[part.name].append(part)
        merged = {name: _merge(parts[name]) for name in sorted(parts)}
        return self._with_details(merged) if detailed else merged

    def _with_details(self, merged: dict[str, ColumnProfile]) -> dict[str, ColumnProfile]:
        places = {name: i for i, name in enumerate(merged)}
        fitting = [one for one in self.series if one.key.column in merged]
        fitting = [one for one in fitting if one.key.kind == merged[one.key.column].kind]
        read = self._read(fitting, [places[one.key.column] for one in fitting])
        names, sketches = read.names(), read.sketches()
        return {
            name: replace(profile, names=names.get((place, 0), {}), sketch=sketches.get((place, 0), EMPTY))
            for (name, profile), place in zip(merged.items(), places.values(), strict=True)
        }

    def _read(self, series: Sequence[Series], places: Sequence[int]) -> Windowed:
        return Windowed(self.store, series, places, (self.window,))


def profiles_by_window(read: Windowed) -> dict[int, ColumnProfile]:
    """One profile of one column in each window that has rows, by the window's position; `read` has a place for each series."""
    parts: dict[int, list[ColumnProfile]] = defaultdict(list)
    for place, slot, *numbers in rows_of(read.cells()):
        parts[slot].append(_part(read.series[place], numbers))
    return {slot: _merge(some) for slot, some in parts.items()}


def _part(series: Series, numbers: Sequence[Any]) -> ColumnProfile:
    """A profile of one series from a row of cells."""
    rows, missing, non_finite, invalid, overflow, total, total_squares, minimum, maximum = numbers
    return ColumnProfile(
        series.key.column,
        ColumnKind(series.key.kind),
        rows,
        missing,
        non_finite,
        invalid,
        overflow,
        series.key.pivot,
        total,
        total_squares,
        minimum,
        maximum,
    )


def _merge(parts: Sequence[ColumnProfile]) -> ColumnProfile:
    """One profile of one column, of the kind (if known) that most rows are of, about the pivot of the most rows of that kind."""
    rows: dict[ColumnKind, int] = defaultdict(int)
    for part in parts:
        rows[part.kind] += part.rows
    kind = max(rows, key=lambda one: (one is not ColumnKind.UNKNOWN, rows[one], one.value))
    fitting = [part for part in parts if part.kind is kind]
    pivot = max(fitting, key=lambda part: (part.rows, part.pivot)).pivot
    merged = merge_profiles([_about(pivot, part) for part in fitting])
    return _with_invalid(merged, (part for part in parts if part.kind is not kind))


def _about(pivot: float, part: ColumnProfile) -> ColumnProfile:
    """The same moments about another pivot."""
    shift = part.pivot - pivot
    if shift == 0.0:
        return part
    n = part.finite
    return replace(
        part,
        pivot=pivot,
        sum=part.sum + n * shift,
        sum_squares=part.sum_squares + shift * (2 * part.sum + n * shift),
    )


def _with_invalid(merged: ColumnProfile, others: Iterable[ColumnProfile]) -> ColumnProfile:
    """Count rows of another kind as invalid, their missing and non-finite ones as what they are."""
    for other in others:
        usable = other.rows - other.missing - other.non_finite
        merged = replace(
            merged,
            rows=merged.rows + other.rows,
            missing=merged.missing + other.missing,
            non_finite=merged.non_finite + other.non_finite,
            invalid=merged.invalid + usable,
        )
    return merged


def finite_or_none(value: float | None) -> float | None:
    """None for NaN and the infinities."""
    return value if value is not None and math.isfinite(value) else None
