"""What one fold is going to write, gathered frame by frame. A frame is taken whole or, with WireError, not at all."""

import json
from dataclasses import dataclass

import numpy as np

from tidegauge.core.windows import SECOND_US, Window
from tidegauge.errors import WireError
from tidegauge.wire import telemetry_pb2 as pb
from tidegauge_collector.telemetry.index import Index
from tidegauge_collector.telemetry.merge import CellBatch, columns_of
from tidegauge_collector.telemetry.rowwise import Columns, RowBatch
from tidegauge_collector.telemetry.spans import RecordSpan
from tidegauge_collector.telemetry.store import Table
from tidegauge_collector.telemetry.unpack import (
    EVENT_TIME,
    check_frame,
    check_times,
    unpack_actuals,
    unpack_moments,
    unpack_profile,
    unpack_records,
)

Gap = tuple[str, int, int, str, int, int]
Event = tuple[int, str, str, str, int, str, int]


@dataclass(frozen=True, slots=True)
class FoldEntry:
    """A frame of the log. `first_seq` < `last_seq` only for a gap; `closed`: the epoch's writer has ended after it."""

    epoch: bytes
    first_seq: int
    last_seq: int
    received_us: int
    closed: bool
    frame: pb.Frame


class Batch:
    """The rows of one fold."""

    def __init__(self, index: Index) -> None:
        self.clamped_rows = 0
        self._index = index
        self._cells = CellBatch()
        self._rows = RowBatch(index)
        self._events: list[Event] = []
        self._gaps: list[Gap] = []

    def take(self, entry: FoldEntry) -> None:
        """Count a frame; WireError where it cannot be, with nothing of it counted."""
        frame = entry.frame
        check_frame(frame)
        body = frame.WhichOneof("body")
        if body == "profile":
            self._take_profile(entry)
        elif body == "records":
            self._take_records(entry)
        elif body == "actuals":
            self._take_actuals(entry)
        elif body == "event":
            self._take_event(entry)
        elif body == "gap":
            self.add_gap(entry, entry.first_seq, entry.last_seq, frame.gap.reason, rows=frame.gap.rows)
        elif body is None:
            raise WireError("frame without a body that this version knows: the sender may be newer")
        # a baseline is the control store's business
        if frame.deployment:
            self._index.deployments.number(frame.deployment)

    def add_gap(self, entry: FoldEntry, first_seq: int, last_seq: int, reason: str, *, rows: int = 0) -> None:
        """Remember numbers that hold nothing countable."""
        self._gaps.append((entry.epoch.hex(), first_seq, last_seq, reason, rows, entry.received_us))

    def tables(self) -> dict[str, Table]:
        """All rows as tables of numpy columns, by the name of the query that writes them, those that have rows."""
        tables = self._cells.tables() | self._rows.tables()
        self._widen_spans(tables.get("predictions"))
        if self._events:
            tables["events"] = columns_of(self._events, _EVENT_COLUMNS)
        if self._gaps:
            tables["gaps"] = columns_of(self._gaps, _GAP_COLUMNS)
        return tables

    def lookups(self) -> dict[str, Table]:
        """The tables that the codes in `predictions` and `actuals` refer to."""
        return self._rows.lookups()

    def _widen_spans(self, predictions: Table | None) -> None:
        if predictions is None:
            return
        names = {number: name for name, number in self._index.deployments.known.items()}
        names |= {number: name for name, number in self._index.deployments.staged.items()}
        for number in np.unique(predictions["deployment_id"]).tolist():
            here = predictions["deployment_id"] == number
            events, arrivals = predictions["event_us"][here], predictions["arrival_us"][here]
            span = RecordSpan(int(events.min()), int(events.max()), int(arrivals.min()), int(arrivals.max()))
            self._index.spans.add_records(names[number], span)

    def _take_profile(self, entry: FoldEntry) -> None:
        profile = entry.frame.profile
        columns = unpack_profile(entry.frame)
        moments = unpack_moments(entry.frame) if profile.HasField("second_moments") else None
        if self._is_deleted(entry, profile.window_start_us):
            return
        for key, column in columns:
            cell = (self._index.series.number(key), profile.window_start_us, profile.window_length_s)
            self._cells.add(cell, column, entry.received_us)
        if moments is not None:
            cell = (self._index.series.number(moments[0]), profile.window_start_us, profile.window_length_s)
            self._cells.add_moments(cell, moments[1], entry.received_us)
        window = Window(profile.window_start_us, profile.window_start_us + profile.window_length_s * SECOND_US)
        if profile.columns:
            self._index.spans.add_window(entry.frame.deployment, profile.time_basis or EVENT_TIME, window)
        if self._index.touched is not None:
            self._index.touched.add(window)
        self._index.versions.number(entry.frame.version)
        self.clamped_rows += profile.clamped_rows

    def _take_records(self, entry: FoldEntry) -> None:
        frame, stones = entry.frame, self._index.tombstones
        came = unpack_records(frame)
        for ids, until_us in stones.barred_ids(came, frame.deployment, frame.version, entry.received_us):
            self._rows.add_barred(ids, frame.deployment, until_us)
        rows = stones.spare_records(came, frame.deployment, frame.version, entry.received_us)
        self._rows.add_records(rows, frame, self._source(entry))

    def _take_actuals(self, entry: FoldEntry) -> None:
        frame = entry.frame
        rows = self._index.tombstones.spare_actuals(unpack_actuals(frame), frame.deployment, entry.received_us)
        self._rows.add_actuals(rows, entry.frame, self._source(entry))

    def _take_event(self, entry: FoldEntry) -> None:
        frame, event = entry.frame, entry.frame.event
        check_times(event.at_us)
        if self._is_deleted(entry, event.at_us):
            return
        attributes = json.dumps(dict(event.attributes), sort_keys=True)
        deployment_id = self._index.deployments.number(frame.deployment)
        row = (deployment_id, frame.version, event.name, event.text, event.at_us, attributes, entry.received_us)
        self._events.append(row)

    def _is_deleted(self, entry: FoldEntry, time_us: int) -> bool:
        frame = entry.frame
        return self._index.tombstones.bars(frame.deployment, frame.version, time_us, entry.received_us)

    def _source(self, entry: FoldEntry) -> Columns:
        return {
            "epoch_id": self._index.epochs.number(entry.epoch),
            "seq": np.uint64(entry.first_seq),
            "received_us": entry.received_us,
        }


_EVENT_COLUMNS = {
    "deployment_id": np.int32,
    "version": str,
    "name": str,
    "text": str,
    "at_us": np.int64,
    "attributes": str,
    "received_us": np.int64,
}
_GAP_COLUMNS = {
    "epoch_hex": str,
    "first_seq": np.uint64,
    "last_seq": np.uint64,
    "reason": str,
    "rows": np.uint64,
    "received_us": np.int64,
}
