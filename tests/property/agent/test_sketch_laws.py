"""A sketch's error bound, whatever the data, the splitting and the order."""

import itertools

import numpy as np
from agent_strategies import array, numbers
from hypothesis import given, settings
from hypothesis import strategies as st

from tidegauge.core.sketch import DELTA_POINTS, WINDOW_POINTS, QuantileSketch, merge_sketches, sketch_sorted

QUANTILES = np.linspace(0.005, 0.995, 100)


def largest_rank_error(sketch: QuantileSketch, values: np.ndarray) -> float:
    """How far, as a share of the rows, the ranks of the sketch's quantiles are from what was asked for."""
    ordered = np.sort(values)
    found = np.array([sketch.quantile(float(round(q, 3))) for q in QUANTILES])
    low, high = (
        np.searchsorted(ordered, found, "left") / len(values),
        np.searchsorted(ordered, found, "right") / len(values),
    )
    return float(np.maximum(np.maximum(low - QUANTILES, QUANTILES - high), 0.0).max())


def parts_of(values: np.ndarray, cuts: list[int]) -> list[np.ndarray]:
    bounds = sorted({0, len(values), *(cut % (len(values) + 1) for cut in cuts)})
    return [values[a:b] for a, b in itertools.pairwise(bounds)]


@given(
    seed=st.integers(0, 2**32),
    shape=st.sampled_from(["normal", "lognormal", "integers", "drifting"]),
    cuts=st.lists(st.integers(0, 60_000), min_size=1, max_size=60),
)
@settings(max_examples=60, deadline=None)
def test_the_union_of_many_deltas_is_within_half_a_percent_in_any_order(seed: int, shape: str, cuts: list[int]) -> None:
    rng = np.random.default_rng(seed)
    values = {
        "normal": lambda: rng.normal(size=60_000),
        "lognormal": lambda: rng.lognormal(sigma=3, size=60_000),
        "integers": lambda: rng.integers(0, 12, 60_000).astype(float),
        "drifting": lambda: rng.normal(size=60_000) + np.arange(60_000) / 5_000,
    }[shape]()
    deltas = [sketch_sorted(np.sort(part), DELTA_POINTS) for part in parts_of(values, cuts)]
    rng.shuffle(deltas)  # type: ignore[arg-type]

    merged = merge_sketches(deltas, WINDOW_POINTS)

    assert merged.count == 60_000
    assert largest_rank_error(merged, values) <= 0.005


@given(parts=st.lists(numbers(max_size=40), max_size=6), order=st.randoms())
def test_small_sketches_merge_to_all_values_in_any_order(parts: list[list[float]], order: st.DataObject) -> None:
    sketches = [sketch_sorted(np.sort(array(part))) for part in parts]
    order.shuffle(sketches)  # type: ignore[attr-defined]

    merged = merge_sketches(sketches)

    assert merged.points.tolist() == np.sort(np.concatenate([array([]), *map(array, parts)])).tolist()


@given(values=numbers(min_size=1, max_size=600), size=st.integers(1, 300))
def test_ranks_of_one_compression_are_within_its_stated_error(values: list[float], size: int) -> None:
    ordered = np.sort(array(values))
    sketch = sketch_sorted(ordered, size)

    distinct = np.unique(ordered)
    below = sketch.counts_below(distinct)
    exact = np.searchsorted(ordered, distinct, "left")

    assert np.abs(below - exact).max() <= sketch.rank_error * len(values) + 1
