"""`/deployments/{name}/events`: what happened, as annotations for charts."""

from __future__ import annotations

from collections.abc import Sequence

from tidegauge.core.windows import Window
from tidegauge_collector.api.query import BadRequest, check_known, read_int, read_time
from tidegauge_collector.api.scope import Json, Query, Sources, find_deployment
from tidegauge_collector.measuring.measurement import rfc3339
from tidegauge_collector.telemetry.deleting import ALWAYS
from tidegauge_collector.telemetry.events import StoredEvent, events

PARAMETERS = ("kind", "version", "start", "end", "limit", "before")
MAX_EVENTS = 1_000


def list_events(sources: Sources, name: str, query: Query) -> Json:
    """Events of a range, the newest first, a page at a time."""
    check_known(query, *PARAMETERS)
    find_deployment(sources, name)
    start, end, before = (read_time(query, one) for one in ("start", "end", "before"))
    window = Window(ALWAYS.start_us if start is None else start, ALWAYS.end_us if end is None else end)
    if window.start_us >= window.end_us:
        raise BadRequest("the range is empty: end must be after start")
    if before is not None:
        window = Window(window.start_us, max(window.start_us, min(window.end_us, before)))
    limit = read_int(query, "limit", MAX_EVENTS, most=MAX_EVENTS)
    found = events(
        sources.telemetry,
        name,
        window=window,
        kind=query.get("kind") or None,
        version=query.get("version") or None,
        limit=limit + 1,
    )
    page = found[: _cut(found, limit)]
    items = [
        {
            "kind": one.name,
            "text": one.text,
            "at": rfc3339(one.at_us),
            "version": one.version,
            "attributes": dict(one.attributes),
            "received": rfc3339(one.received_us),
        }
        for one in page
    ]
    return {"items": items, "next": rfc3339(page[-1].at_us) if len(found) > limit else None}


def _cut(found: Sequence[StoredEvent], limit: int) -> int:
    """Where a page ends: not between events of one instant, unless all of the page are of it."""
    cut = limit
    while len(found) > limit and cut and found[cut - 1].at_us == found[limit].at_us:
        cut -= 1
    return cut or limit
