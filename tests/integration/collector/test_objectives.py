"""Objectives end to end: defined as files do and over REST, judged by the clock, shown with their budget, reported by month."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from collector_harbour import Harbour, agent_at, amid_a_month, harbour
from collector_rows import amounts

from tidegauge_collector.cli import main

NAME = "shop"
FAST = {"indicator": "latency", "target": 0.9, "under_s": 0.3}
FILE = """
[[monitors]]
id = "drift"
failing = 0.4

[[objectives]]
id = "up"
name = "Answers"
indicator = "availability"
target = 0.999

[[objectives]]
id = "fresh"
indicator = "freshness"
target = 0.5
stale_after_s = "10m"
deployments = ["shop-*", "shop"]
"""


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Harbour]:
    """A deployment that answered 100 requests within a moment, 40 of them slowly, ten minutes ago."""
    folder = tmp_path_factory.mktemp("objectives")
    with (
        amid_a_month(),
        harbour(folder / "data") as running,
        agent_at(running, folder / "spool", NAME) as agent,
    ):
        for n, latency_s in ((60, 0.1), (40, 0.9)):
            for row in amounts(n):
                agent.record([row], latency_s=latency_s)
        running.ship(agent, end=True)
        running.settle()
        running.put = lambda path, body: running.client.put(f"/api/v1{path}", json=body)  # type: ignore[attr-defined]
        yield running


def standing(port: Harbour, objective: str, **query: Any) -> dict[str, Any]:
    items = port.get(f"/deployments/{NAME}/objectives", **query)["items"]
    (found,) = [one for one in items if one["id"] == objective]
    return found


def command(port: Harbour, *words: str) -> int:
    return main([*words, "--data", str(port.data)])


def test_an_objective_is_put_judged_shown_reported_and_deleted(port: Harbour, capsys: Any) -> None:
    done = port.client.put("/api/v1/objectives/fast", json=FAST).json()
    assert [one["id"] for one in done["changes"]] == ["fast"]
    port.clock.turn(minutes=10)
    port.settle()

    found = standing(port, "fast", days=2)
    assert (found["total"], found["bad"], found["reached"], found["unit"]) == (100, 40, 0.6, "requests")
    assert found["budget"] == {"allowed": pytest.approx(10), "used": 40, "left": pytest.approx(-3)}
    assert found["status"] == "missed"
    assert [one["factor"] for one in found["burn_rates"]] == [14.4, 6.0, 1.0]
    assert found["burn_rates"][2]["burning"] is True
    assert sum(one["total"] for one in found["history"]) == 100
    (alert,) = port.get("/alerts", monitor="fast")["items"]
    assert (alert["severity"], alert["id"]) == ("warning", found["alert"])

    month = datetime.fromtimestamp(port.clock.now_us() / 1e6, UTC).strftime("%Y-%m")
    (reported,) = port.get("/report", month=month, deployment=NAME)["deployments"]
    (one,) = [each for each in reported["objectives"] if each["id"] == "fast"]
    assert (one["kept"], one["budget_used"], reported["complete"]) == (False, pytest.approx(4), False)
    assert [day["bad"] for day in one["worst_days"]] == [40]
    assert [incident["alert"] for incident in one["incidents"]] == [alert["id"]]

    capsys.readouterr()
    assert command(port, "report", "--month", month, "--lang", "ja") == 0
    japanese = capsys.readouterr().out
    assert "| fast | 90.000 % | 60.000 % | 400.0 % | 1 | 未達 |" in japanese
    page = port.client.get("/api/v1/report", params={"month": month, "format": "markdown"})
    assert page.headers["content-type"].startswith("text/markdown")
    assert "40 of 100 requests were bad, 10.0 were allowed." in page.text
    written = port.data / "report.json"
    assert command(port, "report", "--month", month, "--json", "--out", str(written)) == 0
    assert json.loads(written.read_text(encoding="utf-8"))["month"] == month

    gone = port.client.delete("/api/v1/objectives/fast").json()
    assert gone["withdrawn"] == 1
    assert port.client.delete("/api/v1/objectives/fast").status_code == 404
    assert port.client.delete("/api/v1/objectives/drift").status_code == 404


def test_files_of_objectives_are_planned_applied_and_exported(port: Harbour, tmp_path: Path) -> None:
    (tmp_path / "service.toml").write_text(FILE, encoding="utf-8")

    assert command(port, "monitors", "plan", str(tmp_path), "--exit-code") == 3
    assert command(port, "monitors", "apply", str(tmp_path), "--yes") == 0
    assert command(port, "monitors", "export", "--out", str(tmp_path / "service.toml")) == 0
    exported = (tmp_path / "service.toml").read_text(encoding="utf-8")
    assert command(port, "monitors", "plan", str(tmp_path), "--exit-code") == 0

    assert "[[objectives]]" in exported
    assert 'indicator = "availability"' in exported
    listed = {one["id"]: one for one in port.get("/objectives")["items"]}
    assert (listed["up"]["target"], listed["up"]["matched"], listed["fresh"]["stale_after_s"]) == (0.999, 1, 600)
    assert standing(port, "up")["status"] == "met"
    assert standing(port, "fresh")["unit"] == "minutes"


def test_a_stop_of_answers_uses_up_the_budget_of_freshness(port: Harbour) -> None:
    port.put("/objectives/fresher", {"indicator": "freshness", "target": 0.5, "stale_after_s": "10m"})
    port.clock.turn(minutes=90)
    port.settle()

    found = standing(port, "fresher")

    assert found["status"] in {"missed", "at_risk"}
    assert found["bad"] == found["total"] - 11
    assert standing(port, "fresher", end="2020-01-01T00:00:00Z")["status"] == "no_data"


@pytest.mark.parametrize(
    ("path", "query", "said"),
    [
        ("/report", {"month": "2026-13"}, "write a year and a month"),
        ("/report", {"month": "2999-01"}, "lies ahead"),
        ("/report", {"format": "pdf"}, "json, markdown"),
        ("/report", {"lang": "de"}, "en, ja"),
        ("/report", {"deployment": "nobody"}, "does not exist"),
        (f"/deployments/{NAME}/objectives", {"days": "401"}, "from 1 to 400"),
    ],
)
def test_what_cannot_be_answered_is_refused(port: Harbour, path: str, query: dict[str, str], said: str) -> None:
    status, error = port.refused(path, **query)

    assert status in {400, 404}
    assert said in error


def test_a_wrong_objective_is_refused_with_all_its_problems(port: Harbour) -> None:
    answer = port.client.put("/api/v1/objectives/bad", json={"indicator": "speed", "targt": 0.9})

    assert answer.status_code == 400
    for said in ("indicator = 'speed'", "did you mean 'target'", "target is missing"):
        assert said in answer.json()["error"]


def test_an_objective_is_made_changed_and_removed_on_the_page_of_monitors(port: Harbour) -> None:
    page = f"/deployments/{NAME}/monitors"
    new = {"objective": "", "id": "page-made", "indicator": "latency", "target": "99", "window": "7", "under_s": "0.5"}

    def defined() -> list[dict[str, Any]]:
        return [one for one in port.get("/objectives")["items"] if one["id"] == "page-made"]

    previewed = port.client.post(f"{page}/try", data={"do": "plan", **new})
    refused = port.client.post(page, data={"do": "put", **new, "target": "101"}, headers={"Accept-Language": "ja"})
    assert ("Changes 1 deployment" in previewed.text, defined()) == (True, [])
    assert (refused.status_code, "入力された値は使えません" in refused.text) == (400, True)
    assert ("1.01" in refused.text.split('class="technical"')[1], 'value="101"' in refused.text) == (True, True)

    made = port.client.post(page, data={"do": "put", **new})
    (first,) = defined()
    changed = port.client.post(page, data={"do": "put", "objective": "page-made", "target": "99.5", "under_s": "0.25"})
    (second,) = defined()
    removed = port.client.post(page, data={"do": "remove", "objective": "page-made"})

    assert [made.status_code, changed.status_code, removed.status_code] == [303, 303, 303]
    assert (first["target"], first["window_s"], first["deployments"]) == (0.99, 604_800, [NAME])
    assert (second["target"], second["under_s"], second["window_s"]) == (0.995, 0.25, 604_800)
    assert defined() == []


def test_both_sides_of_a_limit_are_tried_and_saved_on_the_page_of_monitors(port: Harbour) -> None:
    page, limits = f"/deployments/{NAME}/monitors", {"failing_low": "-1.5", "failing_high": "2"}
    body = {"metric": "throughput_median", "comparison": "outside", "failing": 3.0, "deployments": [NAME]}
    assert port.put("/monitors/sides", body).status_code == 200  # type: ignore[attr-defined]

    tried = port.client.post(f"{page}/try", data={"do": "backtest", "monitor": "sides", **limits})
    half = port.client.post(page, data={"do": "put", "monitor": "sides", **limits, "failing_high": ""})
    saved = port.client.post(page, data={"do": "put", "monitor": "sides", **limits})

    assert (tried.status_code, "data-told" in tried.text) == (200, True)
    assert (half.status_code, "failing" in half.text.split('class="technical"')[1]) == (400, True)
    assert saved.status_code == 303
    (found,) = [one for one in port.get("/monitors")["items"] if one["id"] == "sides"]
    assert found["failing"] == [-1.5, 2]
    assert port.client.delete("/api/v1/monitors/sides").status_code == 200


def test_the_page_of_the_running_month_is_of_the_collectors_clock(tmp_path: Path) -> None:
    with harbour(tmp_path / "data") as port:
        port.clock.turn(minutes=40 * 24 * 60)
        page = port.client.get("/report", params={"lang": "en"}).text

        running = datetime.fromtimestamp(port.clock.now_us() / 1e6, UTC)
    assert f"/api/v1/report?month={running:%Y-%m}&amp;" in page
