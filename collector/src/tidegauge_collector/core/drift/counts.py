"""Count vectors and the kinds of their bins, checked: what every statistic of drift is computed from."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
KindCodes = npt.NDArray[np.int8]

BIN_KINDS = (
    "below",
    "interval",
    "point",
    "above",
    "category",
    "rest",
    "new",
    "missing",
    "non_finite",
    "invalid",
)
NUMERIC_KINDS = frozenset({"below", "interval", "point", "above"})
CODES = {kind: code for code, kind in enumerate(BIN_KINDS)}


def paired(windows: npt.ArrayLike, baseline: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Both as float arrays [k, B]; a single baseline stands for all rows. Raises ValueError for what are no counts."""
    w = counts(windows, "windows")
    b = counts(baseline, "baseline")
    if w.ndim != 2 or b.shape not in (w.shape, w.shape[1:]):
        raise ValueError(
            f"windows has shape {w.shape} and baseline {b.shape}: pass windows[k, B] with baseline[B] or baseline[k, B]"
            " counted in the same reference bins"
        )
    return w, np.broadcast_to(b, w.shape)


def vector(values: npt.ArrayLike, name: str, *, allow_nan: bool = False) -> FloatArray:
    """One vector of numbers that are finite (or nan, where allowed) and not negative."""
    found = counts(values, name, allow_nan=allow_nan)
    if found.ndim != 1:
        raise ValueError(f"{name} has shape {found.shape}: pass one vector")
    return found


def counts(values: npt.ArrayLike, name: str, *, allow_nan: bool = False) -> FloatArray:
    """An array of counts, of any shape."""
    array = np.asarray(values, dtype=np.float64)
    wrong = array < 0 if allow_nan else ~(np.isfinite(array) & (array >= 0))
    if wrong.any():
        raise ValueError(f"{name} holds {array[wrong].flat[0]}: every entry must be finite and at least 0")
    return array


def kind_codes(kinds: Sequence[str] | KindCodes, width: int) -> KindCodes:
    """Numbers for kinds, [1, B] for one list of words; numbers [k, B] are what they are."""
    if isinstance(kinds, np.ndarray):
        return kinds
    if len(kinds) != width:
        raise ValueError(f"kinds names {len(kinds)} bins for {width} counts: name every entry of the count vector")
    unknown = sorted(set(kinds) - set(BIN_KINDS))
    if unknown:
        raise ValueError(f"kinds holds {unknown[0]!r}: use one of {', '.join(sorted(BIN_KINDS))}")
    return np.array([[CODES[kind] for kind in kinds]], dtype=np.int8)
