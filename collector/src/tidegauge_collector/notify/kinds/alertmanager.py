"""Pushes to a Prometheus Alertmanager (API v2), which then groups, silences and routes as it does for everything else.

An Alertmanager forgets what is not sent again before its `resolve_timeout`; so an alert that fires says until when it holds, a year,
and is ended by its own recovery.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from tidegauge_collector.control import OutboxRow, Thread
from tidegauge_collector.notify.answers import judged
from tidegauge_collector.notify.channel import Answer, Endpoint, Manners, Request, Talk, once
from tidegauge_collector.notify.events import Event, Told, read_event
from tidegauge_collector.notify.outcomes import Outcome
from tidegauge_collector.notify.voice import PLAIN, Voice

HOLDS = timedelta(days=365)
_SEVERITIES = {"failing": "critical", "warning": "warning"}
_LABELS = ("deployment", "version", "metric", "column", "segment")


@dataclass(frozen=True, slots=True)
class AlertmanagerChannel:
    """`url`: the root of the Alertmanager, e.g. https://alertmanager.example."""

    name: str
    url: str = field(repr=False)
    allow: tuple[str, ...] = ()
    voice: Voice = PLAIN
    per_minute: int | None = None

    def __post_init__(self) -> None:
        _ = self.endpoint

    @property
    def endpoint(self) -> Endpoint:
        return Endpoint(self.name, self.url, (), self.allow)

    @property
    def manners(self) -> Manners:
        return Manners(is_paging=True, per_minute=self.per_minute)

    def converse(
        self, message: OutboxRow, thread: Thread | None, *, now_us: int, may_have_arrived: int | None = None
    ) -> Talk:
        del thread, may_have_arrived
        return once(self, message, now_us=now_us)

    def request(self, message: OutboxRow, *, now_us: int, is_brief: bool = False) -> Request:
        """Each alert of the group under its severity, with the end of the one of the other."""
        del now_us
        voice = self.voice.brief() if is_brief else self.voice
        body = json.dumps(render(read_event(message.body), voice)).encode()
        return Request(f"{self.url.rstrip('/')}/api/v2/alerts", body)

    def classify(self, answer: Answer, *, now_us: int) -> Outcome:
        """By the status."""
        return judged(answer, now_us=now_us)


def render(event: Event, voice: Voice) -> list[dict[str, Any]]:
    """The alerts: labels say which is which, so that one that gets worse ends and begins as another."""
    found: list[dict[str, Any]] = []
    for one in event.alerts or (_lead(event),):
        is_over = event.is_over or one.is_over
        ended = one.resolved_at or event.resolved_at or event.at
        severity = _SEVERITIES.get(one.severity, "info")
        found.append(_alert(one, event, severity, ended if is_over else _later(event.at), voice))
        if event.kind in ("updated", "resolved"):
            others = [other for other in _SEVERITIES.values() if other != severity]
            found += [_alert(one, event, other, ended, voice) for other in others]
    return found


def _lead(event: Event) -> Told:
    return Told(
        key=event.key,
        severity=event.severity,
        monitor=event.monitor,
        opened_at=event.opened_at,
        **{name: getattr(event, name) for name in _LABELS},
    )


def _alert(one: Told, event: Event, severity: str, ends: str, voice: Voice) -> dict[str, Any]:
    labels = {
        "alertname": one.monitor or "tidegauge",
        "severity": severity,
        **{name: getattr(one, name) for name in _LABELS},
        "alert_key": one.key or event.key,
        "source": "tidegauge",
    }
    annotations = {
        "summary": voice.headline(event),
        "description": "; ".join(f"{label}: {value}" for label, value in voice.facts(event)),
        "runbook_url": event.runbook,
    }
    found: dict[str, Any] = {
        "labels": {name: value for name, value in labels.items() if value},
        "annotations": {name: value for name, value in annotations.items() if value},
        "startsAt": one.opened_at or event.at,
        "endsAt": ends,
    }
    return found | ({"generatorURL": event.url} if event.url else {})


def _later(at: str) -> str:
    return (datetime.fromisoformat(at) + HOLDS).isoformat().replace("+00:00", "Z")
