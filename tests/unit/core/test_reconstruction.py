"""Multivariate drift from second moments: equal to a principal component analysis of the rows themselves."""

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer

from tidegauge.core.baseline import build_baseline
from tidegauge.core.columns import ColumnKind
from tidegauge.core.moments import merge_moments, second_moments, standard_of
from tidegauge_collector.core.reconstruction import components, reconstruction_error


@pytest.fixture(scope="module")
def table():
    return load_breast_cancer().data


@pytest.fixture(scope="module")
def baseline(table):
    columns = {f"f{i}": values for i, values in enumerate(table[:400].T)}
    return build_baseline(columns, dict.fromkeys(columns, ColumnKind.NUMERIC))


def moments(rows, baseline):
    return second_moments({f"f{i}": values for i, values in enumerate(rows.T)}, len(rows), standard_of(baseline.bins))


def test_the_error_is_that_of_the_rows_themselves(table, baseline):
    mean, deviation = table[:400].mean(axis=0), table[:400].std(axis=0)
    z = [(part - mean) / deviation for part in (table[:400], table[400:])]
    values, vectors = np.linalg.eigh(z[0].T @ z[0] / 400)
    kept = np.searchsorted(np.cumsum(values[::-1]) / values.sum(), 0.65) + 1
    v = vectors[:, ::-1][:, :kept]
    by_rows = [np.square(one - one @ v @ v.T).sum(axis=1).mean() / 30 for one in z]

    known = components(baseline.moment_blocks)

    assert known.vectors.shape == (30, kept)
    assert known.baseline_error == pytest.approx(by_rows[0], rel=1e-9)
    assert reconstruction_error(moments(table[400:], baseline), known) == pytest.approx(by_rows[1], rel=1e-9)


def test_the_threshold_is_mean_plus_three_deviations_over_the_blocks(table, baseline):
    known = components(baseline.moment_blocks)
    blocks = [moments(table[i * 20 : i * 20 + 20], baseline) for i in range(20)]

    errors = [reconstruction_error(one, known) for one in blocks]

    assert known.threshold == pytest.approx(np.mean(errors) + 3 * np.std(errors), rel=1e-9)


def test_features_that_part_are_seen_though_each_looks_as_before(table, baseline):
    rng = np.random.default_rng(0)
    known = components(baseline.moment_blocks)
    shuffled = np.column_stack([rng.permutation(values) for values in table[:400].T])

    assert reconstruction_error(moments(table[:400], baseline), known) < known.threshold
    assert reconstruction_error(moments(shuffled, baseline), known) > known.threshold


def test_moments_of_parts_give_what_the_whole_gives(table, baseline):
    known = components(baseline.moment_blocks)
    parts = [moments(part, baseline) for part in np.array_split(table[400:], 7)]

    whole = reconstruction_error(moments(table[400:], baseline), known)

    assert reconstruction_error(merge_moments(parts), known) == pytest.approx(whole, rel=1e-12)


def test_rows_that_are_missing_everywhere_lie_at_the_mean(baseline):
    known = components(baseline.moment_blocks)

    assert reconstruction_error(moments(np.full((5, 30), np.nan), baseline), known) == 0.0


def test_without_rows_or_moments_there_is_nothing(baseline):
    assert components(()) is None
    assert reconstruction_error(moments(np.empty((0, 30)), baseline), components(baseline.moment_blocks)) is None


def test_moments_of_other_columns_are_refused(baseline):
    other = second_moments({}, 0, standard_of(build_baseline({}, {}).bins))

    with pytest.raises(ValueError, match="moments are of 0 columns"):
        reconstruction_error(other, components(baseline.moment_blocks))
