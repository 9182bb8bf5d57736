"""Slack's incoming webhooks: a message of blocks to the one conversation that the secret URL is for.

Limits and errors: https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks. A message cannot be changed later, so
that an update and a recovery are messages of their own.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tidegauge_collector.control import OutboxRow
from tidegauge_collector.notify.answers import by_status
from tidegauge_collector.notify.channel import Endpoint, Request
from tidegauge_collector.notify.events import Event, read_event
from tidegauge_collector.notify.outcomes import DeadLetter, Done, Outcome
from tidegauge_collector.notify.wording import cut, facts, headline, open_label

HEADER_CHARACTERS, FIELD_CHARACTERS, TEXT_CHARACTERS = 150, 2_000, 3_000
MAX_FIELDS = 10
_MARKS = {"resolved": "🟢", "failing": "🔴", "warning": "🟡"}


@dataclass(frozen=True, slots=True)
class SlackChannel:
    """`url`: the secret https://hooks.slack.com/services/…"""

    name: str
    url: str = field(repr=False)
    allow: tuple[str, ...] = ()
    language: str = "en"

    def __post_init__(self) -> None:
        _ = self.endpoint

    @property
    def endpoint(self) -> Endpoint:
        return Endpoint(self.name, self.url, (), self.allow)

    def request(self, message: OutboxRow, *, now_us: int) -> Request:
        """The event as a message."""
        del now_us
        return Request(self.url, json.dumps(render(read_event(message.body), self.language)).encode())

    def classify(self, status: int, headers: Mapping[str, str], body: bytes, *, now_us: int) -> Outcome:
        """Slack says `ok` where it took the message; a 200 with anything else is of somebody in between."""
        outcome = by_status(status, headers, now_us=now_us)
        if isinstance(outcome, Done) and body.strip() != b"ok":
            return DeadLetter("Slack did not answer ok")
        return outcome


def render(event: Event, language: str) -> dict[str, Any]:
    """The message: a header, facts in pairs, when, and a button that leads to the page."""
    line = headline(event, language)
    mark = _MARKS.get("resolved" if event.is_over else event.severity, "")
    title = {"type": "plain_text", "text": cut(f"{mark} {line}".strip(), HEADER_CHARACTERS), "emoji": True}
    blocks: list[dict[str, Any]] = [{"type": "header", "text": title}]
    shown = facts(event, language)[:MAX_FIELDS]
    if shown:
        fields = [f"*{escaped(label)}*\n{cut(escaped(value), FIELD_CHARACTERS - 100)}" for label, value in shown]
        blocks.append({"type": "section", "fields": [{"type": "mrkdwn", "text": text} for text in fields]})
    blocks.append(
        {"type": "context", "elements": [{"type": "mrkdwn", "text": f"{escaped(event.monitor)} · {event.at}"}]}
    )
    if event.url:
        label = {"type": "plain_text", "text": open_label(language)}
        blocks.append({"type": "actions", "elements": [{"type": "button", "text": label, "url": event.url}]})
    text = cut(escaped(line), TEXT_CHARACTERS)
    return {"text": text, "blocks": blocks, "unfurl_links": False, "unfurl_media": False}


def escaped(text: str) -> str:
    """Text in which nothing is a link, a mention or a command."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
