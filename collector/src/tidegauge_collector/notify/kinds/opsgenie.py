"""Jira Service Management Operations, and Opsgenie of which it is the heir: one alert for each of ours, by its alias.

Both answer 202 before they look at the message: what they find later is not asked for.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from tidegauge_collector.control import OutboxRow
from tidegauge_collector.errors import ConfigError
from tidegauge_collector.notify.answers import by_status
from tidegauge_collector.notify.channel import Endpoint, Request
from tidegauge_collector.notify.events import Event, read_event
from tidegauge_collector.notify.outcomes import Done, Outcome
from tidegauge_collector.notify.wording import cut, facts, headline

URL_OF_JSM = "https://api.atlassian.com/jsm/ops/integration"
MESSAGE_CHARACTERS, DESCRIPTION_CHARACTERS, DETAIL_CHARACTERS = 130, 15_000, 500
_PRIORITIES = {"failing": "P2", "warning": "P3"}


@dataclass(frozen=True, slots=True)
class OpsgenieChannel:
    """`api_key`: of an API integration. `url`: https://api.opsgenie.com or https://api.eu.opsgenie.com for Opsgenie itself."""

    name: str
    api_key: str = field(repr=False)
    url: str = field(default=URL_OF_JSM, repr=False)
    allow: tuple[str, ...] = ()
    language: str = "en"

    def __post_init__(self) -> None:
        _ = self.endpoint
        if not self.api_key.strip().isprintable() or not self.api_key.strip():
            raise ConfigError(f"api_key of channel {self.name!r} is no key: take that of an API integration")

    @property
    def endpoint(self) -> Endpoint:
        return Endpoint(self.name, self.url, (self.api_key,), self.allow)

    def request(self, message: OutboxRow, *, now_us: int) -> Request:
        """The event as an alert, or as the end of one."""
        del now_us
        event = read_event(message.body)
        alias = event.key or "tidegauge-test"
        alerts = f"{self.url.rstrip('/')}/v2/alerts"
        headers = {"Authorization": f"GenieKey {self.api_key}"}
        if event.is_over:
            body = {"source": "tidegauge", "note": headline(event, self.language)}
            return Request(f"{alerts}/{quote(alias, safe='')}/close?identifierType=alias", _json(body), headers)
        return Request(alerts, _json(render(event, self.language) | {"alias": alias}), headers)

    def classify(self, status: int, headers: Mapping[str, str], body: bytes, *, now_us: int) -> Outcome:
        """By the status; an alert that is not there any more needs no closing."""
        if status == 404 and b"lert" in body:
            return Done()
        return by_status(status, headers, now_us=now_us)


def render(event: Event, language: str) -> dict[str, Any]:
    """The alert without its alias."""
    line = headline(event, language)
    text = "\n".join([line, "", *(f"{label}: {value}" for label, value in facts(event, language)), event.url])
    return {
        "message": cut(line, MESSAGE_CHARACTERS),
        "description": cut(text, DESCRIPTION_CHARACTERS),
        "priority": _PRIORITIES.get(event.severity, "P5"),
        "source": "tidegauge",
        "entity": cut(event.deployment or "tidegauge", 512),
        "tags": [cut(tag, 50) for tag in ("tidegauge", event.metric) if tag],
        "details": {label: cut(value, DETAIL_CHARACTERS) for label, value in facts(event, language)},
    }


def _json(body: Mapping[str, Any]) -> bytes:
    return json.dumps(body).encode()
