"""Data for the agent's laws."""

import math

import numpy as np
from hypothesis import strategies as st

FINITE = st.floats(allow_nan=False, allow_infinity=False, width=32)
FEW_VALUES = st.sampled_from([-3.5, -1.0, 0.0, 1.0, 2.5, math.nextafter(2.5, 3.0), 7.0])


def numbers(min_size: int = 0, max_size: int = 200) -> st.SearchStrategy[list[float]]:
    """Lists of finite numbers: wide, or with many repetitions."""
    wide = st.lists(FINITE, min_size=min_size, max_size=max_size)
    repeated = st.lists(FEW_VALUES, min_size=min_size, max_size=max_size)
    return st.one_of(wide, repeated)


def array(values: list[float]) -> np.ndarray:
    return np.array(values, dtype=np.float64)
