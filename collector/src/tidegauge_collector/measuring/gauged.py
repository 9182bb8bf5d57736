"""Columns of windows laid beside their baselines: what every drift metric is computed from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from tidegauge.core.baseline import build_baseline
from tidegauge.core.bins import UNUSABLE, ColumnBins, NumericBins, ReferenceBins
from tidegauge.core.columns import ACTUAL, ColumnKind
from tidegauge.core.profile import ColumnProfile
from tidegauge.core.sketch import WINDOW_POINTS, sketch_sorted
from tidegauge.core.windows import Window
from tidegauge_collector.core.drift import Side
from tidegauge_collector.core.outcomes import actual_texts, texts
from tidegauge_collector.measuring.baselines import ActiveBaseline
from tidegauge_collector.telemetry.counts import ColumnCounts, column_counts
from tidegauge_collector.telemetry.distributions import Distribution, distributions
from tidegauge_collector.telemetry.joined import Among, joined
from tidegauge_collector.telemetry.store import TelemetryStore

Counts = npt.NDArray[np.int64]

DELTA_ERROR = 0.005
"""Largest rank error of the union of a window's deltas (tidegauge.core.sketch)."""
LATER_ERRORS = 0.00195 + 2 * 0.00025
"""What a full spool's merging, a roll-up into days and the merging of windows add at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What is measured: a deployment's version in a segment ("" = all traffic), in these windows; of one batch, or as it was known at
    an earlier time (`known_us`; single rows only)."""

    deployment: str
    version: str
    segment: str
    windows: Sequence[Window]
    batch: str | None = None
    known_us: int | None = None

    @property
    def among(self) -> Among:
        """Which single rows count."""
        return Among(known_us=self.known_us, batch=self.batch)


@dataclass(frozen=True)
class GaugedColumn:
    """A column's bins with its counts in k `windows` [k, B + 3] and in the `baseline` [B + 3], unusable rows last.

    `approximate` marks windows counted in other bins. `distributions` are there where distances are asked for.
    """

    name: str
    bins: ColumnBins
    profile: ColumnProfile
    baseline: Counts
    windows: Counts
    approximate: npt.NDArray[np.bool_]
    distributions: Mapping[int, Distribution] = field(default_factory=dict)

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kind of each entry of the counts."""
        return self.bins.kinds

    def baseline_side(self) -> Side:
        """The baseline's finite values: few are kept whole, many as a sketch."""
        profile = self.profile
        finite = profile.finite
        return Side(
            rows=finite,
            minimum=profile.minimum,
            maximum=profile.maximum,
            sketch=profile.sketch,
            rank_error=profile.sketch.rank_error,
            bins=self.bins.labels,
            counts=self.baseline[: -len(UNUSABLE)].tolist(),
        )

    def window_side(self, i: int) -> Side | None:
        """The window's finite values, None without any; counts that are approximate say nothing here."""
        found = self.distributions.get(i)
        if found is None:
            return None
        exact = not self.approximate[i] and self.windows[i, : -len(UNUSABLE)].sum() == found.rows
        is_whole = found.sketch.count == len(found.sketch.points)
        return Side(
            rows=found.rows,
            minimum=found.minimum,
            maximum=found.maximum,
            sketch=found.sketch,
            rank_error=0.0 if is_whole else DELTA_ERROR + LATER_ERRORS,
            bins=self.bins.labels if exact else (),
            counts=self.windows[i, : -len(UNUSABLE)].tolist() if exact else (),
        )


def gauged_columns(
    store: TelemetryStore, scope: Scope, active: ActiveBaseline, columns: Sequence[str], *, distances: bool
) -> list[GaugedColumn]:
    """Those of the columns that are in the baseline; `distances`: with the distributions of numeric ones."""
    bins = active.baseline.bins
    names = [name for name in columns if name in bins.columns]
    numeric = {name: bins.columns[name].kind for name in names if isinstance(bins.columns[name], NumericBins)}
    with store.snapshot():
        found = counts_in(store, scope, bins, names)
        lying = _distributions(store, scope, numeric) if distances and numeric and scope.windows else {}
    return [
        GaugedColumn(
            name,
            bins.columns[name],
            active.baseline.profiles[name],
            active.counts(name),
            found[name].counts,
            found[name].approximate,
            {slot: one for (column, slot), one in lying.items() if column == name},
        )
        for name in names
        if name in found
    ]


