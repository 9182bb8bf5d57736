"""Drift against the time before, a fixed range and another version, over REST."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from collector_harbour import Harbour, agent_at, harbour
from collector_rows import REPLAY, give_baseline, record_days

NAME = "shop"
MOVED = 15.0


def day(number: int) -> str:
    return (REPLAY + timedelta(days=number)).isoformat()


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Harbour]:
    """v1 moves on its third day and stays there; v2 sees the first day as it was, and the second one moved."""
    folder = tmp_path_factory.mktemp("against")
    with harbour(folder / "data") as running:
        for version, shifts in (("v1", [0.0, 0.0, MOVED, MOVED]), ("v2", [0.0, MOVED])):
            with agent_at(running, folder / version, NAME, version=version, alerts="all") as agent:
                give_baseline(agent)
                record_days(agent, REPLAY, shifts)
                running.ship(agent, end=True)
        running.settle()
        yield running


def drift(port: Harbour, metric: str = "psi", **query: Any) -> list[dict[str, Any]]:
    return port.values(NAME, metric, column="amount", version="v1", step="day", **query)


def test_a_day_is_laid_beside_the_day_before_it(port: Harbour) -> None:
    found = drift(port, "wasserstein", against="trailing:1d")

    assert [one["reason"] for one in found] == ["no_baseline", None, None, None]
    values = [one["value"] for one in found[1:]]
    assert values == [pytest.approx(0, abs=4), pytest.approx(MOVED, abs=4), pytest.approx(0, abs=4)]
    assert [one["baseline_n"] for one in found[1:]] == [96, 96, 96]
    assert {one["parameters"]["against"] for one in found} == {"trailing:1d"}


def test_a_day_is_laid_beside_a_range_and_beside_itself(port: Harbour) -> None:
    first = f"range:{day(0)}/{day(1)}"

    itself, after, *moved = drift(port, against=first)
    distances = [one["value"] for one in drift(port, "wasserstein", against=first)]

    assert itself["value"] == pytest.approx(0, abs=1e-12)
    assert after["value"] < 0.5 < min(one["value"] for one in moved)
    assert distances[0] == pytest.approx(0, abs=1e-9)
    assert distances[2] == pytest.approx(MOVED, abs=4)


def test_versions_are_laid_beside_each_other_in_the_same_days(port: Harbour) -> None:
    same, moved, *alone = drift(port, against="version:v2")

    assert same["value"] < 0.5 < moved["value"]
    assert [one["reason"] for one in alone] == ["no_baseline", "no_baseline"]
    assert same["baseline_n"] == 96


def test_excluded_times_are_no_part_of_the_other_side(port: Harbour) -> None:
    both = drift(port, "wasserstein", against="trailing:2d")[3]
    without = drift(port, "wasserstein", against="trailing:2d", exclude=f"{day(1)}/{day(2)}")[3]
    nothing = drift(port, "wasserstein", against="trailing:2d", exclude=f"{day(0)}/{day(9)}")[3]

    assert (both["baseline_n"], without["baseline_n"]) == (192, 96)
    assert (both["value"], without["value"]) == (pytest.approx(MOVED / 2, abs=4), pytest.approx(0, abs=4))
    assert nothing["reason"] == "no_baseline"


def test_shares_of_drifted_features_take_the_other_side_too(port: Harbour) -> None:
    found = port.values(NAME, "drifted_share", version="v1", step="day", against=f"range:{day(0)}/{day(1)}")

    assert [one["value"] for one in found] == [0.0, 0.0, 1.0, 1.0]


@pytest.mark.parametrize(
    ("query", "status", "words"),
    [
        ({"against": "yesterday"}, 400, "trailing:7d"),
        ({"against": "trailing:soon"}, 400, "7d or 12h"),
        ({"against": "range:2025"}, 400, "START/END"),
        ({"against": "version:v9"}, 404, "seen are v1, v2"),
        ({"exclude": "2025-06-02T00:00:00Z/2025-06-03T00:00:00Z"}, 400, "a baseline is fixed"),
    ],
)
def test_what_cannot_be_laid_beside_is_refused(port: Harbour, query: dict[str, str], status: int, words: str) -> None:
    found, error = port.refused(f"/deployments/{NAME}/measurements", metric="psi", **query)

    assert (found, words in error) == (status, True), error
    assert port.refused(f"/deployments/{NAME}/measurements", metric="auc", against="trailing:7d")[0] == 400
