"""Second moments of numeric features: sums of z and z z' over rows, z = (x - pivot) / deviation by the baseline.

Missing and unusable values are 0 on both sides, so moments of any rows add up to those of all. Products are the upper triangle, row
by row: of 100 features 5,050 numbers, 40 KiB.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import pairwise, starmap
from typing import Any

import numpy as np
import numpy.typing as npt

from tidegauge.core.bins import NumericBins, ReferenceBins
from tidegauge.core.columns import ColumnKind, numeric_or_nan

Floats = npt.NDArray[np.float64]
Column = npt.NDArray[Any] | Sequence[object]

MAX_COLUMNS = 100
"""Numeric features, in the order of the reference bins, that second moments are kept of."""
BLOCKS = 20
"""Consecutive blocks of a baseline's rows, each with moments of its own."""
_LEAST_DEVIATION = 1e-9
_SERIAL_WORK = 250_000
"""Multiplications of a product that BLAS does in the calling thread: its pool of threads belongs to the host (OpenBLAS: 2^18)."""
_ROWS_AT_ONCE = 4_096


@dataclass(frozen=True)
class Standard:
    """The d features that moments are kept of, and how their values become z; `over_limit` more were left out as too many."""

    columns: tuple[str, ...]
    pivots: Floats
    deviations: Floats
    over_limit: int = 0

    @cached_property
    def scales(self) -> Floats:
        """What products are divided by, the upper triangle."""
        scales: Floats = np.outer(self.deviations, self.deviations)[np.triu_indices(len(self.columns))]
        return scales


@dataclass(frozen=True, slots=True)
class SecondMoments:
    """Of d columns over some rows: `sums` (d) of z, and `products` (d*(d+1)/2), the upper triangle of the sum of z z'."""

    columns: tuple[str, ...]
    rows: int
    sums: Floats
    products: Floats

    @property
    def size_bytes(self) -> int:
        return self.sums.nbytes + self.products.nbytes

    def matrix(self) -> Floats:
        """The whole, symmetric d x d sum of z z'."""
        d = len(self.columns)
        full = np.empty((d, d))
        upper = np.triu_indices(d)
        full[upper] = self.products
        full.T[upper] = self.products
        return full


def standard_of(bins: ReferenceBins) -> Standard:
    """The first 100 numeric features, without those whose baseline was constant (or had no finite value)."""
    features = [
        one
        for one in bins.columns.values()
        if isinstance(one, NumericBins) and one.kind is ColumnKind.NUMERIC and not one.name.startswith("_")
    ]
    kept = [one for one in features[:MAX_COLUMNS] if _varies(one)]
    pivots, deviations = ([getattr(one, name) for one in kept] for name in ("pivot", "deviation"))
    over_limit = max(0, len(features) - MAX_COLUMNS)
    return Standard(tuple(one.name for one in kept), np.array(pivots), np.array(deviations), over_limit)


def _varies(bins: NumericBins) -> bool:
    largest = max(abs(bins.minimum), abs(bins.maximum))
    return bool(bins.has_values and np.isfinite(bins.deviation) and bins.deviation > _LEAST_DEVIATION * largest)


def second_moments(columns: Mapping[str, Column | None], rows: int, standard: Standard) -> SecondMoments:
    """The moments of `rows` rows; of a column that is not there, or is None, every z is 0."""
    d = len(standard.columns)
    values = [columns.get(name) for name in standard.columns]
    numbers = [None if one is None else numeric_or_nan(one) for one in values]
    sums, products = np.zeros(d), np.zeros((d, d))
    with np.errstate(over="ignore", invalid="ignore"):  # near the largest float sums are infinite
        for start in range(0, rows, _ROWS_AT_ONCE):
            z = _standardised(numbers, slice(start, min(rows, start + _ROWS_AT_ONCE)), standard)
            part = z.sum(axis=1)
            if not np.isfinite(
                part
            ).all():  # the sum tells of a missing value in a fraction of the time of a look at each
                z[~np.isfinite(z)] = 0.0
                part = z.sum(axis=1)
            sums += part
            add_products(z, products)
    return SecondMoments(standard.columns, rows, sums, products[np.triu_indices(d)])


def _standardised(columns: Sequence[Floats | None], rows: slice, standard: Standard) -> Floats:
    z = np.empty((len(columns), rows.stop - rows.start))
    for i, values in enumerate(columns):
        if values is None:
            z[i] = 0.0
        else:
            np.subtract(values[rows], standard.pivots[i], out=z[i])
    z /= standard.deviations[:, None]
    return z


def serial_rows(columns: int) -> int:
    """Rows of so many columns whose products are made in the calling thread."""
    return max(1, _SERIAL_WORK // max(1, columns * columns))


def add_products(z: Floats, products: Floats) -> None:
    """Add the sum of z z' over rows: (C, n) to (C, C)."""
    step = serial_rows(len(z))
    for start in range(0, z.shape[1], step):
        part = z[:, start : start + step]
        products += part @ part.copy().T  # of part @ part.T numpy makes a product that BLAS spreads over threads sooner


def moments_of_products(
    products: Floats, sums: Floats, rows: int, places: tuple[int, ...], standard: Standard
) -> SecondMoments | None:
    """The moments of some rows by the sums of x and of x x', x = value - pivot or 0 where it is missing.

    `places[i]` is where column i of the standard is among those of the sums.
    None where numbers are too large for this way.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        upper: Floats = products.take(_upper(places, len(products))) / standard.scales
        sums = sums.take(places) / standard.deviations
    if not (np.isfinite(upper).all() and np.isfinite(sums).all()):
        return None
    return SecondMoments(standard.columns, rows, sums, upper)


@lru_cache(maxsize=64)
def _upper(places: tuple[int, ...], width: int) -> npt.NDArray[np.intp]:
    """Where in a flat (width, width) the upper triangle of these rows and columns lies."""
    at = np.array(places, dtype=np.intp)
    first, second = np.triu_indices(len(places))
    return at[first] * width + at[second]


def moment_blocks(columns: Mapping[str, Column], rows: int, standard: Standard) -> tuple[SecondMoments, ...]:
    """The moments of 20 consecutive blocks: block i is the rows floor(i*n/20) to floor((i+1)*n/20). None of no columns."""
    if not standard.columns or not rows:
        return ()
    chosen = {name: numeric_or_nan(columns[name]) for name in standard.columns}
    bounds = [i * rows // BLOCKS for i in range(BLOCKS + 1)]
    blocks = list(starmap(slice, pairwise(bounds)))
    return tuple(
        second_moments({name: values[one] for name, values in chosen.items()}, one.stop - one.start, standard)
        for one in blocks
    )


def merge_moments(parts: Sequence[SecondMoments]) -> SecondMoments:
    """The moments of all rows of the given ones, which are of the same columns by the same standard."""
    first = parts[0]
    if any(one.columns != first.columns for one in parts):
        raise ValueError(
            f"second moments of {len(first.columns)} columns and of others: only those of one baseline add up"
        )
    sums, products = first.sums.copy(), first.products.copy()
    with np.errstate(over="ignore", invalid="ignore"):
        for one in parts[1:]:
            sums += one.sums
            products += one.products
    return SecondMoments(first.columns, sum(one.rows for one in parts), sums, products)
