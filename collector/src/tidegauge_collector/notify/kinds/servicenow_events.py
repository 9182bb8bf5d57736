"""ServiceNow's Event Management: events with a message key, of which it makes, updates and closes alerts itself.

Better than incidents by hand where it is licensed; the account needs the role evt_mgmt_integration.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tidegauge_collector.control import OutboxRow, Thread
from tidegauge_collector.notify.answers import judged
from tidegauge_collector.notify.channel import Answer, Endpoint, Manners, Request, Talk, once
from tidegauge_collector.notify.events import Event, read_event
from tidegauge_collector.notify.kinds.servicenow import authorization, check_account, correlation
from tidegauge_collector.notify.outcomes import Outcome
from tidegauge_collector.notify.severities import checked
from tidegauge_collector.notify.voice import PLAIN, Voice
from tidegauge_collector.notify.wording import cut

LEVELS = {"critical": "1", "major": "2", "minor": "3", "warning": "4", "ok": "5"}
CLEAR = "0"
TEXT_CHARACTERS, LONG_CHARACTERS = 100, 4_000


@dataclass(frozen=True, slots=True)
class ServiceNowEventsChannel:
    """`url`: the instance, https://….service-now.com."""

    name: str
    url: str = field(repr=False)
    username: str = ""
    password: str = field(default="", repr=False)
    api_key: str = field(default="", repr=False)
    allow: tuple[str, ...] = ()
    severities: Mapping[str, str] = field(default_factory=dict)
    voice: Voice = PLAIN
    per_minute: int | None = None

    def __post_init__(self) -> None:
        _ = self.endpoint, self.words
        check_account(self.name, self.username, self.password, self.api_key)

    @property
    def endpoint(self) -> Endpoint:
        secrets = (self.password, self.api_key, *self._headers.values())
        return Endpoint(self.name, self.url, tuple(filter(None, secrets)), self.allow)

    @property
    def manners(self) -> Manners:
        return Manners(per_minute=self.per_minute)

    @property
    def words(self) -> Mapping[str, str]:
        """How bad our severities are there."""
        return checked(self.name, self.severities, {"failing": "critical", "warning": "warning"}, tuple(LEVELS))

    @property
    def _headers(self) -> dict[str, str]:
        return authorization(self.username, self.password, self.api_key)

    def converse(
        self, message: OutboxRow, thread: Thread | None, *, now_us: int, may_have_arrived: int | None = None
    ) -> Talk:
        del thread, may_have_arrived  # the same message key again is the same alert
        return once(self, message, now_us=now_us)

    def request(self, message: OutboxRow, *, now_us: int, is_brief: bool = False) -> Request:
        """One event."""
        del now_us
        voice = self.voice.brief() if is_brief else self.voice
        body = json.dumps({"records": [render(read_event(message.body), voice, self.words)]}).encode()
        return Request(f"{self.url.rstrip('/')}/api/global/em/jsonv2", body, self._headers)

    def classify(self, answer: Answer, *, now_us: int) -> Outcome:
        """By the status."""
        return judged(answer, now_us=now_us)


def render(event: Event, voice: Voice, severities: Mapping[str, str]) -> dict[str, str]:
    """The event; further information is JSON in a text."""
    at = datetime.fromisoformat(event.at).astimezone(UTC)
    more: dict[str, Any] = {label: cut(value, 200) for label, value in voice.facts(event)}
    lines = "\n".join([voice.headline(event), *voice.remarks(event)])
    found = {
        "source": "tidegauge",
        "event_class": "tidegauge",
        "node": event.deployment or "tidegauge",
        "resource": event.column,
        "metric_name": event.metric,
        "type": event.rule or "test",
        "message_key": correlation(event.key or "tidegauge-test"),
        "severity": CLEAR if event.is_over else LEVELS[severities.get(event.severity, "ok")],
        "description": cut(lines, LONG_CHARACTERS),
        "time_of_event": at.strftime("%Y-%m-%d %H:%M:%S"),
        "resolution_state": "Closing" if event.is_over else "New",
    }
    short = {
        name: value if name in {"description", "message_key"} else cut(value, TEXT_CHARACTERS)
        for name, value in found.items()
    }
    return {name: value for name, value in short.items() if value} | {
        "additional_info": json.dumps({**more, "url": event.url}, ensure_ascii=False)
    }
