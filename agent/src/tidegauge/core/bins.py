"""Reference bins: the frozen edges and categories of a baseline that every later window is counted in.

How they are chosen is pinned in docs/metrics.md (deciles, values that alone hold a tenth, the 100 most frequent categories).
Counts follow `labels`: the column's own bins in axis order. What cannot be binned (missing, non-finite, invalid) is counted
beside them; `UNUSABLE` names those three in the order in which `core` on the collector's side appends them.
"""

from __future__ import annotations

import hashlib
import json
import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property
from itertools import accumulate, pairwise

import numpy as np
import numpy.typing as npt

from tidegauge.core.columns import ColumnKind
from tidegauge.core.sketch import QuantileSketch

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]

NAMED_BINS = 100
NAMED_CATEGORIES = 1_000
LEAST_NAME_ROWS = 5
"""Rows from which on a name leaves the host where most values are distinct."""
MAX_NAMES_BYTES = 128 * 1024
POINT_SHARE = 10
"""A value that alone holds at least 1/10 of the baseline is a bin of its own."""


class BinKind(StrEnum):
    """What a bin holds."""

    BELOW = "below"
    INTERVAL = "interval"
    POINT = "point"
    ABOVE = "above"
    CATEGORY = "category"
    REST = "rest"
    NEW = "new"
    MISSING = "missing"
    NON_FINITE = "non_finite"
    INVALID = "invalid"


@dataclass(frozen=True, slots=True)
class Bin:
    """One bin: [lower, upper) for intervals (the last of a baseline is closed), lower = upper for points."""

    kind: BinKind
    label: str
    lower: float | None = None
    upper: float | None = None
    closed: bool = False


UNUSABLE = tuple(Bin(kind, kind.value) for kind in (BinKind.MISSING, BinKind.NON_FINITE, BinKind.INVALID))


def _kinds(labels: Iterable[Bin]) -> tuple[str, ...]:
    return tuple(one.kind.value for one in (*labels, *UNUSABLE))


