"""A store in memory."""

from collections.abc import Iterator

import pytest

from tidegauge_collector.telemetry.store import TelemetryStore


@pytest.fixture
def store() -> Iterator[TelemetryStore]:
    with TelemetryStore.open(None, memory_limit="500MB") as opened:
        yield opened
