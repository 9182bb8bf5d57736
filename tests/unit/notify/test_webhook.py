import importlib.util
import json
import math
from dataclasses import replace
from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, example, given, settings

from tidegauge_collector.control import AlertRow
from tidegauge_collector.core.explaining import Explanation, Moved, Mover
from tidegauge_collector.notify import render as render_bulletin
from tidegauge_collector.notify import render_test
from tidegauge_collector.notify.answers import by_status, retry_after_s
from tidegauge_collector.notify.outcomes import DeadLetter, Done, PauseChannel, Retry

_spec = importlib.util.spec_from_file_location("notify_alone", Path(__file__).with_name("alone.py"))
alone = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(alone)
render, bulletin = alone.render, alone.bulletin

untimed = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
DAY_US = 86_400 * 1_000_000
NOON_US = 1_795_435_200_000_000  # 2026-11-23T12:00:00Z

ALERT = AlertRow(
    id=7,
    key="4f" * 16,
    deployment="flights-delay",
    monitor="drift",
    metric="psi",
    column="dep_delay",
    segment="carrier=UA",
    version="2026-11",
    severity="failing",
    status="firing",
    opened_window_start_us=NOON_US - 2 * DAY_US,
    opened_window_end_us=NOON_US - DAY_US,
    opened_at_us=NOON_US - DAY_US + 1_500_000,
    updated_at_us=NOON_US,
    resolved_at_us=None,
    value=0.31,
    threshold=0.25,
    details={"n": 400, "comparison": "above", "window_start_us": NOON_US - DAY_US, "window_end_us": NOON_US},
    seq=3,
)


def test_a_body_says_what_where_how_much_and_since_when():
    body = render(ALERT, "alert.updated", base_url="https://monitor.example/")

    assert json.loads(body) == {
        "type": "alert.updated",
        "timestamp": "2026-11-23T12:00:00Z",
        "data": {
            "alert_key": "4f" * 16,
            "seq": 3,
            "status": "firing",
            "severity": "failing",
            "rule": {"id": "drift", "metric": "psi", "column": "dep_delay"},
            "model": {"deployment": "flights-delay", "version": "2026-11", "segment": "carrier=UA"},
            "value": 0.31,
            "threshold": 0.25,
            "window": {"start": "2026-11-22T12:00:00Z", "end": "2026-11-23T12:00:00Z"},
            "opened_at": "2026-11-22T12:00:01.500000Z",
            "resolved_at": None,
            "url": "https://monitor.example/deployments/flights-delay",
            "acknowledged_by": "",
            "assignee": "",
            "owner": "",
            "runbook": "",
            "changes": ["worse"],
            "comment": "",
            "closed_by": "",
            "group": {"labels": {}, "firing": 1, "resolved": 0, "more": 0},
            "alerts": [
                {
                    "id": 7,
                    "alert_key": "4f" * 16,
                    "status": "firing",
                    "severity": "failing",
                    "deployment": "flights-delay",
                    "monitor": "drift",
                    "metric": "psi",
                    "column": "dep_delay",
                    "segment": "carrier=UA",
                    "version": "2026-11",
                    "value": 0.31,
                    "threshold": 0.25,
                    "opened_at": "2026-11-22T12:00:01.500000Z",
                    "resolved_at": None,
                    "acknowledged_by": "",
                }
            ],
            "explanation": {"columns": [], "segment": None, "since": "2026-11-21T12:00:00Z"},
            "details": {"n": 400, "comparison": "above"},
        },
    }


def test_a_group_says_how_many_there_are_lists_twenty_and_what_explains_them():
    members = [replace(ALERT, id=number, key=f"{number:032x}", column=f"c{number}") for number in range(30)]
    over = replace(ALERT, id=99, key="99" * 16, status="resolved", resolved_at_us=NOON_US, acknowledged_by="anna")
    told = bulletin(
        ALERT,
        "alert.updated",
        key="ab" * 16,
        labels={"deployment": "flights-delay"},
        alerts=(*members, over),
        changes=("joined", "commented"),
        comment="looks like the feed\n" * 60,
        owner="ml@example.com",
        runbook="https://wiki.example/drift",
    )
    grounds = Explanation((Mover("dep_delay", 0.31, 0.4),), Moved("dep_delay", "carrier=UA", 0.9))

    data = json.loads(render_bulletin(told, grounds))["data"]

    assert data["alert_key"] == "ab" * 16
    assert data["group"] == {"labels": {"deployment": "flights-delay"}, "firing": 30, "resolved": 1, "more": 11}
    assert [one["column"] for one in data["alerts"]] == [f"c{number}" for number in range(20)]
    assert data["explanation"] == {
        "columns": [{"column": "dep_delay", "value": 0.31, "importance": 0.4}],
        "segment": {"segment": "carrier=UA", "column": "dep_delay", "value": 0.9},
        "since": "2026-11-21T12:00:00Z",
    }
    assert (data["owner"], data["runbook"]) == ("ml@example.com", "https://wiki.example/drift")
    assert (data["changes"], len(data["comment"])) == (["joined", "commented"], 1_200)


