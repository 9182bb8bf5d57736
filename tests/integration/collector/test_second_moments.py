"""Frames with second moments are taken in like any other: nothing is quarantined, everything else they say counts."""

from pathlib import Path

import numpy as np
from collector_harbour import agent_at, harbour


def test_windows_and_baselines_with_second_moments_are_folded_and_none_is_quarantined(tmp_path: Path) -> None:
    table = np.random.default_rng(3).normal(size=(400, 100))

    with harbour(tmp_path / "data") as port, agent_at(port, tmp_path / "spool", "wide") as agent:
        agent.baseline(table[:200])
        agent.record(table, np.zeros(400))
        port.ship(agent, end=True)
        port.settle()

        (missing,) = port.values("wide", "missing_rate", column="f99")
        assert (missing["n"], missing["baseline_n"]) == (400, 200)
        assert list((tmp_path / "data").glob("quarantine/*")) == []
        counted = port.client.get("/metrics").text.splitlines()
        refused = [line for line in counted if "quarantine" in line and not line.startswith("#")]
        assert all(line.endswith((" 0", " 0.0")) for line in refused), refused
