"""Many columns at once come to the same as each by itself: sorting, profiles, sketches, second moments."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tidegauge.core.bins import NumericBins, ReferenceBins, numeric_bins, stated_bins
from tidegauge.core.blocksum import BlockSum
from tidegauge.core.columns import ColumnKind, numeric_values
from tidegauge.core.moments import SecondMoments, Standard, moments_of_products, second_moments, standard_of
from tidegauge.core.numbers import Layout, add_up, profile_block
from tidegauge.core.ordering import BY_DIGITS, BY_NUMPY, LEAST_BY_DIGITS, Sorting, sort_by_digits
from tidegauge.core.profile import merge_profiles, profile_numeric
from tidegauge.core.sketch import merge_sketches

SHAPES = {
    "normal": lambda rng, n: rng.normal(size=n),
    "lognormal": lambda rng, n: rng.lognormal(0, 2, n),
    "cauchy": lambda rng, n: rng.standard_cauchy(n),
    "integers": lambda rng, n: rng.integers(-5, 5, n).astype(float),
    "zeros and some": lambda rng, n: np.where(rng.random(n) < 0.92, 0.0, rng.normal(size=n)),
    "constant": lambda _, n: np.full(n, 3.5),
    "two far apart": lambda rng, n: rng.choice([-1e308, 1e308], n),
    "subnormal": lambda rng, n: rng.random(n) * 5e-324 * 3,
    "ascending": lambda _, n: np.arange(n, dtype=float),
    "a step with thousands": lambda rng, n: np.where(rng.random(n) < 0.5, rng.random(n) * 1e-9, rng.random(n) * 1e9),
}


@pytest.mark.parametrize("shape", SHAPES)
@given(seed=st.integers(0, 2**32), n=st.integers(0, 5_000))
@settings(max_examples=15, deadline=None)
def test_sorting_by_digits_ends_in_the_order_of_numpy(shape: str, seed: int, n: int) -> None:
    row = SHAPES[shape](np.random.default_rng(seed), n)
    expected = np.sort(row)

    sort_by_digits(row)

    np.testing.assert_array_equal(row, expected)


def test_digits_do_the_work_where_values_are_spread_and_numpy_where_they_are_not() -> None:
    rng = np.random.default_rng(1)

    assert sort_by_digits(SHAPES["normal"](rng, 4_096))
    assert not sort_by_digits(SHAPES["a step with thousands"](rng, 4_096))
    assert not sort_by_digits(SHAPES["normal"](rng, LEAST_BY_DIGITS - 1))


def columns_of(rng: np.random.Generator, rows: int) -> dict[str, np.ndarray]:
    found = {
        name: SHAPES[name](rng, rows) for name in ("normal", "lognormal", "integers", "zeros and some", "constant")
    }
    holes = rng.normal(size=rows)
    holes[rng.random(rows) < 0.3] = np.nan
    holes[rng.random(rows) < 0.05] = np.inf
    mostly_missing = np.where(rng.random(rows) < 0.98, np.nan, rng.normal(size=rows))
    return found | {"holes": holes, "mostly missing": mostly_missing, "nothing": np.full(rows, np.nan)}


def layout_of(baseline: dict[str, np.ndarray]) -> Layout:
    bins: list[NumericBins | None] = [numeric_bins(n, np.sort(v[np.isfinite(v)])) for n, v in baseline.items()]
    bins[1] = None  # no bins are known of it
    bins[0] = stated_bins("normal", [-1.0, 0.0, 1.0], np.sort(baseline["normal"]))
    return Layout(tuple(baseline), (ColumnKind.NUMERIC,) * len(baseline), tuple(bins))


def summed(layout: Layout, columns: dict[str, np.ndarray], sizes: list[int], sorting: Sorting) -> BlockSum:
    total, start = BlockSum(layout), 0
    for size in sizes:
        matrix = np.stack([columns[name][start : start + size] for name in layout.names])
        sums = add_up(layout, matrix, with_products=bool(start), breathe=lambda: None)
        everything = range(len(layout.names))
        total.add(profile_block(layout, matrix, sums, sorting=sorting, sketched=everything, breathe=lambda: None))
        start += size
    return total


@given(
    seed=st.integers(0, 2**32),
    sizes=st.lists(st.sampled_from([1, 7, 300, 511, 512, 513, 4_096]), min_size=1, max_size=20),
    sorting=st.sampled_from([BY_NUMPY, BY_DIGITS]),
)
@settings(max_examples=25, deadline=None)
def test_blocks_of_any_sizes_add_up_to_the_profiles_of_the_columns(
    seed: int, sizes: list[int], sorting: Sorting
) -> None:
    rng = np.random.default_rng(seed)
    columns = columns_of(rng, sum(sizes))
    layout = layout_of(columns_of(rng, 1_000))

    total = summed(layout, columns, sizes, sorting)
    sketches = dict(total.take_sketches(range(len(layout.names))))
    profiles = total.take()

    for bins, found in zip(layout.bins, profiles, strict=True):
        whole = profile_numeric(found.name, numeric_values(columns[found.name]), bins)
        for count in ("rows", "missing", "non_finite", "invalid", "overflow", "pivot"):
            assert getattr(found, count) == getattr(whole, count), (found.name, count)
        assert found.bin_counts is whole.bin_counts is None or (found.bin_counts == whole.bin_counts).all()
        np.testing.assert_allclose(found.sum, whole.sum, rtol=1e-11, atol=1e-9)
        np.testing.assert_allclose(found.sum_squares, whole.sum_squares, rtol=1e-11, atol=1e-9)
        np.testing.assert_array_equal([found.minimum, found.maximum], [whole.minimum, whole.maximum])
        sketch = merge_sketches(sketches.get(found.name, []), 256)
        assert sketch.count == whole.finite
        assert _rank_error(sketch.points, columns[found.name]) <= 0.005


def _rank_error(points: np.ndarray, values: np.ndarray) -> float:
    """The largest distance of the points' distribution from that of the values."""
    values = np.sort(values[np.isfinite(values)])
    if not len(values):
        return 0.0
    at = np.union1d(points, values)
    own = np.searchsorted(points, at, side="right") / len(points)
    return float(np.abs(own - np.searchsorted(values, at, side="right") / len(values)).max())


