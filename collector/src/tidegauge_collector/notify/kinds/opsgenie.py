"""Jira Service Management Operations, and Opsgenie of which it is the heir: one alert for each thread, by its alias.

Both answer 202 before they look at a request; what they found is asked for 5 s later, twice, and then taken as done.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from tidegauge_collector.control import OutboxRow, Thread
from tidegauge_collector.errors import ConfigError
from tidegauge_collector.notify.answers import judged
from tidegauge_collector.notify.channel import TOO_MUCH, Answer, Endpoint, Manners, Note, Request, Talk, ask
from tidegauge_collector.notify.events import Event, read_event
from tidegauge_collector.notify.outcomes import DeadLetter, Done, NotYet, Outcome, Retry
from tidegauge_collector.notify.severities import checked
from tidegauge_collector.notify.voice import PLAIN, Voice
from tidegauge_collector.notify.wording import cut

URL_OF_JSM = "https://api.atlassian.com/jsm/ops/integration"
MESSAGE_CHARACTERS, DESCRIPTION_CHARACTERS, DETAIL_CHARACTERS, NOTE_CHARACTERS = 130, 15_000, 400, 25_000
POLL_AFTER_S, POLLS = 5.0, 2
PRIORITIES = ("P1", "P2", "P3", "P4", "P5")
_LOUD = frozenset({"opened", "worse", "joined", "escalated", "reminder", "reopened"})
"""Changes after which an alert that somebody closed is opened again."""


@dataclass(frozen=True, slots=True)
class OpsgenieChannel:
    """`api_key`: of an API integration. `url`: https://api.opsgenie.com or https://api.eu.opsgenie.com for Opsgenie itself.

    `team`: whom new alerts are for, else as the integration says.
    """

    name: str
    api_key: str = field(repr=False)
    url: str = field(default=URL_OF_JSM, repr=False)
    allow: tuple[str, ...] = ()
    team: str = ""
    severities: Mapping[str, str] = field(default_factory=dict)
    voice: Voice = PLAIN
    per_minute: int | None = None

    def __post_init__(self) -> None:
        _ = self.endpoint, self.words
        if not self.api_key.strip().isprintable() or not self.api_key.strip():
            raise ConfigError(f"api_key of channel {self.name!r} is no key: take that of an API integration")

    @property
    def endpoint(self) -> Endpoint:
        return Endpoint(self.name, self.url, (self.api_key,), self.allow)

    @property
    def manners(self) -> Manners:
        return Manners(is_paging=True, per_minute=self.per_minute)

    @property
    def words(self) -> Mapping[str, str]:
        """The priorities of our severities."""
        return checked(self.name, self.severities, {"failing": "P2", "warning": "P3"}, PRIORITIES)

    def converse(
        self, message: OutboxRow, thread: Thread | None, *, now_us: int, may_have_arrived: int | None = None
    ) -> Talk:
        del may_have_arrived  # the same alias again is the same alert
        remembered = dict(thread.remembered) if thread is not None else {}
        asked = remembered.get("asked") or {}
        if asked.get("message") == message.delivery_id:
            return (yield from self._poll(asked, remembered, now_us=now_us))
        event = read_event(message.body)
        request_id = ""
        for path, body in self._calls(event, self.voice):
            answer = yield from ask(self._post(path, body))
            if answer.status in TOO_MUCH and path == "":
                answer = yield from ask(self._post(path, self._alert(event, self.voice.brief())))
            outcome = self.classify(answer, now_us=now_us)
            if not isinstance(outcome, Done):
                return outcome
            request_id = request_id or str(answer.json().get("requestId") or "")
        if thread is None or not request_id:
            return Done()
        yield Note({**remembered, "asked": {"message": message.delivery_id, "request": request_id, "polls": 0}})
        return NotYet(POLL_AFTER_S, "taken; what came of it is asked for in a moment")

    def _poll(self, asked: Mapping[str, Any], remembered: Mapping[str, Any], *, now_us: int) -> Talk:
        path = f"/requests/{quote(asked['request'], safe='')}"
        answer = yield from ask(Request(self._url(path), headers=self._headers, method="GET", is_reading=True))
        outcome, found = judged(answer, now_us=now_us), answer.json().get("data")
        if isinstance(outcome, Retry):
            return outcome
        if answer.status == 200 and isinstance(found, Mapping) and "isSuccess" in found:
            yield Note({name: value for name, value in remembered.items() if name != "asked"})
            said = str(found.get("status") or "no reason")
            if found["isSuccess"] or "not exist" in said or "already closed" in said:
                return Done()
            return DeadLetter(f"it was taken, and then failed: {said}")
        if asked["polls"] + 1 < POLLS:
            yield Note({**remembered, "asked": {**asked, "polls": asked["polls"] + 1}})
            return NotYet(POLL_AFTER_S, "taken; not looked at yet")
        yield Note({name: value for name, value in remembered.items() if name != "asked"})
        return Done("taken; what came of it was not told")

    def _calls(self, event: Event, voice: Voice) -> list[tuple[str, dict[str, Any]]]:
        """Paths after the alerts' and bodies; the first is the one that matters."""
        alias = quote(event.key or "tidegauge-test", safe="")
        plain = {"source": "tidegauge", "note": cut(voice.headline(event), NOTE_CHARACTERS)}
        if event.is_over:
            return [(f"/{alias}/close?identifierType=alias", plain)]
        calls: list[tuple[str, dict[str, Any]]] = []
        if event.kind != "updated" or not event.changes or _LOUD & set(event.changes):
            calls.append(("", self._alert(event, voice)))
        if event.is_acknowledged:
            calls.append(
                (
                    f"/{alias}/acknowledge?identifierType=alias",
                    {**plain, "user": cut(event.acknowledged_by or "tidegauge", 100)},
                )
            )
        if event.kind == "updated":
            note = "\n".join([voice.headline(event), *voice.news(event)])
            calls.append((f"/{alias}/notes?identifierType=alias", {**plain, "note": cut(note, NOTE_CHARACTERS)}))
        return calls

    def _alert(self, event: Event, voice: Voice) -> dict[str, Any]:
        found = render(event, voice, self.words) | {"alias": event.key or "tidegauge-test"}
        return found | ({"responders": [{"type": "team", "name": self.team}]} if self.team else {})

    def _post(self, path: str, body: Mapping[str, Any]) -> Request:
        return Request(self._url(path), json.dumps(body).encode(), self._headers)

    def _url(self, path: str) -> str:
        return f"{self.url.rstrip('/')}/v2/alerts{path}"

    @property
    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"GenieKey {self.api_key}"}

    def classify(self, answer: Answer, *, now_us: int) -> Outcome:
        """By the status; an alert that is not there any more needs no closing."""
        if answer.status == 404 and b"lert" in answer.body:
            return Done()
        return judged(answer, now_us=now_us)


def render(event: Event, voice: Voice, priorities: Mapping[str, str]) -> dict[str, Any]:
    """The alert without its alias."""
    line = voice.headline(event)
    facts = [f"{label}: {value}" for label, value in voice.facts(event)]
    text = "\n".join([line, "", *facts, *voice.remarks(event), event.url])
    return {
        "message": cut(line, MESSAGE_CHARACTERS),
        "description": cut(text, DESCRIPTION_CHARACTERS),
        "priority": priorities.get(event.severity, "P5"),
        "source": "tidegauge",
        "entity": cut(event.deployment or "tidegauge", 512),
        "tags": [cut(tag, 50) for tag in ("tidegauge", event.metric) if tag],
        "details": {label: cut(value, DETAIL_CHARACTERS) for label, value in voice.facts(event)},
    }
