"""Second moments over windows, added up from whatever agents, frames and levels hold them."""

from collections import defaultdict
from collections.abc import Sequence

from tidegauge.core.moments import SecondMoments
from tidegauge.core.windows import Window
from tidegauge_collector.telemetry.moment_rows import added, column_of, moments_of
from tidegauge_collector.telemetry.store import TelemetryStore
from tidegauge_collector.telemetry.windowed import Spot, Windowed, rows_of


def second_moments(
    store: TelemetryStore,
    deployment: str,
    *,
    version: str | None,
    segment: str,
    bins_id: bytes,
    features: tuple[str, ...],
    windows: Sequence[Window],
    batch: str | None = None,
) -> list[SecondMoments | None]:
    """Of the rows of each window whose moments are by these reference bins and of these features; None where there are none.

    Moments by other bins have another zero and unit for each feature, and rows with a missing value cannot be moved from one to the
    other: they are left out.
    """
    column = column_of(features)
    chosen = [
        one
        for one in store.index.moments_of(deployment)
        if one.key.bins_id == bins_id
        and one.key.column == column
        and one.key.segment == segment
        and (version is None or one.key.version == version)
        and (batch is None or one.key.batch == batch)
    ]
    if not chosen or not windows:
        return [None] * len(windows)
    parts: dict[Spot, list[tuple[int, bytes]]] = defaultdict(list)
    with store.snapshot():
        for place, slot, rows, state in rows_of(Windowed(store, chosen, [0] * len(chosen), windows).second_moments()):
            parts[place, slot].append((rows, state))
    found = {slot: added(some) for (_, slot), some in parts.items()}
    return [moments_of(features, *found[slot]) if slot in found else None for slot in range(len(windows))]
