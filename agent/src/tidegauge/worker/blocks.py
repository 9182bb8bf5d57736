"""The numeric columns of some rows as matrices, so that what a profile of one column costs by itself is paid once for all.

Columns that are arrays of plain numbers go this way, missing values and infinities among them too; everything else goes one by one
(`tidegauge.worker.cells.profile_columns`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from tidegauge.core.bins import ColumnBins, NumericBins, ReferenceBins
from tidegauge.core.columns import ColumnKind
from tidegauge.core.moments import SecondMoments, Standard, moments_of_products
from tidegauge.core.numbers import MAX_COLUMNS, Floats, Layout, NumericBlock, add_up, profile_block
from tidegauge.worker.pacing import Breathe
from tidegauge.worker.sorting import best_sorting
from tidegauge.worker.tabulate import Column

MAX_LAYOUTS = 64


class Layouts:
    """The layouts that were met, for as long as kinds and bins stay what they are."""

    def __init__(self, kinds: Mapping[str, ColumnKind], bins: ReferenceBins | None) -> None:
        self._kinds = kinds
        self._bins: Mapping[str, ColumnBins] = bins.columns if bins else {}
        self._found: dict[tuple[str, ...], list[Layout]] = {}

    def of(self, names: tuple[str, ...]) -> list[Layout]:
        """The layouts of numeric columns, at most 32 in each."""
        if names not in self._found:
            if len(self._found) >= MAX_LAYOUTS:
                self._found.clear()
            parts = (names[start : start + MAX_COLUMNS] for start in range(0, len(names), MAX_COLUMNS))
            self._found[names] = [self._layout(part) for part in parts]
        return self._found[names]

    def _layout(self, names: tuple[str, ...]) -> Layout:
        known = [self._bins.get(name) for name in names]
        bins = tuple(one if isinstance(one, NumericBins) else None for one in known)
        return Layout(names, tuple(self._kinds[name] for name in names), bins)


def numeric_columns(columns: Mapping[str, Column | None], kinds: Mapping[str, ColumnKind]) -> dict[str, Column]:
    """The columns that go as matrices."""
    return {
        name: values
        for name, values in columns.items()
        if kinds[name].is_numeric and type(values) is np.ndarray and values.dtype.kind in "iuf" and values.ndim == 1
    }


@dataclass(frozen=True)
class NumericTable:
    """The numeric columns of some rows: a matrix for each layout, a row of it for each column."""

    layouts: Sequence[Layout]
    matrices: Sequence[Floats]

    @classmethod
    def of(cls, layouts: Sequence[Layout], columns: Mapping[str, Column], rows: int, breathe: Breathe) -> NumericTable:
        """Copies the columns that the layouts name."""
        matrices = []
        for layout in layouts:
            matrix = np.empty((len(layout.names), rows))
            with np.errstate(over="ignore"):  # a wider float beyond float64 becomes an infinity, and is counted as one
                for row, name in zip(matrix, layout.names, strict=True):
                    row[:] = columns[name]
            matrices.append(matrix)
            breathe()
        return cls(layouts, matrices)

    def profile(
        self,
        chosen: npt.NDArray[np.intp] | None,
        *,
        keeps_sketches: bool,
        standard: Standard | None,
        breathe: Breathe,
        is_last: bool,
    ) -> tuple[list[NumericBlock], SecondMoments | None]:
        """Blocks of the chosen rows (None: all), and their second moments by a standard where one layout has all columns of it.

        The table may be overwritten where this `is_last`.
        """
        blocks, moments = [], None
        for layout, whole in zip(self.layouts, self.matrices, strict=True):
            matrix = whole[:, chosen] if chosen is not None else whole if is_last else whole.copy()
            places = None if standard is None else _places(standard.columns, layout.names)
            sums = add_up(layout, matrix, with_products=places is not None, breathe=breathe)
            if standard is not None and places is not None and sums.products is not None:
                moments = moments_of_products(sums.products, sums.sums, matrix.shape[1], places, standard)
            sketched = range(len(layout.names)) if keeps_sketches else layout.unbinned
            blocks.append(
                profile_block(layout, matrix, sums, sorting=best_sorting(), sketched=sketched, breathe=breathe)
            )
            breathe()
        return blocks, moments


@lru_cache(maxsize=64)
def _places(columns: tuple[str, ...], names: tuple[str, ...]) -> tuple[int, ...] | None:
    """Where the columns are among the names; None where there are no columns, or not all are there."""
    return tuple(map(names.index, columns)) if columns and set(columns) <= set(names) else None
