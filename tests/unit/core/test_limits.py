"""Limits as pairs, margins, and the exact chance of a breach; what trailing windows and draws teach."""

import numpy as np
import pytest
from scipy.stats import binom

from tidegauge_collector.core.drift import psi_rows
from tidegauge_collector.core.limits import binomial_p, nearest, normal_p, pair_of
from tidegauge_collector.core.monitors import Monitor, Verdict
from tidegauge_collector.core.spread import Spread, blocks_spread, drawn_spread, rate_spread, spread_of
from tidegauge_collector.core.trailing import History

DAY_US = 86_400_000_000


def rule(**fields: object) -> Monitor:
    return Monitor(**{"id": "m", "metric": "psi", "warning": 0.1, **fields})


@pytest.mark.parametrize(
    ("fields", "pair", "drawn_in"),
    [
        ({}, (None, 0.1), (None, 0.08)),
        ({"comparison": "below"}, (0.1, None), (0.12, None)),
        ({"comparison": "outside"}, (-0.1, 0.1), (-0.08, 0.08)),
        ({"comparison": "outside", "warning": (1.0, 2.0)}, (1.0, 2.0), (1.2, 1.6)),
        ({"comparison": "drop_from_baseline"}, (None, 0.1), (None, 0.08)),
        ({"limits": "trailing", "warning": 3}, (None, 16.0), (None, 14.8)),
        ({"limits": "trailing", "warning": 3, "comparison": "outside"}, (4.0, 16.0), (5.2, 14.8)),
    ],
)
def test_a_limit_is_a_pair_and_is_drawn_in_by_a_fraction_of_itself_or_of_its_reach(fields, pair, drawn_in):
    monitor, spread = rule(**fields), Spread(10.0, 2.0, 7, "trailing_windows")

    assert pair_of(monitor, monitor.warning, spread) == pytest.approx(pair)
    assert pair_of(monitor, monitor.warning, spread, margin=0.2) == pytest.approx(drawn_in)


def test_the_nearest_side_of_a_band_is_the_one_to_tell_of():
    assert nearest(0.9, (0.0, 1.0)) == 1.0
    assert nearest(0.9, (None, None)) is None


@pytest.mark.parametrize(("events", "n", "rate"), [(1, 50, 0.01), (3, 50, 0.01), (700, 10_000, 0.05)])
def test_the_chance_of_so_many_events_is_the_exact_one(events, n, rate):
    assert binomial_p(events, n, (None, rate)) == pytest.approx(binom.sf(events - 1, n, rate))
    assert binomial_p(events, n, (rate, None)) == pytest.approx(binom.cdf(events, n, rate))


def test_chance_at_the_edges():
    assert binomial_p(0, 50, (None, 0.01)) == 1.0
    assert binomial_p(1, 50, (None, 0.0)) == 0.0
    assert binomial_p(50, 50, (None, 1.0)) == 1.0
    assert normal_p(1.0, 0.0, (None, 0.5)) == 0.0
    assert normal_p(0.7, 0.1, (None, 0.5)) == pytest.approx(0.02275, abs=1e-5)


def test_a_spread_needs_five_windows_and_passes_over_what_is_not_finite():
    assert spread_of([1, 2, 3, 4], "x") is None
    assert spread_of([1, 2, 3, 4, 5, float("nan")], "x") == Spread(3.0, pytest.approx(2**0.5), 5, "x")


def test_draws_are_the_same_every_time_and_shrink_with_the_rows():
    counts = np.array([400.0, 300.0, 200.0, 100.0])

    def of(n: int) -> Spread | None:
        return drawn_spread(counts, n, lambda drawn: psi_rows(drawn, counts))

    assert of(100) == of(100)
    assert of(100).mean == pytest.approx(3 / 100, rel=0.2)  # chi-square with 3 degrees of freedom over n
    assert of(1_000).mean < of(100).mean / 5


def test_blocks_of_the_baseline_are_used_where_there_are_ten_of_them():
    values = np.arange(1_000) % 10 / 10.0

    of_blocks = blocks_spread(1_000, 50, lambda places: float(values[places].mean()))
    of_draws = blocks_spread(1_000, 500, lambda places: float(values[places].mean()))

    assert (of_blocks.method, of_blocks.windows) == ("baseline_blocks", 20)
    assert of_draws.method == "drawn_from_baseline"
    assert of_draws.mean == pytest.approx(0.45, abs=0.01)
    assert rate_spread(0.5, 100).deviation == pytest.approx(0.05)


def test_trailing_windows_leave_out_overlaps_failures_and_excluded_times():
    monitor = rule(
        limits="trailing",
        warning=3,
        trailing_windows=5,
        exclude_ranges=("1970-01-03T00:00:00Z/1970-01-04T00:00:00Z",),
    )
    history = History(monitor)
    for day in range(1, 10):
        verdict = Verdict.FAILING if day == 5 else Verdict.OK
        history.add(((day - 1) * DAY_US, day * DAY_US, float(day), verdict, None))

    assert history.spread_before(8 * DAY_US).mean == pytest.approx((2 + 4 + 6 + 7 + 8) / 5)
    assert history.spread_before(5 * DAY_US) is None
