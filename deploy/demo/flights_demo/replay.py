"""The replay as the parent sees it: workers at work, their progress as bars, and what `--chaos` does to them."""

from __future__ import annotations

import queue
import time
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from flights_demo.chaos import Chaos, Victim
from flights_demo.client import Client
from flights_demo.collector import CollectorProcess
from flights_demo.plan import Plan
from flights_demo.processes import Child, Fact

POLL_S = 0.2
STATUS_S = 2.0


class Replaying:
    """The workers of one replay; `close` ends those that still run."""

    def __init__(self, plan: Plan, collector: CollectorProcess, console: Console, *, total: int) -> None:
        self._collector, self._console, self._total = collector, console, total
        self._facts: queue.Queue[Fact] = queue.Queue()
        self._done = [0.0] * plan.workers
        self._settled_last = 0  # the worker that settled last
        self._asked_s = 0.0
        self.costs: list[dict[str, Any]] = []
        self.kills: list[str] = []
        log = Path(plan.data) / "workers.log"
        plan_file = str(plan.save())
        self._workers = [Child("worker", plan_file, str(n), log=log, facts=self._facts) for n in range(plan.workers)]

    def run(self, *, chaos: bool) -> None:
        """Return when every flight was served. Raises ProcessError or CollectorError where something ended by itself."""
        plan_of_kills = Chaos() if chaos else Chaos([])
        with _bars(self._console) as bars:
            tasks = [
                bars.add_task(f"worker {n + 1}", total=None, unit="event hours") for n in range(len(self._workers))
            ]
            stored = bars.add_task("collector", total=self._total, unit="flights stored")
            while self._is_going_on():
                self._listen(bars, tasks)
                self._collector.check()
                self._show_stored(bars, stored)
                for victim in plan_of_kills.due(min(self._done)):
                    self._kill(victim)

    def close(self) -> None:
        """End the workers that still run."""
        for one in self._workers:
            one.stop()

    def _is_going_on(self) -> bool:
        ended = [one.ended for one in self._workers]  # all are asked: one that failed keeps the others waiting
        return not all(ended) or not self._facts.empty()

    def _listen(self, bars: Progress, tasks: list[TaskID]) -> None:
        try:
            fact = self._facts.get(timeout=POLL_S)
        except queue.Empty:
            return
        worker = fact["worker"]
        if fact["kind"] == "progress":
            self._done[worker] = fact["hours"] / fact["of"]
            self._settled_last = worker
            bars.update(tasks[worker], completed=fact["hours"], total=fact["of"])
        elif fact["kind"] == "done":
            self.costs.append(fact)

    def _show_stored(self, bars: Progress, task: TaskID) -> None:
        if time.monotonic() - self._asked_s >= STATUS_S:
            self._asked_s = time.monotonic()
            status = Client(self._collector.http).status()
            if status is not None:
                bars.update(task, completed=status["stored"]["predictions"])

    def _kill(self, victim: Victim) -> None:
        self.kills.append(victim)
        self._console.print(f"[red]kill -9[/] {victim} at {min(self._done):.0%} of the replay, and starting it again")
        if victim == "collector":
            self._collector.kill()
            self._collector.start()
        else:
            other = self._workers[self._settled_last - 1]  # in the middle of its work, not just done with a part
            other.kill()
            other.start()


def _bars(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description:<10}"),
        BarColumn(bar_width=None),
        MofNCompleteColumn(),
        TextColumn("{task.fields[unit]}"),
        TimeElapsedColumn(),
        console=console,
    )
