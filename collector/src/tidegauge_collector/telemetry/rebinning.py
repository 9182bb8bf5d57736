"""Rows counted in other bins than those asked for, put into these from sketches and names.

Values of another kind than the bins' are `invalid`, exactly. Counts from sketches are scaled to the finite rows of the window, for a
sketch comes only when an agent closes its window.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tidegauge.core.bins import CategoricalBins, ColumnBins, NumericBins, ReferenceBins
from tidegauge.core.columns import ColumnKind
from tidegauge.core.profile import ColumnProfile, bin_profile
from tidegauge.core.sketch import EMPTY
from tidegauge.core.windows import Window
from tidegauge_collector.telemetry.index import Series
from tidegauge_collector.telemetry.store import TelemetryStore
from tidegauge_collector.telemetry.windowed import Spot, Windowed, rows_of

Counts = npt.NDArray[np.int64]
OtherBins = Mapping[bytes, ReferenceBins]


@dataclass(frozen=True, slots=True)
class RebinnedSpot:
    """`counts` of one place (column) and window, unusable rows last, and all its `rows`."""

    place: int
    slot: int
    counts: Counts
    rows: int


@dataclass(frozen=True, slots=True)
class Rebinning:
    """The series of `columns` that were counted in other bins than `bins`."""

    store: TelemetryStore
    series: Sequence[Series]
    columns: Mapping[str, int]
    bins: ReferenceBins
    windows: Sequence[Window]
    other_bins: OtherBins

    def spots(self) -> Iterator[RebinnedSpot]:
        """One for each group of series of equal column, kind and bins, and each window in which it has rows."""
        groups = sorted({(one.key.column, one.key.kind, one.key.bins_id) for one in self.series})
        place = {group: i for i, group in enumerate(groups)}
        places = [place[one.key.column, one.key.kind, one.key.bins_id] for one in self.series]
        read = Windowed(self.store, self.series, places, self.windows)
        names, sketches, binned = read.names(), read.sketches(), self._named_bins(read, groups)
        cells = read.cells()
        for i in range(len(cells["rows"])):
            spot = (int(cells["place"][i]), int(cells["slot"][i]))
            column, kind, bins_id = groups[spot[0]]
            total = _Cells(*(int(cells[name][i]) for name in _Cells.__slots__))
            profile = ColumnProfile(
                column,
                ColumnKind(kind),
                total.rows,
                overflow=total.overflow,
                names=_added(names.get(spot, {}), binned.get(spot, {})),
                sketch=sketches.get(spot, EMPTY),
            )
            counts = _counts(profile, total, self.bins.columns[column], all_named=bins_id in self.other_bins)
            yield RebinnedSpot(self.columns[column], spot[1], counts, total.rows)

    def _named_bins(self, read: Windowed, groups: Sequence[tuple[str, str, bytes]]) -> dict[Spot, dict[str, int]]:
        """What the other bins counted by category, by its name."""
        found: dict[Spot, dict[str, int]] = defaultdict(dict)
        if not any(bins_id in self.other_bins for _, _, bins_id in groups):
            return found
        for place, slot, position, count in rows_of(read.bins()):
            column, _, bins_id = groups[place]
            known = self.other_bins[bins_id].columns.get(column) if bins_id in self.other_bins else None
            if isinstance(known, CategoricalBins) and position < len(known.categories):
                found[place, slot][known.categories[position]] = count
        return found


@dataclass(frozen=True, slots=True)
class _Cells:
    rows: int
    missing: int
    non_finite: int
    invalid: int
    overflow: int

    @property
    def usable(self) -> int:
        return self.rows - self.missing - self.non_finite - self.invalid


def _counts(profile: ColumnProfile, cells: _Cells, bins: ColumnBins, *, all_named: bool) -> Counts:
    unusable = [cells.missing, cells.non_finite, cells.invalid]
    if profile.kind.is_numeric != isinstance(bins, NumericBins):
        unusable[-1] += cells.usable
        return np.array([0] * len(bins.labels) + unusable, dtype=np.int64)
    if isinstance(bins, CategoricalBins):
        unnamed = cells.usable - sum(profile.names.values()) if all_named else profile.overflow
        counts, _ = bins.count_names(profile.names, max(0, unnamed))
    else:
        counts = _scaled(bin_profile(profile, bins)[0], cells.usable)
    together: Counts = np.append(counts, unusable).astype(np.int64)
    return together


def _scaled(counts: Counts, total: int) -> Counts:
    """Whole numbers in the same proportions that add up to `total`, the largest remainders first; zeros stay zeros."""
    if counts.sum() in (0, total):
        return counts
    exact = counts * (total / counts.sum())
    whole: Counts = np.floor(exact).astype(np.int64)
    whole[np.argsort(whole - exact, kind="stable")[: total - int(whole.sum())]] += 1
    return whole


def _added(one: Mapping[str, int], other: Mapping[str, int]) -> dict[str, int]:
    return {
        name: one.get(name, 0) + other.get(name, 0) for name in (*one, *(name for name in other if name not in one))
    }
