"""Second moments from agents to the answer over REST: nothing is quarantined, and the value is that of the rows themselves."""

from pathlib import Path

import numpy as np
import pytest
from collector_harbour import Harbour, agent_at, harbour

AT = "2025-06-02T10:00:00Z"


def by_rows(trained: np.ndarray, served: np.ndarray) -> float:
    """The reconstruction error of some rows by a principal component analysis of others, missing values at the mean."""
    mean, deviation = np.nanmean(trained, axis=0), np.nanstd(trained, axis=0)
    z, w = (np.nan_to_num((rows - mean) / deviation, nan=0.0) for rows in (trained, served))
    values, vectors = np.linalg.eigh(z.T @ z / len(z))
    kept = np.searchsorted(np.cumsum(values[::-1]) / values.sum(), 0.65 - 1e-9) + 1
    v = vectors[:, ::-1][:, :kept]
    return float(np.square(w - w @ v @ v.T).sum(axis=1).mean() / trained.shape[1])


def serve(port: Harbour, folder: Path, name: str, trained: np.ndarray, served: np.ndarray, *, agents: int) -> None:
    """The rows by so many agents, each with a spool of its own."""
    for i, part in enumerate(np.array_split(served, agents)):
        with agent_at(port, folder / f"{name}-{i}", name) as agent:
            agent.baseline(trained)
            agent.record(part, np.zeros(len(part)), timestamps=[AT] * len(part))
            port.ship(agent, end=True)
        port.settle()


def test_multivariate_drift_is_that_of_the_rows_themselves_whoever_delivered_them(tmp_path: Path) -> None:
    rng = np.random.default_rng(8)
    mixed = rng.normal(size=(5, 5))
    trained, served = (rng.normal(shift, 1, (rows, 5)) @ mixed for rows, shift in ((400, 0.0), (300, 0.3)))
    trained[::7, 1], served[::5, 2] = np.nan, np.nan

    with harbour(tmp_path / "data") as port:
        for agents in (1, 3):
            serve(port, tmp_path, f"by-{agents}", trained, served, agents=agents)
        found = [port.values(f"by-{agents}", "multivariate_reconstruction")[0] for agents in (1, 3)]
        (unknown,) = port.values("by-1", "multivariate_reconstruction", segment="a=b")

    for one in found:
        assert one["value"] == pytest.approx(by_rows(trained, served), rel=1e-9)
        assert one["baseline_value"] == pytest.approx(by_rows(trained, trained), rel=1e-9)
        assert (one["n"], one["baseline_n"], one["parameters"]["d"]) == (300, 400, 5)
        assert one["method"] == "second_moments"
        assert 0 < one["baseline_value"] < one["parameters"]["threshold"]
    assert unknown["reason"] == "no_rows"


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