@dataclass(frozen=True)
class NumericBins:
    """Bins of a numeric column. `stated` edges e0 < ... < ek were given by the user; else they are the baseline's distinct deciles.

    `pivot` is the value that moments are taken about (the baseline's mean), `deviation` the baseline's population standard deviation.
    """

    name: str
    has_values: bool
    minimum: float = math.nan
    maximum: float = math.nan
    edges: tuple[float, ...] = ()
    points: tuple[float, ...] = ()
    stated: bool = False
    pivot: float = 0.0
    deviation: float = 0.0
    kind: ColumnKind = ColumnKind.NUMERIC

    @cached_property
    def labels(self) -> tuple[Bin, ...]:
        """The bins in axis order."""
        if self.stated:
            return _stated_bins(self.edges)
        if not self.has_values:
            return (Bin(BinKind.NEW, "new"),)
        below = Bin(BinKind.BELOW, f"< {_text(self.minimum)}", None, self.minimum)
        above = Bin(BinKind.ABOVE, f"> {_text(self.maximum)}", self.maximum, None)
        points = [Bin(BinKind.POINT, _text(value), value, value) for value in self.points]
        inner = sorted([*points, *self._intervals()], key=lambda b: (b.lower or 0.0, b.kind is BinKind.INTERVAL))
        return (below, *inner, above)

    @cached_property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of `labels`, then of `UNUSABLE`: of every entry of a vector of counts."""
        return _kinds(self.labels)

    def _intervals(self) -> Iterable[Bin]:
        bounds = [self.minimum, *self.edges]
        for lower, upper in zip(bounds, self.edges, strict=False):
            if _holds_a_number(lower, upper, self.points, closed=False):
                yield Bin(BinKind.INTERVAL, f"[{_text(lower)}, {_text(upper)})", lower, upper)
        if _holds_a_number(bounds[-1], self.maximum, self.points, closed=True):
            label = f"[{_text(bounds[-1])}, {_text(self.maximum)}]"
            yield Bin(BinKind.INTERVAL, label, bounds[-1], self.maximum, closed=True)

    @cached_property
    def _cuts(self) -> tuple[Floats, Floats]:
        """Values whose "smaller than" and "smaller than or equal" ranks all counts are differences of."""
        lower = np.array([*(() if self.stated else (self.minimum,)), *self.edges, *self.points], dtype=np.float64)
        upper = np.array([*self.points, *(() if self.stated else (self.maximum,))], dtype=np.float64)
        return lower, upper

    @cached_property
    def cuts(self) -> Floats:
        """Values of which the ranks from the left (how many are smaller) are those that `counts_of_ranks` takes."""
        lower, upper = self._cuts
        return np.concatenate([lower, np.nextafter(upper, np.inf)])  # up to a value is below the next one

    def counts_of_ranks(self, ranks: Counts, total: int) -> Counts:
        """Counts of `total` finite values in each bin of `labels`, by the ranks of `cuts` among them, or the sums of such ranks."""
        counts: Counts = (self._weights @ np.append(ranks, total)).round().astype(np.int64)
        return counts

    @cached_property
    def _weights(self) -> Floats:
        """The matrix that turns (ranks below, ranks up to, total) into counts: each count is a difference of ranks."""
        lower, upper = self._cuts
        rows = len(lower) + len(upper) + 1
        unit = np.eye(rows)
        columns = [self._count(v[: len(lower)], v[len(lower) : -1], v[-1]) for v in unit]
        return np.stack(columns, axis=1)

    def count_sorted(self, values: Floats) -> Counts:
        """Counts of sorted finite values in each bin of `labels` (int64)."""
        return self.counts_of_ranks(values.searchsorted(self.cuts), len(values))

    def count_sketch(self, sketch: QuantileSketch) -> Counts:
        """Approximate counts from a sketch, whole numbers that add up to its count."""
        lower, upper = self._cuts
        ranks = (sketch.counts_below(lower), sketch.counts_below(upper, inclusive=True), (float(sketch.count),))
        return _whole(self._weights @ np.concatenate(ranks), sketch.count)

    def _count(self, below: Floats, up_to: Floats, total: float) -> Floats:
        if self.stated:
            return np.diff(np.concatenate([[0.0], below, [total]]))
        if not self.has_values:
            return np.array([total])
        at_point = up_to[: len(self.points)] - below[1 + len(self.edges) :]
        rank = dict(zip([self.minimum, *self.edges], below[: 1 + len(self.edges)], strict=True))
        return np.array([self._count_one(one, rank, at_point, up_to[-1], total) for one in self.labels])

    def _count_one(
        self, one: Bin, rank: Mapping[float, float], at_point: Floats, up_to_maximum: float, total: float
    ) -> float:
        if one.kind is BinKind.BELOW:
            return rank[self.minimum]
        if one.kind is BinKind.ABOVE:
            return total - up_to_maximum
        lower, upper = one.lower or 0.0, one.upper or 0.0
        if one.kind is BinKind.POINT:
            return float(at_point[self.points.index(lower)])
        inside = (up_to_maximum if one.closed else rank[upper]) - rank[lower]
        end = bisect_right(self.points, upper) if one.closed else bisect_left(self.points, upper)
        return float(inside - at_point[bisect_left(self.points, lower) : end].sum())


@dataclass(frozen=True)
class CategoricalBins:
    """Bins of a categorical or boolean column: one a category, then `rest` and `new` where they can hold anything."""

    name: str
    categories: tuple[str, ...]
    rest: tuple[str, ...] = ()
    high_cardinality: bool = False
    kind: ColumnKind = ColumnKind.CATEGORICAL

    @cached_property
    def labels(self) -> tuple[Bin, ...]:
        named = tuple(Bin(BinKind.CATEGORY, category) for category in self.categories)
        rest = (Bin(BinKind.REST, "rest"),) if self.rest or self.high_cardinality else ()
        new = () if self.high_cardinality else (Bin(BinKind.NEW, "new"),)
        return (*named, *rest, *new)

    @cached_property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of `labels`, then of `UNUSABLE`: of every entry of a vector of counts."""
        return _kinds(self.labels)

    @cached_property
    def _index(self) -> dict[str, int]:
        index = {category: i for i, category in enumerate(self.categories)}
        index.update(dict.fromkeys(self.rest, len(self.categories)))
        return index

    def count_names(self, counts: Mapping[str, int], overflow: int = 0) -> tuple[Counts, dict[str, int]]:
        """Counts in each bin of `labels`, and the names that the baseline does not know with their counts.

        `overflow` (rows whose name was not kept) is counted with `new`, or with `rest` where cardinality is high.
        """
        out = np.zeros(len(self.labels), dtype=np.int64)
        unknown: dict[str, int] = {}
        index = self._index
        for name, n in counts.items():
            position = index.get(name)
            if position is None:
                unknown[name] = n
            else:
                out[position] += n
        out[-1] += sum(unknown.values()) + overflow
        return out, unknown


ColumnBins = NumericBins | CategoricalBins


@dataclass(frozen=True)
class ReferenceBins:
    """The bins of all columns of a baseline, known by the digest of their content."""

    columns: Mapping[str, ColumnBins]

    @cached_property
    def bins_id(self) -> bytes:
        """First 16 bytes of BLAKE2b over the canonical text of all bins (docs/wire.md)."""
        return hashlib.blake2b(canonical_bins(self.columns.values()).encode(), digest_size=16).digest()


