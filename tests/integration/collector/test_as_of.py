"""What was known on a day: labels that came later, and corrections, are not in it. And metrics of one batch."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from collector_harbour import Harbour, agent_at, harbour

NAME, AT = "shop", "2025-06-02T10:00:00Z"
N = 100


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Harbour, list[str]]]:
    """All predictions say 1. First half of the truths is 1; then the other half, 0; then ten of the first are corrected to 0."""
    folder = tmp_path_factory.mktemp("as-of")
    with harbour(folder / "data") as port:
        times = []
        with agent_at(port, folder / "spool", NAME, task="binary", alerts="all") as agent:
            for batch, ids in (("early", range(N // 2)), ("late", range(N // 2, N))):
                shift = 0.0 if batch == "early" else 50.0
                rows = [{"x": i % 10 + shift} for i in ids]
                agent.record(
                    rows, [0.9] * len(rows), prediction_ids=list(ids), timestamps=[AT] * len(rows), batch=batch
                )
            port.ship(agent)
            for ids, value in ((range(N // 2), 1), (range(N // 2, N), 0), (range(10), 0)):
                agent.actuals(list(ids), [value] * len(ids))
                port.ship(agent)
                port.settle()
                port.clock.turn(minutes=60)
                times.append(now(port))
                port.clock.turn(minutes=60)
            port.ship(agent, end=True)
        port.settle()
        yield port, times


def now(port: Harbour) -> str:
    return datetime.fromtimestamp(port.clock.now_us() / 1e6, UTC).isoformat()


def accuracy(port: Harbour, **query: Any) -> tuple[float | None, int]:
    (found,) = port.values(NAME, "accuracy", **query)
    return found["value"], found["n"]


def test_accuracy_is_what_it_was_known_to_be(told: tuple[Harbour, list[str]]) -> None:
    port, times = told

    assert [accuracy(port, as_of=at) for at in times] == [(1.0, 50), (0.5, 100), (0.4, 100)]
    assert accuracy(port) == (0.4, 100)
    assert accuracy(port, as_of="2020-01-01T00:00:00Z") == (None, 0)
    (ratio,) = port.values(NAME, "label_ratio", as_of=times[0])
    assert (ratio["value"], ratio["n"]) == (0.5, 100)


def test_a_batch_is_measured_by_itself(told: tuple[Harbour, list[str]]) -> None:
    port, _ = told

    assert accuracy(port, batch="early") == (0.8, 50)
    assert accuracy(port, batch="late") == (0.0, 50)
    assert accuracy(port, batch="never")[1] == 0
    assert [one["n"] for one in port.values(NAME, "missing_rate", column="x", batch="late")] == [50]


def test_what_cannot_be_known_is_refused(told: tuple[Harbour, list[str]]) -> None:
    port, times = told
    path = f"/deployments/{NAME}/measurements"

    assert "is not known" in port.refused(path, metric="psi", as_of=times[0])[1]
    assert "leave batch away" in port.refused(path, metric="requests", batch="early")[1]
