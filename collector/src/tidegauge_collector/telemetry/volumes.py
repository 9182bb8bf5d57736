"""How much came in each window: predictions by event time, truths by their own time, prediction ids that came more than once."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tidegauge.core.columns import ACTUAL
from tidegauge.core.windows import Window
from tidegauge.wire import telemetry_pb2 as pb
from tidegauge_collector.telemetry.joined import wanted_rows
from tidegauge_collector.telemetry.selecting import select, span, windows_table
from tidegauge_collector.telemetry.store import TelemetryStore
from tidegauge_collector.telemetry.unpack import EVENT_TIME
from tidegauge_collector.telemetry.windowed import Windowed

Ints = npt.NDArray[np.int64]
EXACT_ROWS = 500_000
"""Predictions of a question up to which every id is looked at; of more, a fair share: ids are digests."""
_GREATEST_ID = (1 << 64) - 1


def prediction_volumes(store: TelemetryStore, deployment: str, *, segment: str, windows: Sequence[Window]) -> Ints:
    """Predictions of all versions that answer users, in each window: of each version the column with the most rows counts."""
    chosen = [
        one
        for one in select(store.index, deployment, version=None, segment=segment, time_basis=EVENT_TIME)
        if one.key.role in (pb.ROLE_UNSPECIFIED, pb.ROLE_CHAMPION) and one.key.column != ACTUAL
    ]
    total = np.zeros(len(windows), dtype=np.int64)
    if not chosen or not windows:
        return total
    columns = sorted({(one.key.version, one.key.column) for one in chosen})
    places = {column: place for place, column in enumerate(columns)}
    rows = np.zeros((len(columns), len(windows)), dtype=np.int64)
    with store.snapshot():
        cells = Windowed(store, chosen, [places[one.key.version, one.key.column] for one in chosen], windows).cells()
    rows[cells["place"], cells["slot"]] = cells["rows"]
    for version in dict.fromkeys(version for version, _ in columns):
        total += rows[[place for (owner, _), place in places.items() if owner == version]].max(axis=0)
    return total


def label_volumes(store: TelemetryStore, deployment: str, *, windows: Sequence[Window]) -> Ints:
    """Truths, corrections included, by their own time."""
    counts = np.zeros(len(windows), dtype=np.int64)
    whole = span(windows)
    asked = _deployment(store, deployment) | {"first_us": whole.start_us, "end_us": whole.end_us}
    found = store.arrays("label_volumes", asked, tables={"asked": windows_table(windows)})
    counts[found["slot"]] = found["rows"]
    return counts


def first_label_us(store: TelemetryStore, deployment: str) -> int | None:
    """The time of the first truth that is stored; None where there is none."""
    ((first_us,),) = store.rows("first_actual", _deployment(store, deployment))
    return None if first_us is None else int(first_us)


@dataclass(frozen=True, slots=True)
class RepeatedIds:
    """Of `rows` predictions in each window, `looked` were looked at, and `ids` different ids found among these."""

    rows: Ints
    looked: Ints
    ids: Ints


def repeated_ids(
    store: TelemetryStore, deployment: str, *, version: str | None, segment: str, windows: Sequence[Window]
) -> RepeatedIds:
    """Predictions and their different ids, window by window: an id counts once a version and window."""
    whole, wanted = span(windows), wanted_rows(store.index, deployment, version, segment)
    asked = wanted.parameters | {"first_us": whole.start_us, "end_us": whole.end_us}
    with store.snapshot():
        ((stored,),) = store.rows(
            "rows_between", _deployment(store, deployment) | {"first_us": whole.start_us, "end_us": whole.end_us}
        )
        asked["id_bound"] = _GREATEST_ID // max(1, stored // EXACT_ROWS)
        found = store.arrays("repeated_ids", asked, tables={"asked": windows_table(windows)} | wanted.tables)
    rows, looked, ids = (np.zeros(len(windows), dtype=np.int64) for _ in range(3))
    for values, name in ((rows, "rows"), (looked, "looked"), (ids, "ids")):
        values[found["slot"]] = found[name]
    return RepeatedIds(rows, looked, ids)


def _deployment(store: TelemetryStore, deployment: str) -> dict[str, int]:
    return {"deployment_id": store.index.deployments.known.get(deployment, -1)}
