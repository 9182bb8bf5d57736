"""`measure` and `power` as people run them, beside a running collector."""

import json
from collections.abc import Iterator

import pytest
from collector_harbour import Harbour, agent_at, harbour
from collector_rows import REPLAY, record_days

from tidegauge_collector.cli import main

NAME = "shop"


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Harbour]:
    folder = tmp_path_factory.mktemp("measure")
    with harbour(folder / "data") as running:
        with agent_at(running, folder / "spool", NAME, alerts="all") as agent:
            agent.baseline([{"amount": float(i % 50)} for i in range(1_000)], predictions=[0.5] * 1_000)
            record_days(agent, REPLAY, [0.0, 40.0])
            running.ship(agent, end=True)
        running.settle()
        yield running


def run(port: Harbour, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    capsys.readouterr()
    code = main([*words, "--data", str(port.data)])
    out, err = capsys.readouterr()
    return code, out, err


def test_what_is_measured_is_what_rest_says(port: Harbour, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(
        port,
        capsys,
        "measure",
        "--deployment",
        NAME,
        "--metric",
        "psi",
        "--column",
        "amount",
        "--step",
        "day",
        "--json",
    )

    assert code == 0
    assert json.loads(out)["items"] == port.values(NAME, "psi", column="amount", step="day")


def test_without_a_metric_all_that_have_a_value_are_in_the_table(
    port: Harbour, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = run(port, capsys, "measure", "--deployment", NAME)

    lines = [line.split() for line in out.splitlines() if line[:1].isalpha()]
    assert code == 0
    assert {"psi", "ks", "missing_rate", "drifted_share", "missing_delta"} <= {line[0] for line in lines}
    assert "rmse" not in {line[0] for line in lines}


def test_a_range_bounds_what_is_measured(port: Harbour, capsys: pytest.CaptureFixture[str]) -> None:
    start = port.values(NAME, "psi", column="amount", step="day")[1]["window"]["start"]

    _, out, _ = run(
        port, capsys, "measure", "--deployment", NAME, "--metric", "missing_rate", "--from", start, "--json"
    )

    assert {one["window"]["start"] for one in json.loads(out)["items"]} == {start}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--metric", "psy"], "did you mean psi"),
        (["--metric", "auc", "--column", "amount"], "leave column away"),
        (["--from", "2025-01-02", "--to", "2025-01-01"], "turn them round"),
        (["--from", "yesterday"], "--from 'yesterday'"),
    ],
)
def test_what_is_wrong_is_told(port: Harbour, capsys: pytest.CaptureFixture[str], words: list[str], said: str) -> None:
    code, _, err = run(port, capsys, "measure", "--deployment", NAME, *words)

    assert code != 0
    assert said in err


def test_the_power_table_says_how_soon_shifts_are_seen(port: Harbour, capsys: pytest.CaptureFixture[str]) -> None:
    few = port.get(f"/deployments/{NAME}/power", column="amount", rows=50)["items"]
    many = port.get(f"/deployments/{NAME}/power", column="amount", rows=5_000)["items"]
    code, out, _ = run(port, capsys, "power", "--deployment", NAME)

    assert [one["shift"] for one in few] == [0.1, 0.2, 0.3, 0.5, 1.0]
    assert all(a["power"] <= b["power"] + 1e-9 for a, b in zip(few, many, strict=True) if a["shift"] >= 0.3)
    assert many[-1]["windows"] == 1
    assert code == 0
    assert "COLUMN" in out
    assert any(line.startswith("amount") for line in out.splitlines())
    status, error = port.refused(f"/deployments/{NAME}/power", monitor="error_rate")
    assert (status, "name such a monitor" in error) == (400, True)
