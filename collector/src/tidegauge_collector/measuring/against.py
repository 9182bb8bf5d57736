"""Drift against something else than the baseline: the windows just before, a fixed range, or what another version saw at the same time.

The other side is counted in the reference bins of the version's baseline, so that all values of a column can be compared with each other;
what was counted in other bins is re-binned, and marked approximate by whoever counts it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from tidegauge.core.baseline import Baseline
from tidegauge.core.bins import UNUSABLE, ReferenceBins
from tidegauge.core.profile import ColumnProfile
from tidegauge.core.sketch import WINDOW_POINTS, merge_sketches
from tidegauge.core.windows import Window
from tidegauge_collector.measuring.baselines import ActiveBaseline
from tidegauge_collector.measuring.drift import is_feature_or_prediction
from tidegauge_collector.measuring.families import Family, Inquiry
from tidegauge_collector.measuring.gauged import Scope, counts_in
from tidegauge_collector.measuring.measurement import Measurement
from tidegauge_collector.telemetry.moments import merged_profiles
from tidegauge_collector.telemetry.store import TelemetryStore

MOST_WINDOWS = 1_000
ORIGIN = "range"


@dataclass(frozen=True, slots=True, kw_only=True)
class Against:
    """The other side: `trailing_us` before each window, a fixed `range`, or `version` in the window itself; `exclude`: times left out."""

    text: str
    trailing_us: int | None = None
    range: Window | None = None
    version: str | None = None
    exclude: tuple[Window, ...] = ()

    def pieces(self, window: Window) -> list[Window]:
        """The times that a window is laid beside."""
        if self.range is not None:
            return without(self.range, self.exclude)
        if self.trailing_us is not None:
            return without(Window(window.start_us - self.trailing_us, window.start_us), self.exclude)
        return without(window, self.exclude)


def without(window: Window, excluded: Sequence[Window]) -> list[Window]:
    """What is left of a window.

    >>> without(Window(0, 10), [Window(2, 4), Window(8, 20)])
    [Window(start_us=0, end_us=2), Window(start_us=4, end_us=8)]
    """
    left = [window]
    for one in excluded:
        left = [
            Window(start, end)
            for piece in left
            for start, end in (
                (piece.start_us, min(piece.end_us, one.start_us)),
                (max(piece.start_us, one.end_us), piece.end_us),
            )
            if start < end
        ]
    return left


def measure_against(family: Family, asked: Inquiry, metric: str, against: Against) -> Iterator[Measurement]:
    """A metric of drift in each window; `no_baseline` where the other side has no rows. Raises ValueError for more than 1,000 windows."""
    windows = asked.scope.windows
    if len(windows) > MOST_WINDOWS:
        raise ValueError(
            f"{len(windows)} windows are more than {MOST_WINDOWS}, each with another side of its own: "
            "ask for longer steps or a shorter range"
        )
    known: tuple[list[Window], ActiveBaseline | None] | None = None
    for window in windows:
        pieces = against.pieces(window)
        if known is None or known[0] != pieces:
            known = pieces, reference(asked, pieces, against.version or asked.scope.version)
        alone = replace(asked, scope=replace(asked.scope, windows=[window]), active=known[1])
        for one in family.measure(alone, metric):
            yield replace(one, parameters={**one.parameters, "against": against.text})


def reference(asked: Inquiry, pieces: Sequence[Window], version: str) -> ActiveBaseline | None:
    """What a version saw in these times, as the other side of drift; None without bins to count in, or without rows."""
    scope, active = asked.scope, asked.active
    if active is None or not pieces:
        return None
    bins = active.baseline.bins
    names = [name for name in bins.columns if is_feature_or_prediction(name)]
    if asked.columns is not None:
        names = [name for name in names if name in asked.columns]
    other = Scope(deployment=scope.deployment, version=version, segment=scope.segment, windows=pieces)
    counted = counts_in(asked.store, other, bins, names)
    detailed = _profiles(asked.store, other, names)
    profiles = {
        name: _counted(detailed[name], counted[name].counts.sum(axis=0))
        for name in names
        if name in counted and name in detailed
    }
    if not profiles:
        return None
    rows = max(one.rows for one in profiles.values())
    chosen = ReferenceBins({name: bins.columns[name] for name in profiles})
    baseline = Baseline(rows, chosen, profiles, importance=active.baseline.importance, origin=ORIGIN)
    return ActiveBaseline(baseline, ORIGIN, rows)


def _profiles(store: TelemetryStore, scope: Scope, names: Sequence[str]) -> dict[str, ColumnProfile]:
    """One profile of each column over all windows of a scope."""
    parts: dict[str, list[ColumnProfile]] = {}
    for window in scope.windows:
        found = merged_profiles(
            store, scope.deployment, version=scope.version, segment=scope.segment, window=window, columns=names
        )
        for name, one in found.items():
            parts.setdefault(name, []).append(one)
    return {name: _together(some) for name, some in parts.items()}


def _together(profiles: Sequence[ColumnProfile]) -> ColumnProfile:
    """Extremes and quantiles of all of them, which is what distances look at; moments may be about different pivots, and say nothing."""
    return replace(
        profiles[0],
        sum=math.nan,
        sum_squares=math.nan,
        minimum=min((one.minimum for one in profiles if not math.isnan(one.minimum)), default=math.nan),
        maximum=max((one.maximum for one in profiles if not math.isnan(one.maximum)), default=math.nan),
        sketch=merge_sketches([one.sketch for one in profiles], WINDOW_POINTS),
    )


def _counted(profile: ColumnProfile, counts: np.ndarray[tuple[int], np.dtype[np.int64]]) -> ColumnProfile:
    """The profile with its counts in bins, unusable rows last."""
    missing, non_finite, invalid = counts[-len(UNUSABLE) :].tolist()
    return replace(
        profile,
        rows=int(counts.sum()),
        missing=missing,
        non_finite=non_finite,
        invalid=invalid,
        overflow=0,
        bin_counts=counts[: -len(UNUSABLE)],
    )
