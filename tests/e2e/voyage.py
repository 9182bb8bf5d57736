"""Three days of a watched scikit-learn model with labels that come later, kept beside as raw rows: what the service must agree with."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OrdinalEncoder

NAME = "flights"
START = datetime(2025, 6, 2, 4, tzinfo=UTC)  # midnight in New York
DAYS, ROWS_A_DAY, ROWS_A_CALL = 3, 320, 40
CARRIERS = ["AA", "DL", "UA"]
FEATURES = ["temp", "wind", "carrier"]


def make_rows(rng: np.random.Generator, n: int, *, shift: float = 0.0) -> pd.DataFrame:
    """Features and what came of it; wind is missing in a tenth of the rows."""
    temp = rng.normal(60 + shift, 12, n)
    wind = np.where(rng.random(n) < 0.1, np.nan, rng.gamma(2.0, 5.0, n))
    carrier = rng.choice(CARRIERS, n, p=[0.5, 0.3, 0.2])
    risk = 1 / (1 + np.exp(-(np.nan_to_num(wind) - 12) / 5 + (carrier == "UA")))
    return pd.DataFrame({"temp": temp, "wind": wind, "carrier": carrier, "late": (rng.random(n) < risk).astype(int)})


@dataclass
class Voyage:
    """The model, its training rows, and every production row with its time, id, score and (mostly) its truth."""

    model: Any
    train: pd.DataFrame
    rows: pd.DataFrame
    calls: list[pd.DataFrame]

    def day(self, number: int) -> pd.DataFrame:
        """The rows of a local day."""
        start = pd.Timestamp(START) + pd.Timedelta(days=number)
        return self.rows[(self.rows.moment >= start) & (self.rows.moment < start + pd.Timedelta(days=1))]

    @property
    def labelled(self) -> pd.DataFrame:
        return self.rows[self.rows.known]


def make_voyage() -> Voyage:
    """The same every time; the third day is warmer."""
    rng = np.random.default_rng(20250602)
    train = make_rows(rng, 1_000)
    encoder = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
    model = make_pipeline(
        ColumnTransformer([("carrier", encoder, ["carrier"])], remainder="passthrough"),
        HistGradientBoostingClassifier(max_iter=8, random_state=1),
    ).fit(train[FEATURES], train.late)
    days = []
    for number in range(DAYS):
        day = make_rows(rng, ROWS_A_DAY, shift=15.0 if number == 2 else 0.0)
        seconds = np.sort(rng.integers(0, 86_400_000_000, ROWS_A_DAY))
        day["moment"] = pd.Timestamp(START) + pd.Timedelta(days=number) + pd.to_timedelta(seconds, unit="us")
        days.append(day)
    rows = pd.concat(days, ignore_index=True)
    rows["id"] = [f"flight-{i}" for i in range(len(rows))]
    rows["known"] = rng.random(len(rows)) < 0.9
    rows["score"] = model.predict_proba(rows[FEATURES])[:, 1]
    calls = [rows.iloc[i : i + ROWS_A_CALL] for i in range(0, len(rows), ROWS_A_CALL)]
    return Voyage(model, train, rows, calls)


def numeric_counts(baseline: Any, values: Any) -> np.ndarray[Any, Any]:
    """Counts in the reference bins of STATISTICS (continuous data: deciles, no points) and of missing values, from raw rows."""
    known = np.sort(np.asarray(baseline, dtype=float)[~np.isnan(baseline)])
    edges = [known[0], *(known[-(-k * len(known) // 10) - 1] for k in range(1, 10))]
    values = np.asarray(values, dtype=float)
    finite = values[~np.isnan(values)]
    places = np.searchsorted(edges, finite, side="right")
    places[finite > known[-1]] = len(edges) + 1
    return np.append(np.bincount(places, minlength=len(edges) + 2), np.isnan(values).sum())


def psi(window: Any, baseline: Any) -> float:
    """Σ (p−q) ln(p/q), shares raised to 1e-4 and renormalised; bins empty on both sides dropped."""
    used = (window > 0) | (baseline > 0)
    p, q = (np.maximum(counts[used] / counts.sum(), 1e-4) for counts in (window, baseline))
    p, q = p / p.sum(), q / q.sum()
    return float(np.sum((p - q) * np.log(p / q)))
