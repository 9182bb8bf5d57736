"""Rows of (series, window) keys: read merged, rolled up into longer windows, written and removed, at any level (see `queries.LEVELS`)."""

from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Any

import numpy as np

from tidegauge.core.sketch import WINDOW_POINTS, QuantileSketch, merge_sketches
from tidegauge_collector.telemetry import moment_rows
from tidegauge_collector.telemetry.merge import columns_of
from tidegauge_collector.telemetry.store import Table, TelemetryStore

KEY = ("series_id", "window_start_us", "window_length_s")
DAY_POINTS = 512
"""Points of a day's sketch: 4 KiB, 0.1 % of rank."""
Merged = dict[str, Table]
"""The tables `cells`, `bins`, `names`, `sketches` and `second_moments`."""
SKETCHES = {
    "series_id": np.int32,
    "window_start_us": np.int64,
    "window_length_s": np.int32,
    "sketch_count": np.int64,
    "sketch_hex": str,
    "received_us": np.int64,
}
_NAMED = ("cells", "bins", "names")
_FRESH = ""


def bounds_of(keys: Table) -> dict[str, int]:
    """The first and the last window start: with them a query reads only that part of a table."""
    starts = keys["window_start_us"]
    return {"first_us": int(starts.min()), "last_us": int(starts.max())}


def read_merged(store: TelemetryStore, level: str, keys: Table) -> Merged:
    """The rows of the keys, one for each; several sketches of a key are compressed once, second moments added up."""
    bounds, tables = bounds_of(keys), {"crowded": keys}
    merged: Merged = {name: store.arrays(f"merged_{name}@{level}", bounds, tables=tables) for name in _NAMED}
    query = "crowded_sketches" if level == _FRESH else f"level_sketches@{level}"
    rows = list(_merged_sketches(store.rows(query, bounds, tables=tables), WINDOW_POINTS))
    moments = moment_rows.merged(store.rows(f"level_second_moments@{level}", bounds, tables=tables))
    return merged | {"sketches": columns_of(rows, SKETCHES), "second_moments": moments}


def roll_up(store: TelemetryStore, merged: Merged, rolls: Table) -> Merged:
    """The same rows in longer windows: `rolls` says for each window start the one it lies in (to_start_us, to_length_s)."""
    tables = {f"new_{name}": merged[name] for name in _NAMED if _rows(merged[name])}
    rolled: Merged = {
        name: store.arrays(f"rolled_{name}", tables={f"new_{name}": tables[f"new_{name}"], "rolls": rolls})
        for name in _NAMED
        if f"new_{name}" in tables
    }
    to = _longer(rolls)
    return (
        {"bins": {}, "names": {}}
        | rolled
        | {
            "sketches": _rolled_sketches(merged["sketches"], to),
            "second_moments": moment_rows.rolled(merged["second_moments"], to),
        }
    )


def write(store: TelemetryStore, level: str, merged: Merged) -> None:
    """Append rows to the tables of a level (not to those that the fold writes)."""
    for name, table in merged.items():
        if _rows(table):
            store.execute(f"write_level_{name}@{level}", tables={f"new_{name}": table})


def remove(store: TelemetryStore, level: str, keys: Table) -> None:
    """Remove the rows of the keys from the tables of a level."""
    for name in tables_of(level):
        store.execute(f"delete_{name}@{level}", bounds_of(keys), tables={"crowded": keys})


def tables_of(level: str) -> tuple[str, ...]:
    """What a level has tables of; the sketches of the fold's level lie among its cells."""
    return (*_NAMED, "second_moments") if level == _FRESH else (*_NAMED, "sketches", "second_moments")


def merge_crowded(store: TelemetryStore, level: str, keys: Table) -> None:
    """Make one row of those keys that have several at a level: what came late has reopened them."""
    crowded: Table = store.arrays(f"crowded_among@{level}", bounds_of(keys), tables={"crowded": keys})
    if not _rows(crowded):
        return
    merged = read_merged(store, level, crowded)
    remove(store, level, crowded)
    write(store, level, merged)


def keys_of(table: Table) -> Table:
    """The keys of some rows."""
    return {name: table[name] for name in KEY}


def _rows(table: Table) -> int:
    return len(table["series_id"]) if table else 0


def _merged_sketches(rows: list[tuple[Any, ...]], points: int) -> Iterator[tuple[Any, ...]]:
    """From (series, start, length, count, points, received) sorted by key to one such row a key, points in hexadecimal."""
    for key, group in groupby(rows, key=lambda row: row[:3]):
        parts = list(group)
        sketches = [QuantileSketch(count, np.frombuffer(blob, dtype="<f8")) for *_, count, blob, _ in parts]
        merged = sketches[0] if len(sketches) == 1 else merge_sketches(sketches, points)
        yield (*key, merged.count, merged.points.tobytes().hex(), max(part[-1] for part in parts))


def _longer(rolls: Table) -> dict[int, tuple[int, int]]:
    """By window start the start and length of the longer window."""
    columns = (rolls[name].tolist() for name in _ROLLS)
    return {start: (to_start, to_length) for start, to_start, to_length in zip(*columns, strict=True)}


def _rolled_sketches(sketches: Table, to: Mapping[int, tuple[int, int]]) -> Table:
    if not _rows(sketches):
        return {}
    columns = (sketches[name].tolist() for name in SKETCHES)
    rows = [
        (series, *to[start], count, bytes.fromhex(text), received)
        for series, start, _, count, text, received in zip(*columns, strict=True)
    ]
    return columns_of(list(_merged_sketches(sorted(rows, key=lambda row: row[:3]), DAY_POINTS)), SKETCHES)


_ROLLS = ("window_start_us", "to_start_us", "to_length_s")
