"""Everything that the checks and the table look at, gathered once: what the demo knows by itself, and what the collector answers."""

from __future__ import annotations

import hashlib
import pickle
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import pandas as pd

from flights_demo.client import Client
from flights_demo.data import FEATURES, ZONE
from flights_demo.desk import Story
from flights_demo.ledger import Ledger, read_ledger
from flights_demo.plan import Plan
from flights_demo.receiver import Message
from flights_demo.schedule import Schedule

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Month:
    """A month (the part of it that was replayed) in New York's time; `start` and `end` in UTC."""

    number: int
    start: pd.Timestamp
    end: pd.Timestamp

    @property
    def name(self) -> str:
        return str(self.start.tz_convert(ZONE).strftime("%B"))


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """`rows`: the replayed flights, their `score` as the caller or (in doubt) the bare model had it; `stored`: by hex id."""

    plan: Plan
    rows: pd.DataFrame
    ledger: Ledger
    doubtful_predictions: set[str]
    doubtful_actuals: set[str]
    status: Json
    stored: list[Json]
    accuracy: list[tuple[Month, Json]]
    psi: list[Json]
    alerts: list[Json]
    messages: list[Message]
    costs: list[Json] = field(default_factory=list)
    kills: list[str] = field(default_factory=list)
    isolation: Json = field(default_factory=dict)
    stories: list[Story] = field(default_factory=list)

    @cached_property
    def stored_rows(self) -> pd.DataFrame:
        """The rows that are stored, with whether their truth is, too (`is_labelled`)."""
        labelled = {one["prediction_id"]: one["actual"] is not None for one in self.stored}
        found = [labelled.get(hex_id(one)) for one in self.rows["id"]]
        return self.rows.assign(is_labelled=found).dropna(subset="is_labelled").astype({"is_labelled": bool})

    def labelled(self, month: int) -> pd.DataFrame:
        """The rows of a month that are stored with their truth."""
        rows = self.stored_rows
        return rows[rows["is_labelled"] & (rows["month"] == month)]


def gather(
    plan: Plan, client: Client, status: Json, *, alerts: list[Json], messages: list[Message], **told: Any
) -> Evidence:
    """Read the ledger, ask the collector; `told` is what the run itself saw (`costs`, `kills`, `isolation`, `stories`)."""
    rows: pd.DataFrame = pd.read_pickle(plan.replay_file)
    ledger = read_ledger(plan.folder, plan.workers)
    doubtful_predictions, doubtful_actuals = rows_in_doubt(plan, rows, ledger)
    return Evidence(
        plan=plan,
        rows=with_scores(rows, ledger, pickle.loads(plan.model_file.read_bytes())),
        ledger=ledger,
        doubtful_predictions=doubtful_predictions,
        doubtful_actuals=doubtful_actuals,
        status=status,
        stored=list(client.predictions()),
        accuracy=measured_accuracy(client, months_of(rows["day"])),
        psi=client.measurements(metric="psi", column="*", step="day"),
        alerts=alerts,
        messages=messages,
        **told,
    )


def hex_id(prediction_id: str) -> str:
    """An id as the API shows it: BLAKE2b-128 of its text, computed here without the agent."""
    return hashlib.blake2b(prediction_id.encode(), digest_size=16).hexdigest()


def months_of(days: pd.Series) -> list[Month]:
    """The months of some days of New York, each from its first to its last day there."""
    months = []
    for number, inside in days.groupby(days.dt.month):
        start, end = inside.min(), inside.max() + pd.Timedelta(days=1)
        months.append(Month(int(str(number)), *(one.tz_localize(ZONE).tz_convert("UTC") for one in (start, end))))
    return months


def rows_in_doubt(plan: Plan, rows: pd.DataFrame, ledger: Ledger) -> tuple[set[str], set[str]]:
    """Ids of predictions and of actuals in the batches that a killed worker had begun and not settled."""
    schedules = [Schedule(rows, worker=one, workers=plan.workers) for one in range(plan.workers)]
    batches = [schedules[worker].batch(number) for worker, number in ledger.in_doubt]
    predictions = {one for batch in batches for one in batch.flights["id"]}
    return predictions, {one for batch in batches for one in batch.known["id"]}


def with_scores(rows: pd.DataFrame, ledger: Ledger, model: Any) -> pd.DataFrame:
    """The rows with the score that the caller got; where that was not written down any more, the bare model's."""
    scores = rows["id"].map(ledger.predictions)
    missing = scores.isna()
    if missing.any():
        scores[missing] = model.predict_proba(rows.loc[missing, FEATURES])[:, 1]
    return rows.assign(score=scores.astype("float64"))


def measured_accuracy(client: Client, months: list[Month]) -> list[tuple[Month, Json]]:
    """The collector's accuracy of each month."""
    found = []
    for month in months:
        start, end = (one.strftime("%Y-%m-%dT%H:%M:%SZ") for one in (month.start, month.end))
        found.append((month, client.measurements(metric="accuracy", start=start, end=end, step="total")[0]))
    return found
