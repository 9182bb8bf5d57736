"""A baseline: the profile of training, holdout or early production rows, and the reference bins that it freezes."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from tidegauge.core.bins import ColumnBins, ReferenceBins, canonical_bins, categorical_bins, numeric_bins, stated_bins
from tidegauge.core.columns import ColumnKind, category_counts, numeric_values
from tidegauge.core.moments import BLOCKS, SecondMoments, moment_blocks, standard_of
from tidegauge.core.outcomes import Outcomes
from tidegauge.core.profile import ColumnProfile, limit_names, profile_categories, profile_numeric
from tidegauge.core.sketch import WINDOW_POINTS, sketch_sorted

Column = npt.NDArray[Any] | Sequence[object]

LEAST_BLOCK_ROWS = 10
"""Out of second moments of fewer, single rows could be told again: a baseline below 200 rows has none."""
MAX_OUTCOMES = 100_000
"""Scored rows that travel with a baseline; of more, every k-th is taken."""


@dataclass(frozen=True)
class Baseline:
    """Reference bins and profiles by column name, the importance of features (adds up to 1), scored rows, and the second moments of
    20 consecutive blocks of the rows (none of a baseline whose rows nobody saw)."""

    rows: int
    bins: ReferenceBins
    profiles: Mapping[str, ColumnProfile]
    importance: Mapping[str, float] = field(default_factory=dict)
    outcomes: Outcomes | None = None
    origin: str = "given"
    moment_blocks: tuple[SecondMoments, ...] = ()

    @property
    def digest(self) -> bytes:
        """16 bytes that name the content: equal for equal data, whoever computes it (so without `moment_blocks`, whose last digits
        are the processor's)."""
        state = hashlib.blake2b(digest_size=16)
        state.update(canonical_bins(self.bins.columns.values()).encode())
        for name in sorted(self.profiles):
            one = self.profiles[name]
            state.update(f"{name}\0{one.rows}\0{one.missing}\0{one.non_finite}\0{one.invalid}\0{one.sum!r}\0".encode())
            if one.bin_counts is not None:
                state.update(one.bin_counts.astype("<i8").tobytes())
        if self.outcomes is not None:
            state.update(self.outcomes.digest_bytes())
        state.update(repr(sorted(self.importance.items())).encode())
        return state.digest()


def build_baseline(
    columns: Mapping[str, Column],
    kinds: Mapping[str, ColumnKind],
    *,
    edges: Mapping[str, Sequence[float]] | None = None,
    importance: Mapping[str, float] | None = None,
    outcomes: Outcomes | None = None,
) -> Baseline:
    """Choose bins for every column and count the column in them.

    `columns` are all of one length; `kinds` says what each holds (others than numeric, datetime, categorical and boolean are left
    out); `edges` overrides the bins of numeric columns.
    """
    edges = edges or {}
    bins: dict[str, ColumnBins] = {}
    profiles: dict[str, ColumnProfile] = {}
    for name, values in columns.items():
        kind = kinds[name]
        if kind.is_numeric:
            bins[name], profiles[name] = _numeric(name, values, kind, edges.get(name))
        elif kind.is_categorical:
            bins[name], profiles[name] = _categorical(name, values, kind)
    rows = len(next(iter(columns.values()))) if columns else 0
    reference = ReferenceBins(bins)
    blocks = moment_blocks(columns, rows, standard_of(reference)) if rows >= BLOCKS * LEAST_BLOCK_ROWS else ()
    return Baseline(rows, reference, profiles, _normalised(importance or {}), outcomes, moment_blocks=blocks)


def _numeric(
    name: str, values: Column, kind: ColumnKind, edges: Sequence[float] | None
) -> tuple[ColumnBins, ColumnProfile]:
    split = numeric_values(values)
    ordered = np.sort(split.finite)
    bins = stated_bins(name, edges, ordered, kind=kind) if edges is not None else numeric_bins(name, ordered, kind=kind)
    profile = profile_numeric(name, split, bins, kind=kind)
    return bins, replace(profile, sketch=sketch_sorted(ordered, WINDOW_POINTS))


def _categorical(name: str, values: Column, kind: ColumnKind) -> tuple[ColumnBins, ColumnProfile]:
    split = category_counts(values, kind)
    bins = categorical_bins(name, split.counts, kind=kind)
    return bins, limit_names(profile_categories(name, split, bins, kind=kind), 0)


def _normalised(importance: Mapping[str, float]) -> dict[str, float]:
    weights = {name: abs(float(weight)) for name, weight in importance.items()}
    total = sum(weights.values())
    return {name: weight / total for name, weight in weights.items()} if total > 0 else {}
