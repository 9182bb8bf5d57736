"""A baseline made from production: reference bins chosen from merged sketches and names instead of raw rows."""

import math
from collections.abc import Mapping
from dataclasses import replace

from tidegauge.core.baseline import Baseline
from tidegauge.core.bins import ColumnBins, NumericBins, ReferenceBins, categorical_bins, numeric_bins
from tidegauge.core.columns import ColumnKind
from tidegauge.core.profile import ColumnProfile, bin_profile


def baseline_from_profiles(profiles: Mapping[str, ColumnProfile]) -> Baseline:
    """The baseline of the rows that these profiles are of; bins are exact while sketches hold every value, else within their bound."""
    bins: dict[str, ColumnBins] = {}
    binned: dict[str, ColumnProfile] = {}
    for name, profile in profiles.items():
        one = _choose(profile)
        if one is None:
            continue
        bins[name] = one
        counts, _ = bin_profile(profile, one)
        pivot = one.pivot if isinstance(one, NumericBins) else 0.0
        binned[name] = _about(replace(profile, bin_counts=counts, names={}, overflow=0), pivot)
    rows = max((profile.rows for profile in binned.values()), default=0)
    return Baseline(rows, ReferenceBins(bins), binned, origin="production")


def _choose(profile: ColumnProfile) -> ColumnBins | None:
    if profile.kind is ColumnKind.UNKNOWN:
        return None
    if profile.kind.is_categorical:
        return categorical_bins(profile.name, profile.names, kind=profile.kind)
    if not profile.kind.is_numeric:
        return None
    chosen = numeric_bins(profile.name, profile.sketch.points, kind=profile.kind)
    if not chosen.has_values:
        return chosen
    return replace(
        chosen,
        minimum=profile.minimum,
        maximum=profile.maximum,
        pivot=_finite(profile.mean, chosen.pivot),
        deviation=_finite(profile.deviation, chosen.deviation),
    )


def _finite(*values: float | None) -> float:
    """The first that is a number: sums of huge values overflow."""
    return next((value for value in values if value is not None and math.isfinite(value)), 0.0)


def _about(profile: ColumnProfile, pivot: float) -> ColumnProfile:
    """The same profile with its moments about another pivot."""
    shift, n = profile.pivot - pivot, profile.finite
    squares = profile.sum_squares + 2 * shift * profile.sum + n * shift * shift
    return replace(profile, pivot=pivot, sum=profile.sum + n * shift, sum_squares=squares)