def numeric_bins(name: str, sorted_values: Floats, *, kind: ColumnKind = ColumnKind.NUMERIC) -> NumericBins:
    """Bins from the sorted finite values of a baseline column: distinct deciles, and points that hold a tenth alone."""
    n = len(sorted_values)
    if n == 0:
        return NumericBins(name, has_values=False, kind=kind)
    sorted_values = sorted_values + 0.0  # -0.0 becomes 0.0, so that equal data have equal digests
    deciles = sorted_values[[-(-k * n // 10) - 1 for k in range(1, 10)]]
    values, counts = np.unique(sorted_values, return_counts=True)
    with np.errstate(over="ignore", invalid="ignore"):  # near the largest float sums are infinite
        pivot, deviation = float(sorted_values.mean()), float(sorted_values.std())
    return NumericBins(
        name,
        has_values=True,
        minimum=float(sorted_values[0]),
        maximum=float(sorted_values[-1]),
        edges=tuple(np.unique(deciles).tolist()),
        points=tuple(values[counts * POINT_SHARE >= n].tolist()),
        pivot=pivot if math.isfinite(pivot) else float(sorted_values[n // 2]),
        deviation=deviation,
        kind=kind,
    )


def stated_bins(
    name: str, edges: Sequence[float], sorted_values: Floats, *, kind: ColumnKind = ColumnKind.NUMERIC
) -> NumericBins:
    """Bins with the user's own edges; `edges` finite, ascending, without repetition."""
    base = numeric_bins(name, sorted_values, kind=kind)
    return replace(base, edges=tuple(float(edge) + 0.0 for edge in edges), points=(), stated=True)


def categorical_bins(
    name: str, counts: Mapping[str, int], *, kind: ColumnKind = ColumnKind.CATEGORICAL
) -> CategoricalBins:
    """Bins from the counts of a baseline column: the 100 most frequent (ties by UTF-8 order), the next 900 as `rest`.

    Of a column like an id (more than 100 names, most rows with one of their own) only names of 5 rows or more are kept, and of huge
    names as many as fit in 128 KiB; the others are unknown, and fall where unknown values fall.
    """
    ranked = sorted(counts, key=lambda category: (-counts[category], category.encode()))
    high = len(ranked) > NAMED_CATEGORIES
    if len(ranked) > NAMED_BINS and 2 * len(ranked) > sum(counts.values()):
        ranked = [category for category in ranked if counts[category] >= LEAST_NAME_ROWS]
    sizes = accumulate(len(category.encode()) for category in ranked[:NAMED_CATEGORIES])
    ranked = ranked[: bisect_right(list(sizes), MAX_NAMES_BYTES)]
    return CategoricalBins(name, tuple(ranked[:NAMED_BINS]), tuple(ranked[NAMED_BINS:]), high, kind)


def canonical_bins(columns: Iterable[ColumnBins]) -> str:
    """The text that `bins_id` is the digest of: JSON, sorted by name, numbers in hexadecimal float notation."""
    rows: list[list[object]] = []
    for one in sorted(columns, key=lambda c: c.name):
        if isinstance(one, NumericBins):
            numbers = [float(v).hex() for v in (one.minimum, one.maximum, one.pivot)]
            edges, points = ([v.hex() for v in values] for values in (one.edges, one.points))
            rows.append([one.name, one.kind.value, one.has_values, one.stated, numbers, edges, points])
        else:
            rows.append([one.name, one.kind.value, one.high_cardinality, list(one.categories), sorted(one.rest)])
    return json.dumps(rows, separators=(",", ":"), ensure_ascii=True)


def _stated_bins(edges: tuple[float, ...]) -> tuple[Bin, ...]:
    first = Bin(BinKind.INTERVAL, f"< {_text(edges[0])}", None, edges[0])
    last = Bin(BinKind.INTERVAL, f">= {_text(edges[-1])}", edges[-1], None)
    inner = (Bin(BinKind.INTERVAL, f"[{_text(a)}, {_text(b)})", a, b) for a, b in pairwise(edges))
    return (first, *inner, last)


def _holds_a_number(lower: float, upper: float, points: Sequence[float], *, closed: bool) -> bool:
    value = lower
    while value in points:
        value = math.nextafter(value, math.inf)
    return value <= upper if closed else value < upper


def _whole(exact: Floats, total: int) -> Counts:
    """Round to whole numbers that keep their sum, the largest remainders first."""
    floor = np.floor(exact).astype(np.int64)
    short = total - int(floor.sum())
    if short > 0:
        floor[np.argsort(floor - exact, kind="stable")[:short]] += 1
    return floor


def _text(value: float) -> str:
    return f"{value:.6g}"
