"""What a message says, read back from the body that the outbox keeps: what every channel makes its own message of."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Kind = Literal["firing", "updated", "resolved", "test"]
_KINDS: Mapping[str, Kind] = {
    "alert.firing": "firing",
    "alert.updated": "updated",
    "alert.resolved": "resolved",
    "alert.test": "test",
}
MAX_ALERTS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One alert of the group that a message tells of."""

    id: int | None = None
    key: str = ""
    status: str = "firing"
    severity: str = ""
    deployment: str = ""
    monitor: str = ""
    metric: str = ""
    column: str = ""
    segment: str = ""
    version: str = ""
    value: float | None = None
    threshold: float | None = None
    opened_at: str = ""
    resolved_at: str = ""
    acknowledged_by: str = ""

    @property
    def is_over(self) -> bool:
        """Whether it does not fire any more."""
        return self.status == "resolved"


@dataclass(frozen=True, slots=True)
class Moved:
    """A column that moved, by how much, and how much the model looks at it."""

    column: str
    value: float | None
    importance: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What is the matter with a group of alerts; the plain fields are those of the worst of them.

    Times are RFC 3339 in UTC; `url` leads to the deployment's page, where one is known. `changes`: what has happened since the message
    before: opened, worse, better, joined, resolved, acknowledged, unacknowledged, assigned, commented, escalated, reminder, reopened.
    `closed_by`: who said that it is over; "" where it recovered.
    """

    kind: Kind
    at: str
    key: str = ""
    seq: int = 0
    severity: str = ""
    monitor: str = ""
    rule: str = ""
    metric: str = ""
    column: str = ""
    deployment: str = ""
    version: str = ""
    segment: str = ""
    value: float | None = None
    threshold: float | None = None
    baseline: float | None = None
    n: int | None = None
    window_start: str = ""
    window_end: str = ""
    opened_at: str = ""
    resolved_at: str = ""
    url: str = ""
    acknowledged_by: str = ""
    assignee: str = ""
    owner: str = ""
    runbook: str = ""
    changes: tuple[str, ...] = ()
    comment: str = ""
    closed_by: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    firing: int = 0
    resolved: int = 0
    more: int = 0
    alerts: tuple[Told, ...] = ()
    moved: tuple[Moved, ...] = ()
    worst_segment: str = ""
    since: str = ""

    @property
    def is_over(self) -> bool:
        """Whether nothing of the group fires any more."""
        return self.kind == "resolved"

    @property
    def is_acknowledged(self) -> bool:
        """Whether somebody has just taken it, and it still fires."""
        return "acknowledged" in self.changes and not self.is_over

    @property
    def size(self) -> int:
        """How many alerts it tells of."""
        return max(self.firing + self.resolved, len(self.alerts) + self.more, 1)


def read_event(body: bytes) -> Event:
    """The event of a stored body (`tidegauge_collector.notify.webhook.render`). Raises ValueError where it is none."""
    stored = json.loads(body)
    data: Mapping[str, Any] = stored["data"]
    kind = _KINDS.get(stored["type"])
    if kind is None:
        raise ValueError(f"unknown event {stored['type']!r}")
    rule, model, group = _object(data, "rule"), _object(data, "model"), _object(data, "group")
    window, details, explained = _object(data, "window"), _object(data, "details"), _object(data, "explanation")
    opened_at = data.get("opened_at") or ""
    return Event(
        kind=kind,
        at=stored["timestamp"],
        key=data.get("alert_key", ""),
        seq=data.get("seq", 0),
        severity=data.get("severity", ""),
        monitor=details.get("monitor") or rule.get("id", ""),
        rule=rule.get("id", ""),
        metric=rule.get("metric", ""),
        column=rule.get("column", ""),
        deployment=model.get("deployment", ""),
        version=model.get("version", ""),
        segment=model.get("segment", ""),
        value=data.get("value"),
        threshold=data.get("threshold"),
        baseline=details.get("baseline_value"),
        n=details.get("n"),
        window_start=window.get("start", ""),
        window_end=window.get("end", ""),
        opened_at=opened_at,
        resolved_at=data.get("resolved_at") or "",
        url=data.get("url") or "",
        acknowledged_by=_text(data, "acknowledged_by"),
        assignee=_text(data, "assignee"),
        owner=_text(data, "owner"),
        runbook=_text(data, "runbook"),
        changes=tuple(map(str, data.get("changes") or ())),
        comment=_text(data, "comment"),
        closed_by=_text(data, "closed_by"),
        labels={str(name): str(value) for name, value in _object(group, "labels").items()},
        firing=group.get("firing", 0),
        resolved=group.get("resolved", 0),
        more=group.get("more", 0),
        alerts=tuple(map(_told, (data.get("alerts") or [])[:MAX_ALERTS])),
        moved=tuple(
            Moved(_text(one, "column"), one.get("value"), one.get("importance"))
            for one in explained.get("columns") or ()
        ),
        worst_segment=_segment(explained.get("segment")),
        since=_text(explained, "since") or opened_at,
    )


def _told(one: Mapping[str, Any]) -> Told:
    texts = ("severity", "deployment", "monitor", "metric", "column", "segment", "version")
    return Told(
        id=one.get("id"),
        key=_text(one, "alert_key"),
        status=_text(one, "status") or "firing",
        value=one.get("value"),
        threshold=one.get("threshold"),
        **{name: _text(one, name) for name in (*texts, "opened_at", "resolved_at", "acknowledged_by")},
    )


def _segment(found: Any) -> str:
    if not isinstance(found, Mapping):
        return str(found or "")
    named = _text(found, "segment")
    rest = ", ".join(f"{name} {value}" for name, value in found.items() if name != "segment" and value is not None)
    return f"{named} ({rest})" if named and rest else named or rest


def _object(data: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = data.get(name)
    return found if isinstance(found, Mapping) else {}


def _text(data: Mapping[str, Any], name: str) -> str:
    return str(data.get(name) or "")
