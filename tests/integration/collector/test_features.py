"""What people say of a deployment's features: excluded ones are watched only by name, stated weights take the place of the baseline's."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from collector_harbour import Harbour, agent_at, harbour

from tidegauge_collector.cli import main

NAME, AT = "shop", "2025-06-02T10:00:00Z"


@pytest.fixture
def port(tmp_path: Path) -> Iterator[Harbour]:
    """`x` has moved, `y` and `row_id` have not."""
    with harbour(tmp_path / "data") as running:
        with agent_at(running, tmp_path / "spool", NAME, alerts="all") as agent:
            agent.baseline(rows(1_000, 0.0), importance={"x": 1.0, "y": 1.0, "row_id": 2.0})
            agent.record(rows(500, 50.0), timestamps=[AT] * 500)
            running.ship(agent, end=True)
        running.settle()
        yield running


def rows(n: int, shift: float) -> list[dict[str, float]]:
    return [{"x": i % 100 + shift, "y": float(i % 50), "row_id": float(i % 10)} for i in range(n)]


def patched(port: Harbour, **changes: Any) -> tuple[int, dict[str, Any]]:
    answer = port.client.patch(f"/api/v1/deployments/{NAME}", json=changes)
    return answer.status_code, answer.json()


def share(port: Harbour, metric: str) -> tuple[float, int]:
    (found,) = port.values(NAME, metric)
    return found["value"], found["n"]


def test_excluded_features_and_stated_weights_count_at_once(port: Harbour) -> None:
    before = share(port, "drifted_share"), share(port, "drifted_share_weighted")

    status, _ = patched(port, starred=["y"], excluded=["row_*"], importances={"x": 3, "y": 1})

    columns = {one["name"]: one for one in port.get(f"/deployments/{NAME}")["columns"]}
    assert status == 200
    assert before == ((pytest.approx(1 / 3), 3), (pytest.approx(1 / 4), 3))
    assert share(port, "drifted_share") == (0.5, 2)
    assert share(port, "drifted_share_weighted") == (0.75, 2)
    assert [name for name, one in columns.items() if one["starred"]] == ["y"]
    assert [name for name, one in columns.items() if one["excluded"]] == ["row_id"]
    assert columns["x"]["importance"] == 0.75
    assert {one["column"] for one in port.values(NAME, "psi")} == {"x", "y"}
    assert [one["column"] for one in port.values(NAME, "psi", column="row_id")] == ["row_id"]


def test_a_monitor_has_what_is_excluded_only_by_its_name(port: Harbour) -> None:
    patched(port, excluded=["row_*"])

    def watched(columns: str) -> int:
        monitor = {"id": "m", "metric": "psi", "columns": columns, "failing": 9.0}
        body = {"deployment": NAME, "monitor": monitor}
        return int(sum(port.client.post("/api/v1/monitors/backtest", json=body).json()["verdicts"].values()))

    assert [watched(one) for one in ("*", "row_*", "row_id", "x, row_id")] == [2, 0, 1, 2]


def test_the_command_sets_them(port: Harbour) -> None:
    words = ["--starred", "x,y", "--excluded", "row_*", "--weights", "x=2,y=1"]
    times = ["--exclude-ranges", "2025-06-01T00:00:00Z/2025-06-02T00:00:00Z"]

    assert main(["deployments", "set", NAME, *words, *times, "--data", str(port.data)]) == 0

    found = port.get(f"/deployments/{NAME}")
    assert (found["starred"], found["excluded"], found["importances"]) == (["x", "y"], ["row_*"], {"x": 2.0, "y": 1.0})
    assert found["exclude_ranges"] == ["2025-06-01T00:00:00Z/2025-06-02T00:00:00Z"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"importances": {"x": -1}}, "at least 0"),
        ({"importances": {"x": 0}}, "not all of them 0"),
        ({"exclude_ranges": ["last week"]}, "START/END"),
        ({"starred": "x"}, "list"),
    ],
)
def test_what_is_wrong_is_told(port: Harbour, changes: dict[str, Any], words: str) -> None:
    status, answer = patched(port, **changes)

    assert (status, words in answer["error"]) == (400, True), answer
