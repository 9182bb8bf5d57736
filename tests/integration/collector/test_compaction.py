"""Compaction changes how rows lie, never what is measured."""

from pathlib import Path
from typing import Any

from collector_harbour import Harbour, agent_at, harbour
from collector_rows import REPLAY, record_day

NAME = "shop"


def measured(port: Harbour) -> list[list[dict[str, Any]]]:
    return [port.values(NAME, metric, column="*", step="day") for metric in ("psi", "missing_rate")]


def test_many_deltas_of_a_window_measure_the_same_after_compaction(tmp_path: Path) -> None:
    with (
        harbour(tmp_path / "data", baseline_rows=100) as port,
        agent_at(port, tmp_path / "spool", NAME, shipper="none") as agent,
    ):
        for _ in range(3):
            record_day(agent, REPLAY)
            port.ship(agent)
        port.settle()
        before = measured(port)
        cells_before = len(port.collector.telemetry.arrays("crowded_cells", [port.clock.now_us()])["series_id"])
        port.collector.keeping.compact()
        cells_after = len(port.collector.telemetry.arrays("crowded_cells", [port.clock.now_us()])["series_id"])
        after = measured(port)

    assert cells_before > 0
    assert cells_after == 0
    assert after == before
    assert sum(one["n"] for one in before[0]) > 0
