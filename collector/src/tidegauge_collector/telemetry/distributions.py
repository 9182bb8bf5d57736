"""What is known of how a numeric column's finite values lie, window by window: how many, from where to where, and a sketch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tidegauge.core.columns import ColumnKind
from tidegauge.core.sketch import EMPTY, QuantileSketch
from tidegauge.core.windows import Window
from tidegauge_collector.telemetry.selecting import select
from tidegauge_collector.telemetry.store import TelemetryStore
from tidegauge_collector.telemetry.windowed import Windowed, rows_of


@dataclass(frozen=True, slots=True)
class Distribution:
    """`rows` finite values between `minimum` and `maximum`; `sketch` summarises those whose windows were closed and kept."""

    rows: int
    minimum: float
    maximum: float
    sketch: QuantileSketch = EMPTY


def distributions(
    store: TelemetryStore,
    deployment: str,
    *,
    version: str | None,
    segment: str,
    windows: Sequence[Window],
    batch: str | None = None,
    kinds: Mapping[str, ColumnKind],
) -> dict[tuple[str, int], Distribution]:
    """By column and position of the window, where there are finite values; values of another kind than `kinds` says are none."""
    names = list(kinds)
    chosen = select(store.index, deployment, version=version, segment=segment, batch=batch, columns=set(names))
    chosen = [one for one in chosen if one.key.kind == kinds[one.key.column]]
    if not chosen:
        return {}
    read = Windowed(store, chosen, [names.index(one.key.column) for one in chosen], windows)
    found = {}
    with store.snapshot():
        sketches = read.sketches()
        for place, slot, rows, missing, non_finite, invalid, _, _, _, minimum, maximum in rows_of(read.cells()):
            finite = rows - missing - non_finite - invalid
            if finite:
                sketch = sketches.get((place, slot), EMPTY)
                found[names[place], slot] = Distribution(finite, minimum, maximum, sketch)
    return found
