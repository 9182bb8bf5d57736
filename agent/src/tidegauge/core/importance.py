"""Importance of features learned by permutation: how far a model's answers move when one feature's values change places between rows.

Needs no truth, so it says what the model looks at, not what it ought to look at (Breiman 2001 permutes against the error; Fisher, Rudin and
Dominici 2019 discuss both). Features that say the same share their importance between them, or seem to have none.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

SAMPLE = 1_000
SEED = 20_130_401

Ask = Callable[[str | None, npt.NDArray[np.int64]], npt.NDArray[np.generic]]
"""The model's answers, a row each: with one feature's values taken from other rows (their places), or with none (None)."""


def learned_importance(names: Sequence[str], rows: int, ask: Ask) -> dict[str, float]:
    """Weights that add up to 1, or nothing where no feature moves an answer.

    Numeric answers move by their mean absolute difference, labels by the share that is another one. The same for the same rows.

    >>> x = np.array([[1.0, 5.0], [2.0, 5.0], [3.0, 5.0]])
    >>> def ask(name, places):
    ...     moved = x.copy()
    ...     if name is not None:
    ...         moved[:, int(name)] = x[places, int(name)]
    ...     return moved.sum(axis=1)
    >>> learned_importance(["0", "1"], 3, ask)
    {'0': 1.0, '1': 0.0}
    """
    if rows < 2:
        return {}
    places = np.random.default_rng(SEED).permutation(rows)
    if (places == np.arange(rows)).all():
        places = np.roll(places, 1)
    before = np.asarray(ask(None, places))
    moved = {name: _movement(before, np.asarray(ask(name, places))) for name in names}
    total = sum(moved.values())
    return {name: value / total for name, value in moved.items()} if total > 0 else {}


def sample_places(rows: int, most: int = SAMPLE) -> npt.NDArray[np.int64]:
    """Places of at most so many rows, evenly spaced."""
    return np.unique(np.linspace(0, rows - 1, min(rows, most)).round().astype(np.int64))


def _movement(before: npt.NDArray[np.generic], after: npt.NDArray[np.generic]) -> float:
    if before.dtype.kind in "fiub" and after.dtype.kind in "fiub":
        difference = np.abs(after.astype(np.float64) - before.astype(np.float64))
        return float(difference[np.isfinite(difference)].mean()) if np.isfinite(difference).any() else 0.0
    return float(np.mean(before != after))
