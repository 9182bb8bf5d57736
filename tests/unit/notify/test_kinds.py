"""Each kind of one request says a message as its provider wants it, whatever names are in it, and understands the answer."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from notify_bodies import AT, KEY, event, plain_event, test_event
from notify_strict import check
from notify_talking import HOUR_US, NOW_US, hold, message, said, thread

from tidegauge_collector.errors import ConfigError
from tidegauge_collector.notify import Channel, WebhookChannel, read_channels
from tidegauge_collector.notify.kinds.alertmanager import AlertmanagerChannel
from tidegauge_collector.notify.kinds.opsgenie import OpsgenieChannel
from tidegauge_collector.notify.kinds.pagerduty import PagerDutyChannel
from tidegauge_collector.notify.kinds.slack import SlackChannel
from tidegauge_collector.notify.kinds.teams import TeamsChannel
from tidegauge_collector.notify.outcomes import DeadLetter, Done, NotYet, PauseChannel, Retry
from tidegauge_collector.notify.voice import Voice

SECRET = "whsec_" + "a2V5" * 8
OLD_KEY, NEW_KEY = "O" * 32, "N" * 32
CHANNELS: dict[str, tuple[Channel, str]] = {
    "slack": (SlackChannel("ops", "https://hooks.slack.com/services/T/B/x"), "slack"),
    "teams": (TeamsChannel("ops", "https://x.logic.azure.com/workflows/1?sig=s"), "teams"),
    "pagerduty": (PagerDutyChannel("ops", NEW_KEY), "pagerduty"),
    "opsgenie": (OpsgenieChannel("ops", "key-1"), "opsgenie_alert"),
    "alertmanager": (AlertmanagerChannel("ops", "https://am.example/"), "alertmanager_push"),
    "webhook": (WebhookChannel("ops", "https://h.example/", SECRET), "webhook"),
    "v4": (WebhookChannel("ops", "https://h.example/", SECRET, format="alertmanager"), "alertmanager_webhook"),
    "cloudevents": (WebhookChannel("ops", "https://h.example/", SECRET, format="cloudevents"), "cloudevents"),
}
MANY = event("updated", columns=tuple(f"column {n}" for n in range(20)), more=30, acknowledged_by="anna")


def said_by(kind: str, found: dict[str, Any], language: str = "en", **voice: Any) -> list[Any]:
    """The bodies of the talk, each held against its provider's schema."""
    channel, schema = CHANNELS[kind]
    channel = replace(channel, voice=Voice(language, **voice))  # type: ignore[type-var]
    held = hold(channel, found, [said(202)] * 3 if kind == "opsgenie" and found["type"] == "alert.updated" else ())
    bodies = []
    for request in held.requests:
        action = kind == "opsgenie" and not request.url.endswith("/v2/alerts")
        bodies.append(check("opsgenie_action" if action else schema, request.body))
    return bodies


@pytest.mark.parametrize("kind", CHANNELS)
@pytest.mark.parametrize("language", ["en", "ja"])
def test_every_kind_says_firing_updated_resolved_and_test_as_its_provider_wants_it(kind: str, language: str) -> None:
    if kind == "opsgenie":
        pytest.skip("its talk has more than one request: see below")
    for found in (event("firing"), event("updated"), event("resolved"), plain_event("firing"), MANY, test_event()):
        assert said_by(kind, found, language)


names = st.text(st.characters(exclude_categories=["Cs"]), max_size=200) | st.sampled_from(
    ["<!channel>", "<https://evil|x>", "a & b", "\u202e", "*x* [y](z)", "\n", "{0}", "{code}", "\x00"]
)


@pytest.mark.parametrize("kind", CHANNELS)
@given(column=names, owner=names, comment=names, monitor=names, value=st.floats(allow_nan=False, allow_infinity=False))
@settings(deadline=None, max_examples=25)
def test_hostile_and_long_names_are_taken(
    kind: str, column: str, owner: str, comment: str, monitor: str, value: float
) -> None:
    found = event(
        columns=(column, "b"), owner=owner, comment=comment, value=value, details={"monitor": monitor}, url=None
    )

    assert said_by(kind, found)


@pytest.mark.parametrize("kind", CHANNELS)
def test_the_same_message_is_said_in_the_same_words_at_each_attempt(kind: str) -> None:
    channel, _ = CHANNELS[kind]

    first, second = (hold(channel, event(), now_us=now_us).request for now_us in (NOW_US, NOW_US + HOUR_US))

    assert (first.body, first.url) == (second.body, second.url)


