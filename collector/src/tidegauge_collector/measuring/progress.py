"""How far a deployment is: what is stored, and up to where its event time is settled."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from tidegauge_collector.core.readiness import EpochProgress, settled_until
from tidegauge_collector.ingest.agents import LIVE_US, EpochSeen
from tidegauge_collector.telemetry.extent import low_watermarks, reach
from tidegauge_collector.telemetry.index import Mark
from tidegauge_collector.telemetry.store import TelemetryStore

LiveAgents = Callable[[], Sequence[EpochSeen]]


@dataclass(frozen=True, slots=True)
class Progress:
    """`settled_until_us`: everything before it is in. `live`: epochs of the deployment of which frames may still come or be folded."""

    settled_until_us: int | None
    data_start_us: int | None
    data_end_us: int | None
    agents: tuple[EpochSeen, ...]
    live: frozenset[bytes]


class Seen:
    """Who was heard of at one moment, for the progress of many deployments."""

    def __init__(self, epochs: Sequence[EpochSeen], folded: Mapping[bytes, Mark]) -> None:
        self.by_epoch = {one.epoch: one for one in epochs}
        self.has_newcomer = any(one.mark > 0 and one.epoch not in folded for one in epochs)
        self._named: dict[str, list[EpochSeen]] = {}
        for one in epochs:
            for name in one.deployments:
                self._named.setdefault(name, []).append(one)

    def of(self, deployment: str, epochs: Collection[bytes]) -> tuple[EpochSeen, ...]:
        """Those of the epochs, and those that said that they hold frames of the deployment."""
        found = {epoch: self.by_epoch[epoch] for epoch in epochs if epoch in self.by_epoch}
        return tuple((found | {one.epoch: one for one in self._named.get(deployment, ())}).values())


class ProgressReader:
    """Joins what the store has folded with which agents are alive.

    What counts is what is folded: an epoch is live until its end is folded, or it was not heard of for 5 minutes. Just after a start
    nobody has been heard of yet; then every epoch that did not end has 5 minutes to come back.
    """

    def __init__(self, store: TelemetryStore, agents: LiveAgents, now_us: Callable[[], int]) -> None:
        self._store = store
        self._agents = agents
        self._now_us = now_us
        self._started_us = now_us()
        self._raised: dict[tuple[bytes, str], EpochProgress] = {}  # with the time at which the watermark was first seen
        self._settled: dict[str, int] = {}  # what was said last

    def seen(self) -> Seen:
        """Who was heard of by now: for one pass over many deployments."""
        return Seen(self._agents(), self._store.index.marks)

    def read(self, deployment: str, seen: Seen | None = None) -> Progress:
        """The deployment's progress now, or by what was `seen` a moment ago."""
        seen = seen or self.seen()  # first: what is folded meanwhile is no newcomer
        now_us = self._now_us()
        watermarks = low_watermarks(self._store, deployment)
        folded = self._store.index.marks
        data = reach(self._store, deployment)
        by_epoch = seen.by_epoch
        live = frozenset(epoch for epoch in watermarks if self._is_live(folded.get(epoch), by_epoch.get(epoch), now_us))
        epochs = [
            self._progress(epoch, deployment, EpochProgress(watermarks[epoch], folded[epoch].received_us))
            for epoch in live
            if watermarks[epoch]
        ]
        self._forget(deployment, live)
        until = settled_until(epochs, now_us=now_us, data_end_us=data.last_event_us)
        has_unsaid = len(epochs) < len(live)  # a seal is folded in part: how far it is stands in its last frame
        if seen.has_newcomer or has_unsaid:  # whose frames, and of when, is known when they are folded
            until = self._settled.get(deployment)
        elif until is not None:
            self._settled[deployment] = until
        told = [epoch for epoch, said_us in watermarks.items() if said_us]
        return Progress(until, data.first_event_us, data.last_event_us, seen.of(deployment, told), live)

    def _is_live(self, folded: Mark | None, seen: EpochSeen | None, now_us: int) -> bool:
        if folded is None or folded.closed:
            return False
        heard_us = max(folded.received_us, self._started_us, seen.last_contact_us if seen is not None else 0)
        return now_us - heard_us <= LIVE_US

    def _progress(self, epoch: bytes, deployment: str, now: EpochProgress) -> EpochProgress:
        """What the epoch said when it raised its watermark: frames without rows (labels, events) make no replay of a pause."""
        before = self._raised.get((epoch, deployment))
        if before is None or before.watermark_us != now.watermark_us:
            self._raised[epoch, deployment] = before = now
        return before

    def _forget(self, deployment: str, live: Collection[bytes]) -> None:
        for key in list(self._raised):
            if key[1] == deployment and key[0] not in live:
                self._raised.pop(key, None)
