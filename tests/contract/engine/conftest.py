"""The engines of the telemetry store: each must pass every test of this folder. A new one is one entry of ENGINES."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tidegauge_collector.telemetry.store import TelemetryStore

Opened = AbstractContextManager[TelemetryStore]
ENGINES: dict[str, Callable[[Path], Opened]] = {
    "duckdb": lambda folder: TelemetryStore.open(folder / "telemetry.duckdb", memory_limit="500MB"),
}


@pytest.fixture(params=sorted(ENGINES))
def reopen(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], Opened]:
    """Opens the engine on the same data again and again; one at a time."""
    return lambda: ENGINES[request.param](tmp_path)


@pytest.fixture
def engine(reopen: Callable[[], Opened]) -> Iterator[TelemetryStore]:
    """An empty store."""
    with reopen() as opened:
        yield opened
