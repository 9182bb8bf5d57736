"""Each kind of channel says an event as its provider wants it, whatever names are in it, and understands the answer."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tidegauge_collector.control import AlertRow, OutboxRow
from tidegauge_collector.errors import ConfigError
from tidegauge_collector.notify import Channel, read_channels, render_test
from tidegauge_collector.notify.kinds.alertmanager import AlertmanagerChannel
from tidegauge_collector.notify.kinds.opsgenie import OpsgenieChannel
from tidegauge_collector.notify.kinds.pagerduty import PagerDutyChannel
from tidegauge_collector.notify.kinds.slack import SlackChannel
from tidegauge_collector.notify.kinds.teams import TeamsChannel
from tidegauge_collector.notify.outcomes import DeadLetter, Done, PauseChannel, Retry


def beside(name: str) -> Any:
    """A module in this folder."""
    spec = importlib.util.spec_from_file_location(f"notify_{name}", Path(__file__).with_name(f"{name}.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


strict = beside("strict")
render = beside("alone").render

NOW_US = 1_795_435_200_000_000
HOUR_US = 3_600_000_000
KEY = "4f" * 16
CHANNELS: dict[str, tuple[Channel, Callable[[bytes], Any]]] = {
    "slack": (SlackChannel("ops", "https://hooks.slack.com/services/T/B/x"), strict.check_slack),
    "teams": (TeamsChannel("ops", "https://x.logic.azure.com/workflows/1?sig=s"), strict.check_teams),
    "pagerduty": (PagerDutyChannel("ops", "R" * 32), strict.check_pagerduty),
    "opsgenie": (OpsgenieChannel("ops", "key-1"), strict.check_opsgenie),
    "alertmanager": (AlertmanagerChannel("ops", "https://am.example/"), strict.check_alertmanager),
}
ALERT = AlertRow(
    id=7,
    key=KEY,
    deployment="flights-delay",
    monitor="drift",
    metric="psi",
    column="dep_delay",
    segment="",
    version="2026-11",
    severity="failing",
    status="firing",
    opened_window_start_us=NOW_US - 2 * HOUR_US,
    opened_window_end_us=NOW_US - HOUR_US,
    opened_at_us=NOW_US - HOUR_US,
    updated_at_us=NOW_US,
    resolved_at_us=None,
    value=0.31,
    threshold=0.25,
    details={"monitor": "Data drift", "n": 400, "baseline_value": None},
    seq=1,
)
RESOLVED = replace(ALERT, status="resolved", resolved_at_us=NOW_US, value=0.02)


def message(body: bytes) -> OutboxRow:
    return OutboxRow(
        id=1,
        channel="ops",
        event_type="alert.firing",
        body=body,
        delivery_id="msg_1",
        alert=7,
        alert_key=KEY,
        seq=1,
        status="pending",
        attempts=0,
        next_attempt_us=0,
        created_at_us=NOW_US,
        last_error=None,
        delivered_at_us=None,
    )


def said(channel: Channel, alert: AlertRow, event_type: str, base_url: str = "https://m.example") -> bytes:
    return channel.request(message(render(alert, event_type, base_url=base_url)), now_us=NOW_US).body


@pytest.mark.parametrize("kind", CHANNELS)
@pytest.mark.parametrize("language", ["en", "ja"])
def test_every_kind_says_firing_updated_resolved_and_test_as_its_provider_wants_it(kind: str, language: str) -> None:
    channel, check = CHANNELS[kind]
    channel = replace(channel, language=language)  # type: ignore[type-var]

    for alert, event_type in ((ALERT, "alert.firing"), (ALERT, "alert.updated"), (RESOLVED, "alert.resolved")):
        assert check(said(channel, alert, event_type))
    assert check(channel.request(message(render_test("ops", now_us=NOW_US)), now_us=NOW_US).body)


names = st.text(max_size=300) | st.sampled_from(
    ["<!channel>", "<https://evil|x>", "a & b", "\u202e", "*x* [y](z)", "\n"]
)


@pytest.mark.parametrize("kind", CHANNELS)
@given(column=names, version=names, segment=names, monitor=names, value=st.floats() | st.none())
@settings(deadline=None, max_examples=40)
def test_hostile_and_long_names_are_taken(
    kind: str, column: str, version: str, segment: str, monitor: str, value: float | None
) -> None:
    channel, check = CHANNELS[kind]
    details = {**ALERT.details, "monitor": monitor}
    alert = replace(ALERT, column=column, version=version, segment=segment, value=value, details=details)

    assert check(said(channel, alert, "alert.firing", base_url=""))


@pytest.mark.parametrize("kind", CHANNELS)
def test_the_same_message_is_said_in_the_same_words_at_each_attempt(kind: str) -> None:
    channel, _ = CHANNELS[kind]
    one = message(render(ALERT, "alert.firing"))

    assert channel.request(one, now_us=NOW_US) == channel.request(one, now_us=NOW_US + HOUR_US)


def test_an_incident_is_opened_followed_and_resolved_under_the_key_of_its_alert() -> None:
    pagerduty, opsgenie = CHANNELS["pagerduty"][0], CHANNELS["opsgenie"][0]

    opened, over = (
        strict.check_pagerduty(said(pagerduty, *one)) for one in ((ALERT, "alert.firing"), (RESOLVED, "alert.resolved"))
    )
    assert (opened["event_action"], over["event_action"]) == ("trigger", "resolve")
    assert opened["dedup_key"] == over["dedup_key"] == KEY
    closing = opsgenie.request(message(render(RESOLVED, "alert.resolved")), now_us=NOW_US)
    assert closing.url.endswith(f"/v2/alerts/{KEY}/close?identifierType=alias")
    assert closing.headers == {"Authorization": "GenieKey key-1"}


def test_an_alertmanager_hears_the_end_of_the_severity_that_an_alert_has_left() -> None:
    worse = strict.check_alertmanager(said(CHANNELS["alertmanager"][0], ALERT, "alert.updated"))
    over = strict.check_alertmanager(said(CHANNELS["alertmanager"][0], RESOLVED, "alert.resolved"))

    at = "2026-11-23T12:00:00Z"
    assert {one["labels"]["severity"]: one["endsAt"] == at for one in worse} == {"critical": False, "warning": True}
    assert {one["labels"]["severity"]: one["endsAt"] for one in over} == {"critical": at, "warning": at}


def test_a_line_says_state_deployment_metric_value_and_limit_in_both_languages() -> None:
    english, japanese = (
        strict.check_slack(said(replace(CHANNELS["slack"][0], language=one), ALERT, "alert.firing"))["text"]
        for one in ("en", "ja")
    )

    assert english == "[FAILING] flights-delay: psi of dep_delay is 0.31, limit 0.25"
    assert japanese == "[異常] flights-delay: dep_delay の psi が 0.31(しきい値 0.25)"


@pytest.mark.parametrize(
    ("kind", "status", "body", "outcome"),
    [
        ("slack", 200, b"ok", Done),
        ("slack", 200, b"<html>proxy</html>", DeadLetter),
        ("slack", 400, b"invalid_payload", DeadLetter),
        ("slack", 404, b"no_service", PauseChannel),
        ("slack", 429, b'{"ok":false}', Retry),
        ("slack", 500, b"rollup_error", Retry),
        ("teams", 202, b"", Done),
        ("teams", 429, b"", Retry),
        ("pagerduty", 202, b'{"status":"success"}', Done),
        ("pagerduty", 400, b'{"errors":["\'summary\' is missing"]}', DeadLetter),
        ("pagerduty", 400, b'{"errors":["\'routing_key\' is invalid"]}', PauseChannel),
        ("pagerduty", 429, b"", Retry),
        ("opsgenie", 202, b'{"result":"Request will be processed"}', Done),
        ("opsgenie", 404, b'{"message":"Alert does not exist"}', Done),
        ("opsgenie", 403, b"", PauseChannel),
        ("opsgenie", 422, b"", DeadLetter),
        ("alertmanager", 200, b"", Done),
        ("alertmanager", 503, b"", Retry),
    ],
)
def test_answers_are_understood(kind: str, status: int, body: bytes, outcome: type) -> None:
    assert isinstance(CHANNELS[kind][0].classify(status, {}, body, now_us=NOW_US), outcome)


def test_a_retired_connector_of_teams_and_a_key_that_is_none_are_refused_with_the_fix() -> None:
    with pytest.raises(ConfigError, match="make a workflow"):
        TeamsChannel("ops", "https://x.webhook.office.com/webhookb2/1")
    with pytest.raises(ConfigError, match="integration key"):
        PagerDutyChannel("ops", "short")


def test_all_kinds_are_read_from_tables_with_secrets_from_file_and_environment(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text("R" * 32 + "\n")
    tables = [
        {"name": "a", "url": "https://h.example/", "secret": "whsec_" + "a2V5" * 8},
        {"name": "b", "kind": "slack", "url_env": "SLACK", "language": "ja"},
        {"name": "c", "kind": "teams", "url": "https://x.logic.azure.com/1"},
        {"name": "d", "kind": "pagerduty", "routing_key_file": str(file)},
        {"name": "e", "kind": "opsgenie", "api_key": "k", "url": "https://api.eu.opsgenie.com"},
        {"name": "f", "kind": "alertmanager", "url": "http://am.internal:9093", "allow": ["am.internal"]},
    ]
    problems: list[str] = []

    channels = read_channels(tables, {"SLACK": "https://hooks.slack.com/services/T/B/canary"}, problems)

    assert problems == []
    assert [one.name for one in channels] == list("abcdef")
    assert "canary" not in repr(channels)
    assert "RRRR" not in repr(channels)


def test_what_is_wrong_with_tables_is_said_all_at_once_with_the_fix() -> None:
    tables = [
        {"name": "a", "kind": "carrier-pigeon"},
        {"name": "b", "kind": "slack", "url": "https://h.example/", "languge": "ja", "language": "fr"},
        {"name": "c", "kind": "pagerduty"},
        {"name": "d", "kind": "alertmanager"},
        {"name": "e", "kind": "slack", "url": "https://10.0.0.1/"},
        {"name": "f", "kind": "slack", "url": "https://h.example/", "allow": "10.0.0.0/8"},
    ]
    problems: list[str] = []

    assert read_channels(tables, {}, problems) == ()

    text = "\n".join(problems)
    for part in (
        "this version knows webhook, slack, teams, pagerduty, opsgenie, alertmanager",
        "did you mean 'language'?",
        "write one of en, ja",
        "give one of routing_key, routing_key_env, routing_key_file",
        'channels[4].url: missing; write url = "…"',
        "10.0.0.1, which is not a public address",
        "channels[6].allow = '10.0.0.0/8': write a list",
    ):
        assert part in text
