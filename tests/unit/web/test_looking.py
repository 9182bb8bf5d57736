"""What an overview tells first."""

from datetime import UTC, datetime
from typing import Any

from tidegauge_collector.web.looking import Hint, look_at

from .fake_reader import ALERT, DEPLOYMENT, HEALTH, STATUS

START = datetime(2013, 6, 1, tzinfo=UTC)


def hints(**changed: Any) -> list[Hint]:
    about = DEPLOYMENT | changed.get("deployment", {})
    status = STATUS | changed.get("status", {})
    health, alerts, events = changed.get("health", HEALTH), changed.get("alerts", []), changed.get("events", [])
    return look_at(about, status, health, alerts, events, start=START)


def test_what_is_bad_comes_first_with_the_value_of_its_alert_and_the_way_to_it() -> None:
    alert = ALERT | {"segment": ""}

    first = hints(alerts=[alert], deployment={"owner": ""})[0]

    assert (first.kind, first.level, first.tab) == ("bad_column", "failing", "drift")
    assert first.values["value"] == 0.8123
    assert first.wishes["feature"] == "temp"


def test_a_version_of_the_range_is_news_but_the_only_one_is_not() -> None:
    older = {"version": "0", "role": "retired", "first_seen": "2012-01-01T00:00:00Z"}
    new = {"version": "1", "role": "champion", "first_seen": "2013-06-09T00:00:00Z"}

    assert [one.kind for one in hints(deployment={"versions": [older, new]}) if one.kind == "new_version"] == [
        "new_version"
    ]
    assert "new_version" not in [one.kind for one in hints(deployment={"versions": [new]})]


def test_what_was_lost_and_what_is_wanting_is_told() -> None:
    found = {
        one.kind: one.tab
        for one in hints(
            deployment={"baselines": [], "owner": ""},
            status={"dropped": {"quota": 9}, "stored": {"actuals": 0, "predictions": 9}},
        )
    }

    assert found["lost"] == "agents"
    assert {"no_baseline", "no_actuals", "no_owner"} <= set(found)


def test_a_healthy_deployment_has_nothing_to_tell() -> None:
    assert hints(health={"blocks": []}) == []


def test_what_people_noted_is_news_and_what_agents_say_of_themselves_is_not() -> None:
    at = "2013-07-01T00:00:00Z"
    noted = [{"kind": "deploy", "text": f"canary {i}", "at": at} for i in range(5)]

    found = hints(events=[{"kind": "agent.started", "text": "", "at": at}, *noted])

    told = [(one.level, one.tab, one.values["text"]) for one in found if one.kind == "happened"]
    assert told == [("info", "metrics", f"canary {i}") for i in range(3)]