def counts_in(
    store: TelemetryStore, scope: Scope, bins: ReferenceBins, columns: Sequence[str]
) -> dict[str, ColumnCounts]:
    """Counts of the columns in the scope's windows."""
    if not columns or not scope.windows:
        return {}
    return column_counts(
        store,
        scope.deployment,
        version=scope.version,
        segment=scope.segment,
        bins=bins,
        windows=scope.windows,
        columns=columns,
        batch=scope.batch,
    )


def gauged_actuals(
    store: TelemetryStore, scope: Scope, active: ActiveBaseline | None, *, is_regression: bool
) -> GaugedColumn | None:
    """`_actual`: the truth of the window's predictions beside that of the baseline's scored rows; None where it has none."""
    outcomes = active.baseline.outcomes if active is not None else None
    if outcomes is None or outcomes.actual is None or not scope.windows:
        return None
    kind = ColumnKind.NUMERIC if is_regression else ColumnKind.CATEGORICAL
    values = _truth(outcomes.actual.values, texts(outcomes.actual.labels), kind)
    baseline = build_baseline({ACTUAL: values}, {ACTUAL: kind})
    start = min(window.start_us for window in scope.windows)
    end = max(window.end_us for window in scope.windows)
    rows = joined(
        store,
        scope.deployment,
        version=scope.version,
        segment=scope.segment,
        start_us=start,
        end_us=end,
        among=scope.among,
    )
    truth = _truth(rows.actual_value, texts(rows.actual_label), kind)
    counts, lying = [], {}
    for i, window in enumerate(scope.windows):
        inside = truth[(rows.event_us >= window.start_us) & (rows.event_us < window.end_us)]
        counted = build_baseline({ACTUAL: inside}, {ACTUAL: kind}).profiles[ACTUAL]
        counts.append(_counted(inside, baseline.bins.columns[ACTUAL], counted))
        if kind.is_numeric and counted.finite:
            ordered = np.sort(inside[np.isfinite(inside)])
            sketch = sketch_sorted(ordered, max(WINDOW_POINTS, len(ordered)))
            lying[i] = Distribution(counted.finite, counted.minimum, counted.maximum, sketch)
    profile = baseline.profiles[ACTUAL]
    own = profile.bin_counts if profile.bin_counts is not None else np.zeros(0, dtype=np.int64)
    return GaugedColumn(
        ACTUAL,
        baseline.bins.columns[ACTUAL],
        profile,
        np.append(own, [profile.missing, profile.non_finite, profile.invalid]),
        np.array(counts, dtype=np.int64),
        np.zeros(len(scope.windows), dtype=np.bool_),
        lying,
    )


def _truth(
    values: npt.NDArray[np.float64], labels: npt.NDArray[np.object_], kind: ColumnKind
) -> npt.NDArray[np.generic]:
    return values if kind.is_numeric else actual_texts(values, labels)


def _counted(values: npt.NDArray[np.generic], bins: ColumnBins, profile: ColumnProfile) -> Counts:
    """Rows of one window in the bins of another's values."""
    if isinstance(bins, NumericBins):
        numbers = values.astype(np.float64)
        counts = bins.count_sorted(np.sort(numbers[np.isfinite(numbers)]))
    else:
        names, rows = np.unique(values[values != None].astype(str), return_counts=True)  # noqa: E711 - by element
        counts, _ = bins.count_names(dict(zip(names.tolist(), rows.tolist(), strict=True)))
    together: Counts = np.append(counts, [profile.missing, profile.non_finite, profile.invalid])
    return together


def _distributions(
    store: TelemetryStore, scope: Scope, kinds: Mapping[str, ColumnKind]
) -> dict[tuple[str, int], Distribution]:
    return distributions(
        store,
        scope.deployment,
        version=scope.version,
        segment=scope.segment,
        windows=scope.windows,
        batch=scope.batch,
        kinds=kinds,
    )
