"""Missing values: the share of a column's rows that are None, NaN or NaT, and how it has changed."""

from collections.abc import Sequence

import numpy.typing as npt

from tidegauge_collector.core.drift.counts import CODES, kind_codes, vector


def missing_rate(counts: npt.ArrayLike, kinds: Sequence[str]) -> float | None:
    """Share of the column's rows that are missing (None, NaN, NaT), over all rows of the window; None when it has none."""
    found = vector(counts, "counts")
    codes = kind_codes(kinds, found.size)[0]
    total = found.sum()
    return float(found[codes == CODES["missing"]].sum() / total) if total > 0 else None


def missing_delta(window: npt.ArrayLike, baseline: npt.ArrayLike, kinds: Sequence[str]) -> float | None:
    """The window's missing rate minus the baseline's, -1..1; None when a side has no rows."""
    of_window, of_baseline = missing_rate(window, kinds), missing_rate(baseline, kinds)
    return None if of_window is None or of_baseline is None else of_window - of_baseline
