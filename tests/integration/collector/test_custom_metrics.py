"""Metrics of the user's own and events end to end: reported by an agent, stated over REST, measured, watched, shown."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from collector_harbour import Harbour, agent_at, harbour
from collector_rows import amounts
from structlog.testing import capture_logs

import tidegauge

NAME = "shop"
BEGIN = datetime(2025, 6, 2, 10, tzinfo=UTC)
HEALTHY = [40.0, 41.0, 39.0, 42.0, 38.0] * 8
SUNK = [20.0, 21.0, 19.0, 22.0, 18.0] * 8
METRICS = f"/deployments/{NAME}/metrics"
GOOD = {"start": "2025-06-02T10:00:00Z", "end": "2025-06-02T12:00:00Z"}
BAD = {"start": "2025-06-02T12:00:00Z", "end": "2025-06-02T13:00:00Z"}


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Harbour]:
    """Two healthy hours of baskets, and one in which they have halved; one value is none."""
    folder = tmp_path_factory.mktemp("custom")
    with harbour(folder / "data") as running:
        with agent_at(running, folder / "spool", NAME, alerts="all") as agent:
            agent.record(amounts(60), timestamps=[BEGIN] * 30 + [BEGIN + timedelta(hours=4)] * 30)
            for hour, values in enumerate((HEALTHY, HEALTHY, SUNK)):
                agent.metric("basket_value", values, timestamps=[BEGIN + timedelta(hours=hour)] * len(values))
            agent.metric("basket_value", float("nan"), timestamps=BEGIN)
            agent.metric("other", 7.0, timestamps=BEGIN)
            agent.event("cache cold")
            agent.event("model replaced", kind="deploy")
            running.ship(agent, end=True)
        running.settle()
        yield running


def put(port: Harbour, metric: str, **said: Any) -> dict[str, Any]:
    answer = port.client.put(f"/api/v1{METRICS}/{metric}", json=said)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def value(port: Harbour, metric: str, **query: Any) -> dict[str, Any]:
    (found,) = port.values(NAME, metric, column="basket_value", **query)
    return found


def test_statistics_are_those_of_the_values(port: Harbour) -> None:
    values = np.array(HEALTHY * 2 + SUNK)

    found = {name: value(port, f"custom_{name}") for name in ("mean", "sum", "count", "min", "max", "p50", "p95")}

    assert {name: one["value"] for name, one in found.items()} == {
        "mean": pytest.approx(values.mean()),
        "sum": pytest.approx(values.sum()),
        "count": 120,
        "min": 18.0,
        "max": 42.0,
        "p50": 39.0,
        "p95": 42.0,
    }
    mean = found["mean"]
    assert (mean["n"], mean["parameters"]["unusable"]) == (120, 1)
    assert mean["parameters"]["standard_error"] == pytest.approx(values.std(ddof=1) / np.sqrt(120))
    hours = port.values(
        NAME, "custom_mean", column="_metric.basket_value", step="hour", start=GOOD["start"], end=BAD["end"]
    )
    assert [one["value"] for one in hours] == [40.0, 40.0, 20.0]


def test_all_of_them_are_asked_for_at_once_and_unknown_ones_are_refused(port: Harbour) -> None:
    assert [one["column"] for one in port.values(NAME, "custom_count")] == ["basket_value", "other"]
    assert (
        "never reported; reported are basket_value, other"
        in port.refused(f"/deployments/{NAME}/measurements", metric="custom_mean", column="bask")[1]
    )
    (by_segment,) = port.values(NAME, "custom_mean", column="other", segment="a=b")
    assert by_segment["reason"] == "not_applicable"
    (silent,) = port.values(NAME, "custom_mean", column="other", **BAD)
    assert (silent["value"], silent["reason"]) == (None, "no_rows")


def test_a_stated_baseline_is_of_one_statistic(port: Harbour) -> None:
    said = put(port, "basket_value", direction="higher_is_better", unit="EUR", baseline=25.0)
    assert (said["name"], said["stated"], said["baseline_of"]) == ("basket_value", True, "mean")

    found = value(port, "custom_mean", **BAD)
    assert (found["baseline_value"], found["parameters"]["percent_change"]) == (25.0, pytest.approx(-20))
    assert (found["parameters"]["change"], found["parameters"]["unit"]) == ("worse", "EUR")
    assert value(port, "custom_max", **BAD)["baseline_value"] is None


def test_a_baseline_from_a_range_is_of_every_statistic(port: Harbour) -> None:
    put(port, "basket_value", direction="lower_is_better", baseline_start=GOOD["start"], baseline_end=GOOD["end"])

    mean, total = value(port, "custom_mean", **BAD), value(port, "custom_sum", **BAD)

    assert (mean["baseline_value"], mean["baseline_n"], mean["parameters"]["change"]) == (40.0, 80, "better")
    assert (total["value"], total["baseline_value"]) == (pytest.approx(800), pytest.approx(1600))  # an hour of two
    assert value(port, "custom_p50", **BAD)["baseline_value"] == 40.0


def test_a_fall_from_the_baseline_is_an_alert_without_a_baseline_of_the_model(port: Harbour) -> None:
    put(port, "basket_value", direction="higher_is_better", baseline_start=GOOD["start"], baseline_end=GOOD["end"])
    rule = {"metric": "custom_mean", "columns": "basket_*", "comparison": "drop_from_baseline", "failing": 0.2}
    rule |= {"window_s": "1h", "every_s": "1h", "min_rows": 10, "significance": 0.01, "versions": "*"}
    answer = port.client.put("/api/v1/monitors/baskets", json=rule)
    assert answer.status_code == 200, answer.text
    port.settle()

    (alert,) = port.get("/alerts", monitor="baskets")["items"]

    assert (alert["column"], alert["severity"], alert["value"], alert["threshold"]) == (
        "basket_value",
        "failing",
        20.0,
        32.0,
    )
    blocks = {one["block"]: one["state"] for one in port.get(f"/deployments/{NAME}/health")["blocks"]}
    assert blocks["custom"] == "failing"


def test_they_are_listed_changed_and_forgotten(port: Harbour) -> None:
    put(port, "promised", baseline=1.0)
    listed = {one["name"]: one for one in port.get(METRICS)["items"]}
    assert {name: (one["reported"], one["stated"]) for name, one in listed.items() if name != "basket_value"} == {
        "other": (True, False),
        "promised": (False, True),
    }

    assert port.client.delete(f"/api/v1{METRICS}/promised").status_code == 200
    assert port.client.delete(f"/api/v1{METRICS}/promised").status_code == 404
    assert "promised" not in {one["name"] for one in port.get(METRICS)["items"]}
    wrong = port.client.put(f"/api/v1{METRICS}/promised", json={"direction": "up"})
    assert (wrong.status_code, "higher_is_better" in wrong.text) == (400, True)


def test_who_changed_what_from_what_to_what_is_in_the_log(port: Harbour) -> None:
    with capture_logs() as logs:
        put(port, "promised", baseline=1.0)
        put(port, "promised", baseline=2.0)
        put(port, "promised", baseline=2.0)
        assert port.client.delete(f"/api/v1{METRICS}/promised").status_code == 200
        assert port.client.patch(f"/api/v1/deployments/{NAME}", json={"owner": "baskets"}).status_code == 200

    changes = [one for one in logs if one["event"] == "setting.changed"]
    *of_metric, of_owner = [(one["setting"], one["was"], one["now"]) for one in changes]
    assert [one for one, *_ in of_metric] == ["metrics.promised"] * 3
    values = [tuple(side and side["baseline"] for side in sides) for _, *sides in of_metric]
    assert values == [(None, 1.0), (1.0, 2.0), (2.0, None)]
    assert of_owner == ("owner", "", "baskets")
    assert {(one["deployment"], one["by"].startswith("http 127.")) for one in changes} == {(NAME, True)}


def test_events_are_annotations_by_kind_and_range(port: Harbour) -> None:
    path = f"/deployments/{NAME}/events"
    everything = port.get(path)["items"]
    assert {(one["kind"], one["text"]) for one in everything} >= {("note", "cache cold"), ("deploy", "model replaced")}
    (deploy,) = port.get(path, kind="deploy")["items"]
    assert deploy["version"] == everything[0]["version"]

    at = deploy["at"]
    assert "deploy" not in {one["kind"] for one in port.get(path, end=at)["items"]}
    assert "deploy" in {one["kind"] for one in port.get(path, start=at)["items"]}
    assert port.get(path, start="2100-01-01T00:00:00Z")["items"] == []
    seen: list[Any] = []
    page = port.get(path, limit=1)
    while page["next"]:
        seen += page["items"]
        page = port.get(path, limit=1, before=page["next"])
    assert [*seen, *page["items"]] == everything
    assert "range is empty" in port.refused(path, start=at, end=at)[1]
    assert "deploy" not in {one["kind"] for one in port.get(path, before=at)["items"]}
    for wrong in ("1.2.3.4", "yesterday", f"{10**30}.1.{'0' * 32}.1"):
        assert "write a time" in port.refused(path, before=wrong)[1]


def test_a_kind_is_a_word(tmp_path: Path) -> None:
    agent = tidegauge.init("kinds", spool=str(tmp_path), enabled=False)

    for kind in ("", "Deploy", "agent.started", "x" * 65, None):
        with pytest.raises(tidegauge.UsageError, match="write a word of lower-case letters"):
            agent.event("text", kind=kind)  # type: ignore[arg-type]
