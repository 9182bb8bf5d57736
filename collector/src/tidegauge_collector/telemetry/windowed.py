"""What the hot tables hold of some places (columns, say) in some windows, read in one snapshot.

A place is whatever a caller numbers: every series of a question is given one, and what its series hold is added up.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tidegauge.core.sketch import WINDOW_POINTS, QuantileSketch, merge_sketches
from tidegauge.core.windows import Window
from tidegauge_collector.telemetry.index import Series
from tidegauge_collector.telemetry.selecting import span, wanted_table, windows_table
from tidegauge_collector.telemetry.store import Array, TelemetryStore

Spot = tuple[int, int]
"""Place and position of the window."""


@dataclass(frozen=True, slots=True)
class Windowed:
    """Reads by place and window. Make it and use it inside one `store.snapshot()`."""

    store: TelemetryStore
    series: Sequence[Series]
    places: Sequence[int]
    windows: Sequence[Window]

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

    def _read(self, name: str) -> dict[str, Array]:
        asked = span(self.windows)
        tables = {"wanted": wanted_table(self.series, self.places), "windows": windows_table(self.windows)}
        return self.store.arrays(name, [asked.start_us, asked.end_us], tables=tables)


def rows_of(columns: dict[str, Array]) -> Iterator[tuple[Any, ...]]:
    """Columns turned into rows of Python values."""
    return zip(*(values.tolist() for values in columns.values()), strict=True)
