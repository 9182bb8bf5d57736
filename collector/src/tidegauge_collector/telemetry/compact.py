"""Compaction: the deltas of closed windows become one row a (series, window), and superseded marks go.

It looks only at windows that were folded into since its last pass (at all that are not settled, after a start). Counts and sums do
not change by it (second moments are sums too); sketches are compressed once where there are several. A late delta makes two rows of
a window again, until the next compaction. Each step is a transaction of its own, so that a crash costs one step.
"""

import numpy as np

from tidegauge.core.windows import SECOND_US, Window
from tidegauge_collector.crash_points import crash_here
from tidegauge_collector.telemetry.merge import columns_of
from tidegauge_collector.telemetry.rolling import KEY, SKETCHES, read_merged, remove
from tidegauge_collector.telemetry.store import Table, TelemetryStore

STEP_CELLS = 20_000


def compact(store: TelemetryStore, *, before_us: int) -> int:
    """Merge the rows of windows that end at or before `before_us`; returns how many (series, window) had several."""
    if store.index.touched is None:
        store.index.touched = _crowded_at_start(store)
    touched = store.index.touched
    crowded = _crowded(store, touched, before_us)
    cells = len(crowded["series_id"])
    for start in range(0, cells, STEP_CELLS):
        _compact_some(store, {name: crowded[name][start : start + STEP_CELLS] for name in KEY})
    store.index.touched = {one for one in touched if one.end_us > before_us}
    _drop_superseded(store)
    return cells


def _crowded_at_start(store: TelemetryStore) -> set[Window]:
    """The windows with several rows, also those that have not ended: nothing may come for these any more."""
    found = store.arrays("crowded_cells", [_FOREVER_US])
    bounds = zip(found["window_start_us"].tolist(), found["window_length_s"].tolist(), strict=True)
    return {Window(start, start + length_s * SECOND_US) for start, length_s in set(bounds)}


_FOREVER_US = (1 << 63) - 1


def _crowded(store: TelemetryStore, touched: set[Window], before_us: int) -> Table:
    starts = np.unique(np.array([one.start_us for one in touched if one.end_us <= before_us], dtype=np.int64))
    if not len(starts):
        return {name: np.empty(0, dtype=np.int64) for name in KEY}
    bounds = {"first_us": int(starts[0]), "last_us": int(starts[-1]), "before_us": before_us}
    return store.arrays("crowded_touched", bounds, tables={"touched": {"window_start_us": starts}})


def _compact_some(store: TelemetryStore, crowded: Table) -> None:
    with store.write():
        merged = read_merged(store, "", crowded)
        remove(store, "", crowded)
        for name in ("bins", "names", "second_moments"):
            if merged[name] and len(merged[name]["series_id"]):
                store.execute(f"write_{name}@", tables={f"new_{name}": merged[name]})
        tables = {"new_cells": merged["cells"], "new_sketches": merged["sketches"] or _NO_SKETCHES}
        store.execute("write_compacted_cells", tables=tables)
        crash_here("compact.merged")
    crash_here("compact.committed")


_NO_SKETCHES: Table = columns_of([(-1, 0, 0, 0, "", 0)], SKETCHES)


def _drop_superseded(store: TelemetryStore) -> None:
    with store.write():
        for name in ("marks", "watermarks", "log_position"):
            store.execute(f"drop_superseded_{name}")
