"""A sketch's error bound, whatever the data, the splitting and the order, on every way that it takes."""

import itertools
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from agent_strategies import array, numbers
from hypothesis import given, settings
from hypothesis import strategies as st

from tidegauge.core.sketch import (
    BLOCK_POINTS,
    DELTA_POINTS,
    WINDOW_POINTS,
    QuantileSketch,
    SketchStack,
    merge_sketches,
    sketch_sorted,
)

ROWS = 60_000
UNION, ROLL_UP = 0.005, 0.002
Rng = np.random.Generator

DATA: dict[str, Callable[[Rng, int], np.ndarray]] = {
    "normal": lambda rng, n: rng.normal(size=n),
    "heavy tails": lambda rng, n: rng.standard_cauchy(size=n) * 10.0 ** rng.integers(-200, 200, n),
    "heavy ties": lambda rng, n: rng.integers(0, 12, n).astype(float),
    "one value nearly always": lambda rng, n: np.where(rng.random(n) < 0.001, rng.normal(size=n), 7.0),
    "ascending": lambda _rng, n: np.arange(n, dtype=float),
    "descending": lambda _rng, n: -np.arange(n, dtype=float),
    "drifting": lambda rng, n: rng.normal(size=n) + np.arange(n) / 5_000,
    "the same in every block": lambda _rng, n: np.resize(np.arange(4_096.0) ** 3, n),
    "gaps where points are": lambda _rng, n: np.resize(np.arange(4_096.0) // 8 + (np.arange(4_096) % 8 > 3) * 0.5, n),
}
SHAPES = st.sampled_from(list(DATA))


def rank_error(sketch: QuantileSketch, values: np.ndarray) -> float:
    """Largest distance, over all values, of the sketch's share below or up to one from the true share."""
    ordered = np.sort(values)
    found = [
        np.abs(
            sketch.counts_below(ordered, inclusive=inclusive)
            - np.searchsorted(ordered, ordered, "right" if inclusive else "left")
        )
        for inclusive in (False, True)
    ]
    return float(np.max(found)) / len(values)


def parts_of(values: np.ndarray, cuts: Sequence[int]) -> list[np.ndarray]:
    bounds = sorted({0, len(values), *(cut % (len(values) + 1) for cut in cuts)})
    return [values[a:b] for a, b in itertools.pairwise(bounds)]


def block_of(values: np.ndarray) -> QuantileSketch:
    return sketch_sorted(np.sort(values), BLOCK_POINTS)


def sealed(values: np.ndarray, block_rows: int) -> QuantileSketch:
    """What an agent seals of rows that came in blocks."""
    stack = SketchStack()
    for start in range(0, len(values), block_rows):
        stack.add(block_of(values[start : start + block_rows]))
    return stack.take()


@given(
    seed=st.integers(0, 2**32),
    shape=SHAPES,
    cuts=st.one_of(
        st.lists(st.integers(0, ROWS), max_size=60),
        st.sampled_from([list(range(0, ROWS, 60)), list(range(300)), [1, 2, ROWS - 1]]),
    ),
    block_rows=st.sampled_from([37, 300, 511, 513, 4_096]),
)
@settings(max_examples=80, deadline=None)
def test_the_union_of_1_to_1000_deltas_is_within_half_a_percent_in_any_order(
    seed: int, shape: str, cuts: list[int], block_rows: int
) -> None:
    rng = np.random.default_rng(seed)
    values = DATA[shape](rng, ROWS)
    deltas = [sealed(part, block_rows) for part in parts_of(values, cuts)]
    rng.shuffle(deltas)  # type: ignore[arg-type]

    union = merge_sketches(deltas, WINDOW_POINTS)

    assert union.count == ROWS
    assert max(len(delta.points) for delta in deltas) <= DELTA_POINTS
    assert rank_error(union, values) <= UNION


@pytest.mark.parametrize("shape", DATA)
def test_each_roll_up_adds_at_most_a_fifth_of_a_percent(shape: str) -> None:
    values = DATA[shape](np.random.default_rng(4), 24 * 12_000)
    hours = np.split(values, 24)
    unions = [merge_sketches([sealed(part, 1_000) for part in np.array_split(hour, 5)]) for hour in hours]
    worst_hour = max(rank_error(union, hour) for union, hour in zip(unions, hours, strict=True))

    quarters = [merge_sketches(unions[i : i + 6]) for i in range(0, 24, 6)]
    day = merge_sketches(quarters)

    worst_quarter = max(rank_error(one, part) for one, part in zip(quarters, np.split(values, 4), strict=True))
    assert worst_hour <= UNION
    assert worst_quarter <= worst_hour + ROLL_UP
    assert rank_error(day, values) <= worst_quarter + ROLL_UP


@pytest.mark.parametrize("shape", DATA)
def test_the_levels_of_a_stack_keep_within_what_they_state(shape: str) -> None:
    """700 blocks: three levels deep."""
    values = DATA[shape](np.random.default_rng(5), 700 * 1_024)

    union = merge_sketches([sealed(values, 1_024)], WINDOW_POINTS)

    stated = sum(0.5 / points for points in (BLOCK_POINTS, 1_024, 1_024, WINDOW_POINTS, DELTA_POINTS, WINDOW_POINTS))
    assert stated < UNION
    assert rank_error(union, values) <= stated + 1 / len(values)


@given(seed=st.integers(0, 2**32), shape=SHAPES, late=st.integers(1, 40), rows=st.integers(1, 600))
@settings(max_examples=40, deadline=None)
def test_late_deltas_into_a_kept_window_add_one_small_error_each(seed: int, shape: str, late: int, rows: int) -> None:
    values = DATA[shape](np.random.default_rng(seed), 20_000 + late * rows)
    window = merge_sketches([sealed(part, 4_096) for part in np.array_split(values[:20_000], 4)])
    for start in range(20_000, len(values), rows):
        window = merge_sketches([window, sealed(values[start : start + rows], 4_096)])

    assert rank_error(window, values) <= UNION + late * 0.5 / WINDOW_POINTS


@given(parts=st.lists(numbers(max_size=40), max_size=6), order=st.randoms())
def test_small_sketches_merge_to_all_values_in_any_order(parts: list[list[float]], order: st.DataObject) -> None:
    sketches = [sketch_sorted(np.sort(array(part))) for part in parts]
    order.shuffle(sketches)  # type: ignore[attr-defined]

    merged = merge_sketches(sketches)

    assert merged.points.tolist() == np.sort(np.concatenate([array([]), *map(array, parts)])).tolist()


@given(values=numbers(min_size=1, max_size=600), size=st.integers(1, 300))
def test_one_compression_is_within_its_stated_error(values: list[float], size: int) -> None:
    sketch = sketch_sorted(np.sort(array(values)), size)

    assert rank_error(sketch, array(values)) <= sketch.rank_error + 1e-12


@given(
    parts=st.lists(st.tuples(numbers(min_size=1, max_size=80), st.integers(1, 60)), min_size=1, max_size=8),
    size=st.integers(1, 200),
)
def test_a_merge_errs_by_the_mean_of_its_parts_and_half_a_point(
    parts: list[tuple[list[float], int]], size: int
) -> None:
    sketches = [sketch_sorted(np.sort(array(values)), points) for values, points in parts]
    everything = np.concatenate([array(values) for values, _ in parts])

    merged = merge_sketches(sketches, size)

    errors = [rank_error(sketch, array(values)) for sketch, (values, _) in zip(sketches, parts, strict=True)]
    mean = sum(error * sketch.count for error, sketch in zip(errors, sketches, strict=True)) / merged.count
    assert rank_error(merged, everything) <= mean + 0.5 / len(merged.points) + 1e-9


@given(values=numbers(min_size=1, max_size=600), size=st.integers(1, 300), q=st.integers(0, 1_000))
def test_a_quantile_is_a_value_whose_rank_is_within_the_error(values: list[float], size: int, q: int) -> None:
    ordered = np.sort(array(values))
    sketch = sketch_sorted(ordered, size)

    found = sketch.quantile(q / 1_000)

    low, high = np.searchsorted(ordered, found, "left") + 1, np.searchsorted(ordered, found, "right")
    rank = max(1, -(-q * len(values) // 1_000))
    reach = sketch.rank_error * len(values) + 1
    assert low - reach <= rank <= high + reach
