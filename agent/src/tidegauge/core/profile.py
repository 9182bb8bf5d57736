"""A profile: the mergeable statistics of one column in one window and segment.

Counts and bins of profiles add up exactly, sums to rounding, in any order. Moments are taken about `pivot`, so that a column far
from zero (an epoch, a price in yen) keeps its digits.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from tidegauge.core.bins import CategoricalBins, ColumnBins, NumericBins
from tidegauge.core.columns import CategoryCounts, ColumnKind, NumericValues
from tidegauge.core.latency import bucket_indexes
from tidegauge.core.sketch import BLOCK_POINTS, DELTA_POINTS, EMPTY, QuantileSketch, merge_sketches, sketch_sorted

Counts = npt.NDArray[np.int64]
K = TypeVar("K")


@dataclass(frozen=True, slots=True)
class ColumnProfile:
    """Statistics of one column.

    `bin_counts` follows the reference bins' labels; every usable row is in a bin, so rows = bins + missing + non_finite + invalid, and
    `names` and `overflow` only detail the bin `new` (or `rest`). Where no bins were known it is None, and for a categorical column
    rows = names + overflow + missing + non_finite + invalid. `buckets` are log-linear buckets (service columns).
    """

    name: str
    kind: ColumnKind
    rows: int
    missing: int = 0
    non_finite: int = 0
    invalid: int = 0
    overflow: int = 0
    pivot: float = 0.0
    sum: float = 0.0
    sum_squares: float = 0.0
    minimum: float = math.nan
    maximum: float = math.nan
    bin_counts: Counts | None = None
    buckets: dict[int, int] = field(default_factory=dict)
    names: dict[str, int] = field(default_factory=dict)
    sketch: QuantileSketch = EMPTY

    @property
    def finite(self) -> int:
        """Rows that moments and sketch speak of (numeric columns)."""
        return self.rows - self.missing - self.non_finite - self.invalid - self.overflow

    @property
    def mean(self) -> float | None:
        return self.pivot + self.sum / self.finite if self.finite else None

    @property
    def deviation(self) -> float | None:
        """Population standard deviation."""
        n = self.finite
        return math.sqrt(max(0.0, self.sum_squares / n - (self.sum / n) ** 2)) if n else None


def profile_numeric(
    name: str, values: NumericValues, bins: NumericBins | None = None, *, kind: ColumnKind = ColumnKind.NUMERIC
) -> ColumnProfile:
    """Profile numbers: exact bin counts, moments about the bins' pivot (0 without bins), a sketch."""
    pivot = bins.pivot if bins else 0.0
    ordered = np.sort(values.finite)
    with np.errstate(over="ignore", invalid="ignore"):  # near the largest float sums are infinite
        shifted = ordered - pivot
        total, squares = float(shifted.sum()), float(np.dot(shifted, shifted))
    has_values = len(ordered) > 0
    return ColumnProfile(
        name,
        kind,
        values.rows,
        values.missing,
        values.non_finite,
        values.invalid,
        pivot=pivot,
        sum=total,
        sum_squares=squares,
        minimum=float(ordered[0]) if has_values else math.nan,
        maximum=float(ordered[-1]) if has_values else math.nan,
        bin_counts=bins.count_sorted(ordered) if bins else None,
        sketch=sketch_sorted(ordered, BLOCK_POINTS),
    )


def profile_categories(
    name: str, values: CategoryCounts, bins: CategoricalBins | None = None, *, kind: ColumnKind = ColumnKind.CATEGORICAL
) -> ColumnProfile:
    """Profile names: exact counts of the bins' categories, unknown names with their counts."""
    unusable = (values.rows, values.missing, values.non_finite, values.invalid)
    if bins is None:
        return ColumnProfile(name, kind, *unusable, names=values.counts)
    counts, unknown = bins.count_names(values.counts)
    return ColumnProfile(name, kind, *unusable, bin_counts=counts, names=unknown)


def profile_durations(name: str, durations_ns: npt.NDArray[np.int64]) -> ColumnProfile:
    """Profile durations in log-linear buckets; sum, minimum and maximum in seconds."""
    if not len(durations_ns):
        return ColumnProfile(name, ColumnKind.LOG_LINEAR, 0)
    seconds = durations_ns / 1e9
    indexes, counts = np.unique(bucket_indexes(durations_ns), return_counts=True)
    return ColumnProfile(
        name,
        ColumnKind.LOG_LINEAR,
        len(durations_ns),
        sum=float(seconds.sum()),
        sum_squares=float(np.dot(seconds, seconds)),
        minimum=float(seconds.min()),
        maximum=float(seconds.max()),
        buckets=dict(zip(indexes.tolist(), counts.tolist(), strict=True)),
    )


def merge_profiles(profiles: Sequence[ColumnProfile], *, sketch_size: int = DELTA_POINTS) -> ColumnProfile:
    """One profile of all rows of the given ones, which are of one column and counted in the same bins (or all in none)."""
    first = profiles[0]
    if len(profiles) == 1:
        return first
    numbers = [p for p in profiles if not math.isnan(p.minimum)]
    if any(p.pivot != first.pivot for p in profiles):
        raise ValueError(f"profiles of {first.name!r} have different pivots: re-bin them first")
    binned = [p.bin_counts for p in profiles if p.bin_counts is not None]
    if binned and len(binned) != len(profiles):
        raise ValueError(f"some profiles of {first.name!r} are binned and some are not: re-bin them first")
    return ColumnProfile(
        first.name,
        first.kind,
        sum(p.rows for p in profiles),
        sum(p.missing for p in profiles),
        sum(p.non_finite for p in profiles),
        sum(p.invalid for p in profiles),
        sum(p.overflow for p in profiles),
        first.pivot,
        _total([p.sum for p in profiles]),
        _total([p.sum_squares for p in profiles]),
        min((p.minimum for p in numbers), default=math.nan),
        max((p.maximum for p in numbers), default=math.nan),
        np.sum(binned, axis=0) if binned else None,
        _add(p.buckets for p in profiles),
        _add(p.names for p in profiles),
        merge_sketches([p.sketch for p in profiles], sketch_size),
    )


def _total(sums: list[float]) -> float:
    """The same in any order; what has overflowed stays so."""
    try:
        return math.fsum(sums)
    except (OverflowError, ValueError):  # beyond the largest float, or infinities of both signs
        return math.nan


def _add(parts: Iterable[dict[K, int]]) -> dict[K, int]:
    total: Counter[K] = Counter()
    for part in parts:
        total.update(part)
    return dict(total)


def limit_names(profile: ColumnProfile, most: int, least_count: int = 1) -> ColumnProfile:
    """Keep at most `most` unknown names, each with at least `least_count` rows; the other rows become `overflow`.

    Where bins are known those rows stay counted in the bin `new` (or `rest`); without bins they are in `overflow` alone.
    """
    ranked = sorted(profile.names.items(), key=lambda item: (-item[1], item[0].encode()))
    kept = dict([item for item in ranked if item[1] >= least_count][:most])
    if len(kept) == len(ranked):
        return profile
    overflow = profile.overflow + sum(profile.names.values()) - sum(kept.values())
    return replace(profile, names=kept, overflow=overflow)


def bin_profile(profile: ColumnProfile, bins: ColumnBins) -> tuple[Counts, bool]:
    """Counts of a profile in other bins than it was made with, from its sketch or names, and whether they are exact."""
    if isinstance(bins, NumericBins):
        counts = bins.count_sketch(profile.sketch)
        return counts, profile.sketch.count == len(profile.sketch.points)
    counts, _ = bins.count_names(profile.names, profile.overflow)
    return counts, profile.overflow == 0
