"""Moments, ranges, names and whole profiles of columns over a range of time."""

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tidegauge.core.columns import ColumnKind
from tidegauge.core.profile import ColumnProfile
from tidegauge.core.windows import Window
from tidegauge_collector.telemetry.profiles import Range, finite_or_none, profiles_by_window
from tidegauge_collector.telemetry.selecting import select
from tidegauge_collector.telemetry.store import TelemetryStore
from tidegauge_collector.telemetry.unpack import EVENT_TIME
from tidegauge_collector.telemetry.windowed import Windowed


@dataclass(frozen=True, slots=True)
class ColumnMoments:
    """A column's rows in a range, its unusable rows by kind, and mean, population standard deviation, minimum and maximum of its
    finite values: None where there are none, or where their sums are beyond a double.
    """

    column: str
    kind: ColumnKind
    rows: int
    missing: int
    non_finite: int
    invalid: int
    overflow: int
    mean: float | None
    deviation: float | None
    minimum: float | None
    maximum: float | None


def column_moments(
    store: TelemetryStore,
    deployment: str,
    *,
    version: str | None,
    segment: str,
    window: Window,
    columns: Collection[str] | None = None,
    batch: str | None = None,
) -> dict[str, ColumnMoments]:
    """Moments of every column that has rows in the window, by name. Rows of another kind than the most frequent are invalid."""
    chosen = select(store.index, deployment, version=version, segment=segment, batch=batch, columns=columns)
    with store.snapshot():
        profiles = Range(store, chosen, window).profiles(detailed=False)
    return {name: _moments(profile) for name, profile in profiles.items()}


def windowed_moments(
    store: TelemetryStore,
    deployment: str,
    column: str,
    *,
    version: str | None,
    segment: str,
    windows: Sequence[Window],
) -> list[tuple[ColumnMoments, int] | None]:
    """The column's moments and its rows named `true` (of a boolean one) in each window; None where it has no rows."""
    chosen = select(store.index, deployment, version=version, segment=segment, columns={column})
    if not chosen:
        return [None] * len(windows)
    with store.snapshot():
        profiles = profiles_by_window(Windowed(store, chosen, list(range(len(chosen))), windows))
        names = Windowed(store, chosen, [0] * len(chosen), windows).names()
    found: list[tuple[ColumnMoments, int] | None] = [None] * len(windows)
    for slot, profile in profiles.items():
        found[slot] = (_moments(profile), names.get((0, slot), {}).get("true", 0))
    return found


def column_rows(
    store: TelemetryStore,
    deployment: str,
    *,
    version: str | None,
    segment: str,
    windows: Sequence[Window],
    columns: Sequence[str],
    batch: str | None = None,
) -> npt.NDArray[np.int64]:
    """Rows of each column (first axis) in each window, whatever their kind."""
    places = {name: place for place, name in enumerate(columns)}
    chosen = select(store.index, deployment, version=version, segment=segment, batch=batch, columns=places)
    rows = np.zeros((len(columns), len(windows)), dtype=np.int64)
    if chosen:
        with store.snapshot():
            cells = Windowed(store, chosen, [places[one.key.column] for one in chosen], windows).cells()
        rows[cells["place"], cells["slot"]] = cells["rows"]
    return rows


def merged_profiles(
    store: TelemetryStore,
    deployment: str,
    *,
    version: str | None,
    segment: str,
    window: Window,
    columns: Collection[str] | None = None,
    batch: str | None = None,
) -> dict[str, ColumnProfile]:
    """One profile of every column in event time that has rows in the window: sketches compressed once, names added up.

    Made for a baseline from production, whose columns were counted in no bins: `bin_counts` is None, and what other bins counted by
    category is not among the names.
    """
    chosen = select(
        store.index,
        deployment,
        version=version,
        segment=segment,
        batch=batch,
        columns=columns,
        time_basis=EVENT_TIME,
    )
    with store.snapshot():
        return Range(store, chosen, window).profiles(detailed=True)


def unknown_names(
    store: TelemetryStore,
    deployment: str,
    column: str,
    *,
    version: str | None,
    segment: str,
    window: Window,
    limit: int = 100,
    batch: str | None = None,
) -> list[tuple[str, int]]:
    """The names that the bins in use did not know (all names where no bins were), the most frequent first, with their rows."""
    chosen = select(store.index, deployment, version=version, segment=segment, batch=batch, columns={column})
    with store.snapshot():
        names = Windowed(store, chosen, [0] * len(chosen), (window,)).names()
    return list(names.get((0, 0), {}).items())[:limit]


def _moments(profile: ColumnProfile) -> ColumnMoments:
    numeric = not profile.kind.is_categorical
    return ColumnMoments(
        profile.name,
        profile.kind,
        profile.rows,
        profile.missing,
        profile.non_finite,
        profile.invalid,
        profile.overflow,
        finite_or_none(profile.mean) if numeric else None,
        finite_or_none(_deviation(profile)) if numeric else None,
        finite_or_none(profile.minimum),
        finite_or_none(profile.maximum),
    )


def _deviation(profile: ColumnProfile) -> float | None:
    """Population standard deviation; None where the sums are beyond a double."""
    return profile.deviation if math.isfinite(profile.sum) and math.isfinite(profile.sum_squares) else None