@pytest.mark.parametrize("kind", CHANNELS)
@pytest.mark.parametrize("status", [400, 413, 422])
def test_what_was_too_much_is_said_once_more_in_brief_and_then_given_up(kind: str, status: int) -> None:
    channel, _ = CHANNELS[kind]

    held = hold(channel, event(), [said(status), said(status)])

    whole, brief = (request.body for request in held.requests)
    assert isinstance(held.outcome, DeadLetter)
    assert len(brief) < len(whole)
    assert "flights-delay" in brief.decode()
    assert "https://m.example/deployments/flights-delay" in brief.decode() or kind == "opsgenie"


@pytest.mark.parametrize("kind", CHANNELS)
def test_a_brief_message_that_is_taken_is_delivered(kind: str) -> None:
    taken = said(200, b"ok") if kind == "slack" else said(202)

    held = hold(CHANNELS[kind][0], event(), [said(413), taken])

    assert isinstance(held.outcome, Done)


def test_an_incident_is_opened_acknowledged_and_resolved_under_the_key_of_its_thread() -> None:
    channel, of = PagerDutyChannel("ops", NEW_KEY), thread()
    messages = [
        event("firing"),
        event("updated", changes=["acknowledged"], acknowledged_by="anna"),
        event("updated", changes=["worse", "acknowledged"], acknowledged_by="anna"),
        event("updated", changes=["commented"], comment="looking at it"),
        event("resolved", changes=["resolved"]),
    ]

    done = [hold(channel, one, [said(202)] * n, of=of) for one, n in zip(messages, (1, 1, 2, 0, 1), strict=True)]

    events = [check("pagerduty", request.body) for held in done for request in held.requests]
    assert [one["event_action"] for one in events] == ["trigger", "acknowledge", "trigger", "acknowledge", "resolve"]
    assert {one["dedup_key"] for one in events} == {KEY}
    assert all(held.outcome == Done() for held in done)


def test_an_incident_is_resolved_with_the_routing_key_that_opened_it_which_is_stored_nowhere() -> None:
    opened = hold(PagerDutyChannel("ops", OLD_KEY), event(), [said(202)], of=thread())
    first, note = opened.notes
    assert (first.keys(), note.keys()) == ({"routing_key"}, {"routing_key", "opened"})
    rotated = PagerDutyChannel("ops", NEW_KEY, previous_routing_key=OLD_KEY)

    over = hold(rotated, event("resolved"), [said(202)], of=thread(note))
    forgotten = hold(PagerDutyChannel("ops", NEW_KEY), event("resolved"), [said(202)], of=thread(note))

    assert json.loads(over.request.body)["routing_key"] == OLD_KEY
    assert OLD_KEY not in repr(note)
    assert isinstance(forgotten.outcome, Done)
    assert "previous_routing_key" in forgotten.outcome.reason


def test_an_event_that_is_too_large_for_pagerduty_loses_its_details_and_then_its_links() -> None:
    from tidegauge_collector.notify.kinds.pagerduty import fitting

    links = [{"href": "https://m.example/", "text": "x" * 300_000}]
    small = {"payload": {"custom_details": {"a": "x" * 300_000}}, "links": links[:0]}
    large = {"payload": {"custom_details": {"a": "x" * 300_000}}, "links": links}
    huge = {"payload": {"custom_details": {}}, "links": links * 2}

    assert "custom_details" in json.loads(fitting(small))["payload"]
    assert set(json.loads(fitting(large))) == {"payload", "links"}
    assert "custom_details" not in json.loads(fitting(large))["payload"]
    assert "links" not in json.loads(fitting(huge))


TAKEN = b'{"result":"Request will be processed","took":0.1,"requestId":"r-1"}'


def test_what_opsgenie_took_is_asked_for_twice_and_then_taken_as_done() -> None:
    channel = OpsgenieChannel("ops", "key-1")
    taken = hold(channel, event(), [said(202, TAKEN)], of=thread())

    waits = hold(channel, event(), [said(404)], of=thread(taken.notes[-1]))
    given_up = hold(channel, event(), [said(404)], of=thread(waits.notes[-1]))
    done = hold(channel, event(), [said(200, b'{"data":{"isSuccess":true}}')], of=thread(taken.notes[-1]))

    assert taken.outcome == NotYet(5.0, "taken; what came of it is asked for in a moment")
    assert (waits.request.method, waits.request.url.rsplit("/v2/", 1)[1]) == ("GET", "alerts/requests/r-1")
    assert isinstance(waits.outcome, NotYet)
    assert isinstance(given_up.outcome, Done)
    assert given_up.notes == [{}]
    assert done.outcome == Done()


