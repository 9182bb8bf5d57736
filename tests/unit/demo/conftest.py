"""Makes the demo's package importable, and its flights and model once for all tests."""

import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[3] / "deploy" / "demo"
sys.path.insert(0, str(SOURCE))


@pytest.fixture(scope="session")
def flights():
    from flights_demo.data import load_flights

    return load_flights()


@pytest.fixture(scope="session")
def april(flights):
    """The flights of the first five days of the replay."""
    import pandas as pd

    rows = flights.rows
    return rows[(rows["month"] == 4) & (rows["day"] < pd.Timestamp("2013-04-06"))].reset_index(drop=True)
