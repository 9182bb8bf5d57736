"""Monitors over REST: what is defined, planned and applied is what judges; attributes of deployments."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from collector_harbour import Harbour, agent_at, harbour
from collector_rows import REPLAY, give_baseline, record_days

from tidegauge_collector.core.default_monitors import DEFAULT_MONITORS

HEALTHY, BROKEN = 0.0, 40.0
STRICT = {"id": "drift", "failing": 0.2, "warning": 0.1}
SLOW = {
    "id": "slow",
    "metric": "latency_p95",
    "columns": "",
    "comparison": "above",
    "failing": 0.5,
    "window_s": "5m",
    "every_s": "5m",
    "min_rows": 1,
    "deployments": ["shop"],
}


@pytest.fixture
def port(tmp_path: Path) -> Iterator[Harbour]:
    with harbour(tmp_path / "data") as running:
        yield running


def known(port: Harbour, spool: Path, *names: str, shifts: tuple[float, ...] = (HEALTHY,)) -> None:
    """Deployments with days of rows, judged."""
    for name in names:
        with agent_at(port, spool / name, name, alerts="all") as agent:
            give_baseline(agent)
            record_days(agent, REPLAY, list(shifts))
            port.ship(agent, end=True)
    port.settle()


def ask(port: Harbour, method: str, path: str, body: Any = None, status: int = 200) -> Any:
    answer = port.client.request(method, f"/api/v1{path}", json=body)
    assert answer.status_code == status, answer.text
    return answer.json()


def files(*tables: Any, **more: Any) -> Any:
    return {"files": [{"name": "a.toml", "monitors": list(tables)}], **more}


def test_a_collector_begins_with_the_defaults_and_says_what_follows_for_a_deployment(
    port: Harbour, tmp_path: Path
) -> None:
    known(port, tmp_path, "shop")

    defined = port.get("/monitors")["items"]
    mine = port.get("/deployments/shop/monitors")["items"]

    assert next((one["id"], one["origin"], one["matched"]) for one in defined) == ("drift", "default", 1)
    assert [one["id"] for one in mine] == [one["id"] for one in defined]
    (amount,) = mine[0]["series"]
    assert (amount["column"], amount["status"], amount["judged_until"]) == ("amount", "quiet", "2025-06-03T00:00:00Z")


def test_what_is_planned_is_what_is_applied(port: Harbour, tmp_path: Path) -> None:
    known(port, tmp_path, "shop", "bank")

    planned = ask(port, "POST", "/monitors/plan", files(STRICT, SLOW))
    before = port.get("/monitors")
    applied = ask(port, "POST", "/monitors/apply", files(STRICT, SLOW, expected=planned["fingerprint"]))
    again = ask(port, "POST", "/monitors/plan", files(SLOW, STRICT))

    assert [one["id"] for one in before["items"]] == [one.id for one in DEFAULT_MONITORS]
    assert {key: planned[key] for key in ("changes", "deployments")} == {
        key: applied[key] for key in ("changes", "deployments")
    }
    assert [one["monitor"] for one in planned["deployments"]["shop"]] == ["drift", "slow"]
    assert [one["monitor"] for one in planned["deployments"]["bank"]] == ["drift"]
    assert (again["empty"], again["fingerprint"]) == (True, applied["fingerprint"])
    assert [one["id"] for one in port.get("/deployments/shop")["monitors"]][-1] == "slow"


def test_a_plan_of_what_others_have_changed_since_is_not_applied(port: Harbour) -> None:
    planned = ask(port, "POST", "/monitors/plan", files(STRICT))
    ask(port, "PUT", "/monitors/slow", SLOW)

    refused = ask(port, "POST", "/monitors/apply", files(STRICT, expected=planned["fingerprint"]), status=409)

    assert "plan again" in refused["error"]
    assert {one["id"]: one["origin"] for one in port.get("/monitors")["items"]}["drift"] == "default"


def test_an_applied_monitor_judges_what_is_stored_and_what_comes(port: Harbour, tmp_path: Path) -> None:
    known(port, tmp_path, "shop", shifts=(HEALTHY, BROKEN))
    blind = {**STRICT, "id": "blind", "metric": "psi", "columns": "*", "comparison": "above", "failing": 99.0}
    blind |= {"window_s": "1d", "every_s": "1d", "min_rows": 1, "warning": 0.15}

    ask(port, "PUT", "/monitors/blind", blind)
    port.settle()

    alerts = {one["monitor"]: one["severity"] for one in port.get("/alerts")["items"]}
    assert alerts == {"drift": "failing", "blind": "warning"}


def test_an_alert_of_a_monitor_that_goes_is_withdrawn_and_the_deployment_is_well_again(
    port: Harbour, tmp_path: Path
) -> None:
    known(port, tmp_path, "shop", shifts=(HEALTHY, BROKEN))
    before = port.get("/deployments/shop")["verdict"], port.get("/deployments")["items"][0]["open_alerts"]

    done = ask(port, "PUT", "/monitors/drift", {"enabled": False})
    port.settle()

    (alert,) = port.get("/alerts")["items"]
    assert before == ("failing", 1)
    assert (done["withdrawn"], alert["status"], [one["kind"] for one in alert["events"]]) == (
        *(1, "resolved"),
        ["opened", "withdrawn"],
    )
    assert port.get("/deployments")["items"][0]["open_alerts"] == 0
    back = ask(port, "DELETE", "/monitors/drift")
    assert [(one["kind"], one["after_origin"]) for one in back["changes"]] == [("change", "default")]


def test_definitions_stand_after_a_restart(port: Harbour) -> None:
    ask(port, "PUT", "/monitors/slow", SLOW)
    before = port.get("/monitors")

    port.restart()

    assert port.get("/monitors") == before


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "words"),
    [
        ("POST", "/monitors/plan", {"file": []}, 400, "did you mean 'files'?"),
        ("POST", "/monitors/plan", [1], 400, "no JSON object"),
        ("POST", "/monitors/plan", {}, 400, "files: write"),
        ("POST", "/monitors/apply", files({"id": "x"}, {"id": "drift", "faling": 1}), 400, "did you mean 'failing'?"),
        ("POST", "/monitors/apply", files(prune="yes"), 400, "prune = 'yes': write true or false"),
        ("POST", "/monitors/apply", files(expected=3), 400, "expected = 3: write text"),
        ("PUT", "/monitors/drift", {"id": "other"}, 400, "write 'drift' as in the path"),
        ("PUT", "/monitors/a%20b", SLOW | {"id": "a b"}, 400, "id = 'a b'"),
        ("PUT", "/monitors/new", {"name": "N"}, 400, "problem(s)"),
        ("DELETE", "/monitors/drift", None, 400, "built in and cannot be deleted"),
        ("DELETE", "/monitors/nothing", None, 404, "no monitor 'nothing' is defined"),
        ("PATCH", "/deployments/nowhere", {"owner": "x"}, 404, "does not exist"),
        ("PATCH", "/deployments/nowhere", {"ower": "x"}, 400, "did you mean 'owner'?"),
        ("PATCH", "/deployments/nowhere", {}, 400, "nothing is to be set"),
        ("PATCH", "/deployments/nowhere", {"importance": "huge"}, 400, "one of low, normal, high, critical"),
        ("PATCH", "/deployments/nowhere", {"runbook": "wiki"}, 400, "https://"),
        ("PATCH", "/deployments/nowhere", {"labels": {"a b": "c"}}, 400, "not 'a b'"),
        ("GET", "/deployments/nowhere/monitors", None, 404, "does not exist"),
    ],
)
def test_what_is_wrong_is_refused_by_name(
    port: Harbour, method: str, path: str, body: Any, status: int, words: str
) -> None:
    assert words in ask(port, method, path, body, status=status)["error"]


def test_attributes_of_a_deployment_are_set_shown_and_matched(port: Harbour, tmp_path: Path) -> None:
    known(port, tmp_path, "shop", "bank")
    new = {"owner": "anna", "importance": "critical", "labels": {"team": "checkout"}, "runbook": "https://wiki/x"}
    ask(port, "PUT", "/monitors/slow", {**SLOW, "deployments": ["*"], "labels": {"team": "check*"}})

    told = ask(port, "PATCH", "/deployments/bank", new | {"alerts": "live"})
    ask(port, "PATCH", "/deployments/bank", {"owner": "bert"})

    assert told == {"name": "bank", **new, "alerts": "live", "withdrawn": 0}
    shown = port.get("/deployments/bank")
    assert {name: shown[name] for name in new} == new | {"owner": "bert"}
    assert {one["name"]: one["importance"] for one in port.get("/deployments")["items"]} == {
        "bank": "critical",
        "shop": "normal",
    }
    assert [one["id"] for one in shown["monitors"]][-1] == "slow"
    assert "slow" not in [one["id"] for one in port.get("/deployments/shop")["monitors"]]