@pytest.mark.parametrize(
    ("status", "outcome"), [("Alert does not exist", Done), ("Key must be given", DeadLetter), ("already closed", Done)]
)
def test_what_opsgenie_found_later_counts(status: str, outcome: type) -> None:
    note = {"asked": {"message": "msg_1", "request": "r-1", "polls": 0}}
    answer = json.dumps({"data": {"isSuccess": False, "status": status}}).encode()

    held = hold(OpsgenieChannel("ops", "key-1"), event("resolved"), [said(200, answer)], of=thread(note))

    assert isinstance(held.outcome, outcome)


def test_opsgenie_hears_of_acknowledgements_comments_and_the_end() -> None:
    channel, of = OpsgenieChannel("ops", "key-1", team="ML"), thread()
    messages = [
        (event("firing"), 1),
        (event("updated", changes=["worse"]), 2),
        (event("updated", changes=["acknowledged"], acknowledged_by="anna"), 2),
        (event("updated", changes=["commented"], comment="looking"), 1),
        (event("resolved"), 1),
    ]

    paths = []
    for found, n in messages:
        for request in hold(channel, found, [said(202, TAKEN)] * n, of=of).requests:
            path = request.url.rsplit("/v2/alerts", 1)[1]
            check("opsgenie_action" if path else "opsgenie_alert", request.body)
            paths.append(path.removeprefix(f"/{KEY}").removesuffix("?identifierType=alias"))
            assert request.headers == {"Authorization": "GenieKey key-1"}

    assert paths == ["", "", "/notes", "/acknowledge", "/notes", "/notes", "/close"]


def test_an_alertmanager_hears_the_end_of_the_severity_that_an_alert_has_left() -> None:
    (worse,), (over,) = said_by("alertmanager", event("updated")), said_by("alertmanager", event("resolved"))

    assert {one["labels"]["severity"]: one["endsAt"] == AT for one in worse} == {"critical": False, "warning": True}
    assert {one["labels"]["severity"]: one["endsAt"] for one in over} == {"critical": AT, "warning": AT}


def test_an_alertmanager_hears_of_each_alert_of_a_group() -> None:
    (found,) = said_by("alertmanager", event(columns=("a", "b", "c")))
    (v4,) = said_by("v4", event(columns=("a", "b", "c")))

    assert [one["labels"]["column"] for one in found] == ["a", "b", "c"]
    assert [one["labels"]["column"] for one in v4["alerts"]] == ["a", "b", "c"]
    assert v4["commonLabels"]["deployment"] == "flights-delay"
    assert {one["endsAt"] for one in v4["alerts"]} == {"0001-01-01T00:00:00Z"}


def test_a_cloudevent_is_signed_and_has_the_delivery_as_its_id() -> None:
    channel, _ = CHANNELS["cloudevents"]

    request = hold(channel, event()).request
    found = check("cloudevents", request.body)

    assert request.headers["Content-Type"] == "application/cloudevents+json"
    assert found["id"] == request.headers["webhook-id"] == "msg_1"
    assert (found["source"], found["subject"]) == ("https://m.example/", KEY)


def test_a_webhook_of_the_usual_form_is_the_stored_body_byte_for_byte() -> None:
    assert hold(CHANNELS["webhook"][0], event()).request.body == message(event()).body


def test_a_card_that_would_be_too_large_for_teams_is_brief() -> None:
    columns = tuple("列" * 180 + str(n) for n in range(20))
    people = dict.fromkeys(("owner", "assignee", "runbook", "acknowledged_by"), "列" * 200)

    request = hold(CHANNELS["teams"][0], event(columns=columns, **people)).request

    assert len(request.body) <= 20_000
    assert len(check("teams", request.body)["attachments"][0]["content"]["body"]) == 1


@pytest.mark.parametrize(
    ("kind", "answer", "outcome"),
    [
        ("slack", said(200, b"ok"), Done),
        ("slack", said(200, b"<html>proxy</html>"), DeadLetter),
        ("slack", said(404, b"no_service"), PauseChannel),
        ("slack", said(429, b'{"ok":false}'), Retry),
        ("slack", said(500, b"rollup_error"), Retry),
        ("teams", said(202), Done),
        ("teams", said(429), Retry),
        ("pagerduty", said(202, b'{"status":"success"}'), Done),
        ("pagerduty", said(400, b'{"errors":["\'routing_key\' is invalid"]}'), PauseChannel),
        ("pagerduty", said(429), Retry),
        ("opsgenie", said(202, b'{"result":"Request will be processed"}'), Done),
        ("opsgenie", said(403), PauseChannel),
        ("alertmanager", said(200), Done),
        ("alertmanager", said(503), Retry),
        ("v4", said(410), PauseChannel),
        ("cloudevents", said(415), DeadLetter),
    ],
)
def test_answers_are_understood(kind: str, answer: Any, outcome: type) -> None:
    assert isinstance(hold(CHANNELS[kind][0], event(), [answer]).outcome, outcome)