def test_the_same_event_gives_the_same_bytes():
    assert render(ALERT, "alert.firing") == render(replace(ALERT), "alert.firing")


def test_a_value_that_json_cannot_say_is_null():
    odd = replace(ALERT, value=math.nan, threshold=-math.inf, details={"p": math.inf})

    data = json.loads(render(odd, "alert.firing"), parse_constant=pytest.fail)["data"]

    assert (data["value"], data["threshold"], data["details"]) == (None, None, {"p": None})


def test_a_long_text_is_cut_with_an_ellipsis_in_code_points():
    data = json.loads(render(replace(ALERT, column="潮" * 201), "alert.firing"))["data"]

    assert data["rule"]["column"] == "潮" * 199 + "…"


any_text = st.text(st.characters(exclude_categories=[]), max_size=50).map(lambda text: text * 300)
any_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | any_text,
    lambda inner: st.lists(inner) | st.dictionaries(any_text, inner),
    max_leaves=20,
)


@untimed
@example(name="\ud800" * 300, value=0.0, details={})
@example(name="\x00" * 300, value=math.inf, details={})
@given(name=any_text, value=st.floats(), details=st.dictionaries(any_text, any_json))
def test_whatever_a_model_is_called_the_body_is_small_strict_json(name, value, details):
    named = dict.fromkeys(("deployment", "monitor", "metric", "column", "segment", "version"), name)
    hostile = replace(ALERT, **named, value=value, details=details, acknowledged_by=name, assignee=name)
    told = bulletin(
        hostile,
        "alert.firing",
        alerts=tuple(replace(hostile, id=number) for number in range(40)),
        labels=named,
        owner=name,
        runbook=name,
        comment=name,
    )
    grounds = Explanation(tuple(Mover(name, value, value) for _ in range(5)), Moved(name, name, value))

    body = render_bulletin(told, grounds, base_url="https://monitor.example")

    assert len(body) <= 20_000
    assert json.loads(body, parse_constant=pytest.fail)["data"]["alert_key"] == ALERT.key


def test_a_link_is_never_cut():
    def link(name):
        return json.loads(render(replace(ALERT, deployment=name), "alert.firing", base_url="https://m.example"))[
            "data"
        ]["url"]

    assert link("a" * 300) == "https://m.example/deployments/" + "a" * 300
    assert link("a" * 3000) is None


def test_details_give_way_where_the_body_would_be_too_large():
    large = replace(ALERT, details={f"feature {number}": "x" * 200 for number in range(100)})

    data = json.loads(render(large, "alert.firing"))["data"]

    assert "details" not in data
    assert data["value"] == 0.31


def test_a_test_message_names_its_channel():
    event = json.loads(render_test("ops", now_us=NOON_US))

    assert (event["type"], event["timestamp"]) == ("alert.test", "2026-11-23T12:00:00Z")
    assert event["data"]["channel"] == "ops"


@pytest.mark.parametrize(
    ("statuses", "kind"),
    [
        ((200, 201, 202, 204, 299), Done),
        ((408, 425, 429, 500, 502, 503, 504, 501, 507, 520, 599), Retry),
        ((300, 301, 302, 303, 307, 308), Retry),
        ((401, 403, 404, 410), PauseChannel),
        ((400, 405, 413, 415, 422, 451), DeadLetter),
    ],
)
def test_each_status_has_its_consequence(statuses, kind):
    assert {type(by_status(status, {}, now_us=NOON_US)) for status in statuses} == {kind}


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, 0),
        ("0", 0),
        ("120", 120),
        (" 7 ", 7),
        ("999999999999", 3600),
        ("Mon, 23 Nov 2026 12:01:30 GMT", 90),
        ("Monday, 23-Nov-26 12:01:30 GMT", 90),
        ("Mon Nov 23 12:01:30 2026", 90),
        ("Mon, 23 Nov 2026 11:00:00 GMT", 0),
        ("Tue, 24 Nov 2026 12:00:00 GMT", 3600),
        ("-5", 0),
        ("1.5", 0),
        ("²", 0),
        ("soon", 0),
        ("", 0),
    ],
)
def test_retry_after_is_read_as_seconds_or_date_within_an_hour(header, seconds):
    assert retry_after_s(header, now_us=NOON_US) == seconds


@untimed
@given(st.text())
def test_no_retry_after_breaks_the_reader(header):
    assert 0 <= retry_after_s(header, now_us=NOON_US) <= 3600


def test_a_retry_carries_the_wait_that_the_receiver_asks_for():
    assert by_status(429, {"Retry-After": "30"}, now_us=NOON_US) == Retry(30.0, "HTTP 429")
