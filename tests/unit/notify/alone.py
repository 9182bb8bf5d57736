"""The body that a thread of one alert makes, for tests of what channels do with it."""

from __future__ import annotations

from typing import Any

from tidegauge_collector.control import AlertRow
from tidegauge_collector.control.telling import Bulletin
from tidegauge_collector.notify import render as render_bulletin

_CHANGES = {"alert.firing": ("opened",), "alert.updated": ("worse",), "alert.resolved": ("resolved",)}


def bulletin(alert: AlertRow, event_type: str, **changes: Any) -> Bulletin:
    """What the thread of an alert by itself says."""
    told: dict[str, Any] = {
        "channel": "ops",
        "key": alert.key,
        "labels": {},
        "seq": alert.seq,
        "event_type": event_type,
        "at_us": alert.updated_at_us,
        "changes": _CHANGES[event_type],
        "comment": "",
        "closed_by": "",
        "alerts": (alert,),
        "owner": "",
        "runbook": "",
    }
    return Bulletin(**told | changes)


def render(alert: AlertRow, event_type: str, *, base_url: str = "") -> bytes:
    """Its body."""
    return render_bulletin(bulletin(alert, event_type), base_url=base_url)
