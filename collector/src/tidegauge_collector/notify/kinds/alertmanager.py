"""Pushes to a Prometheus Alertmanager (API v2), which then groups, silences and routes as it does for everything else.

An Alertmanager forgets what is not sent again before its `resolve_timeout`; so an alert that fires says until when it holds, a year,
and is ended by its own recovery.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from tidegauge_collector.control import OutboxRow
from tidegauge_collector.notify.answers import by_status
from tidegauge_collector.notify.channel import Endpoint, Request
from tidegauge_collector.notify.events import Event, read_event
from tidegauge_collector.notify.outcomes import Outcome
from tidegauge_collector.notify.wording import facts, headline

HOLDS = timedelta(days=365)
_SEVERITIES = {"failing": "critical", "warning": "warning"}


@dataclass(frozen=True, slots=True)
class AlertmanagerChannel:
    """`url`: the root of the Alertmanager, e.g. https://alertmanager.example."""

    name: str
    url: str = field(repr=False)
    allow: tuple[str, ...] = ()
    language: str = "en"

    def __post_init__(self) -> None:
        _ = self.endpoint

    @property
    def endpoint(self) -> Endpoint:
        return Endpoint(self.name, self.url, (), self.allow)

    def request(self, message: OutboxRow, *, now_us: int) -> Request:
        """The event as an alert of its severity, with the end of the one of the other."""
        del now_us
        body = json.dumps(render(read_event(message.body), self.language)).encode()
        return Request(f"{self.url.rstrip('/')}/api/v2/alerts", body)

    def classify(self, status: int, headers: Mapping[str, str], body: bytes, *, now_us: int) -> Outcome:
        """By the status."""
        del body
        return by_status(status, headers, now_us=now_us)


def render(event: Event, language: str) -> list[dict[str, Any]]:
    """The alerts: labels say which is which, so that one that gets worse ends and begins as another."""
    severity = _SEVERITIES.get(event.severity, "info")
    ended = event.resolved_at or event.at
    found = [_alert(event, severity, ended if event.is_over else _later(event.at), language)]
    if event.kind in ("updated", "resolved"):
        found += [_alert(event, other, ended, language) for other in _SEVERITIES.values() if other != severity]
    return found


def _alert(event: Event, severity: str, ends: str, language: str) -> dict[str, Any]:
    labels = {
        "alertname": event.monitor or "tidegauge",
        "severity": severity,
        "deployment": event.deployment,
        "version": event.version,
        "metric": event.metric,
        "column": event.column,
        "segment": event.segment,
        "alert_key": event.key,
        "source": "tidegauge",
    }
    annotations = {
        "summary": headline(event, language),
        "description": "; ".join(f"{label}: {value}" for label, value in facts(event, language)),
    }
    found: dict[str, Any] = {
        "labels": {name: value for name, value in labels.items() if value},
        "annotations": {name: value for name, value in annotations.items() if value},
        "startsAt": event.opened_at or event.at,
        "endsAt": ends,
    }
    return found | ({"generatorURL": event.url} if event.url else {})


def _later(at: str) -> str:
    return (datetime.fromisoformat(at) + HOLDS).isoformat().replace("+00:00", "Z")
