"""The body of an alert's event, as the outbox keeps it and as a generic webhook gets it. Pure; `sender` does the I/O.

Body (at most 20 KB): {"type": "alert.firing", "timestamp": RFC 3339, "data": {alert_key, seq, status, severity, rule, model,
value, threshold, window: {start, end}, url, details}}. Types: alert.firing, alert.updated, alert.resolved, alert.test.
"""

import json
import math
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

from tidegauge_collector.control import AlertRow

MAX_BODY_BYTES = 20_000
_MAX_TEXT = 200  # code points
_MAX_URL = 2000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def render(alert: AlertRow, event_type: str, *, base_url: str = "") -> bytes:
    """The body of one event of an alert, deterministic, in UTF-8 JSON without NaN or Infinity.

    Texts are cut at 200 code points; `details` are left out where the body would be larger than 20 KB. `base_url` is the
    root of the collector's web pages; without one `url` is null.
    """
    window = {
        "start": _rfc3339(alert.details.get("window_start_us", alert.opened_window_start_us)),
        "end": _rfc3339(alert.details.get("window_end_us", alert.opened_window_end_us)),
    }
    data: dict[str, Any] = {
        "alert_key": alert.key,
        "seq": alert.seq,
        "status": alert.status,
        "severity": alert.severity,
        "rule": {"id": alert.monitor, "metric": alert.metric, "column": alert.column},
        "model": {"deployment": alert.deployment, "version": alert.version, "segment": alert.segment},
        "value": alert.value,
        "threshold": alert.threshold,
        "window": window,
        "opened_at": _rfc3339(alert.opened_at_us),
        "resolved_at": None if alert.resolved_at_us is None else _rfc3339(alert.resolved_at_us),
        "url": _page(base_url, alert.deployment),
    }
    grounds = {name: each for name, each in alert.details.items() if not name.endswith("_us")}
    body = _encode(event_type, alert.updated_at_us, data | {"details": grounds})
    return body if len(body) <= MAX_BODY_BYTES else _encode(event_type, alert.updated_at_us, data)


def render_test(channel: str, *, now_us: int, base_url: str = "") -> bytes:
    """The body of a message that only shows that the channel works."""
    return _encode("alert.test", now_us, {"channel": channel, "status": "test", "url": _page(base_url, None)})


def _encode(event_type: str, at_us: int, data: Mapping[str, Any]) -> bytes:
    whole = {"url": data["url"]}  # not cut like other texts
    event = {"type": event_type, "timestamp": _rfc3339(at_us), "data": _plain(data) | whole}
    return json.dumps(event, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def _plain(value: Any) -> Any:
    """A value that JSON can say: numbers finite, texts short and encodable, the rest as text."""
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {_cut(str(name)): _plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return _cut(str(value))


def _cut(text: str) -> str:
    encodable = text.encode("utf-8", "replace").decode("utf-8")  # lone surrogates have no UTF-8
    return encodable if len(encodable) <= _MAX_TEXT else encodable[: _MAX_TEXT - 1] + "…"


def _rfc3339(at_us: int) -> str:
    return (_EPOCH + timedelta(microseconds=at_us)).isoformat().replace("+00:00", "Z")


def _page(base_url: str, deployment: str | None) -> str | None:
    if not base_url:
        return None
    path = "" if deployment is None else f"deployments/{quote(deployment, safe='', errors='replace')}"
    page = f"{base_url.rstrip('/')}/{path}"
    return page if len(page) <= _MAX_URL else None  # a cut link leads nowhere
