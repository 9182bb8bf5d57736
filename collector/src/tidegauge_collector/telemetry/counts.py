"""Counts of columns in reference bins, window by window: what drift is computed from."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tidegauge.core.bins import UNUSABLE, ReferenceBins
from tidegauge.core.columns import ColumnKind
from tidegauge.core.windows import Window
from tidegauge_collector.telemetry.index import Series
from tidegauge_collector.telemetry.rebinning import Rebinning
from tidegauge_collector.telemetry.selecting import select
from tidegauge_collector.telemetry.store import TelemetryStore
from tidegauge_collector.telemetry.windowed import Windowed

Counts = npt.NDArray[np.int64]
_UNUSABLE = tuple(one.kind.value for one in UNUSABLE)


@dataclass(frozen=True, slots=True)
class ColumnCounts:
    """A column's rows in `k` windows: `counts[k, B + 3]` in the bins' `labels` order, then missing, non-finite, invalid.

    `approximate` marks windows with rows that were counted in other bins (or none) and put into these from sketches and names; where
    nothing is left to tell the bin of such rows, they are in `rows` only.
    """

    column: str
    kind: ColumnKind
    counts: Counts
    rows: Counts
    approximate: npt.NDArray[np.bool_]


def column_counts(  # noqa: PLR0913 - one filter each
    store: TelemetryStore,
    deployment: str,
    *,
    version: str | None,
    segment: str,
    bins: ReferenceBins,
    windows: Sequence[Window],
    columns: Collection[str] | None = None,
    batch: str | None = None,
    other_bins: Mapping[bytes, ReferenceBins] | None = None,
) -> dict[str, ColumnCounts]:
    """Counts of every column of `bins` (or of `columns`, each of which must have bins), also of those without rows.

    `other_bins`, by bins_id: earlier bins of the deployment; with them, categories counted there are known by name.
    """
    names = [name for name in bins.columns if columns is None or name in columns]
    places = {name: place for place, name in enumerate(names)}
    chosen = select(store.index, deployment, version=version, segment=segment, batch=batch, columns=places)
    answer = {name: _nothing(bins, name, len(windows)) for name in names}
    same = [one for one in chosen if one.key.bins_id == bins.bins_id]
    other = [one for one in chosen if one.key.bins_id != bins.bins_id]
    with store.snapshot():
        if same:
            _add_same(answer, Windowed(store, same, _places(same, places), windows), names)
        if other:
            rebinning = Rebinning(store, other, places, bins, windows, other_bins or {})
            for spot in rebinning.spots():
                _add_rebinned(answer[names[spot.place]], spot.slot, spot.counts, spot.rows)
    return answer


def _places(series: Sequence[Series], places: Mapping[str, int]) -> list[int]:
    return [places[one.key.column] for one in series]


def _nothing(bins: ReferenceBins, name: str, windows: int) -> ColumnCounts:
    one = bins.columns[name]
    counts = np.zeros((windows, len(one.labels) + len(UNUSABLE)), dtype=np.int64)
    return ColumnCounts(name, one.kind, counts, np.zeros(windows, dtype=np.int64), np.zeros(windows, dtype=np.bool_))


def _add_same(answer: Mapping[str, ColumnCounts], read: Windowed, names: Sequence[str]) -> None:
    """Spread what was counted in the asked bins over one block of (column, window, bin), and hand each column its part."""
    widths = [answer[name].counts.shape[1] - len(_UNUSABLE) for name in names]
    block = np.zeros((len(names), len(read.windows), max(widths) + len(_UNUSABLE)), dtype=np.int64)
    rows = np.zeros(block.shape[:2], dtype=np.int64)
    binned, cells = read.bins(), read.cells()
    fits = binned["bin"] < np.array(widths)[binned["place"]]  # a sender may have counted more bins than there are
    block[binned["place"][fits], binned["slot"][fits], binned["bin"][fits]] = binned["count"][fits]
    rows[cells["place"], cells["slot"]] = cells["rows"]
    for i, kind in enumerate(_UNUSABLE):
        block[cells["place"], cells["slot"], np.array(widths)[cells["place"]] + i] = cells[kind]
    for place, name in enumerate(names):
        answer[name].counts[:] = block[place, :, : widths[place] + len(_UNUSABLE)]
        answer[name].rows[:] = rows[place]


def _add_rebinned(one: ColumnCounts, slot: int, counts: Counts, rows: int) -> None:
    one.counts[slot] += counts
    one.rows[slot] += rows
    one.approximate[slot] |= rows > 0
