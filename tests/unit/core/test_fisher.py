"""Fisher's exact test against SciPy's, from tiny tables to far tails."""

import pytest
from scipy.stats import fisher_exact

from tidegauge_collector.core.fisher import fisher_p_value


@pytest.mark.parametrize(
    "table",
    [
        (8, 2, 1, 5),
        (0, 10, 10, 0),
        (1, 24, 5, 47),
        (3, 1, 1, 3),
        (50, 50, 500, 500),
        (30, 70, 500, 500),
        (0, 200, 40, 4960),
        (200, 0, 4960, 40),
        (3_100, 6_900, 50_000, 50_000),
        (300_300, 699_700, 3_000_000, 7_000_000),
    ],
)
def test_p_equals_scipys(table):
    a, b, c, d = table

    assert fisher_p_value(*table) == pytest.approx(fisher_exact([[a, b], [c, d]]).pvalue, rel=1e-9)


@pytest.mark.parametrize("table", [(5, 0, 7, 0), (0, 0, 3, 4), (0, 0, 0, 0)])
def test_margins_that_allow_one_table_only_give_one(table):
    assert fisher_p_value(*table) == 1.0


def test_a_difference_too_great_for_a_float_gives_zero():
    assert fisher_p_value(0, 1_000_000, 1_000_000, 0) == 0.0