def test_what_was_taken_is_gone_and_what_comes_later_is_told_apart() -> None:
    rng = np.random.default_rng(5)
    columns, layout = columns_of(rng, 9_000), layout_of(columns_of(rng, 1_000))
    first, second = ({n: v[part] for n, v in columns.items()} for part in (slice(0, 5_000), slice(5_000, None)))
    total = summed(layout, first, [5_000], BY_NUMPY)

    taken = total.take()
    assert total.take() == []
    more = summed(layout, second, [4_000], BY_NUMPY)

    for one, other in zip(taken, more.take(), strict=True):
        bins = dict(zip(layout.names, layout.bins, strict=True))[one.name]
        whole = profile_numeric(one.name, numeric_values(columns[one.name]), bins)
        merged = merge_profiles([one, other])
        assert merged.rows == whole.rows
        assert merged.bin_counts is None or (merged.bin_counts == whole.bin_counts).all()


def moments_of_block(layout: Layout, matrix: np.ndarray, standard: Standard) -> SecondMoments | None:
    sums = add_up(layout, matrix, with_products=True, breathe=lambda: None)
    assert sums.products is not None
    places = tuple(layout.names.index(name) for name in standard.columns)
    return moments_of_products(sums.products, sums.sums, matrix.shape[1], places, standard)


@given(seed=st.integers(0, 2**32), rows=st.integers(1, 6_000))
@settings(max_examples=20, deadline=None)
def test_second_moments_of_a_matrix_are_those_of_its_columns(seed: int, rows: int) -> None:
    rng = np.random.default_rng(seed)
    columns, baseline = columns_of(rng, rows), columns_of(rng, 1_000)
    bins = ReferenceBins({n: numeric_bins(n, np.sort(v[np.isfinite(v)])) for n, v in sorted(baseline.items())})
    standard = standard_of(bins)
    layout = Layout(tuple(columns), (ColumnKind.NUMERIC,) * len(columns), tuple(bins.columns[n] for n in columns))

    found = moments_of_block(layout, np.stack(list(columns.values())), standard)
    expected = second_moments(columns, rows, standard)

    assert found is not None
    assert found.columns == expected.columns
    np.testing.assert_allclose(found.sums, expected.sums, rtol=1e-9, atol=1e-7)
    np.testing.assert_allclose(found.products, expected.products, rtol=1e-9, atol=1e-7)


def test_moments_of_numbers_too_large_for_their_squares_are_left_to_the_other_way() -> None:
    baseline = np.linspace(-1e150, 1e150, 1_000)
    bins = ReferenceBins({"x": numeric_bins("x", baseline)})
    layout = Layout(("x",), (ColumnKind.NUMERIC,), (bins.columns["x"],))
    values = np.full((1, 3), 1e200)

    assert moments_of_block(layout, values, standard_of(bins)) is None
    assert np.isfinite(second_moments({"x": values[0]}, 3, standard_of(bins)).products).all()
