"""`/deployments/{name}/events`: what happened, as annotations for charts."""

from __future__ import annotations

import re

from tidegauge.core.windows import Window
from tidegauge_collector.api.query import BadRequest, check_known, read_int, read_time
from tidegauge_collector.api.scope import Json, Query, Sources, find_deployment
from tidegauge_collector.measuring.measurement import rfc3339
from tidegauge_collector.telemetry.deleting import ALWAYS
from tidegauge_collector.telemetry.events import NEWEST, EventCursor, events

PARAMETERS = ("kind", "version", "start", "end", "limit", "before")
MAX_EVENTS = 1_000
_CURSOR = re.compile(r"(-?\d{1,19})\.(-?\d{1,19})\.([0-9a-f]{32})\.(\d{1,18})", re.ASCII)


def list_events(sources: Sources, name: str, query: Query) -> Json:
    """Events of a range, the newest first, a page at a time."""
    check_known(query, *PARAMETERS)
    find_deployment(sources, name)
    start, end = (read_time(query, one) for one in ("start", "end"))
    window = Window(ALWAYS.start_us if start is None else start, ALWAYS.end_us if end is None else end)
    if window.start_us >= window.end_us:
        raise BadRequest("the range is empty: end must be after start")
    after = _cursor(query)
    if after is None and (before := read_time(query, "before")) is not None:
        window = Window(window.start_us, max(window.start_us, min(window.end_us, before)))
    limit = read_int(query, "limit", MAX_EVENTS, most=MAX_EVENTS)
    found = events(
        sources.telemetry,
        name,
        window=window,
        kind=query.get("kind") or None,
        version=query.get("version") or None,
        after=after or NEWEST,
        limit=limit + 1,
    )
    page = found[:limit]
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
    return {"items": items, "next": ".".join(map(str, page[-1].cursor)) if len(found) > limit else None}


def _cursor(query: Query) -> EventCursor | None:
    """The place that `before` names as a page's `next`; None where it names a time, or nothing."""
    found = _CURSOR.fullmatch(query.get("before", ""))
    if found is None:
        return None
    at_us, received_us, shown = (int(found[group]) for group in (1, 2, 4))
    if not all(-(1 << 63) <= one < 1 << 63 for one in (at_us, received_us)):
        return None
    return EventCursor(at_us, received_us, found[3], shown)
