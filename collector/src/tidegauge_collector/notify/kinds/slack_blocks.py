"""A message as Slack shows it, in blocks, within the limits of https://docs.slack.dev/reference/block-kit."""

from __future__ import annotations

from typing import Any

from tidegauge_collector.notify.events import Event
from tidegauge_collector.notify.voice import Voice
from tidegauge_collector.notify.wording import cut, word

HEADER_CHARACTERS, FIELD_CHARACTERS, TEXT_CHARACTERS, SECTION_CHARACTERS = 150, 800, 3_000, 2_000
MAX_FIELDS = 10
ACKNOWLEDGE, SILENCE = "tidegauge.acknowledge", "tidegauge.silence"
_MARKS = {"resolved": "🟢", "failing": "🔴", "warning": "🟡"}


def rendered(event: Event, voice: Voice, *, has_buttons: bool = False) -> dict[str, Any]:
    """The message: a header, facts in pairs, what else there is to say, when, and a button that leads to the page.

    `has_buttons`: also those that act, which a Slack app answers for.
    """
    line = voice.headline(event)
    mark = _MARKS.get("resolved" if event.is_over else event.severity, "")
    title = {"type": "plain_text", "text": cut(f"{mark} {line}".strip(), HEADER_CHARACTERS), "emoji": True}
    blocks: list[dict[str, Any]] = [{"type": "header", "text": title}]
    shown = voice.facts(event)[:MAX_FIELDS]
    if shown:
        fields = [f"*{escaped(label)}*\n{cut(escaped(value), FIELD_CHARACTERS)}" for label, value in shown]
        blocks.append({"type": "section", "fields": [{"type": "mrkdwn", "text": text} for text in fields]})
    remarks = "\n".join(escaped(line) for line in voice.remarks(event))
    if remarks:
        text = {"type": "mrkdwn", "text": cut(remarks, SECTION_CHARACTERS)}
        blocks.append({"type": "section", "text": text})
    when = cut(f"{escaped(event.monitor)} · {event.at}", SECTION_CHARACTERS)
    blocks.append({"type": "context", "elements": [{"type": "mrkdwn", "text": when}]})
    buttons = _buttons(event, voice, has_buttons=has_buttons)
    if buttons:
        blocks.append({"type": "actions", "elements": buttons})
    text_alone = cut(escaped(line), TEXT_CHARACTERS)
    return {"text": text_alone, "blocks": blocks, "unfurl_links": False, "unfurl_media": False}


def _buttons(event: Event, voice: Voice, *, has_buttons: bool) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    if event.url:
        found.append({"type": "button", "text": _plain(voice.open_label), "url": event.url})
    if has_buttons and event.key and not event.is_over:
        for name, action in (("acknowledge", ACKNOWLEDGE), ("silence", SILENCE)):
            if action != ACKNOWLEDGE or not event.acknowledged_by:
                text = _plain(word(name, voice.language))
                found.append({"type": "button", "text": text, "action_id": action, "value": event.key})
    return found


def _plain(text: str) -> dict[str, str]:
    return {"type": "plain_text", "text": text}


def escaped(text: str) -> str:
    """Text in which nothing is a link, a mention or a command."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
