"""Fairness of decisions between groups: rates of each, ratios to a reference, and whether chance explains the differences.

"Positive" means the favourable outcome throughout. A rate is a count of rows over another; undefined where the latter is 0. The
seven proportions are tested against the reference by the pooled two-proportion z-test, all groups and proportions of an attribute being
one family (Benjamini & Hochberg 1995).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tidegauge_collector.core.drift import benjamini_hochberg

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

MIN_GROUP_ROWS = 100
FOUR_FIFTHS = 0.8


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Rows of a group: all decided ones, the favourable among them, and of those with a truth the four cells and their scores."""

    rows: int
    favourable: int
    tp: int = 0
    fp: int = 0
    fn: int = 0
    tn: int = 0
    favourable_scores: tuple[float, int] = (0.0, 0)  # sum and number, of rows whose actual is favourable
    unfavourable_scores: tuple[float, int] = (0.0, 0)

    @property
    def labelled(self) -> int:
        return self.tp + self.fp + self.fn + self.tn


@dataclass(frozen=True, slots=True)
class Rate:
    """`hits` of `n` rows (or a sum of scores over n); `labelled` where it needs the truth."""

    hits: float
    n: int
    reason: str
    needs_truth: bool = True

    @property
    def value(self) -> float | None:
        return self.hits / self.n if self.n else None


Measure = Callable[[Group, int], Rate]
"""Of a group, and the number of favourable decisions of all groups."""

PROPORTIONS: dict[str, Measure] = {
    "selection_rate": lambda g, _: Rate(g.favourable, g.rows, "no_rows", needs_truth=False),
    "tpr": lambda g, _: Rate(g.tp, g.tp + g.fn, "no_positive"),
    "fpr": lambda g, _: Rate(g.fp, g.fp + g.tn, "one_class"),
    "tnr": lambda g, _: Rate(g.tn, g.fp + g.tn, "one_class"),
    "fnr": lambda g, _: Rate(g.fn, g.tp + g.fn, "no_positive"),
    "ppv": lambda g, _: Rate(g.tp, g.tp + g.fp, "no_predicted_positive"),
    "npv": lambda g, _: Rate(g.tn, g.tn + g.fn, "one_class"),
}
MEASURES: dict[str, Measure] = PROPORTIONS | {
    "favourable_share": lambda g, total: Rate(g.favourable, total, "no_predicted_positive", needs_truth=False),
    "balance_favourable": lambda g, _: _mean(g.favourable_scores, "no_positive"),
    "balance_unfavourable": lambda g, _: _mean(g.unfavourable_scores, "one_class"),
}


@dataclass(frozen=True, slots=True)
class Compared:
    """A group's measure beside the reference's: each None where undefined (the reference compares with itself).

    `p_value` is adjusted over the family, `raw_p_value` is not.
    """

    rate: Rate
    value: float | None
    ratio: float | None
    difference: float | None
    p_value: float | None = None
    raw_p_value: float | None = None


def group_of(decided: BoolArray, truth: BoolArray, has_truth: BoolArray, scores: FloatArray) -> Group:
    """Count rows: decided favourably, truly favourable (where known), and scores for the favourable outcome (NaN = none)."""
    known = {True: has_truth & truth, False: has_truth & ~truth}
    sums = {}
    for side, rows in known.items():
        scored = scores[rows & ~np.isnan(scores)]
        sums[side] = (float(scored.sum()), int(scored.size))
    return Group(
        rows=int(decided.size),
        favourable=int(np.count_nonzero(decided)),
        tp=int(np.count_nonzero(known[True] & decided)),
        fn=int(np.count_nonzero(known[True] & ~decided)),
        fp=int(np.count_nonzero(known[False] & decided)),
        tn=int(np.count_nonzero(known[False] & ~decided)),
        favourable_scores=sums[True],
        unfavourable_scores=sums[False],
    )


