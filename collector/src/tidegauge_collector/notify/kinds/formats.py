"""The forms of a generic webhook's body: Tidegauge's own event, Alertmanager's webhook version 4, CloudEvents 1.0."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from tidegauge_collector.control import OutboxRow
from tidegauge_collector.notify.events import Event, Told, read_event
from tidegauge_collector.notify.voice import Voice

OPEN_END = "0001-01-01T00:00:00Z"
_BRIEF = ("alert_key", "seq", "status", "severity", "channel", "url")
_LABELS = ("severity", "deployment", "version", "metric", "column", "segment")


@dataclass(frozen=True, slots=True)
class Form:
    """A content type, and the body of a message for the channel of a name in a voice."""

    content_type: str
    body: Callable[[OutboxRow, str, Voice], bytes]


def standard(message: OutboxRow, _name: str, voice: Voice) -> bytes:
    """The event, byte for byte as it was stored; a brief one has its title and its link."""
    if not voice.is_brief:
        return message.body
    stored = json.loads(message.body)
    data = {name: stored["data"][name] for name in _BRIEF if name in stored["data"]}
    return _json(stored | {"data": data | {"title": voice.headline(read_event(message.body))}})


def cloudevent(message: OutboxRow, name: str, voice: Voice) -> bytes:
    """The event in a structured CloudEvent; (source, id) is the same at each attempt."""
    stored = json.loads(standard(message, name, voice))
    event = read_event(message.body)
    found = {
        "specversion": "1.0",
        "id": message.delivery_id,
        "source": _root(event.url) or "urn:tidegauge",
        "type": f"dev.tidegauge.{stored['type']}",
        "time": stored["timestamp"],
        "datacontenttype": "application/json",
        "data": stored["data"],
    }
    return _json(found | ({"subject": event.key} if event.key else {}))


def alertmanager(message: OutboxRow, name: str, voice: Voice) -> bytes:
    """What Alertmanager would send to a receiver of this name."""
    event = read_event(message.body)
    alerts = [_alert(one, event, voice) for one in event.alerts or (_lead(event),)]
    found = {
        "version": "4",
        "groupKey": event.key or message.delivery_id,
        "truncatedAlerts": event.more,
        "status": "resolved" if event.is_over else "firing",
        "receiver": name,
        "groupLabels": {_label(label): value for label, value in event.labels.items()},
        "commonLabels": _common([one["labels"] for one in alerts]),
        "commonAnnotations": _common([one["annotations"] for one in alerts]),
        "externalURL": _root(event.url),
        "alerts": alerts[:1] if voice.is_brief else alerts,
    }
    return _json(found)


FORMATS: Mapping[str, Form] = {
    "standard": Form("application/json", standard),
    "alertmanager": Form("application/json", alertmanager),
    "cloudevents": Form("application/cloudevents+json", cloudevent),
}


def _lead(event: Event) -> Told:
    return Told(
        key=event.key,
        status="resolved" if event.is_over else "firing",
        monitor=event.monitor,
        value=event.value,
        threshold=event.threshold,
        opened_at=event.opened_at,
        resolved_at=event.resolved_at,
        **{name: getattr(event, name) for name in _LABELS},
    )


def _alert(one: Told, event: Event, voice: Voice) -> dict[str, Any]:
    labels = _LABELS[:2] if voice.is_brief else _LABELS
    named = {"alertname": one.monitor or "tidegauge", **{name: getattr(one, name) for name in labels}}
    summary = {"summary": voice.headline(event), "runbook_url": "" if voice.is_brief else event.runbook}
    numbers = {} if voice.is_brief else {"value": one.value, "threshold": one.threshold}
    annotations = summary | {name: f"{value:g}" for name, value in numbers.items() if value is not None}
    return {
        "status": "resolved" if one.is_over else "firing",
        "labels": {name: value for name, value in named.items() if value},
        "annotations": {name: value for name, value in annotations.items() if value},
        "startsAt": one.opened_at or event.at,
        "endsAt": (one.resolved_at or event.at) if one.is_over else OPEN_END,
        "generatorURL": event.url,
        "fingerprint": one.key[:16],
    }


def _common(found: list[dict[str, str]]) -> dict[str, str]:
    """What all have alike."""
    first, *others = found
    return {name: value for name, value in first.items() if all(one.get(name) == value for one in others)}


def _label(name: str) -> str:
    """A name as Prometheus allows it."""
    plain = "".join(one if one.isascii() and (one.isalnum() or one == "_") else "_" for one in name) or "_"
    return f"_{plain}" if plain[0].isdigit() else plain


def _root(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}/" if parts.netloc else ""


def _json(body: Mapping[str, Any]) -> bytes:
    return json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
