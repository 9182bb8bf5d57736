"""Every container that a Python model is fed with, by the library that makes it: read alike whichever way it comes to the agent."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tidegauge
from tidegauge.copies import private_copy
from tidegauge.worker.shapes import count_rows, size_bytes, slice_rows, unpacked
from tidegauge.worker.tabulate import tabulate

from .containers import NAMES, ONE_ROW, TWO_ROWS

MakeAgent = Callable[..., tidegauge.Agent]


def as_numbers(inputs: Any) -> tuple[dict[str, list[float]], int]:
    """The table that is read, as plain numbers."""
    columns, rows = tabulate(unpacked(inputs), NAMES)
    return {name: np.asarray(values).astype(float).tolist() for name, values in columns.items()}, rows


@pytest.mark.parametrize("name", TWO_ROWS)
def test_two_rows_are_the_same_columns_in_whatever_container(name: str) -> None:
    expected = ({"x": [1.0, 2.0], "y": [4.0, 0.0]}, 2)

    assert as_numbers(TWO_ROWS[name]()) == expected
    assert as_numbers(private_copy(TWO_ROWS[name]())[0]) == expected


@pytest.mark.parametrize("name", TWO_ROWS)
def test_rows_and_bytes_are_told_without_reading(name: str) -> None:
    inputs = TWO_ROWS[name]()

    assert count_rows(inputs) == count_rows(private_copy(inputs)[0]) == 2
    assert 0 < size_bytes(inputs) < 2_000


@pytest.mark.parametrize("name", TWO_ROWS)
def test_a_block_of_rows_is_a_table_of_those_rows(name: str) -> None:
    block = slice_rows(TWO_ROWS[name](), slice(1, 4_096))

    assert as_numbers(block) == ({"x": [2.0], "y": [0.0]}, 1)
    assert count_rows(block) == 1


@pytest.mark.parametrize("name", ONE_ROW)
def test_one_row_is_one_row_in_whatever_container(name: str) -> None:
    inputs = ONE_ROW[name]()

    assert as_numbers(inputs) == as_numbers(private_copy(inputs)[0]) == ({"x": [1.0], "y": [4.0]}, 1)
    assert count_rows(inputs) == count_rows(private_copy(inputs)[0]) == 1


@pytest.mark.parametrize("name", [*TWO_ROWS, *ONE_ROW])
def test_a_watched_call_is_profiled_and_its_input_untouched(make_agent: MakeAgent, spooled: Any, name: str) -> None:
    import agent_frames as view

    inputs = (TWO_ROWS | ONE_ROW)[name]()
    rows = 2 if name in TWO_ROWS else 1
    seen: list[Any] = []
    agent = make_agent(feature_names=list(NAMES))

    agent.watch(lambda table: seen.append(table) or np.full(rows, 0.5))(inputs)
    agent.flush()

    assert seen[0] is inputs
    frames, status = spooled(agent), agent.status()
    assert (status["captured"], status["dropped"]) == (rows, {})
    assert status["counters"].get("faults") in {0, None}
    columns = {name: view.column(frames, name) for name in ("x", "y", "_prediction")}
    assert {name: (one.rows, one.minimum) for name, one in columns.items()} == {
        "x": (rows, 1.0),
        "y": (rows, 0.0 if rows == 2 else 4.0),
        "_prediction": (rows, 0.5),
    }
