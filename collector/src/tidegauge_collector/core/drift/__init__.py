"""Drift of columns: how far a window's counts lie from the baseline's, and whether chance explains it.

A column's count vector is its reference bins in axis order followed by `missing, non_finite, invalid`; `kinds` names the kind
of every entry. Several windows or columns are judged in one call (`divergence_rows`, `chance_rows`, `drift_of_columns`); a bin that is
empty on both sides counts nowhere, so shorter columns may be padded with zeros. Does not bin values and decides no verdict.
"""

from tidegauge_collector.core.drift.blocks import BinnedColumn, BlockDrift, drift_of_columns
from tidegauge_collector.core.drift.chance import (
    MIN_EXPECTED,
    ChanceTest,
    ChanceTests,
    benjamini_hochberg,
    chance_rows,
    chance_test,
    chance_tests,
)
from tidegauge_collector.core.drift.distances import Distance, Distances, Side, distances, normalised
from tidegauge_collector.core.drift.divergences import (
    DIVERGENCES,
    FLOORED,
    SHARE_FLOOR,
    divergence,
    divergence_rows,
    psi,
    psi_rows,
)
from tidegauge_collector.core.drift.drifted import Drifted, JudgedColumn, drifted
from tidegauge_collector.core.drift.missing import missing_delta, missing_rate

__all__ = [
    "DIVERGENCES",
    "FLOORED",
    "MIN_EXPECTED",
    "SHARE_FLOOR",
    "BinnedColumn",
    "BlockDrift",
    "ChanceTest",
    "ChanceTests",
    "Distance",
    "Distances",
    "Drifted",
    "JudgedColumn",
    "Side",
    "benjamini_hochberg",
    "chance_rows",
    "chance_test",
    "chance_tests",
    "distances",
    "divergence",
    "divergence_rows",
    "drift_of_columns",
    "drifted",
    "missing_delta",
    "missing_rate",
    "normalised",
    "psi",
    "psi_rows",
]
