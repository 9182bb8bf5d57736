"""A week of real flights through agent, wire, fold and judging: a fifth of the flights change their airport, and only that is told.

The same on nine months and 20 seeds, without the way there: tests/unit/demo/test_drift_by_day.py.
"""

from pathlib import Path

import numpy as np
import pandas as pd
from collector_harbour import agent_at, harbour

NAME = "flights"
FEATURES = ["carrier", "origin", "hour"]
SHIFTED_FROM = "2013-04-10"


def week(flights: pd.DataFrame) -> pd.DataFrame:
    """8 to 13 April, on the last four days of which 20 % of the flights of all airports go from JFK to EWR."""
    day = pd.to_datetime(flights[["year", "month", "day"]])
    chosen = flights[(day >= "2013-04-08") & (day < "2013-04-14")].assign(date=day)
    rng = np.random.default_rng(3)
    for _, rows in chosen[chosen["date"] >= SHIFTED_FROM].groupby("date"):
        could = rows.index[rows["origin"] == "JFK"]
        chosen.loc[rng.choice(could, round(len(rows) / 5), replace=False), "origin"] = "EWR"
    return chosen


def test_a_fifth_of_the_mass_is_found_by_the_end_of_its_first_day_and_nothing_else_is(
    flights: pd.DataFrame, tmp_path: Path
) -> None:
    sent = week(flights)
    times = pd.to_datetime(sent["time_hour"], utc=True).tolist()

    with (
        harbour(tmp_path / "data") as port,
        agent_at(port, tmp_path / "spool", NAME, alerts="all", time_zone="America/New_York") as agent,
    ):
        agent.baseline(flights.loc[flights["month"] <= 3, FEATURES].iloc[::4])
        agent.record(sent[FEATURES], np.zeros(len(sent)), timestamps=times)
        port.ship(agent, end=True)
        port.settle()

        (alert,) = port.get("/alerts")["items"]
        days = port.values(NAME, "psi", column="origin", step="day")

    assert (alert["column"], alert["monitor"]) == ("origin", "drift")
    assert alert["opened_window"]["start"] == f"{SHIFTED_FROM}T04:00:00Z"
    assert [one["verdict"] for one in days[:2]] == ["ok", "ok"]
    assert {one["verdict"] for one in days[2:-1]} <= {"warning", "failing"}
    assert sum(one["n"] for one in days) == len(sent)
