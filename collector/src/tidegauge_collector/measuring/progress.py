"""How far a deployment is: what is stored, and up to where its event time is settled."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tidegauge_collector.core.readiness import EpochProgress, settled_until
from tidegauge_collector.ingest.agents import EpochSeen
from tidegauge_collector.telemetry.extent import extent, low_watermarks, marks
from tidegauge_collector.telemetry.store import TelemetryStore

LiveAgents = Callable[[], Sequence[EpochSeen]]


@dataclass(frozen=True, slots=True)
class Progress:
    """`settled_until_us`: everything before it is in. `live`: epochs of the deployment that may still send."""

    settled_until_us: int | None
    data_start_us: int | None
    data_end_us: int | None
    agents: tuple[EpochSeen, ...]
    live: tuple[EpochSeen, ...]


class ProgressReader:
    """Joins what the store has folded with which agents are alive."""

    def __init__(self, store: TelemetryStore, agents: LiveAgents, now_us: Callable[[], int]) -> None:
        self._store = store
        self._agents = agents
        self._now_us = now_us
        self._raised: dict[tuple[bytes, str], EpochProgress] = {}  # with the time at which the watermark was first seen

    def read(self, deployment: str) -> Progress:
        """The deployment's progress now."""
        now_us = self._now_us()
        watermarks = low_watermarks(self._store, deployment)
        received = marks(self._store)
        seen = extent(self._store, deployment)
        mine = tuple(one for one in self._agents() if one.epoch in watermarks or deployment in one.deployments)
        live = tuple(one for one in mine if one.is_live(now_us))
        epochs = [
            self._progress(one.epoch, deployment, EpochProgress(watermarks[one.epoch], received[one.epoch].received_us))
            for one in live
            if one.epoch in watermarks and one.epoch in received
        ]
        self._forget(deployment, {one.epoch for one in live})
        until = settled_until(epochs, now_us=now_us, data_end_us=seen.last_event_us)
        return Progress(until, seen.first_event_us, seen.last_event_us, mine, live)

    def _progress(self, epoch: bytes, deployment: str, now: EpochProgress) -> EpochProgress:
        """What the epoch said when it raised its watermark: frames without rows (labels, events) make no replay of a pause."""
        before = self._raised.get((epoch, deployment))
        if before is None or before.watermark_us != now.watermark_us:
            self._raised[epoch, deployment] = before = now
        return before

    def _forget(self, deployment: str, live: set[bytes]) -> None:
        for key in list(self._raised):
            if key[1] == deployment and key[0] not in live:
                self._raised.pop(key, None)
