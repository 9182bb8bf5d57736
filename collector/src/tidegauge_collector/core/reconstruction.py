"""Multivariate drift: how badly the baseline's leading components rebuild a window's rows, exactly from second moments.

E‖z − VVᵀz‖²/d, z standardised by the baseline. It rises when features stop moving together as they did, even where each of them alone
looks as before. Pure linear algebra on sums that agents have made; sees no rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tidegauge.core.moments import SecondMoments, merge_moments

FloatArray = npt.NDArray[np.float64]

SHARE_OF_VARIANCE = 0.65
SLACK = 1e-9
DEVIATIONS = 3.0


@dataclass(frozen=True, slots=True)
class Components:
    """The leading eigenvectors [d, k] of a baseline's second moments, its own error, those of its blocks, and the limit from these."""

    columns: tuple[str, ...]
    vectors: FloatArray
    baseline_error: float
    block_errors: tuple[float, ...]
    threshold: float


def components(blocks: Sequence[SecondMoments]) -> Components | None:
    """From the moments of a baseline's consecutive blocks; None where there are none, or nothing varies.

    V are the fewest leading eigenvectors whose eigenvalues reach 65 % of the trace; the threshold is mean + 3 population standard
    deviations of the blocks' errors.
    """
    blocks = [one for one in blocks if one.rows]
    whole = merge_moments(blocks) if blocks else None
    if whole is None or not whole.columns or not np.isfinite(whole.products).all():
        return None
    values, vectors = np.linalg.eigh(whole.matrix() / whole.rows)
    values, vectors = np.maximum(values[::-1], 0.0), vectors[:, ::-1]
    total = float(values.sum())
    if total <= 0:
        return None
    kept = int(np.argmax(np.cumsum(values) >= (SHARE_OF_VARIANCE - SLACK) * total)) + 1
    chosen = vectors[:, :kept]
    errors = np.array([_error(one, chosen) for one in blocks])
    threshold = float(errors.mean() + DEVIATIONS * errors.std())
    return Components(whole.columns, chosen, _error(whole, chosen), tuple(errors.tolist()), threshold)


def reconstruction_error(moments: SecondMoments, known: Components) -> float | None:
    """Of a window's rows; None without rows. Raises ValueError for moments of other columns."""
    if moments.columns != known.columns:
        raise ValueError(
            f"moments are of {len(moments.columns)} columns, the baseline's of {len(known.columns)} others"
        )
    if not moments.rows or not np.isfinite(moments.products).all():
        return None
    return _error(moments, known.vectors)


def _error(moments: SecondMoments, vectors: FloatArray) -> float:
    matrix = moments.matrix() / moments.rows
    kept = float(np.einsum("ij,ik,kj->", vectors, matrix, vectors))
    return max(0.0, float(np.trace(matrix)) - kept) / len(moments.columns)
