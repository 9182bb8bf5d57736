"""The quantile sketch on small, known data."""

import numpy as np
import pytest

from tidegauge.core.sketch import DELTA_POINTS, EMPTY, WINDOW_POINTS, merge_sketches, rank_of, sketch_sorted


def test_few_values_are_kept_as_they_are() -> None:
    sketch = sketch_sorted(np.array([1.0, 2.0, 5.0]))

    assert (sketch.count, sketch.points.tolist(), sketch.rank_error) == (3, [1.0, 2.0, 5.0], 0.0)


def test_points_are_the_middles_of_equal_shares() -> None:
    sketch = sketch_sorted(np.arange(1.0, 101.0), size=4)

    assert sketch.points.tolist() == [13.0, 38.0, 63.0, 88.0]
    assert sketch.rank_error == 0.125


def test_quantiles_of_an_exact_sketch_are_the_ceiling_ranks() -> None:
    sketch = sketch_sorted(np.arange(1.0, 11.0))

    assert [sketch.quantile(q) for q in (0.0, 0.1, 0.11, 0.5, 0.99, 1.0)] == [1.0, 1.0, 2.0, 5.0, 10.0, 10.0]
    assert EMPTY.quantile(0.5) is None


def test_a_rank_is_computed_from_the_decimal_fraction_not_from_the_binary_one() -> None:
    assert rank_of(0.99, 100) == 99
    assert rank_of(0.7, 10) == 7


def test_exact_sketches_merge_exactly_as_long_as_they_fit() -> None:
    merged = merge_sketches([sketch_sorted(np.array([3.0, 4.0])), EMPTY, sketch_sorted(np.array([1.0]))], 256)

    assert (merged.count, merged.points.tolist()) == (3, [1.0, 3.0, 4.0])


def test_a_merge_of_compressed_sketches_never_pretends_to_be_exact() -> None:
    compressed = sketch_sorted(np.arange(300.0), DELTA_POINTS)

    merged = merge_sketches([compressed, sketch_sorted(np.arange(10.0))], WINDOW_POINTS)

    assert merged.count == 310
    assert len(merged.points) < merged.count
    assert merged.rank_error > 0


def test_merging_nothing_is_empty() -> None:
    assert merge_sketches([]) is EMPTY
    assert merge_sketches([EMPTY, EMPTY]) is EMPTY


@pytest.mark.parametrize("inclusive", [False, True])
def test_counts_below_are_ranks(inclusive: bool) -> None:
    sketch = sketch_sorted(np.array([1.0, 2.0, 2.0, 3.0]))

    assert sketch.counts_below(np.array([2.0, 9.0]), inclusive=inclusive).tolist() == [3.0 if inclusive else 1.0, 4.0]
