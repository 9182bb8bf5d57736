"""The share of features that drifted: limit, chance over all columns together, and importance."""

import pytest

from tidegauge_collector.core.drift import JudgedColumn, drifted


def column(name, psi, p, *, rows=1_000, feature=True, weight=None):
    return JudgedColumn(name=name, psi=psi, p_value=p, rows=rows, is_feature=feature, weight=weight)


def test_shares_count_features_over_the_limit_that_chance_does_not_explain():
    found = drifted(
        [
            column("moved", 0.3, 1e-9, weight=0.7),
            column("by chance", 0.3, 0.2, weight=0.1),
            column("still", 0.01, 1e-9, weight=0.2),
            column("_prediction", 0.9, 1e-12, feature=False),
        ]
    )

    assert (found.names, found.judged) == (("moved",), 3)
    assert (found.share, found.weighted) == (pytest.approx(1 / 3), pytest.approx(0.7))


def test_all_columns_are_one_family_the_prediction_too():
    borderline = column("x", 0.3, 0.008)

    assert drifted([borderline]).share == 1.0
    assert drifted([borderline, column("_prediction", 0.0, 0.9, feature=False)]).share == 0.0


def test_what_cannot_be_judged_is_in_no_part_of_the_share():
    few, without_p, none = column("few", 0.5, 1e-9, rows=49), column("w", 0.5, None), column("n", None, None)

    assert drifted([few, without_p, none]).share is None
    assert drifted([few, without_p, none, column("still", 0.0, None)]).share == 0.0


def test_without_importance_there_is_no_weighted_share():
    assert drifted([column("x", 0.3, 1e-9)]).weighted is None
    assert drifted([]).share is None
