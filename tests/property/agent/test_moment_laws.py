"""Second moments are those that numpy finds in all rows at once, however the rows come in parts."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegauge.core.bins import ReferenceBins, categorical_bins, numeric_bins
from tidegauge.core.columns import ColumnKind
from tidegauge.core.moments import (
    BLOCKS,
    MAX_COLUMNS,
    SecondMoments,
    Standard,
    merge_moments,
    moment_blocks,
    second_moments,
    standard_of,
)

VALUES = st.one_of(st.floats(-1e6, 1e6), st.sampled_from([None, math.nan, math.inf, -math.inf, "text", True, [1]]))


def standard(width: int, seed: int) -> Standard:
    rng = np.random.default_rng(seed)
    names = tuple(f"x{i}" for i in range(width))
    return Standard(names, rng.normal(size=width), rng.uniform(0.5, 2.0, size=width))


def by_numpy(columns: dict[str, list[object]], rows: int, chosen: Standard) -> tuple[np.ndarray, np.ndarray]:
    """Sums, and the whole matrix of products."""
    z = np.zeros((len(chosen.columns), rows))
    for i, name in enumerate(chosen.columns):
        for row, value in enumerate(columns[name]):
            if isinstance(value, float) and math.isfinite(value):
                z[i, row] = (value - chosen.pivots[i]) / chosen.deviations[i]
    return z.sum(axis=1), z @ z.T


def assert_same(found: SecondMoments, sums: np.ndarray, products: np.ndarray) -> None:
    scale = max(1.0, np.abs(products).max(initial=0.0))
    assert found.sums == pytest.approx(sums, rel=1e-12, abs=1e-12 * scale)
    assert found.matrix() == pytest.approx(products, rel=1e-12, abs=1e-12 * scale)


@given(data=st.data(), width=st.integers(1, 5), rows=st.integers(0, 40), seed=st.integers(0, 99))
def test_parts_in_any_order_add_up_to_what_numpy_finds_in_the_whole(
    data: st.DataObject, width: int, rows: int, seed: int
) -> None:
    chosen = standard(width, seed)
    columns = {name: data.draw(st.lists(VALUES, min_size=rows, max_size=rows)) for name in chosen.columns}
    cuts = sorted(data.draw(st.lists(st.integers(0, rows), max_size=5)))

    parts = [
        second_moments({name: values[a:b] for name, values in columns.items()}, b - a, chosen)
        for a, b in itertools.pairwise([0, *cuts, rows])
    ]

    merged = merge_moments(data.draw(st.permutations(parts)))
    assert merged.rows == rows
    assert_same(merged, *by_numpy(columns, rows, chosen))


@pytest.mark.parametrize(("width", "rows"), [(1, 9_000), (25, 9_000), (100, 5_000)])
def test_a_large_block_is_worked_through_in_pieces_without_a_difference(width: int, rows: int) -> None:
    chosen = standard(width, 7)
    table = np.random.default_rng(8).normal(size=(width, rows))
    table[:, ::10] = np.nan
    columns = dict(zip(chosen.columns, table, strict=True))

    found = second_moments(columns, rows, chosen)

    z = np.nan_to_num((table - chosen.pivots[:, None]) / chosen.deviations[:, None], nan=0.0)
    assert_same(found, z.sum(axis=1), z @ z.T)


def test_a_column_that_is_absent_counts_as_the_mean() -> None:
    chosen = standard(2, 3)
    alone = {"x0": np.array([1.0, 2.0, 4.0])}

    assert second_moments(alone, 3, chosen).sums[1] == 0
    assert second_moments({**alone, "x1": None}, 3, chosen).matrix()[1].tolist() == [0, 0]


def test_durations_are_seconds_whatever_their_unit() -> None:
    chosen = Standard(("took",), np.array([0.0]), np.array([1.0]))
    took = np.array([1_500, "NaT"], dtype="timedelta64[ms]")

    assert second_moments({"took": took}, 2, chosen).sums.tolist() == [1.5]


@given(rows=st.integers(1, 70), seed=st.integers(0, 99))
def test_twenty_consecutive_blocks_of_a_baseline_add_up_to_the_whole(rows: int, seed: int) -> None:
    chosen = standard(3, seed)
    table = np.random.default_rng(seed).normal(size=(3, rows))
    columns = dict(zip(chosen.columns, table, strict=True))

    blocks = moment_blocks(columns, rows, chosen)

    assert [one.rows for one in blocks] == [(i + 1) * rows // BLOCKS - i * rows // BLOCKS for i in range(BLOCKS)]
    z = (table - chosen.pivots[:, None]) / chosen.deviations[:, None]
    assert_same(merge_moments(blocks), z.sum(axis=1), z @ z.T)


def test_the_standard_takes_the_first_hundred_numeric_features_that_vary() -> None:
    varying = np.arange(10.0)
    bins = {
        "constant": numeric_bins("constant", np.full(10, 7.0)),
        "_prediction": numeric_bins("_prediction", varying),
        "when": numeric_bins("when", varying, kind=ColumnKind.DATETIME),
        "carrier": categorical_bins("carrier", {"UA": 3}),
        "nothing": numeric_bins("nothing", np.array([])),
        **{f"x{i}": numeric_bins(f"x{i}", varying + i) for i in range(120)},
    }

    chosen = standard_of(ReferenceBins(bins))

    assert chosen.columns == tuple(f"x{i}" for i in range(MAX_COLUMNS - 2))  # of the first hundred two do not vary
    assert chosen.pivots[3] == 7.5
    assert chosen.over_limit == 22


def test_moments_by_different_columns_do_not_add_up() -> None:
    one, other = (second_moments({}, 1, standard(width, 1)) for width in (1, 2))

    with pytest.raises(ValueError, match="of one baseline add up"):
        merge_moments([one, other])
