"""What the hot tables hold of some places (columns, say) in some windows, read in one snapshot.

A place is whatever a caller numbers: every series of a question is given one, and what its series hold is added up.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tidegauge.core.sketch import WINDOW_POINTS, QuantileSketch, merge_sketches
from tidegauge.core.windows import Window
from tidegauge_collector.telemetry.index import Series
from tidegauge_collector.telemetry.pieces import cut, slots_table
from tidegauge_collector.telemetry.selecting import wanted_table
from tidegauge_collector.telemetry.store import Array, Table, TelemetryStore

Spot = tuple[int, int]
"""Place and position of the window."""


@dataclass(frozen=True, slots=True)
class Windowed:
    """Reads by place and window. Make it and use it inside one `store.snapshot()`."""

    store: TelemetryStore
    series: Sequence[Series]
    places: Sequence[int]
    windows: Sequence[Window]
    _kept: dict[str, tuple[dict[str, int], dict[str, Table]]] = field(default_factory=dict)

    def cells(self) -> dict[str, Array]:
        """Columns place, slot, rows, missing, non_finite, invalid, overflow (int64), total, total_squares, minimum, maximum."""
        return self._read("window_cells")

    def bins(self) -> dict[str, Array]:
        """Columns place, slot, bin, count."""
        return self._read("window_bins")

    def names(self) -> dict[Spot, dict[str, int]]:
        """Names with their counts, the most frequent first."""
        found: dict[Spot, dict[str, int]] = defaultdict(dict)
        for place, slot, name, count in rows_of(self._read("window_names")):
            found[place, slot][name] = count
        return found

    def sketches(self) -> dict[Spot, QuantileSketch]:
        """All sketches of a spot, merged at once."""
        parts: dict[Spot, list[QuantileSketch]] = defaultdict(list)
        for place, slot, count, points in rows_of(self._read("window_sketches")):
            parts[place, slot].append(QuantileSketch(count, np.frombuffer(points, dtype="<f8")))
        return {spot: merge_sketches(some, WINDOW_POINTS) for spot, some in parts.items()}

    def second_moments(self) -> dict[str, Array]:
        """Columns place, slot, rows, state: to be added up."""
        return self._read("window_second_moments")

    def _read(self, name: str) -> dict[str, Array]:
        bounds, tables = self._slots()
        return self.store.arrays(name, bounds, tables=tables)

    def _slots(self) -> tuple[dict[str, int], dict[str, Table]]:
        """Which windows of each level are read, found out once: the bounds of their starts, and the tables that queries join."""
        if "slots" not in self._kept:
            wanted: Table = wanted_table(self.series, self.places)
            zone = self.store.index.zones.get(self.series[0].key.deployment) if self.series else None
            pieces = cut(self.windows, zone)
            starts = self.store.arrays("window_starts", pieces.bounds(), tables={"wanted": wanted})
            bounds: dict[str, int] = {}
            tables = {"wanted": wanted}
            for level in ("fresh", "settled", "day"):
                here = starts["window_start_us"][starts["level"] == level]
                tables[f"{level}_slots"] = slots_table(getattr(pieces, level), here)
                bounds[f"{level}_first_us"] = int(here[0]) if len(here) else 0
                bounds[f"{level}_last_us"] = int(here[-1]) if len(here) else -1
            self._kept["slots"] = (bounds, tables)
        return self._kept["slots"]


def rows_of(columns: dict[str, Array]) -> Iterator[tuple[Any, ...]]:
    """Columns turned into rows of Python values."""
    return zip(*(values.tolist() for values in columns.values()), strict=True)
