"""Microsoft Teams through a workflow ("Post to a channel when a webhook request is received"): an Adaptive Card.

A 202 says that the flow has started, not that the card was posted: the test message wants a human eye. Office 365 connectors
(webhook.office.com) are retired, and refused.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

from yarl import URL

from tidegauge_collector.control import OutboxRow, Thread
from tidegauge_collector.errors import ConfigError
from tidegauge_collector.notify.answers import judged
from tidegauge_collector.notify.channel import Answer, Endpoint, Manners, Request, Talk, once
from tidegauge_collector.notify.events import Event, read_event
from tidegauge_collector.notify.outcomes import Outcome
from tidegauge_collector.notify.voice import PLAIN, Voice
from tidegauge_collector.notify.wording import cut

TEXT_CHARACTERS = 1_000
MAX_BODY_BYTES = 20_000  # Teams refuses from about 28,000 on
PER_MINUTE = 60
_COLOURS = {"failing": "Attention", "warning": "Warning"}
_MARKDOWN = re.compile(r"([\\\[\]()*_`~#>])")


@dataclass(frozen=True, slots=True)
class TeamsChannel:
    """`url`: the secret address of the workflow. Raises ConfigError for that of a retired connector."""

    name: str
    url: str = field(repr=False)
    allow: tuple[str, ...] = ()
    voice: Voice = PLAIN
    per_minute: int | None = None

    def __post_init__(self) -> None:
        _ = self.endpoint
        if (URL(self.url).host or "").endswith("webhook.office.com"):
            raise ConfigError(
                f"url of channel {self.name!r} is of an Office 365 connector, which Microsoft has retired: make a workflow "
                "'Post to a channel when a webhook request is received' in Teams, and give its URL"
            )

    @property
    def endpoint(self) -> Endpoint:
        return Endpoint(self.name, self.url, (), self.allow)

    @property
    def manners(self) -> Manners:
        return Manners(per_minute=min(self.per_minute or PER_MINUTE, PER_MINUTE))

    def converse(
        self, message: OutboxRow, thread: Thread | None, *, now_us: int, may_have_arrived: int | None = None
    ) -> Talk:
        del thread, may_have_arrived
        return once(self, message, now_us=now_us)

    def request(self, message: OutboxRow, *, now_us: int, is_brief: bool = False) -> Request:
        """The event as a card; a brief one where the whole would be too large."""
        del now_us
        event = read_event(message.body)
        body = json.dumps(render(event, self.voice.brief() if is_brief else self.voice)).encode()
        if len(body) > MAX_BODY_BYTES:
            body = json.dumps(render(event, self.voice.brief())).encode()
        return Request(self.url, body)

    def classify(self, answer: Answer, *, now_us: int) -> Outcome:
        """By the status."""
        return judged(answer, now_us=now_us)


def render(event: Event, voice: Voice) -> dict[str, Any]:
    """The message with its one card."""
    colour = "Good" if event.is_over or event.kind == "test" else _COLOURS.get(event.severity, "Default")
    title = _text(voice.headline(event)) | {"weight": "Bolder", "size": "Medium", "color": colour}
    shown = [{"title": label, "value": cut(escaped(value), TEXT_CHARACTERS)} for label, value in voice.facts(event)]
    body = [title, *([{"type": "FactSet", "facts": shown}] if shown else []), *map(_text, voice.remarks(event))]
    card: dict[str, Any] = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "msteams": {"width": "full"},
        "body": body,
    }
    if event.url:
        card["actions"] = [{"type": "Action.OpenUrl", "title": voice.open_label, "url": event.url}]
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": card}
    return {"type": "message", "attachments": [attachment]}


def _text(text: str) -> dict[str, Any]:
    return {"type": "TextBlock", "text": cut(escaped(text), TEXT_CHARACTERS), "wrap": True}


def escaped(text: str) -> str:
    """Text in which nothing is Markdown."""
    return _MARKDOWN.sub(r"\\\1", text)
