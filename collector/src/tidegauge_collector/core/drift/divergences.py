"""How far a window's shares lie from the baseline's: PSI, Kullback-Leibler, Jensen-Shannon, Hellinger, total variation, L∞.

p are the window's shares and q the baseline's, over all bins; a bin that is empty on both sides counts nowhere. nan: a side has no rows.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from tidegauge_collector.core.drift.counts import BoolArray, FloatArray, paired, vector

SHARE_FLOOR = 1e-4  # psi and kl raise every share to this


def psi(window: npt.ArrayLike, baseline: npt.ArrayLike) -> float | None:
    """Population stability index in nats: Σ (p−q)·ln(p/q) with floored, renormalised shares; None when a side has no rows.

    >>> round(psi([20, 80], [50, 50]), 6)
    0.415888
    """
    return divergence("psi", window, baseline)


def psi_rows(windows: npt.ArrayLike, baseline: npt.ArrayLike) -> FloatArray:
    """PSI of each row of `windows[k, B]` against `baseline[B]` (or row by row against `baseline[k, B]`); nan where undefined."""
    return divergence_rows(windows, baseline, ["psi"])["psi"]


def divergence(name: str, window: npt.ArrayLike, baseline: npt.ArrayLike) -> float | None:
    """One of DIVERGENCES of one window; None when a side has no rows.

    >>> divergence("total_variation", [10, 0], [5, 5])
    0.5
    """
    value = float(divergence_rows(vector(window, "window")[None, :], baseline, [name])[name][0])
    return None if np.isnan(value) else value


def divergence_rows(windows: npt.ArrayLike, baseline: npt.ArrayLike, names: Collection[str]) -> dict[str, FloatArray]:
    """Those of DIVERGENCES that are asked for, for each row of `windows[k, B]` against `baseline[B]` or `baseline[k, B]`."""
    return divergences_of(*paired(windows, baseline), names)


def divergences_of(w: FloatArray, b: FloatArray, names: Collection[str]) -> dict[str, FloatArray]:
    """`divergence_rows` of counts that are known to be counts, both [k, B]."""
    shares = _Shares(w, b)
    undefined = (w.sum(axis=1) == 0) | (b.sum(axis=1) == 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        found = {name: DIVERGENCES[name](shares) for name in names}
    return {name: np.where(undefined, np.nan, values) for name, values in found.items()}


@dataclass(frozen=True)
class _Shares:
    """Shares of both sides, floored ones only where something asks for them."""

    window: FloatArray
    baseline: FloatArray

    @cached_property
    def used(self) -> BoolArray:
        return (self.window > 0) | (self.baseline > 0)

    @cached_property
    def p(self) -> FloatArray:
        return _shares(self.window)

    @cached_property
    def q(self) -> FloatArray:
        return _shares(self.baseline)

    @cached_property
    def floored(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """p and q, and ln(p/q), which is 0 in bins that do not count."""
        p, q = _floored(self.p, self.used), _floored(self.q, self.used)
        return p, q, np.where(self.used, np.log(p / q), 0.0)

    @cached_property
    def js(self) -> FloatArray:
        middle = self.p + self.q
        terms = [np.where(side > 0, side * np.log2(2 * side / middle), 0.0) for side in (self.p, self.q)]
        both: FloatArray = np.clip((terms[0] + terms[1]).sum(axis=1) / 2, 0.0, 1.0)
        return both


def _shares(counts: FloatArray) -> FloatArray:
    shares: FloatArray = counts / counts.sum(axis=1, keepdims=True)
    return shares


def _floored(shares: FloatArray, used: BoolArray) -> FloatArray:
    raised = np.maximum(shares, SHARE_FLOOR)
    result: FloatArray = raised / np.where(used, raised, 0.0).sum(axis=1, keepdims=True)
    return result


def _psi(shares: _Shares) -> FloatArray:
    p, q, log_ratio = shares.floored
    values: FloatArray = ((p - q) * log_ratio).sum(axis=1)
    return values


def _kl(shares: _Shares) -> FloatArray:
    p, _, log_ratio = shares.floored
    values: FloatArray = np.maximum((p * log_ratio).sum(axis=1), 0.0)
    return values


def _hellinger(shares: _Shares) -> FloatArray:
    values: FloatArray = np.minimum(np.sqrt(((np.sqrt(shares.p) - np.sqrt(shares.q)) ** 2).sum(axis=1) / 2), 1.0)
    return values


def _total_variation(shares: _Shares) -> FloatArray:
    values: FloatArray = np.minimum(np.abs(shares.p - shares.q).sum(axis=1) / 2, 1.0)
    return values


def _l_infinity(shares: _Shares) -> FloatArray:
    values: FloatArray = np.abs(shares.p - shares.q).max(axis=1)
    return values


DIVERGENCES: dict[str, Callable[[_Shares], FloatArray]] = {
    "psi": _psi,
    "kl": _kl,
    "js_distance": lambda shares: np.sqrt(shares.js),
    "js_divergence": lambda shares: shares.js,
    "hellinger": _hellinger,
    "total_variation": _total_variation,
    "l_infinity": _l_infinity,
}
FLOORED = frozenset({"psi", "kl"})