def test_a_retired_connector_of_teams_and_a_key_that_is_none_are_refused_with_the_fix() -> None:
    with pytest.raises(ConfigError, match="make a workflow"):
        TeamsChannel("ops", "https://x.webhook.office.com/webhookb2/1")
    with pytest.raises(ConfigError, match="integration key"):
        PagerDutyChannel("ops", "short")
    with pytest.raises(ConfigError, match="write one of critical, error, warning, info"):
        PagerDutyChannel("ops", NEW_KEY, severities={"failing": "P1"})
    with pytest.raises(ConfigError, match="write failing and warning"):
        OpsgenieChannel("ops", "k", severities={"critical": "P1"})
    with pytest.raises(ConfigError, match="write one of standard, alertmanager, cloudevents"):
        WebhookChannel("ops", "https://h.example/", SECRET, format="xml")


def test_the_words_of_severities_may_be_the_operators() -> None:
    channel = PagerDutyChannel("ops", NEW_KEY, severities={"failing": "error"})

    assert json.loads(hold(channel, event()).request.body)["payload"]["severity"] == "error"


def test_all_kinds_are_read_from_tables_with_secrets_from_file_and_environment(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text("R" * 32 + "\n")
    tables = [
        {
            "name": "a",
            "url": "https://h.example/",
            "secret": SECRET,
            "previous_secret_env": "OLD",
            "format": "cloudevents",
        },
        {"name": "b", "kind": "slack", "url_env": "SLACK", "language": "ja", "per_minute": 20, "title": "{headline}!"},
        {"name": "c", "kind": "teams", "url": "https://x.logic.azure.com/1"},
        {"name": "d", "kind": "pagerduty", "routing_key_file": str(file), "severities": {"failing": "error"}},
        {"name": "e", "kind": "opsgenie", "api_key": "k", "url": "https://api.eu.opsgenie.com", "team": "ML"},
        {"name": "f", "kind": "alertmanager", "url": "http://am.internal:9093", "allow": ["am.internal"]},
    ]
    problems: list[str] = []
    environment = {"SLACK": "https://hooks.slack.com/services/T/B/canary", "OLD": "whsec_" + "b2xk" * 8}

    channels = read_channels(tables, environment, problems)

    assert problems == []
    assert [one.name for one in channels] == list("abcdef")
    assert not any(secret in repr(channels) for secret in ("canary", "RRRR", "b2xk", "a2V5"))
    assert channels[1].manners.per_minute == 20


def test_what_is_wrong_with_tables_is_said_all_at_once_with_the_fix() -> None:
    tables = [
        {"name": "a", "kind": "carrier-pigeon"},
        {"name": "b", "kind": "slack", "url": "https://h.example/", "languge": "ja", "language": "fr"},
        {"name": "c", "kind": "pagerduty"},
        {"name": "d", "kind": "alertmanager"},
        {"name": "e", "kind": "slack", "url": "https://10.0.0.1/"},
        {"name": "f", "kind": "slack", "url": "https://h.example/", "allow": "10.0.0.0/8", "per_minute": 0},
        {"name": "g", "kind": "slack", "url": "https://h.example/", "title": "{deplyment} is bad"},
        {"name": "h", "kind": "opsgenie", "api_key": "k", "severities": {"failing": 1}},
        {"name": "i", "kind": "slack", "url": "https://h.example/", "per_minute": "many"},
    ]
    problems: list[str] = []

    assert read_channels(tables, {}, problems) == ()

    text = "\n".join(problems)
    for part in (
        "this version knows webhook, slack, slack_api, teams, pagerduty, opsgenie, jira, jira_dc",
        "did you mean 'language'?",
        "write one of en, ja",
        "give one of routing_key, routing_key_env, routing_key_file",
        'channels[4].url: missing; write url = "…"',
        "10.0.0.1, which is not a public address",
        "channels[6].allow = '10.0.0.0/8': write a list",
        "channels[6].per_minute = 0: write a number from 1 to 6000",
        "title names {deplyment}, which is no field: known are headline, state,",
        "channels[8].severities = {'failing': 1}: write a table",
        "channels[9].per_minute = 'many': write a whole number",
    ):
        assert part in text
