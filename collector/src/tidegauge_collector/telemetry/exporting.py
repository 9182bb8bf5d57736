"""Export: what is stored of a deployment as Arrow tables, read in short snapshots of their own, so that nobody waits for it.

Times are UTC timestamps. What is folded into a part that has been read already is not in the export.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from tidegauge.core.windows import DAY_US, Window
from tidegauge_collector.telemetry.moment_rows import features_of, moments_of
from tidegauge_collector.telemetry.records import START, RecordCursor
from tidegauge_collector.telemetry.selecting import select
from tidegauge_collector.telemetry.store import Array, Table, TelemetryStore

PAGE_ROWS = 100_000
ROLES = ("", "champion", "challenger", "replay")
_TIME = pa.timestamp("us", tz="UTC")
_Columns = dict[str, Any]


class _ActualCursor(NamedTuple):
    actual_us: int
    epoch_hex: str
    seq: int
    row_number: int


@dataclass(frozen=True, slots=True)
class Part:
    """A table of an export, and up to which time it reaches."""

    table: pa.Table
    until_us: int


def export(store: TelemetryStore, deployment: str, what: str, window: Window) -> Iterator[Part]:
    """The rows of one kind (of KINDS) in a range; an empty table where there are none. All tables are of one schema."""
    found = False
    for part in KINDS[what](store, deployment, window):
        found = True
        yield part
    if not found:
        yield Part(SCHEMAS[what].empty_table(), window.end_us)


def _records(store: TelemetryStore, deployment: str, window: Window) -> Iterator[Part]:
    at = START._replace(event_us=max(window.start_us, START.event_us), epoch_id=0)
    while True:
        page = store.arrays("export_records", _asked(store, deployment, window) | at._asdict())
        if not len(page["seq"]):
            return
        segments = {number: ",".join(parts) for number, parts in store.index.segment_sets.things().items()}
        at = RecordCursor(*(int(page[name][-1]) for name in RecordCursor._fields))
        yield _part(
            "records",
            {
                "prediction_id": _hex(page),
                "version": page["version"],
                "role": [ROLES[role] for role in page["role"].tolist()],
                "event_time": page["event_us"],
                "arrival_time": page["arrival_us"],
                "received": page["received_us"],
                "score": page["score"],
                "label": page["label"],
                "segments": [segments.get(number, "") for number in page["segment_set"].tolist()],
                "batch": page["batch"],
            },
            at.event_us,
        )


def _actuals(store: TelemetryStore, deployment: str, window: Window) -> Iterator[Part]:
    at = _ActualCursor(max(window.start_us, START.event_us), "", 0, -1)
    while True:
        page = store.arrays("export_actuals", _asked(store, deployment, window) | at._asdict())
        if not len(page["seq"]):
            return
        last = {name: page[name][-1] for name in _ActualCursor._fields}
        at = _ActualCursor(int(last["actual_us"]), str(last["epoch_hex"]), int(last["seq"]), int(last["row_number"]))
        yield _part(
            "actuals",
            {
                "prediction_id": _hex(page),
                "timestamp": page["actual_us"],
                "received": page["received_us"],
                "value": page["value"],
                "label": page["label"],
            },
            at.actual_us,
        )


def _judgements(store: TelemetryStore, deployment: str, window: Window) -> Iterator[Part]:
    """By what was judged, and not by what came: of who is silent verdicts go on."""
    number = store.index.deployments.known.get(deployment, -1)
    ((first_us, last_us),) = store.rows("judged_span", {"deployment_id": number})
    if first_us is None:
        return
    for day in _days(max(window.start_us, first_us), min(window.end_us, last_us + 1)):
        asked = {"deployment_id": number, "start_us": day.start_us, "end_us": day.end_us}
        page = store.arrays("export_judgements", asked)
        if len(page["n"]):
            yield _part(
                "judgements", _renamed(page, {"column_name": "column", "judged_at_us": "judged_at"}), day.end_us
            )


def _profiles(store: TelemetryStore, deployment: str, window: Window) -> Iterator[Part]:
    for day in _slices(store, deployment, window):
        series = select(store.index, deployment, version=None, segment=None)
        wanted: Table = {"series_id": np.array([-1, *(one.series_id for one in series)], dtype=np.int32)}
        asked = {"start_us": day.start_us, "end_us": day.end_us}
        page = store.arrays("export_profiles", asked, tables={"wanted": wanted})
        if not len(page["rows"]):
            continue
        columns = _renamed(page, {"column_name": "column"})
        columns["role"] = [ROLES[role] for role in columns["role"].tolist()]
        columns["time_basis"] = [("", "event", "arrival")[one] for one in columns["time_basis"].tolist()]
        for name in ("bins", "bin_counts"):
            columns[name] = [list(values) for values in columns[name]]
        yield _part("profiles", columns, day.end_us)


def _second_moments(store: TelemetryStore, deployment: str, window: Window) -> Iterator[Part]:
    series = store.index.moments_of(deployment)
    if not series:
        return
    wanted: Table = {"series_id": np.array([one.series_id for one in series], dtype=np.int32)}
    for day in _slices(store, deployment, window):
        asked = {"start_us": day.start_us, "end_us": day.end_us}
        page = store.arrays("export_second_moments", asked, tables={"wanted": wanted})
        if not len(page["rows"]):
            continue
        columns = _renamed(page, {})
        columns["role"] = [ROLES[role] for role in page["role"].tolist()]
        columns["columns"] = [features_of(one) for one in page["column_name"]]
        moments = [
            moments_of(features, rows, state)
            for features, rows, state in zip(columns["columns"], page["rows"].tolist(), page["state"], strict=True)
        ]
        columns |= {"sums": [one.sums for one in moments], "products": [one.products for one in moments]}
        yield _part("second_moments", columns, day.end_us)


def _slices(store: TelemetryStore, deployment: str, window: Window) -> Iterator[Window]:
    """Days of the part of the range that has windows."""
    spans = [span for (name, _), span in list(store.index.spans.windows.items()) if name == deployment]
    if not spans:
        return
    start = max(window.start_us, min(one.first.start_us for one in spans) // DAY_US * DAY_US - DAY_US)
    yield from _days(start, min(window.end_us, max(one.last.end_us for one in spans) + 2 * DAY_US))


def _days(start_us: int, end_us: int) -> Iterator[Window]:
    """A range in parts of 24 hours."""
    for at in range(start_us, end_us, DAY_US):
        yield Window(at, min(at + DAY_US, end_us))


def _asked(store: TelemetryStore, deployment: str, window: Window) -> dict[str, Any]:
    number = store.index.deployments.known.get(deployment, -1)
    return {"deployment_id": number, "end_us": window.end_us, "limit": PAGE_ROWS}


def _hex(page: dict[str, Array]) -> list[str]:
    return [
        f"{high:016x}{low:016x}" for high, low in zip(page["id_high"].tolist(), page["id_low"].tolist(), strict=True)
    ]


def _renamed(page: dict[str, Array], names: dict[str, str]) -> _Columns:
    plain = {name: name.removesuffix("_us") for name in page if name.endswith("_us")}
    return {(plain | names).get(name, name): values for name, values in page.items()}


def _part(what: str, columns: _Columns, until_us: int) -> Part:
    schema = SCHEMAS[what]
    arrays = [_array(columns[one.name], one.type) for one in schema]
    return Part(pa.Table.from_arrays(arrays, schema=schema), until_us)


def _array(values: Any, kind: pa.DataType) -> pa.Array:
    if pa.types.is_timestamp(kind):
        return pa.array(np.asarray(values, dtype=np.int64)).cast(kind)
    if pa.types.is_floating(kind):
        return pa.array(np.asarray(values, dtype=np.float64), from_pandas=True)  # NaN is none
    return pa.array(values, type=kind)


KINDS: dict[str, Callable[[TelemetryStore, str, Window], Iterator[Part]]] = {
    "records": _records,
    "actuals": _actuals,
    "judgements": _judgements,
    "profiles": _profiles,
    "second_moments": _second_moments,
}
SCHEMAS = {
    "records": pa.schema(
        [(name, pa.string()) for name in ("prediction_id", "version", "role")]
        + [(name, _TIME) for name in ("event_time", "arrival_time", "received")]
        + [("score", pa.float64()), *((name, pa.string()) for name in ("label", "segments", "batch"))]
    ),
    "actuals": pa.schema(
        [
            ("prediction_id", pa.string()),
            ("timestamp", _TIME),
            ("received", _TIME),
            ("value", pa.float64()),
            ("label", pa.string()),
        ]
    ),
    "judgements": pa.schema(
        [(name, pa.string()) for name in ("version", "monitor", "metric", "column", "segment")]
        + [
            ("window_start", _TIME),
            ("window_end", _TIME),
            ("value", pa.float64()),
            ("reason", pa.string()),
            ("n", pa.int64()),
        ]
        + [
            ("coverage", pa.float64()),
            ("verdict", pa.string()),
            ("p_value", pa.float64()),
            ("adjusted_p", pa.float64()),
        ]
        + [("judged_at", _TIME)]
    ),
    "profiles": pa.schema(
        [
            (name, pa.string())
            for name in ("level", "version", "role", "segment", "batch", "column", "kind", "bins_id", "time_basis")
        ]
        + [("window_start", _TIME), ("window_length_s", pa.int64())]
        + [(name, pa.int64()) for name in ("rows", "missing", "non_finite", "invalid", "overflow")]
        + [(name, pa.float64()) for name in ("pivot", "total", "total_squares", "minimum", "maximum")]
        + [(name, pa.list_(pa.int64())) for name in ("bins", "bin_counts")]
    ),
    "second_moments": pa.schema(
        [(name, pa.string()) for name in ("level", "version", "role", "segment", "batch", "bins_id")]
        + [("window_start", _TIME), ("window_length_s", pa.int64()), ("rows", pa.int64())]
        + [("columns", pa.list_(pa.string())), *((name, pa.list_(pa.float64())) for name in ("sums", "products"))]
    ),
}
