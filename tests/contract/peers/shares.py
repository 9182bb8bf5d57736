"""Reference bins and the pooled table of docs/metrics.md, read word by word and slowly: each value is put where the page says.

Knows no code of the product, so that a fault in its bins cannot hide in the witness's too.
"""

import math
from bisect import bisect_right
from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd

FLOOR = 1e-4
LEAST = 5
Place = tuple[str, Hashable]


def floored(p: np.ndarray, q: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Every share raised to at least 0.0001, then both renormalised; bins that are empty on both sides are dropped."""
    used = (p > 0) | (q > 0)
    raised = [np.maximum(side[used], FLOOR) for side in (p, q)]
    return raised[0] / raised[0].sum(), raised[1] / raised[1].sum()


@dataclass(frozen=True)
class NumericPlaces:
    """Where a number belongs: `minimum`, the distinct deciles, `maximum`, and the values with a tenth of the rows or more."""

    edges: tuple[float, ...]
    points: frozenset[float]
    minimum: float
    maximum: float

    @classmethod
    def of(cls, baseline: pd.Series) -> "NumericPlaces":
        ordered = sorted(value for value in baseline.dropna().tolist() if math.isfinite(value))
        n = len(ordered)
        deciles = {ordered[math.ceil(k * n / 10) - 1] for k in range(1, 10)}
        points = frozenset(value for value, rows in Counter(ordered).items() if 10 * rows >= n)
        return cls(tuple(sorted(deciles)), points, ordered[0], ordered[-1])

    def place(self, value: float) -> Place:
        if value is None or math.isnan(value):
            return ("missing", None)
        if math.isinf(value):
            return ("non_finite", None)
        if value in self.points:
            return ("point", value)
        if value < self.minimum or value > self.maximum:
            return ("below" if value < self.minimum else "above", None)
        return ("interval", bisect_right(self.edges, value))

    @property
    def intervals(self) -> list[int]:
        """Those that can hold a number."""
        bounds = [self.minimum, *self.edges, self.maximum]
        last = len(bounds) - 2
        return [
            i
            for i, (low, high) in enumerate(pairwise(bounds))
            if low < high or (i == last and low == high and low not in self.points)
        ]


@dataclass(frozen=True)
class NamedPlaces:
    """Where a name belongs: the 100 most frequent ones are bins, 900 more are the rest, the others are new."""

    names: tuple[str, ...]

    @classmethod
    def of(cls, baseline: pd.Series) -> "NamedPlaces":
        counts = Counter(baseline.dropna().astype(str).tolist())
        ranked = sorted(counts, key=lambda name: (-counts[name], name.encode()))
        assert len(ranked) <= 1_000
        return cls(tuple(ranked))

    def place(self, value: object) -> Place:
        if value is None or value != value:  # noqa: PLR0124 - NaN
            return ("missing", None)
        name = str(value)
        if name not in self.names:
            return ("new", None)
        return ("category", name) if self.names.index(name) < 100 else ("rest", None)

    @property
    def intervals(self) -> list[int]:
        return []


def counted(window: pd.Series, baseline: pd.Series) -> tuple[dict[Place, int], dict[Place, int], list[int]]:
    """Rows by place in both, and the numbers of the intervals."""
    numeric = pd.api.types.is_numeric_dtype(baseline)
    places = (NumericPlaces if numeric else NamedPlaces).of(baseline)
    both = [Counter(places.place(value) for value in side.tolist()) for side in (window, baseline)]
    return both[0], both[1], places.intervals


def shares_of(window: Counter[Place], baseline: Counter[Place]) -> tuple[np.ndarray, np.ndarray]:
    """p and q over the places that hold a row of either."""
    used = sorted(window.keys() | baseline.keys(), key=repr)
    sides = [np.array([side.get(place, 0) for place in used], dtype=float) for side in (window, baseline)]
    return sides[0] / sides[0].sum(), sides[1] / sides[1].sum()


def pooled_table(window: Counter[Place], baseline: Counter[Place], intervals: Sequence[int]) -> np.ndarray:
    """The 2×k table of the chance test."""
    n, baseline_n = sum(window.values()), sum(baseline.values())
    numeric = bool(intervals) or any(place[0] in {"point", "below", "above"} for place in (*window, *baseline))
    joined = {"below": ("interval", intervals[0]), "above": ("interval", intervals[-1])} if intervals else {}
    cells: dict[Place, list[int]] = {}
    for side, rows in enumerate((window, baseline)):
        for place, count in rows.items():
            cells.setdefault(joined.get(place[0], place), [0, 0])[side] += count
    kept, pool = [], [0, 0]
    for place, (w, b) in cells.items():
        if numeric:
            rare = min(n, baseline_n) * b < LEAST * baseline_n
        else:
            rare = place[0] in {"rest", "new"} or min(n, baseline_n) * (w + b) < LEAST * (n + baseline_n)
        if rare:
            pool = [pool[0] + w, pool[1] + b]
        else:
            kept.append([w, b])
    return np.array([cell for cell in [*kept, pool] if sum(cell)]).T
