"""What Tidegauge tells other channels of one that was paused, once, and of its return. Pure; `sender` does the I/O."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def own_key(channel: str) -> str:
    """The key of the threads that tell of a channel."""
    return hashlib.sha256(f"tidegauge channel {channel}".encode()).hexdigest()[:32]


def paused_body(channel: str, reason: str, *, now_us: int, base_url: str = "") -> bytes:
    """A message like that of an alert: monitor "channel", the channel as its column, and the reason as its comment."""
    return _body("alert.firing", channel, reason, now_us, base_url)


def resumed_body(channel: str, *, now_us: int, base_url: str = "") -> bytes:
    """Its end."""
    return _body("alert.resolved", channel, "", now_us, base_url)


def _body(event_type: str, channel: str, reason: str, now_us: int, base_url: str) -> bytes:
    is_over = event_type == "alert.resolved"
    at = (_EPOCH + timedelta(microseconds=now_us)).isoformat().replace("+00:00", "Z")
    data = {
        "alert_key": own_key(channel),
        "seq": 2 if is_over else 1,
        "status": "resolved" if is_over else "firing",
        "severity": "failing",
        "rule": {"id": "channel", "metric": "channel", "column": channel},
        "model": {"deployment": "tidegauge", "version": "", "segment": ""},
        "value": None,
        "threshold": None,
        "resolved_at": at if is_over else None,
        "opened_at": at,
        "url": f"{base_url.rstrip('/')}/" if base_url else None,
        "changes": ["resolved"] if is_over else ["opened"],
        "comment": reason,
        "group": {"labels": {"channel": channel}, "firing": int(not is_over), "resolved": int(is_over), "more": 0},
    }
    event = {"type": event_type, "timestamp": at, "data": data}
    return json.dumps(event, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
