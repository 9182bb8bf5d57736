"""The harness of the collector's integration tests, for the contract of its API."""

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).parents[2] / "integration" / "collector"


def load(name: str, path: Path) -> None:
    """Make a module of the tests importable by a name of its own."""
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, path)
        assert spec is not None
        assert spec.loader is not None
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])


load("collector_harbour", FOLDER / "harbour.py")
load("collector_rows", FOLDER / "rows.py")


@pytest.fixture(scope="package")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A collector that knows the deployment `shop` with its column `price`, 40 predictions of 2025-06-01 and a baseline."""
    from collector_harbour import agent_at, harbour

    folder = tmp_path_factory.mktemp("shop")
    with harbour(folder / "data") as running, agent_at(running, folder / "spool", "shop", task="binary") as agent:
        agent.baseline([{"price": float(i)} for i in range(50)])
        times = [f"2025-06-01T10:{i:02}:00Z" for i in range(40)]
        rows = [{"price": float(i)} for i in range(40)]
        agent.record(rows, [0.5] * 40, prediction_ids=list(range(40)), timestamps=times, latency_s=0.01)
        running.ship(agent, end=True)
        running.settle()
        yield running


@pytest.fixture(autouse=True)
def no_leaked_threads() -> None:
    """Collectors outlast a test here; `harbour` looks at its threads when it ends."""
