"""Numeric columns window by window: count, sum, spread, range and a sketch of their finite values. What custom metrics are made of."""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tidegauge.core.sketch import EMPTY, QuantileSketch
from tidegauge.core.windows import Window
from tidegauge_collector.core.custom import Numbers
from tidegauge_collector.telemetry.selecting import select
from tidegauge_collector.telemetry.store import TelemetryStore
from tidegauge_collector.telemetry.windowed import Spot, Windowed, rows_of


@dataclass(frozen=True, slots=True)
class WindowNumbers:
    """The numbers of a window, how many values were of no use, and a sketch of those that are kept so finely."""

    numbers: Numbers
    unusable: int
    sketch: QuantileSketch


def window_numbers(
    store: TelemetryStore, deployment: str, *, version: str | None, windows: Sequence[Window], columns: Sequence[str]
) -> Mapping[tuple[str, int], WindowNumbers]:
    """By column and position of the window, of all traffic, where there are finite values."""
    places = {name: place for place, name in enumerate(columns)}
    chosen = select(store.index, deployment, version=version, segment="", columns=places)
    if not chosen or not windows:
        return {}
    read = Windowed(store, chosen, range(len(chosen)), windows)
    with store.snapshot():
        cells = list(rows_of(read.cells()))
        sketches = Windowed(store, chosen, [places[one.key.column] for one in chosen], windows).sketches()
    by_spot: dict[Spot, list[tuple[Any, ...]]] = defaultdict(list)
    for series, slot, *numbers in cells:
        key = chosen[series].key
        by_spot[places[key.column], slot].append((key.pivot, *numbers))
    return {
        (columns[place], slot): WindowNumbers(found, unusable, sketches.get((place, slot), EMPTY))
        for (place, slot), parts in by_spot.items()
        for found, unusable in [_added(parts)]
        if found is not None
    }


def _added(parts: Sequence[tuple[Any, ...]]) -> tuple[Numbers | None, int]:
    """Parts with their pivot: rows, missing, non-finite, invalid, overflow, sums about the pivot, minimum and maximum."""
    n = unusable = 0
    sums, lows, highs = [], [], []
    for pivot, rows, missing, non_finite, invalid, _, total, _, low, high in parts:
        finite = rows - missing - non_finite - invalid
        unusable += rows - finite
        n += finite
        if finite:
            sums.append(total + finite * pivot)
            lows.append(low)
            highs.append(high)
    if not n:
        return None, unusable
    whole = math.fsum(sums)
    squares = [
        total_squares
        + 2 * (pivot - whole / n) * total
        + (rows - missing - non_finite - invalid) * (pivot - whole / n) ** 2
        for pivot, rows, missing, non_finite, invalid, _, total, total_squares, _, _ in parts
    ]
    deviation = math.sqrt(max(0.0, math.fsum(squares)) / n)
    return Numbers(n, whole, deviation, min(lows), max(highs)), unusable
