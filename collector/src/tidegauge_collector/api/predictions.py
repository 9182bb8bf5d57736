"""`/deployments/{name}/predictions`."""

from __future__ import annotations

from tidegauge_collector.api.query import BadRequest, check_known, read_int
from tidegauge_collector.api.scope import Json, Query, Sources, find_deployment
from tidegauge_collector.measuring.measurement import finite, rfc3339
from tidegauge_collector.telemetry.records import MAX_PAGE, START, RecordCursor, records


def list_predictions(sources: Sources, name: str, query: Query) -> Json:
    """Stored predictions with their actuals by event time, a page at a time."""
    check_known(query, "limit", "after")
    find_deployment(sources, name)
    limit = read_int(query, "limit", 1_000, most=MAX_PAGE)
    found = records(sources.telemetry, name, after=_cursor(query.get("after")), limit=limit)
    items = [
        {
            "prediction_id": one.prediction_id,
            "event_time": rfc3339(one.event_us),
            "version": one.version,
            "score": finite(one.score),
            "label": one.label,
            "actual": one.actual_label if one.actual_label is not None else finite(one.actual_value),
            "segments": list(one.segments),
        }
        for one in found
    ]
    return {"items": items, "next": ".".join(map(str, found[-1].cursor)) if len(found) == limit else None}


def _cursor(text: str | None) -> RecordCursor:
    if not text:
        return START
    try:
        event_us, epoch_id, seq, row_number = map(_stored_int, text.split("."))
    except ValueError as problem:
        raise BadRequest(f"after={text!r:.80}: give `next` of the page before") from problem
    return RecordCursor(event_us, epoch_id, seq, row_number)


def _stored_int(text: str) -> int:
    value = int(text)
    if not -(1 << 63) <= value < 1 << 63:
        raise ValueError("no number of the store")
    return value
