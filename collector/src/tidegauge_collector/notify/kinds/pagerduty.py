"""PagerDuty's Events API v2: one incident for each thread, by its key, that opens, follows, is acknowledged and resolves."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tidegauge_collector.control import OutboxRow, Thread
from tidegauge_collector.errors import ConfigError
from tidegauge_collector.notify.answers import judged
from tidegauge_collector.notify.channel import TOO_MUCH, Answer, Endpoint, Manners, Note, Request, Talk, ask
from tidegauge_collector.notify.events import Event, read_event
from tidegauge_collector.notify.outcomes import DeadLetter, Done, Outcome, PauseChannel
from tidegauge_collector.notify.severities import checked
from tidegauge_collector.notify.voice import PLAIN, Voice
from tidegauge_collector.notify.wording import cut

URL_OF_EVENTS = "https://events.pagerduty.com/v2/enqueue"
SUMMARY_CHARACTERS = 1_024
MAX_BODY_BYTES = 512_000
SEVERITIES = ("critical", "error", "warning", "info")
_QUIET = frozenset({"acknowledged", "unacknowledged", "assigned", "commented"})
"""Changes that are no reason to say anew what is the matter."""
_KEY = re.compile(r"[A-Za-z0-9]{32}")


@dataclass(frozen=True, slots=True)
class PagerDutyChannel:
    """`routing_key`: of an integration "Events API v2", 32 letters and digits.

    An incident is resolved only under the key that opened it. Which one that was is remembered by its digest: `previous_routing_key`
    is the one before the last change, for the incidents that are still open then.
    """

    name: str
    routing_key: str = field(repr=False)
    url: str = field(default=URL_OF_EVENTS, repr=False)
    allow: tuple[str, ...] = ()
    previous_routing_key: str = field(default="", repr=False)
    severities: Mapping[str, str] = field(default_factory=dict)
    voice: Voice = PLAIN
    per_minute: int | None = None

    def __post_init__(self) -> None:
        _ = self.endpoint, self.words
        for key in self.keys:
            if not _KEY.fullmatch(key):
                raise ConfigError(
                    f"routing_key of channel {self.name!r} is not 32 letters and digits: take the integration key of an "
                    "'Events API v2' integration of the service"
                )

    @property
    def endpoint(self) -> Endpoint:
        return Endpoint(self.name, self.url, tuple(self.keys), self.allow)

    @property
    def manners(self) -> Manners:
        return Manners(is_paging=True, per_minute=self.per_minute, noted_first=frozenset({"routing_key"}))

    @property
    def keys(self) -> list[str]:
        """The routing keys, the one for new incidents first."""
        return [self.routing_key, *filter(None, (self.previous_routing_key,))]

    @property
    def words(self) -> Mapping[str, str]:
        """What our severities are called there."""
        return checked(self.name, self.severities, {"failing": "critical", "warning": "warning"}, SEVERITIES)

    def converse(
        self, message: OutboxRow, thread: Thread | None, *, now_us: int, may_have_arrived: int | None = None
    ) -> Talk:
        del may_have_arrived  # the same key again is the same incident
        event = read_event(message.body)
        remembered = thread.remembered if thread is not None else {}
        opened_with = remembered.get("routing_key", "")
        key = next((key for key in self.keys if digest_of(key) == opened_with), self.routing_key)
        for action in actions(event):
            if action == "trigger" and not opened_with:
                yield Note({**remembered, "routing_key": digest_of(key)})
            outcome = yield from self._send(event, action, key, now_us=now_us)
            if not isinstance(outcome, Done):
                return outcome
            if action == "trigger" and not opened_with:
                yield Note({**remembered, "routing_key": digest_of(key), "opened": True})
        if opened_with and opened_with != digest_of(key):
            return Done("opened under another routing key: give it as previous_routing_key, so that it can be resolved")
        return Done()

    def _send(self, event: Event, action: str, key: str, *, now_us: int) -> Talk:
        answer = yield from ask(self._request(event, action, key, self.voice))
        outcome = self.classify(answer, now_us=now_us)
        if isinstance(outcome, DeadLetter) and answer.status in TOO_MUCH and action == "trigger":
            answer = yield from ask(self._request(event, action, key, self.voice.brief()))
            outcome = self.classify(answer, now_us=now_us)
        return outcome

    def _request(self, event: Event, action: str, key: str, voice: Voice) -> Request:
        return Request(self.url, fitting(render(event, action, voice, self.words) | {"routing_key": key}))

    def classify(self, answer: Answer, *, now_us: int) -> Outcome:
        """By the status; a 400 that speaks of the key is about the channel, not about the message."""
        if answer.status == 400 and b"routing_key" in answer.body:
            return PauseChannel("HTTP 400: PagerDuty does not know the routing key")
        return judged(answer, now_us=now_us)


def digest_of(key: str) -> str:
    """What is remembered of a routing key, which itself is stored nowhere."""
    return hashlib.sha256(key.encode()).hexdigest()[:16]


def actions(event: Event) -> list[str]:
    """What is to be done at PagerDuty, in this order."""
    if event.is_over:
        return ["resolve"]
    loud = event.kind != "updated" or not event.changes or bool(set(event.changes) - _QUIET)
    return [*(["trigger"] if loud else []), *(["acknowledge"] if event.is_acknowledged else [])]


def render(event: Event, action: str, voice: Voice, severities: Mapping[str, str]) -> dict[str, Any]:
    """The event without its routing key."""
    found: dict[str, Any] = {"event_action": action, "dedup_key": event.key or "tidegauge-test"}
    if action != "trigger":
        return found
    details = dict(voice.facts(event)) | ({"more": "\n".join(lines)} if (lines := voice.remarks(event)) else {})
    payload = {
        "summary": cut(voice.headline(event), SUMMARY_CHARACTERS),
        "source": event.deployment or "tidegauge",
        "severity": severities.get(event.severity, "info"),
        "timestamp": event.at,
        "component": event.column or event.metric or "tidegauge",
        "group": event.deployment or "tidegauge",
        "class": event.metric or "test",
    }
    found |= {"payload": payload | ({"custom_details": details} if details else {}), "client": "tidegauge"}
    links = [(event.url, voice.open_label), (event.runbook, "Runbook")]
    shown = [{"href": href, "text": text} for href, text in links if href.startswith(("https://", "http://"))]
    if shown:
        found["links"] = shown
    return found | ({"client_url": event.url} if event.url else {})


def fitting(event: dict[str, Any]) -> bytes:
    """The event within what PagerDuty takes: first without details, then without links."""
    body = json.dumps(event).encode()
    if len(body) > MAX_BODY_BYTES:
        event["payload"].pop("custom_details", None)
        body = json.dumps(event).encode()
    if len(body) > MAX_BODY_BYTES:
        event.pop("links", None)
        body = json.dumps(event).encode()
    return body
