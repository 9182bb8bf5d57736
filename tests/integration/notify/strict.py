"""Providers as strict as their documents: a body is parsed as they would, held against tests/schemas, and against what no schema says."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

FOLDER = Path(__file__).parents[2] / "schemas"


def parsed(body: bytes) -> Any:
    """JSON in UTF-8 without NaN, Infinity and repeated keys."""

    def refuse(text: str) -> None:
        raise AssertionError(f"{text} is no JSON")

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        assert len({name for name, _ in pairs}) == len(pairs), "a key is there twice"
        return dict(pairs)

    return json.loads(body.decode("utf-8"), parse_constant=refuse, object_pairs_hook=once)


@cache
def _validator(name: str) -> Draft202012Validator:
    schema = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def hold(name: str, value: Any) -> Any:
    """Raises AssertionError, naming the place, for a value that the provider would refuse."""
    problem = next(iter(_validator(name).iter_errors(value)), None)
    assert problem is None, f"{name}: {problem.json_path}: {problem.message[:300]}"
    MORE.get(name, lambda _: None)(value)
    return value


def check(name: str, body: bytes) -> Any:
    """The value of a body."""
    assert len(body) <= LIMITS.get(name, 1_000_000), f"{name}: {len(body)} bytes"
    return hold(name, parsed(body))


def _slack(message: Mapping[str, Any]) -> None:
    texts = [*_texts(message.get("blocks", [])), message["text"]]
    assert sum(map(len, texts)) <= 13_000
    assert not any(re.search(r"<[!@#]|<http", text) for text in texts), "a mention, command or link of somebody else's"
    for block in message.get("blocks", []):
        for button in block["elements"] if block["type"] == "actions" else ():
            assert ("url" in button) != ("action_id" in button), "a button leads somewhere or does something"


def _texts(value: Any) -> Any:
    if isinstance(value, Mapping):
        if value.get("type") == "mrkdwn":
            yield value["text"]
        for each in value.values():
            yield from _texts(each)
    if isinstance(value, list):
        for each in value:
            yield from _texts(each)


def _opsgenie(alert: Mapping[str, Any]) -> None:
    assert sum(len(k) + len(v) for k, v in alert.get("details", {}).items()) <= 8_000


def _events(found: Mapping[str, Any]) -> None:
    for one in found["records"]:
        assert isinstance(parsed(one.get("additional_info", "{}").encode()), dict)


def _pushed(alerts: list[Mapping[str, Any]]) -> None:
    for alert in alerts:
        assert datetime.fromisoformat(alert["startsAt"]) <= datetime.fromisoformat(alert["endsAt"])


def _wiki(found: Mapping[str, Any]) -> None:
    text = found.get("body") or found.get("fields", {}).get("description", "")
    assert not re.search(r"(?<!\\)\{", text), "a macro of wiki text"


LIMITS = {"teams": 28_000, "pagerduty": 512_000, "webhook": 20_000, "cloudevents": 24_000}
MORE: Mapping[str, Callable[[Any], None]] = {
    "slack": _slack,
    "slack_post": _slack,
    "slack_update": _slack,
    "opsgenie_alert": _opsgenie,
    "servicenow_events": _events,
    "alertmanager_push": _pushed,
    "jira_dc": _wiki,
    "jira_dc_comment": _wiki,
}
