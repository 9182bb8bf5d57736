"""The body of a message, as the outbox keeps it and as a generic webhook gets it. Pure; `sender` does the I/O.

    {"type": "alert.firing", "timestamp": RFC 3339, "data": {
       alert_key, seq, status                                of the thread: a group of alerts that is told together
       severity, rule, model, value, threshold, window: {start, end}, opened_at, resolved_at, url, details
       acknowledged_by, assignee, owner, runbook             of its lead, the worst alert
       changes, comment                                      what is new since the message before
       group: {labels, firing, resolved, more}, alerts       all of them, at most 20
       explanation: {columns, segment, since}                what moved most, where it is worst, since when
    }}

Types: alert.firing, alert.updated, alert.resolved, alert.test. At most 20 KB: details go first, then alerts from the end, then the rest of
what explains.
"""

import json
import math
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

from tidegauge_collector.control import AlertRow
from tidegauge_collector.control.telling import Bulletin
from tidegauge_collector.core.explaining import Explanation

MAX_BODY_BYTES = 20_000
MAX_ALERTS = 20
_MAX_TEXT = 200  # code points
_SHORT_TEXT = 50
_MAX_COMMENT = 2_000
_MAX_URL = 2000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def render(bulletin: Bulletin, explanation: Explanation | None = None, *, base_url: str = "") -> bytes:
    """The body of one message, deterministic, in UTF-8 JSON without NaN or Infinity.

    Texts are cut at 200 code points, the comment at 2,000. `base_url` is the root of the collector's web pages; without one `url` is null.
    """
    data = _data(bulletin, (explanation or Explanation()), base_url)
    for shown in (MAX_ALERTS, 10, 5, 1):
        body = _encode(bulletin.event_type, bulletin.at_us, _with_alerts(data, bulletin, shown))
        if len(body) <= MAX_BODY_BYTES:
            return body
        data.pop("details", None)
    data |= {"explanation": _explained(Explanation(), bulletin), "runbook": "", "comment": _cut(bulletin.comment)}
    data["group"] = {**data["group"], "labels": {}}
    return _encode(bulletin.event_type, bulletin.at_us, _with_alerts(data, bulletin, 1), most=_SHORT_TEXT)


def render_test(channel: str, *, now_us: int, base_url: str = "") -> bytes:
    """The body of a message that only shows that the channel works."""
    return _encode("alert.test", now_us, {"channel": channel, "status": "test", "url": _page(base_url, None)})


def _data(bulletin: Bulletin, explanation: Explanation, base_url: str) -> dict[str, Any]:
    lead, firing = bulletin.lead, bulletin.firing
    return {
        "alert_key": bulletin.key,
        "seq": bulletin.seq,
        "status": "firing" if firing else "resolved",
        "severity": lead.severity,
        "rule": {"id": lead.monitor, "metric": lead.metric, "column": lead.column},
        "model": {"deployment": lead.deployment, "version": lead.version, "segment": lead.segment},
        "value": lead.value,
        "threshold": lead.threshold,
        "window": {
            "start": _rfc3339(lead.details.get("window_start_us", lead.opened_window_start_us)),
            "end": _rfc3339(lead.details.get("window_end_us", lead.opened_window_end_us)),
        },
        "opened_at": _rfc3339(lead.opened_at_us),
        "resolved_at": None if lead.resolved_at_us is None else _rfc3339(lead.resolved_at_us),
        "url": _page(base_url, lead.deployment),
        "acknowledged_by": lead.acknowledged_by,
        "assignee": lead.assignee,
        "owner": bulletin.owner,
        "runbook": bulletin.runbook,
        "changes": bulletin.changes,
        "comment": bulletin.comment,
        "closed_by": bulletin.closed_by,
        "group": {"labels": bulletin.labels, "firing": firing, "resolved": len(bulletin.alerts) - firing},
        "explanation": _explained(explanation, bulletin),
        "details": {name: each for name, each in lead.details.items() if not name.endswith("_us")},
    }


def _explained(explanation: Explanation, bulletin: Bulletin) -> dict[str, Any]:
    since_us = min(one.opened_window_start_us for one in bulletin.alerts)
    return {**explanation.as_json(), "since": _rfc3339(since_us)}


def _with_alerts(data: Mapping[str, Any], bulletin: Bulletin, most: int) -> dict[str, Any]:
    shown = bulletin.alerts[:most]
    group = {**data["group"], "more": len(bulletin.alerts) - len(shown)}
    return {**data, "group": group, "alerts": [_member(one) for one in shown]}


def _member(alert: AlertRow) -> dict[str, Any]:
    return {
        "id": alert.id,
        "alert_key": alert.key,
        "status": alert.status,
        "severity": alert.severity,
        "deployment": alert.deployment,
        "monitor": alert.monitor,
        "metric": alert.metric,
        "column": alert.column,
        "segment": alert.segment,
        "version": alert.version,
        "value": alert.value,
        "threshold": alert.threshold,
        "opened_at": _rfc3339(alert.opened_at_us),
        "resolved_at": None if alert.resolved_at_us is None else _rfc3339(alert.resolved_at_us),
        "acknowledged_by": alert.acknowledged_by,
    }


def _encode(event_type: str, at_us: int, data: Mapping[str, Any], most: int = _MAX_TEXT) -> bytes:
    whole: dict[str, Any] = {"url": data["url"]}  # not cut like other texts
    if "runbook" in data:
        whole["runbook"] = _encodable(data["runbook"]) if len(data["runbook"]) <= _MAX_URL else ""
        whole["comment"] = _cut(data["comment"], _MAX_COMMENT)
    event = {"type": event_type, "timestamp": _rfc3339(at_us), "data": _plain(data, most) | whole}
    return json.dumps(event, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def _plain(value: Any, most: int) -> Any:
    """A value that JSON can say: numbers finite, texts short and encodable, the rest as text."""
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {_cut(str(name), most): _plain(each, most) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each, most) for each in value]
    return _cut(str(value), most)


def _cut(text: str, most: int = _MAX_TEXT) -> str:
    encodable = _encodable(text)
    return encodable if len(encodable) <= most else encodable[: most - 1] + "…"


def _encodable(text: str) -> str:
    return text.encode("utf-8", "replace").decode("utf-8")  # lone surrogates have no UTF-8


def _rfc3339(at_us: int) -> str:
    return (_EPOCH + timedelta(microseconds=at_us)).isoformat().replace("+00:00", "Z")


def _page(base_url: str, deployment: str | None) -> str | None:
    if not base_url:
        return None
    path = "" if deployment is None else f"deployments/{quote(deployment, safe='', errors='replace')}"
    page = f"{base_url.rstrip('/')}/{path}"
    return page if len(page) <= _MAX_URL else None  # a cut link leads nowhere
