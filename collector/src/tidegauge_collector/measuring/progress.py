"""How far a deployment is: what is stored, and up to where its event time is settled."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from tidegauge_collector.core.readiness import EpochProgress, settled_until
from tidegauge_collector.ingest.agents import LIVE_US, EpochSeen
from tidegauge_collector.measuring.kept import Kept
from tidegauge_collector.telemetry.extent import Extent, low_watermarks, marks
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


class ProgressReader:
    """Joins what the store has folded with which agents are alive.

    What counts is what is folded: an epoch is live until its end is folded, or it was not heard of for 5 minutes. Just after a start
    nobody has been heard of yet; then every epoch that did not end has 5 minutes to come back.
    """

    def __init__(
        self, store: TelemetryStore, extents: Kept[Extent], agents: LiveAgents, now_us: Callable[[], int]
    ) -> None:
        self._store = store
        self._extents = extents
        self._agents = agents
        self._now_us = now_us
        self._started_us = now_us()
        self._raised: dict[tuple[bytes, str], EpochProgress] = {}  # with the time at which the watermark was first seen
        self._settled: dict[str, int] = {}  # what was said last

    def read(self, deployment: str) -> Progress:
        """The deployment's progress now."""
        seen = {one.epoch: one for one in self._agents()}  # first: what is folded meanwhile is no newcomer
        now_us = self._now_us()
        watermarks = low_watermarks(self._store, deployment)
        folded = marks(self._store)
        data = self._extents.of(deployment)
        live = frozenset(epoch for epoch in watermarks if self._is_live(folded.get(epoch), seen.get(epoch), now_us))
        epochs = [
            self._progress(epoch, deployment, EpochProgress(watermarks[epoch], folded[epoch].received_us))
            for epoch in live
        ]
        self._forget(deployment, live)
        until = settled_until(epochs, now_us=now_us, data_end_us=data.last_event_us)
        if any(_is_newcomer(one, folded.get(one.epoch)) for one in seen.values()):
            until = self._settled.get(deployment)  # whose its frames are, and of when, is known when they are folded
        elif until is not None:
            self._settled[deployment] = until
        mine = tuple(one for one in seen.values() if one.epoch in watermarks or deployment in one.deployments)
        return Progress(until, data.first_event_us, data.last_event_us, mine, live)

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


def _is_newcomer(one: EpochSeen, folded: Mark | None) -> bool:
    """Whether frames of an epoch were acknowledged and none is folded yet."""
    return one.mark > 0 and folded is None
