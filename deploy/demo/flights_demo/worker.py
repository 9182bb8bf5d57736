"""A replay worker: a process that serves its share of the flights through the wrapped model, as a model service would.

    python -m flights_demo.worker PLAN NUMBER

Prints progress as JSON lines. Killed at any point and started again, it goes on behind the last batch that it had begun.
"""

from __future__ import annotations

import json
import pickle
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import tidegauge
from flights_demo.data import FEATURES
from flights_demo.ledger import LedgerWriter
from flights_demo.pace import Pace
from flights_demo.plan import DEPLOYMENT, Plan, load_plan
from flights_demo.schedule import Batch, Schedule


class Stopwatch:
    """A method that remembers how long its calls took (ns); put beneath the wrap, it tells the model's time from the agent's."""

    def __init__(self, method: Any) -> None:
        self._method = method
        self.spent_ns: list[int] = []

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        started = time.perf_counter_ns()
        try:
            return self._method(*args, **kwargs)
        finally:
            self.spent_ns.append(time.perf_counter_ns() - started)


class Replay:
    """One worker's life: its schedule through the watched model, its ledger beside it."""

    def __init__(self, plan: Plan, worker: int) -> None:
        rows: pd.DataFrame = pd.read_pickle(plan.replay_file)
        model = pickle.loads(plan.model_file.read_bytes())
        self._inner = model.predict_proba = Stopwatch(model.predict_proba)
        self._plan, self._worker = plan, worker
        self._agent = tidegauge.init(DEPLOYMENT, **plan.agent_options)
        self._model = self._agent.watch(model)
        self._outer = Stopwatch(self._model.predict_proba)
        self._schedule = Schedule(rows, worker=worker, workers=plan.workers)
        self._ledger = LedgerWriter(plan.folder, worker)
        self._pace = Pace(plan.folder, worker=worker, workers=plan.workers, spread=plan.spread_hours)

    def run(self) -> None:
        """Serve everything that has not been begun yet; durable on return."""
        for count, batch in enumerate(self._schedule.batches(self._ledger.next_batch), start=1):
            self._pace.reach(batch.number)
            self._ledger.begin(batch.number)
            self._ledger.sent(batch, self._serve(batch))
            if count % self._plan.flush_every == 0:
                self._settle(batch.number + 1)
        self._settle(self._schedule.hours)
        self._pace.finish()
        tell("done", worker=self._worker, **self.cost(), dropped=self._agent.status()["dropped"])
        self._ledger.close()
        self._pace.close()

    def _serve(self, batch: Batch) -> list[float]:
        scores: list[float] = []
        if len(batch.flights):
            ids, times = batch.flights["id"].tolist(), batch.flights["event"].to_numpy()
            with self._agent.context(prediction_ids=ids, timestamps=times):
                scores = self._outer(batch.flights[FEATURES])[:, 1].tolist()
        if len(batch.known):
            ids, times = batch.known["id"].tolist(), batch.known["known_at"].to_numpy()
            self._agent.actuals(ids, batch.known["late"].to_numpy(), timestamps=times)
        return scores

    def _settle(self, done: int) -> None:
        self._agent.flush()
        self._ledger.settle()
        tell("progress", worker=self._worker, hours=done, of=self._schedule.hours)

    def cost(self) -> dict[str, Any]:
        """What a call cost, in microseconds: the model itself (median), and what the wrap added (median, 99th percentile)."""
        inner, outer = np.array(self._inner.spent_ns), np.array(self._outer.spent_ns)
        if not len(inner):
            return {"calls": 0}
        added = (outer - inner) / 1e3
        return {
            "calls": len(inner),
            "model_us": float(np.median(inner) / 1e3),
            "added_us": float(np.median(added)),
            "added_p99_us": float(np.quantile(added, 0.99)),
        }


def tell(kind: str, **facts: Any) -> None:
    """One line to the parent."""
    print(json.dumps({"kind": kind, **facts}), flush=True)


def main(arguments: Sequence[str]) -> None:
    """Entry point of the process."""
    Replay(load_plan(Path(arguments[0])), int(arguments[1])).run()


if __name__ == "__main__":
    main(sys.argv[1:])
