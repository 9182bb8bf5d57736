"""What is measured does not depend on how many processes served, and is what the raw rows say."""

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import collector_crew as crew
import numpy as np
import pytest
from collector_harbour import WAIT_S, Harbour, agent_at, harbour

METRICS = (
    "requests",
    "predictions",
    "errors",
    "error_rate",
    "latency_p50",
    "latency_p99",
    "auc",
    "log_loss",
    "accuracy",
)


@pytest.fixture(scope="module")
def one_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Harbour]:
    folder = tmp_path_factory.mktemp("one")
    with harbour(folder / "data") as port, agent_at(port, folder / "spool", crew.DEPLOYMENT, task="binary") as agent:
        crew.serve(agent, crew.all_rows())
        port.ship(agent, end=True)
        port.settle()
        yield port


@pytest.fixture(scope="module")
def three_processes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Harbour]:
    """Three processes of one host, and a sidecar that ships what they have left."""
    folder = tmp_path_factory.mktemp("three")
    with harbour(folder / "data") as port:
        url = port.collector.grpc_url
        script = [sys.executable, crew.__file__, str(folder / "spool"), url]
        processes = [subprocess.Popen([*script, str(number), "3"]) for number in range(3)]
        assert [process.wait(WAIT_S) for process in processes] == [0, 0, 0]
        (root,) = (folder / "spool").iterdir()
        sidecar = [sys.executable, "-m", "tidegauge.cli", "ship", "--root", str(root), "--collector", url, "--drain"]
        assert subprocess.run(sidecar, check=False, timeout=WAIT_S, stderr=subprocess.DEVNULL).returncode == 0
        port.settle()
        yield port


def measured(port: Harbour) -> dict[str, Any]:
    found = {metric: port.values(crew.DEPLOYMENT, metric) for metric in METRICS if metric not in {"requests"}}
    for column in ("price", "kind", "_prediction"):
        found[column] = port.values(crew.DEPLOYMENT, "missing_rate", column=column, step="hour")
        found[f"{column} profile"] = port.get(f"/deployments/{crew.DEPLOYMENT}/profiles", column=column)
    return found


def without_windows(found: Any) -> Any:
    """Service windows are of arrival: they differ from run to run."""
    if isinstance(found, dict):
        return {name: without_windows(value) for name, value in found.items() if name != "window"}
    return [without_windows(one) for one in found] if isinstance(found, list) else found


def close_to(found: Any) -> Any:
    if isinstance(found, dict):
        return {name: close_to(value) for name, value in found.items()}
    if isinstance(found, list):
        return [close_to(one) for one in found]
    return pytest.approx(found, rel=1e-12) if isinstance(found, float) else found


def test_three_processes_measure_what_one_measures(one_process: Harbour, three_processes: Harbour) -> None:
    one, three = (without_windows(measured(port)) for port in (one_process, three_processes))

    assert three.keys() == one.keys()
    for name, value in one.items():
        assert three[name] == close_to(value), name


def test_every_row_of_three_processes_is_stored_once(three_processes: Harbour) -> None:
    status = three_processes.get(f"/deployments/{crew.DEPLOYMENT}/status")

    expected = {"predictions": crew.ROWS, "prediction_ids": crew.ROWS, "actuals": crew.ROWS, "actual_ids": crew.ROWS}
    assert status["stored"].items() >= expected.items()
    assert (status["dropped"], len(status["agents"]), status["settled"]) == ({}, 3, True)


@pytest.mark.parametrize("q", [50, 90, 95, 99])
def test_latency_is_within_one_percent_of_the_exact_quantile(three_processes: Harbour, q: int) -> None:
    latencies = np.sort([row["latency_s"] for row in crew.all_rows()])
    exact = latencies[-(-q * len(latencies) // 100) - 1]

    (measured,) = three_processes.values(crew.DEPLOYMENT, f"latency_p{q}")

    assert measured["value"] == pytest.approx(exact, rel=0.01)
    assert abs(measured["value"] - exact) <= measured["error_bound"] * 1.01
    assert measured["n"] == crew.ROWS
