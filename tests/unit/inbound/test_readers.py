"""What calls of Slack, Jira and ServiceNow tell, and which calls are not heard."""

import hashlib
import hmac
import json
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tidegauge_collector.inbound import jira, servicenow, slack
from tidegauge_collector.inbound.deeds import Deed, NotGenuine, NotReadable
from tidegauge_collector.inbound.hearing import hear, seen
from tidegauge_collector.notify.hearing import Hearing

KEY = "4f" * 16
SECRET = "a-signing-secret"
NOW_S = 1_795_435_200


def slack_call(*actions: dict[str, Any], user: str = "anna") -> bytes:
    payload = {"type": "block_actions", "user": {"id": "U1", "username": user}, "actions": list(actions)}
    return urlencode({"payload": json.dumps(payload)}).encode()


def slack_headers(body: bytes, *, stamp: int = NOW_S, secret: str = SECRET) -> dict[str, str]:
    signed = f"v0:{stamp}:".encode() + body
    signature = "v0=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
    return {"X-Slack-Request-Timestamp": str(stamp), "X-Slack-Signature": signature}


def press(action: str, value: str = KEY) -> dict[str, str]:
    return {"action_id": action, "value": value}


def test_slacks_signature_is_that_of_its_documentation() -> None:
    body = (
        b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar"
        b"&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com"
        b"%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a"
        b"14d10d2c447fce8b6703c"
    )
    headers = {
        "X-Slack-Request-Timestamp": "1531420618",
        "X-Slack-Signature": "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503",
    }

    slack.check("8f742231b10e8888abcd99yyyzzz85a5", headers, body, now_s=1_531_420_618)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"X-Slack-Signature": "v0=00"}, "does not fit"),
        ({"X-Slack-Signature": "é"}, "does not fit"),
        ({"X-Slack-Request-Timestamp": str(NOW_S - 301)}, "more than 300 s"),
        ({"X-Slack-Request-Timestamp": "now"}, "missing"),
        ({"X-Slack-Request-Timestamp": "9" * 400}, "missing"),
    ],
)
def test_a_call_of_slack_that_is_not_signed_now_by_the_app_is_not_heard(change: dict[str, str], says: str) -> None:
    body = slack_call(press("tidegauge.acknowledge"))

    with pytest.raises(NotGenuine, match=says):
        hear(Hearing("slack", SECRET), slack_headers(body) | change, body, now_s=NOW_S)


def test_buttons_of_slack_acknowledge_and_silence_and_links_do_nothing() -> None:
    body = slack_call(
        press("tidegauge.acknowledge"), press("tidegauge.silence"), press("open"), press("tidegauge.silence", "x")
    )

    deeds = hear(Hearing("slack", SECRET), slack_headers(body), body, now_s=NOW_S)

    assert deeds == [Deed("acknowledge", KEY, "anna"), Deed("silence", KEY, "anna")]


def jira_call(
    *,
    status: str = "indeterminate",
    changed: tuple[str, ...] = ("status",),
    assignee: str = "",
    labels: tuple[str, ...] = ("tidegauge", f"tidegauge-{KEY}"),
    event: str = "jira:issue_updated",
    user: dict[str, str] | None = None,
) -> bytes:
    fields = {
        "labels": list(labels),
        "status": {"name": "Any", "statusCategory": {"key": status}},
        "assignee": {"displayName": assignee} if assignee else None,
    }
    told = {
        "webhookEvent": event,
        "user": user or {"displayName": "Anna", "emailAddress": "anna@example.com"},
        "issue": {"id": "1", "key": "ML-1", "fields": fields},
        "changelog": {"items": [{"field": name} for name in changed]},
    }
    return json.dumps(told).encode()


