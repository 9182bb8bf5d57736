"""The training job: trains the model, tells Tidegauge its baseline, and leaves model and flights for the workers.

    python -m flights_demo.trainer PLAN

A process of its own, so that its telemetry ends with it and the parent stays small.
"""

from __future__ import annotations

import pickle
import sys
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

import tidegauge
from flights_demo.data import FEATURES, TRAINING_MONTHS, load_flights
from flights_demo.model import Trained, train
from flights_demo.plan import DEPLOYMENT, Plan, load_plan
from flights_demo.shift import apply_shift, parse_shift
from flights_demo.worker import tell

DURATION_BINS = [60.0, 90.0, 120.0, 150.0, 180.0, 210.0, 240.0, 300.0, 360.0]
"""Bins of our own: deciles hover about the warning all October, half hours show the summer's shorter timetable in one piece."""
FIRST_DAY = pd.Timestamp("2013-04-01")


def prepare(plan: Plan) -> None:
    """Do the training job of a plan."""
    flights = load_flights()
    tell("read", read=flights.read, unknown=flights.unknown)
    trained = train(flights.rows)
    plan.model_file.write_bytes(pickle.dumps(trained.model))
    replay = replayed(flights.rows, plan)
    replay.to_pickle(plan.replay_file)
    send_baseline(trained, plan)
    tell(
        "trained",
        rows=trained.training_rows,
        holdout=len(trained.holdout),
        accuracy=trained.accuracy,
        auc=trained.auc,
        importance=trained.importance,
        replayed=len(replay),
    )


def replayed(rows: pd.DataFrame, plan: Plan) -> pd.DataFrame:
    """The flights behind the training months, up to the plan's days, with its shift."""
    inside = (rows["month"] > TRAINING_MONTHS) & (rows["day"] < FIRST_DAY + pd.Timedelta(days=plan.days))
    chosen = rows[inside].reset_index(drop=True)
    return apply_shift(chosen, parse_shift(plan.shift)) if plan.shift else chosen


def send_baseline(trained: Trained, plan: Plan) -> None:
    """Tell the agent what the holdout looked like and how the model did on it."""
    agent = tidegauge.init(DEPLOYMENT, **plan.agent_options)
    agent.baseline(
        trained.holdout[FEATURES],
        predictions=trained.scores,
        actuals=trained.holdout["late"].to_numpy(),
        importance=trained.importance,
        bins={"scheduled_minutes": DURATION_BINS},
        model=trained.model,
    )
    agent.flush()


def main(arguments: Sequence[str]) -> None:
    """Entry point of the process."""
    prepare(load_plan(Path(arguments[0])))


if __name__ == "__main__":
    main(sys.argv[1:])
