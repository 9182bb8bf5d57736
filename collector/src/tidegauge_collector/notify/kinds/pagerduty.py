"""PagerDuty's Events API v2: one incident for each alert, by its key, that opens, follows and resolves."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tidegauge_collector.control import OutboxRow
from tidegauge_collector.errors import ConfigError
from tidegauge_collector.notify.answers import by_status
from tidegauge_collector.notify.channel import Endpoint, Request
from tidegauge_collector.notify.events import Event, read_event
from tidegauge_collector.notify.outcomes import Outcome, PauseChannel
from tidegauge_collector.notify.wording import cut, facts, headline, open_label

URL_OF_EVENTS = "https://events.pagerduty.com/v2/enqueue"
SUMMARY_CHARACTERS = 1_024
_SEVERITIES = {"failing": "critical", "warning": "warning"}
_KEY = re.compile(r"[A-Za-z0-9]{32}")


@dataclass(frozen=True, slots=True)
class PagerDutyChannel:
    """`routing_key`: of an integration "Events API v2", 32 letters and digits."""

    name: str
    routing_key: str = field(repr=False)
    url: str = field(default=URL_OF_EVENTS, repr=False)
    allow: tuple[str, ...] = ()
    language: str = "en"

    def __post_init__(self) -> None:
        _ = self.endpoint
        if not _KEY.fullmatch(self.routing_key):
            raise ConfigError(
                f"routing_key of channel {self.name!r} is not 32 letters and digits: take the integration key of an "
                "'Events API v2' integration of the service"
            )

    @property
    def endpoint(self) -> Endpoint:
        return Endpoint(self.name, self.url, (self.routing_key,), self.allow)

    def request(self, message: OutboxRow, *, now_us: int) -> Request:
        """The event as one that triggers or resolves."""
        del now_us
        body = render(read_event(message.body), self.language) | {"routing_key": self.routing_key}
        return Request(self.url, json.dumps(body).encode())

    def classify(self, status: int, headers: Mapping[str, str], body: bytes, *, now_us: int) -> Outcome:
        """By the status; a 400 that speaks of the key is about the channel, not about the message."""
        if status == 400 and b"routing_key" in body:
            return PauseChannel("HTTP 400: PagerDuty does not know the routing key")
        return by_status(status, headers, now_us=now_us)


def render(event: Event, language: str) -> dict[str, Any]:
    """The event without its routing key."""
    key = event.key or "tidegauge-test"
    if event.is_over:
        return {"event_action": "resolve", "dedup_key": key}
    payload = {
        "summary": cut(headline(event, language), SUMMARY_CHARACTERS),
        "source": event.deployment or "tidegauge",
        "severity": _SEVERITIES.get(event.severity, "info"),
        "timestamp": event.at,
        "component": event.column or event.metric or "tidegauge",
        "group": event.deployment or "tidegauge",
        "class": event.metric or "test",
        "custom_details": dict(facts(event, language)),
    }
    found: dict[str, Any] = {"event_action": "trigger", "dedup_key": key, "payload": payload, "client": "tidegauge"}
    if event.url:
        found["links"] = [{"href": event.url, "text": open_label(language)}]
        found["client_url"] = event.url
    return found
