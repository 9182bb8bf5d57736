"""Multivariate drift, from sums of many small parts, equals scikit-learn's principal components of the rows themselves to 1e-9."""

import numpy as np
import pandas as pd
import pytest

from tidegauge.core.baseline import build_baseline
from tidegauge.core.columns import ColumnKind
from tidegauge.core.moments import SecondMoments, merge_moments, second_moments, standard_of
from tidegauge_collector.core.reconstruction import components, reconstruction_error

from . import rows, witnesses


@pytest.mark.parametrize("data", ["flights", *rows.BUNDLED, "diabetes"])
def test_multivariate_reconstruction(data: str, flights: pd.DataFrame) -> None:
    pairs = rows.columns_of(data, flights)
    numeric = [name for name, (_, baseline) in pairs.items() if pd.api.types.is_numeric_dtype(baseline)]
    window, baseline = (pd.DataFrame({name: pairs[name][i] for name in numeric}).dropna() for i in (0, 1))
    varying = [name for name in numeric if baseline[name].std() > 0]

    columns = {name: baseline[name].to_numpy(float) for name in numeric}
    standard = standard_of(build_baseline(columns, dict.fromkeys(numeric, ColumnKind.NUMERIC)).bins)

    def in_parts(table: pd.DataFrame, parts: int) -> list[SecondMoments]:
        return [
            second_moments({name: table[name].to_numpy(float)[at] for name in numeric}, len(at), standard)
            for at in np.array_split(np.arange(len(table)), parts)
        ]

    known = components(in_parts(baseline, 5))
    found = reconstruction_error(merge_moments(in_parts(window, 7)), known)

    matrices = (window[varying].to_numpy(float), baseline[varying].to_numpy(float))
    assert known.columns == tuple(varying)
    assert found == pytest.approx(witnesses.ROWS["multivariate_reconstruction"].of(*matrices), rel=1e-9)
