"""scipy's sparse matrices: zeros count, nothing is made dense as a whole, and small calls are read together."""

import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.sparse

import tidegauge
from tidegauge.copies import private_copy
from tidegauge.core.columns import ColumnKind, numeric_values
from tidegauge.core.kinds import infer_kind
from tidegauge.errors import UsageError
from tidegauge.worker.shapes import Unread
from tidegauge.worker.tables.sparse import SparseColumn
from tidegauge.worker.tabulate import tabulate

MakeAgent = Callable[..., tidegauge.Agent]
RNG = np.random.default_rng(7)


def test_zeros_that_are_not_stored_are_zeros_and_what_is_stored_twice_is_added_up() -> None:
    twice = scipy.sparse.coo_array(
        (np.array([1.0, 2.0, np.nan]), (np.array([0, 0, 2]), np.array([1, 1, 1]))), shape=(4, 2)
    )

    columns, rows = tabulate(twice)

    assert rows == 4
    assert infer_kind(columns["f1"]) is ColumnKind.NUMERIC
    split = numeric_values(columns["f1"])
    assert (sorted(split.finite.tolist()), split.missing) == ([0.0, 0.0, 3.0], 1)
    assert numeric_values(columns["f0"]).finite.tolist() == [0.0] * 4


@pytest.mark.parametrize("chosen", [slice(3, 17), slice(None), slice(5, 5), slice(None, None, 3), np.array([1, 4, 19])])
def test_some_rows_of_a_sparse_column_are_those_of_the_dense_one(chosen: Any) -> None:
    dense = np.where(RNG.random(20) < 0.3, RNG.normal(size=20), 0.0)
    at = np.flatnonzero(dense)
    column = SparseColumn(at, dense[at], 20)

    assert np.asarray(column[chosen]).tolist() == dense[chosen].tolist()
    mask = np.zeros(20, dtype=bool)
    mask[chosen] = True
    assert np.asarray(column[mask]).tolist() == dense[mask].tolist()
    assert np.asarray(column[np.array([7, 2])]).tolist() == dense[[7, 2]].tolist()


def test_a_wide_matrix_is_never_dense_as_a_whole(make_agent: MakeAgent, spooled: Any) -> None:
    import agent_frames as view

    matrix = scipy.sparse.random_array((8_192, 2_500), density=0.001, format="csr", rng=RNG)
    agent = make_agent()
    tabulate(matrix[:10])

    tracemalloc.start()
    agent.baseline(matrix[:, :500])
    agent.watch(lambda table: np.zeros(table.shape[0]))(matrix)
    agent.flush()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert peak < 64 * 1024 * 1024  # dense it would be 131 MiB
    assert agent.status()["counters"]["columns_over_limit"] > 0
    assert agent.status()["captured"] == 8_192
    column = view.column(spooled(agent), "f0")
    assert (column.rows, column.maximum) == (8_192, matrix[:, [0]].max())


def test_rows_that_come_one_by_one_are_read_together(make_agent: MakeAgent, spooled: Any) -> None:
    import agent_frames as view

    matrix = scipy.sparse.random_array((300, 40), density=0.2, format="csr", rng=RNG)
    agent = make_agent(id_column=None)
    model = agent.watch(lambda row: np.array([row.sum()]))

    for i in range(300):
        model(matrix[[i]])
    agent.flush()

    frames = spooled(agent)
    assert agent.status()["captured"] == 300
    for name, dense in (("f0", matrix.toarray()[:, 0]), ("f39", matrix.toarray()[:, 39])):
        column = view.column(frames, name)
        assert (column.rows, column.maximum) == (300, dense.max())
        assert column.sum == pytest.approx(dense.sum())
    assert view.column(frames, "_prediction").sum == pytest.approx(matrix.sum())


def test_a_matrix_of_complex_numbers_is_no_table() -> None:
    matrix = scipy.sparse.csr_matrix(np.eye(3, dtype=np.complex128))

    assert private_copy(matrix)[0] == Unread("csr_matrix", 3, "object")
    with pytest.raises(UsageError, match="complex128"):
        tabulate(matrix)
