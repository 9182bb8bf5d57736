"""Stored predictions one by one, a page at a time."""

from dataclasses import dataclass
from typing import NamedTuple

from tidegauge_collector.telemetry.store import TelemetryStore
from tidegauge_collector.telemetry.unpack import FIRST_US

MAX_PAGE = 10_000


class RecordCursor(NamedTuple):
    """The place of a stored prediction in the order of pages; ask for what comes after it."""

    event_us: int
    epoch_id: int
    seq: int
    row_number: int


START = RecordCursor(FIRST_US - 1, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class StoredPrediction:
    """A prediction with an id, and its truth as far as known. `prediction_id`: 32 hexadecimal digits, the id's digest on the wire."""

    cursor: RecordCursor
    prediction_id: str
    event_us: int
    version: str
    score: float | None
    label: str | None
    segments: tuple[str, ...]
    actual_value: float | None
    actual_label: str | None
    actual_us: int | None


def records(
    store: TelemetryStore, deployment: str, *, after: RecordCursor = START, limit: int = 100
) -> list[StoredPrediction]:
    """At most `limit` predictions after a place, by event time. Rows folded meanwhile appear where their event time belongs."""
    if not 0 < limit <= MAX_PAGE:
        raise ValueError(f"limit is {limit}: ask for 1 to {MAX_PAGE} records at once")
    parameters = {
        "deployment_id": store.index.deployments.known.get(deployment, -1),
        "limit": limit,
        **after._asdict(),
    }
    rows = store.rows("page_of_records", parameters)
    segments = store.index.segment_sets.things()
    return [
        StoredPrediction(
            RecordCursor(event_us, epoch_id, seq, row_number),
            f"{id_high:016x}{id_low:016x}",
            event_us,
            version,
            score,
            label,
            segments.get(segment_set, ()),
            *truth,
        )
        for event_us, epoch_id, seq, row_number, id_high, id_low, version, score, label, segment_set, *truth in rows
    ]