@pytest.mark.parametrize(
    ("call", "deeds"),
    [
        (jira_call(status="done"), [Deed("close", KEY, "Anna")]),
        (jira_call(), [Deed("acknowledge", KEY, "Anna")]),
        (jira_call(status="new"), []),
        (jira_call(status="new", changed=("description",), assignee="Ben"), []),
        (
            jira_call(status="new", changed=("assignee",), assignee="Ben"),
            [Deed("assign", KEY, "Anna", "Ben"), Deed("acknowledge", KEY, "Anna")],
        ),
        (jira_call(status="done", changed=("labels",)), []),
        (jira_call(event="jira:issue_deleted", changed=()), [Deed("close", KEY, "Anna")]),
        (jira_call(labels=("tidegauge", "tidegauge-test", "other")), []),
        (jira_call(status="done", user={"emailAddress": "Bot@example.com"}), []),
    ],
)
def test_an_issue_says_by_its_label_whose_it_is_and_by_what_changed_what_people_did(
    call: bytes, deeds: list[Deed]
) -> None:
    assert jira.read(call, own="bot@example.com") == deeds


@pytest.mark.parametrize(
    ("state", "assigned", "deeds"),
    [
        ("1", "", []),
        ("2", "", [Deed("acknowledge", KEY, "anna")]),
        ("1", "Ben", [Deed("assign", KEY, "anna", "Ben"), Deed("acknowledge", KEY, "anna")]),
        ("6", "Ben", [Deed("close", KEY, "anna")]),
        ("7", "", [Deed("close", KEY, "anna")]),
        ("8", "", [Deed("close", KEY, "anna")]),
    ],
)
def test_the_state_of_an_incident_says_what_people_did(state: str, assigned: str, deeds: list[Deed]) -> None:
    incident = {"correlation_id": KEY, "state": state, "assigned_to": assigned, "updated_by": "anna"}

    assert servicenow.read(json.dumps(incident).encode(), own="tidegauge") == deeds
    assert servicenow.read(json.dumps(incident).encode(), own="Anna") == []


def test_jira_and_servicenow_show_the_secret_or_sign_with_it() -> None:
    body = jira_call(status="done")
    signature = "sha256=" + hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    hearing = Hearing("jira", SECRET)

    assert hear(hearing, {"X-Hub-Signature": signature}, body, now_s=NOW_S)
    assert hear(hearing, {"Authorization": f"Bearer {SECRET}"}, body, now_s=NOW_S)
    for headers in (
        {},
        {"X-Hub-Signature": "sha256=00", "Authorization": f"Bearer {SECRET}"},
        {"Authorization": "Bearer é"},
    ):
        with pytest.raises(NotGenuine):
            hear(hearing, headers, body, now_s=NOW_S)
    with pytest.raises(NotGenuine, match="no inbound_secret"):
        hear(Hearing("jira"), {"Authorization": "Bearer "}, body, now_s=NOW_S)


@pytest.mark.parametrize("body", [b"", b"[]", b"\xff", b"{", b"payload={", b"payload=[]", b"[" * 10_000])
@pytest.mark.parametrize("read", [slack.read, lambda b: jira.read(b, own=""), lambda b: servicenow.read(b, own="")])
def test_what_is_no_call_of_the_tool_is_said_so(read: Any, body: bytes) -> None:
    with pytest.raises(NotReadable):
        read(body)


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(fields=st.dictionaries(st.sampled_from(["labels", "status", "assignee"]), json_values), rest=json_values)
@settings(max_examples=60, deadline=None)
def test_hostile_calls_of_jira_tell_nothing_and_break_nothing(fields: dict[str, Any], rest: Any) -> None:
    told = {"issue": {"fields": fields}, "user": rest, "changelog": rest}

    assert jira.read(json.dumps(told).encode(), own="") == []


def test_a_first_look_finds_the_end_of_a_ticket_and_whose_it_is_and_later_ones_what_changed() -> None:
    hearing = Hearing("servicenow")
    new, taken, given_to, over = (
        {"state": "1", "assigned_to": ""},
        {"state": "2", "assigned_to": ""},
        {"state": "2", "assigned_to": "Ben"},
        {"state": "6", "assigned_to": "Ben"},
    )

    def kinds(ticket: dict[str, str], before: dict[str, str] | None) -> list[str]:
        return [one.kind for one in seen(hearing, KEY, ticket, before)]

    assert kinds(taken, None) == []
    assert kinds(given_to, None) == ["assign", "acknowledge"]
    assert kinds(over, None) == ["close"]
    assert kinds(taken, new) == ["acknowledge"]
    assert kinds(given_to, taken) == ["assign"]
    assert kinds(given_to, given_to) == []
    assert kinds(over, given_to) == ["close"]
