"""Microsoft Teams through a workflow ("Post to a channel when a webhook request is received"): an Adaptive Card.

A 202 says that the flow has started, not that the card was posted: the test message wants a human eye. Office 365 connectors
(webhook.office.com) are retired, and refused.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from yarl import URL

from tidegauge_collector.control import OutboxRow
from tidegauge_collector.errors import ConfigError
from tidegauge_collector.notify.answers import by_status
from tidegauge_collector.notify.channel import Endpoint, Request
from tidegauge_collector.notify.events import Event, read_event
from tidegauge_collector.notify.outcomes import Outcome
from tidegauge_collector.notify.wording import cut, facts, headline, open_label

TEXT_CHARACTERS = 1_000
_COLOURS = {"failing": "Attention", "warning": "Warning"}
_MARKDOWN = re.compile(r"([\\\[\]()*_`~#>])")


@dataclass(frozen=True, slots=True)
class TeamsChannel:
    """`url`: the secret address of the workflow. Raises ConfigError for that of a retired connector."""

    name: str
    url: str = field(repr=False)
    allow: tuple[str, ...] = ()
    language: str = "en"

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

    def request(self, message: OutboxRow, *, now_us: int) -> Request:
        """The event as a card."""
        del now_us
        return Request(self.url, json.dumps(render(read_event(message.body), self.language)).encode())

    def classify(self, status: int, headers: Mapping[str, str], body: bytes, *, now_us: int) -> Outcome:
        """By the status."""
        del body
        return by_status(status, headers, now_us=now_us)


def render(event: Event, language: str) -> dict[str, Any]:
    """The message with its one card."""
    colour = "Good" if event.is_over or event.kind == "test" else _COLOURS.get(event.severity, "Default")
    title = {
        "type": "TextBlock",
        "text": cut(escaped(headline(event, language)), TEXT_CHARACTERS),
        "weight": "Bolder",
        "size": "Medium",
        "color": colour,
        "wrap": True,
    }
    shown = [{"title": label, "value": cut(escaped(value), TEXT_CHARACTERS)} for label, value in facts(event, language)]
    card: dict[str, Any] = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "msteams": {"width": "full"},
        "body": [title, {"type": "FactSet", "facts": shown}] if shown else [title],
    }
    if event.url:
        card["actions"] = [{"type": "Action.OpenUrl", "title": open_label(language), "url": event.url}]
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": card}
    return {"type": "message", "attachments": [attachment]}


def escaped(text: str) -> str:
    """Text in which nothing is Markdown."""
    return _MARKDOWN.sub(r"\\\1", text)
