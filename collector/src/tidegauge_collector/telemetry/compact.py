"""Compaction: the deltas of closed windows become one row a (series, window), and superseded marks go.

Counts and sums do not change by it; sketches are compressed once where there are several. A late delta makes two rows of a window
again, until the next compaction. Each step is a transaction of its own, so that the fold gets its turn and a crash costs one step.
"""

from collections.abc import Iterator
from itertools import groupby
from typing import Any

import numpy as np

from tidegauge.core.sketch import WINDOW_POINTS, QuantileSketch, merge_sketches
from tidegauge_collector.crash_points import crash_here
from tidegauge_collector.telemetry.merge import columns_of
from tidegauge_collector.telemetry.store import Table, TelemetryStore

STEP_CELLS = 20_000
_KEY = ("series_id", "window_start_us", "window_length_s")
_SKETCHES = {
    "series_id": np.int32,
    "window_start_us": np.int64,
    "window_length_s": np.int32,
    "sketch_count": np.int64,
    "sketch_hex": str,
}


def compact(store: TelemetryStore, *, before_us: int) -> int:
    """Merge the rows of windows that end at or before `before_us`; returns how many (series, window) had several."""
    crowded = store.arrays("crowded_cells", [before_us])
    cells = len(crowded["series_id"])
    for start in range(0, cells, STEP_CELLS):
        _compact_some(store, {name: crowded[name][start : start + STEP_CELLS] for name in _KEY})
    _drop_superseded(store)
    return cells


def _compact_some(store: TelemetryStore, crowded: Table) -> None:
    bounds = {"first_us": int(crowded["window_start_us"].min()), "last_us": int(crowded["window_start_us"].max())}
    tables = {"crowded": crowded}
    with store.write():
        merged = {name: store.arrays(f"merged_{name}", bounds, tables=tables) for name in ("cells", "bins", "names")}
        sketches = columns_of(list(_merged_sketches(store, bounds, tables)), _SKETCHES) or _NO_SKETCHES
        for name, rows in merged.items():
            store.execute(f"delete_{name}", bounds, tables=tables)
            if len(rows["series_id"]) and name != "cells":
                store.execute(f"write_{name}", tables={f"new_{name}": rows})
        store.execute("write_compacted_cells", tables={"new_cells": merged["cells"], "new_sketches": sketches})
        crash_here("compact.merged")
    crash_here("compact.committed")


_NO_SKETCHES: Table = columns_of([(-1, 0, 0, 0, "")], _SKETCHES)


def _merged_sketches(
    store: TelemetryStore, bounds: dict[str, int], tables: dict[str, Table]
) -> Iterator[tuple[Any, ...]]:
    rows = store.rows("crowded_sketches", bounds, tables=tables)
    for key, parts in groupby(rows, key=lambda row: row[:3]):
        sketches = [QuantileSketch(count, np.frombuffer(points, dtype="<f8")) for *_, count, points in parts]
        merged = merge_sketches(sketches, WINDOW_POINTS) if len(sketches) > 1 else sketches[0]
        yield (*key, merged.count, merged.points.tobytes().hex())


def _drop_superseded(store: TelemetryStore) -> None:
    with store.write():
        for name in ("marks", "watermarks", "log_position"):
            store.execute(f"drop_superseded_{name}")
