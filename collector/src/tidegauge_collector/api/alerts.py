"""`/alerts`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tidegauge_collector.api.query import check_known, read_choice, read_int
from tidegauge_collector.api.scope import Json, Query, Sources
from tidegauge_collector.control import AlertRow
from tidegauge_collector.measuring.measurement import finite, rfc3339


def list_alerts(sources: Sources, query: Query) -> Json:
    """Alerts, newest first, with their history and deliveries."""
    check_known(query, "deployment", "status", "limit", "before")
    limit = read_int(query, "limit", 100, most=1_000)
    before = read_int(query, "before", 0, least=0, most=2**62) or None
    status = read_choice(query, "status", ("firing", "resolved"), None)
    rows = sources.control.alerts(query.get("deployment") or None, status, limit=limit, before=before)
    following = str(rows[-1].id) if len(rows) == limit else None
    return {"items": [_alert(sources, one) for one in rows], "next": following}


def _alert(sources: Sources, row: AlertRow) -> Json:
    start = row.details.get("window_start_us", row.opened_window_start_us)
    end = row.details.get("window_end_us", row.opened_window_end_us)
    return {
        "id": row.id,
        "key": row.key,
        "deployment": row.deployment,
        "monitor": row.monitor,
        "metric": row.metric,
        "column": row.column,
        "segment": row.segment,
        "version": row.version,
        "severity": row.severity,
        "status": row.status,
        "value": finite(row.value),
        "threshold": finite(row.threshold),
        "window": {"start": rfc3339(start), "end": rfc3339(end)},
        "opened_window": {"start": rfc3339(row.opened_window_start_us), "end": rfc3339(row.opened_window_end_us)},
        "opened_at": rfc3339(row.opened_at_us),
        "resolved_at": rfc3339(row.resolved_at_us),
        "events": [
            {"kind": one.kind, "at": rfc3339(one.at_us), **_plain_times(one.details)}
            for one in sources.control.alert_events(row.id)
        ],
        "deliveries": [
            {
                "id": one.delivery_id,
                "channel": one.channel,
                "event_type": one.event_type,
                "status": one.status,
                "attempts": one.attempts,
                "delivered_at": rfc3339(one.delivered_at_us),
                "last_error": one.last_error,
            }
            for one in sources.control.deliveries(row.id)
        ],
    }


def _plain_times(details: Mapping[str, Any]) -> Json:
    """Details with times as text."""
    return {
        name.removesuffix("_us"): rfc3339(value) if name.endswith("_us") and isinstance(value, int) else value
        for name, value in details.items()
    }
