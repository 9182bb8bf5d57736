"""Secrets of a channel in the wrong place: in a table that is wrong, in what a mail server repeats, in what a tool says."""

import base64
from typing import Any

import pytest

from tidegauge_collector.notify import read_channels
from tidegauge_collector.notify.channel import Endpoint
from tidegauge_collector.notify.kinds.mail import EmailChannel

CANARY = "c4nary"
PASSWORD = f"{CANARY}/of+the=account"
KEY = f"{CANARY}{'k' * 26}"
WHSEC = "whsec_" + f"{CANARY}{CANARY}" * 4


WRONG: list[dict[str, Any]] = [
    {"kind": "slack_api", "token": [PASSWORD], "channel": "#ml"},
    {"kind": "slack_api", "token_env": f"xoxb-{PASSWORD}", "channel": "#ml"},
    {"kind": "slack_api", "token_file": f"xoxb-{PASSWORD}", "channel": "#ml"},
    {"kind": "slack", "url": {"is": f"https://hooks.slack.com/services/{PASSWORD}"}},
    {"kind": "webhook", "url": [f"https://hooks.example/{PASSWORD}"], "secret": WHSEC},
    {"kind": "webhook", "url": f"https://user:{PASSWORD}@[hooks.example/", "secret": WHSEC},
    {"kind": "webhook", "url": f"ftp://hooks.example/{PASSWORD}", "secret": WHSEC},
    {"kind": "webhook", "url": f"http://10.0.0.1/{PASSWORD}", "secret": PASSWORD},
    {"kind": "pagerduty", "routing_key": KEY[:-1]},
    {"kind": "teams", "url": f"https://example.webhook.office.com/{PASSWORD}"},
    {"kind": "opsgenie", "api_key": f"{PASSWORD}\n{PASSWORD}"},
    {"kind": "jira", "url": "https://jira.example", "project": "ml", "email": "bot", "token": PASSWORD},
    {"kind": "servicenow", "url": "https://snow.example", "username": "bot", "password": PASSWORD, "api_key": PASSWORD},
    {"kind": "email", "server": "mail.example", "sender": "a", "to": ["b"], "username": "bot", "password": 5},
]


@pytest.mark.parametrize("table", WRONG)
def test_what_is_wrong_with_a_channel_is_said_without_its_secrets(table: dict[str, Any]) -> None:
    problems: list[str] = []
    read_channels([{"name": "ops", **table}], {}, problems)

    assert problems != []
    assert CANARY not in "\n".join(problems)


def test_a_mail_server_that_repeats_the_login_repeats_no_password() -> None:
    account = {"username": "bot", "password": PASSWORD}
    endpoint = EmailChannel("ops", "mail.example", "a@example.com", ("b@example.com",), **account).endpoint
    plain = base64.b64encode(f"\0bot\0{PASSWORD}".encode()).decode()
    login = base64.b64encode(PASSWORD.encode()).decode()

    assert endpoint.redact(f"454 AUTH PLAIN {plain}, {login}, {PASSWORD}") == "454 AUTH PLAIN ***, ***, ***"


def test_what_a_tool_says_and_is_kept_holds_no_secret() -> None:
    endpoint = Endpoint("ops", "https://tool.example", (PASSWORD,))
    said = {"ticket": {"key": f"ML-{PASSWORD}", "said": 1}, "left": [PASSWORD, None], "is_done": True}

    assert endpoint.redact_in(said) == {"ticket": {"key": "ML-***", "said": 1}, "left": ["***", None], "is_done": True}
