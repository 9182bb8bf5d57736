"""Drives series of one deployment through the real core into a real store, one judged day after the other."""

import functools
import tempfile
from pathlib import Path

from tidegauge_collector.control import AlertRow, ControlStore
from tidegauge_collector.control.telling import Bulletin, Terms
from tidegauge_collector.core.alerts import SeriesState, advance
from tidegauge_collector.core.default_monitors import DRIFT
from tidegauge_collector.core.judging import Observation, SeriesKey, judge
from tidegauge_collector.core.routing import Route, Routing

DAY_US = 86_400 * 1_000_000
START_US = 1_795_392_000_000_000  # 2026-11-23T00:00:00Z
QUIET, WARNING, FAILING = 0.01, 0.15, 0.31


@functools.cache
def _empty() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        ControlStore.open(path := Path(folder) / "control.sqlite").close()
        return path.read_bytes()


def fresh_store(path: Path) -> ControlStore:
    """An empty store: a copy of one that all migrations have made, which takes longer than a whole test."""
    path.write_bytes(_empty())
    return ControlStore.open(path)


def plain_body(bulletin: Bulletin) -> bytes:
    return f"{bulletin.key} {bulletin.seq} {bulletin.event_type}".encode()


class Timeline:
    """`judge(value)` is the next day's psi of one column; it opens, changes and resolves alerts as the core says, and tells of them.

    The channels are webhooks by default (`kind`), which hear of every alert at once.
    """

    def __init__(
        self,
        store: ControlStore,
        *,
        column="temp",
        deployment="flights",
        channels=("ops",),
        render=plain_body,
        kind="webhook",
        routes: tuple[Route, ...] = (),
    ):
        self.store, self.deployment, self.render = store, deployment, render
        self.routing = Routing(routes, dict.fromkeys(channels, kind))
        self.series = SeriesKey(metric="psi", column=column, segment="", version="2026-11")
        self.day = 0
        store.ensure_deployment(deployment, proposal={}, now_us=START_US)

    def update(self, value: float):
        """The next day's update, as judging would hand it over."""
        self.day += 1
        end_us = START_US + self.day * DAY_US
        seen = Observation(
            series=self.series,
            window_start_us=end_us - DAY_US,
            window_end_us=end_us,
            value=value,
            reason=None,
            n=400,
            p_value=0.0001,
        )
        before = self.store.series_states(self.deployment).get((DRIFT.id, self.series), SeriesState())
        state, transition = advance(DRIFT, before, judge(DRIFT, [seen])[0])
        return DRIFT.id, self.series, state, transition

    def record(self, update, *, now_us: int | None = None) -> list[AlertRow]:
        at_us = START_US + self.day * DAY_US if now_us is None else now_us
        return self.store.record_transitions(self.deployment, [update], routing=self.routing, now_us=at_us)

    def tell(self, now_us: int) -> list[str]:
        """Tell what is due; returns the delivery ids."""
        channels = list(self.routing.kinds)
        terms = Terms(self.routing, self.store.silences.listed(ending_after_us=now_us), now_us)
        due = self.store.due_threads(channels, now_us=now_us, limit=100_000)
        return [made for thread in due if (made := self.store.tell(thread, terms, self.render)) is not None]

    def judge(self, *values: float, now_us: int | None = None) -> list[AlertRow]:
        touched = []
        for value in values:
            touched += self.record(self.update(value), now_us=now_us)
            self.tell(START_US + self.day * DAY_US if now_us is None else now_us)
        return touched
