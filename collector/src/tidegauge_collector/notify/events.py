"""An event of an alert, read back from the body that the outbox keeps: what every channel makes its message of."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["firing", "updated", "resolved", "test"]
_KINDS: Mapping[str, Kind] = {
    "alert.firing": "firing",
    "alert.updated": "updated",
    "alert.resolved": "resolved",
    "alert.test": "test",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What happened to an alert. Times are RFC 3339 in UTC; `url` leads to the deployment's page, where one is known."""

    kind: Kind
    at: str
    key: str = ""
    severity: str = ""
    monitor: str = ""
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

    @property
    def is_over(self) -> bool:
        """Whether the alert does not fire any more."""
        return self.kind == "resolved"


def read_event(body: bytes) -> Event:
    """The event of a stored body (`tidegauge_collector.notify.webhook.render`). Raises ValueError where it is none."""
    stored = json.loads(body)
    data: Mapping[str, Any] = stored["data"]
    kind = _KINDS.get(stored["type"])
    if kind is None:
        raise ValueError(f"unknown event {stored['type']!r}")
    rule, model = data.get("rule", {}), data.get("model", {})
    window, details = data.get("window", {}), data.get("details", {})
    return Event(
        kind=kind,
        at=stored["timestamp"],
        key=data.get("alert_key", ""),
        severity=data.get("severity", ""),
        monitor=details.get("monitor") or rule.get("id", ""),
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
        opened_at=data.get("opened_at", ""),
        resolved_at=data.get("resolved_at") or "",
        url=data.get("url") or "",
    )
