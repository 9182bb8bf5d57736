"""Drift of a deployment: which of its columns have drifted, and what share of the features that is."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from tidegauge_collector.core.drift.chance import benjamini_hochberg

PSI_LIMIT = 0.1
SIGNIFICANCE = 0.01
MIN_ROWS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedColumn:
    """A column's PSI and chance test in one window; `weight` is a feature's importance, None where it is unknown."""

    name: str
    psi: float | None
    p_value: float | None
    rows: int
    is_feature: bool
    weight: float | None = None


@dataclass(frozen=True, slots=True)
class Drifted:
    """Names of the drifted features, how many features could be judged, and the shares: None where none could be, or none weighs."""

    names: tuple[str, ...]
    judged: int
    share: float | None
    weighted: float | None


def drifted(columns: Sequence[JudgedColumn]) -> Drifted:
    """A feature has drifted if its PSI is over the limit and chance is ruled out, over all columns judged together.

    Features with too few rows, or over the limit without a p-value, are not judged and stand in neither part of the shares.
    """
    adjusted = benjamini_hochberg([math.nan if one.p_value is None else one.p_value for one in columns])
    judged: dict[str, bool] = {}
    for one, p in zip(columns, adjusted.tolist(), strict=True):
        if not one.is_feature or one.psi is None or one.rows < MIN_ROWS:
            continue
        over = one.psi > PSI_LIMIT
        if not over or not math.isnan(p):
            judged[one.name] = over and p < SIGNIFICANCE
    weights = {one.name: one.weight for one in columns if one.weight is not None and one.name in judged}
    total = math.fsum(weights.values())
    moved = math.fsum(weight for name, weight in weights.items() if judged[name])
    return Drifted(
        tuple(name for name, is_drifted in judged.items() if is_drifted),
        len(judged),
        sum(judged.values()) / len(judged) if judged else None,
        moved / total if total > 0 else None,
    )
