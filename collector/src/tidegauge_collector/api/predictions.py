"""`/deployments/{name}/predictions`."""

from __future__ import annotations

from tidegauge_collector.api.query import check_known, read_int
from tidegauge_collector.api.scope import Json, Query, Sources, find_deployment
from tidegauge_collector.measuring.measurement import finite, rfc3339
from tidegauge_collector.telemetry import prediction_page


def list_predictions(sources: Sources, name: str, query: Query) -> Json:
    """Stored predictions with their actuals, in a stable order, a page at a time."""
    check_known(query, "limit", "after")
    find_deployment(sources, name)
    page = prediction_page(
        sources.telemetry, name, after=query.get("after") or None, limit=read_int(query, "limit", 1_000)
    )
    items = [
        {
            "prediction_id": one.id_hex,
            "event_time": rfc3339(one.event_us),
            "version": one.version,
            "score": finite(one.score),
            "label": one.label,
            "actual": one.actual_label if one.actual_label is not None else finite(one.actual_value),
            "segments": list(one.segments),
        }
        for one in page.items
    ]
    return {"items": items, "next": page.next}