def largest(groups: Mapping[str, Group]) -> str:
    """The group of the most rows, the first by name among equals: the reference where none is stated."""
    return min(groups, key=lambda name: (-groups[name].rows, name))


def is_small(group: Group, rate: Rate, least: int = MIN_GROUP_ROWS) -> bool:
    """Whether a group has too few rows (labelled ones where the measure needs the truth) to be compared in a summary."""
    return (group.labelled if rate.needs_truth else group.rows) < least


def compare(groups: Mapping[str, Group], reference: str) -> dict[str, dict[str, Compared]]:
    """Every measure of every group of an attribute against the reference group, by measure and group."""
    total = sum(group.favourable for group in groups.values())
    rates = {measure: {name: of(group, total) for name, group in groups.items()} for measure, of in MEASURES.items()}
    family = [(measure, name) for measure in PROPORTIONS for name in groups if name != reference]
    raw = [z_test(rates[measure][name], rates[measure][reference]) for measure, name in family]
    adjusted = benjamini_hochberg([math.nan if p is None else p for p in raw]).tolist()
    tests = {key: (p, None if math.isnan(q) else q) for key, p, q in zip(family, raw, adjusted, strict=True)}
    return {
        measure: {
            name: _compared(rate, of_groups[reference], tests.get((measure, name), (None, None)))
            for name, rate in of_groups.items()
        }
        for measure, of_groups in rates.items()
    }


def z_test(first: Rate, second: Rate) -> float | None:
    """Two-sided p-value of the pooled two-proportion z-test; 1 where the pooled share is 0 or 1, None without rows on a side.

    >>> round(z_test(Rate(30, 100, ""), Rate(50, 100, "")), 6)
    0.003892
    """
    if not first.n or not second.n:
        return None
    pooled = (first.hits + second.hits) / (first.n + second.n)
    if pooled in (0.0, 1.0):
        return 1.0
    error = math.sqrt(pooled * (1 - pooled) * (1 / first.n + 1 / second.n))
    return math.erfc(abs(first.hits / first.n - second.hits / second.n) / error / math.sqrt(2))


@dataclass(frozen=True, slots=True)
class MinRatio:
    """Least over greatest value of the groups that are not small: the value, or the reason that there is none, and how many groups.

    `p_value` (of proportions): of the two groups the two-proportion test, times the number of pairs of groups (Bonferroni), at most 1.
    """

    value: float | None
    reason: str | None
    groups: int
    p_value: float | None = None


def min_ratio(groups: Mapping[str, Group], measure: str, least: int = MIN_GROUP_ROWS) -> MinRatio:
    """Groups of fewer than `least` rows, or in which the measure is undefined, stay out. Below 0.8 the four-fifths rule is broken."""
    total = sum(group.favourable for group in groups.values())
    rates = {name: MEASURES[measure](group, total) for name, group in groups.items()}
    large = [rate for name, rate in rates.items() if rate.n and not is_small(groups[name], rate, least)]
    if len(large) < 2:
        return MinRatio(None, "too_few_rows" if groups else "no_rows", len(large))
    low, high = min(large, key=_hits_of_n), max(large, key=_hits_of_n)
    if _hits_of_n(high) <= 0:
        return MinRatio(None, "no_positive", len(large))
    pairs = len(large) * (len(large) - 1) / 2
    raw = z_test(low, high) if measure in PROPORTIONS else None
    return MinRatio(
        _hits_of_n(low) / _hits_of_n(high), None, len(large), None if raw is None else min(1.0, raw * pairs)
    )


def _hits_of_n(rate: Rate) -> float:
    return rate.hits / rate.n


def _mean(scores: tuple[float, int], reason: str) -> Rate:
    return Rate(scores[0], scores[1], reason)


def _compared(rate: Rate, reference: Rate, test: tuple[float | None, float | None]) -> Compared:
    value, other = rate.value, reference.value
    if value is None or other is None:
        return Compared(rate, value, None, None, None, None)
    return Compared(rate, value, value / other if other else None, value - other, test[1], test[0])
