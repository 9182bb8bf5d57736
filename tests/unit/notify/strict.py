"""Providers as strict as their documents: each function raises AssertionError for a body that the provider would refuse."""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import Any


def parsed(body: bytes) -> Any:
    """JSON in UTF-8 without NaN, Infinity and repeated keys."""

    def refuse(text: str) -> None:
        raise AssertionError(f"{text} is no JSON")

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        assert len({name for name, _ in pairs}) == len(pairs), "a key is there twice"
        return dict(pairs)

    return json.loads(body.decode("utf-8"), parse_constant=refuse, object_pairs_hook=once)


def check_slack(body: bytes) -> dict[str, Any]:
    """Incoming webhook: docs.slack.dev, block kit limits."""
    message = parsed(body)
    assert set(message) == {"text", "blocks", "unfurl_links", "unfurl_media"}
    assert 0 < len(message["text"]) <= 4_000
    assert 0 < len(message["blocks"]) <= 50
    texts = [message["text"]]
    for block in message["blocks"]:
        texts += _slack_block(block)
    assert sum(map(len, texts)) <= 13_000
    assert not any(re.search(r"<[!@#]|<http", text) for text in texts), "a mention, command or link of somebody else's"
    return message


def _slack_block(block: dict[str, Any]) -> list[str]:
    if block["type"] == "header":
        assert block["text"]["type"] == "plain_text"
        assert 0 < len(block["text"]["text"]) <= 150
        return []
    if block["type"] == "section":
        assert 0 < len(block["fields"]) <= 10
        assert all(0 < len(one["text"]) <= 2_000 and one["type"] == "mrkdwn" for one in block["fields"])
        return [one["text"] for one in block["fields"]]
    if block["type"] == "context":
        assert 0 < len(block["elements"]) <= 10
        return [one["text"] for one in block["elements"]]
    assert block["type"] == "actions"
    for button in block["elements"]:
        assert 0 < len(button["text"]["text"]) <= 75
        assert button["url"].startswith("https://")
        assert len(button["url"]) <= 3_000
    return []


def check_teams(body: bytes) -> dict[str, Any]:
    """Workflow webhook: one Adaptive Card, version 1.0 to 1.5, 28,000 bytes."""
    assert len(body) <= 28_000
    message = parsed(body)
    assert message["type"] == "message"
    (attachment,) = message["attachments"]
    assert attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
    card = attachment["content"]
    assert card["type"] == "AdaptiveCard"
    assert "1.0" <= card["version"] <= "1.5"
    assert {one["type"] for one in card["body"]} <= {"TextBlock", "FactSet"}
    assert card["body"][0]["color"] in {"Default", "Good", "Warning", "Attention"}
    assert all(one["type"] == "Action.OpenUrl" for one in card.get("actions", ()))
    return card


def check_pagerduty(body: bytes) -> dict[str, Any]:
    """Events API v2: 512,000 bytes, keys and enums."""
    assert len(body) <= 512_000
    event = parsed(body)
    assert re.fullmatch(r"[A-Za-z0-9]{32}", event["routing_key"])
    assert event["event_action"] in {"trigger", "acknowledge", "resolve"}
    assert 0 < len(event["dedup_key"]) <= 255
    if event["event_action"] == "trigger":
        payload = event["payload"]
        assert 0 < len(payload["summary"]) <= 1_024
        assert payload["source"]
        assert payload["severity"] in {"critical", "error", "warning", "info"}
        datetime.fromisoformat(payload["timestamp"])
    return event


def check_opsgenie(body: bytes) -> dict[str, Any]:
    """Alert API v2: lengths, priorities, details of texts."""
    alert = parsed(body)
    if "message" not in alert:  # a close request
        assert set(alert) <= {"source", "note", "user"}
        assert len(alert["note"]) <= 25_000
        return alert
    assert 0 < len(alert["message"]) <= 130
    assert 0 < len(alert["alias"]) <= 512
    assert len(alert["description"]) <= 15_000
    assert re.fullmatch(r"P[1-5]", alert["priority"])
    assert len(alert["tags"]) <= 20
    assert all(len(tag) <= 50 for tag in alert["tags"])
    assert all(isinstance(value, str) for value in alert["details"].values())
    assert sum(len(k) + len(v) for k, v in alert["details"].items()) <= 8_000
    assert len(alert["entity"]) <= 512
    return alert


def check_alertmanager(body: bytes) -> list[dict[str, Any]]:
    """API v2 postableAlerts: label names, text values, times."""
    alerts = parsed(body)
    assert isinstance(alerts, list)
    for alert in alerts:
        assert set(alert) <= {"labels", "annotations", "startsAt", "endsAt", "generatorURL"}
        for texts in (alert["labels"], alert["annotations"]):
            assert all(re.fullmatch(r"[a-zA-Z_][a-zA-Z0-9_]*", name) for name in texts)
            assert all(isinstance(value, str) and value for value in texts.values())
        assert datetime.fromisoformat(alert["startsAt"]) <= datetime.fromisoformat(alert["endsAt"])
    return alerts
