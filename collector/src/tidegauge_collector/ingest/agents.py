"""Who ships here: one value per epoch seen, for `/status` and for the readiness of windows."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from tidegauge.wire import telemetry_pb2 as pb
from tidegauge_collector.ingest.roster import MAX_DEPLOYMENTS, Roster, printable

LIVE_US = 5 * 60 * 1_000_000
MAX_EPOCHS = 20_000


@dataclass(frozen=True, slots=True)
class EpochSeen:
    """An epoch and who ships it. `skew_s`: the agent's clock minus ours, None before the first Hello (network time included)."""

    epoch: bytes
    host: str
    pid: int
    agent_version: str
    instance_id: str
    last_contact_us: int
    mark: int
    closed: bool
    skew_s: float | None
    deployments: tuple[str, ...] = ()

    def is_live(self, now_us: int) -> bool:
        """Say whether frames of it may still come soon: heard of within 5 minutes, and not closed."""
        return not self.closed and now_us - self.last_contact_us <= LIVE_US


class Agents:
    """The epochs seen since the start, at most MAX_EPOCHS: the longest unheard of go first. `roster`: who ships them."""

    def __init__(self, now_us: Callable[[], int], *, max_epochs: int = MAX_EPOCHS) -> None:
        self._now_us = now_us
        self._max_epochs = max_epochs
        self.roster = Roster(now_us)
        self._seen: dict[bytes, EpochSeen] = {}  # in the order of last contact

    def greet(self, request: pb.HelloRequest, marks: dict[bytes, int]) -> None:
        """Note a Hello; `marks` holds the mark of each of its epochs."""
        now_us = self._now_us()
        skew_s = (request.sent_at_us - now_us) / 1e6 if request.sent_at_us else None
        for position in request.epochs:
            mark = marks[position.epoch]
            closed = position.closed and position.last_seq <= mark
            self._note(position.epoch, request.agent, mark, closed=closed)
            seen = self._seen[position.epoch]
            self._seen[position.epoch] = replace(
                seen, skew_s=skew_s, deployments=_bounded(position.deployments) or seen.deployments
            )

    def shipped(self, epoch: bytes, agent: pb.AgentIdentity, mark: int, *, closed: bool) -> None:
        """Note an acknowledged Ship."""
        self._note(epoch, agent, mark, closed=closed)

    def epochs(self) -> list[EpochSeen]:
        """Everything seen, last contact last."""
        return list(self._seen.values())

    def live(self) -> list[EpochSeen]:
        """The epochs of which frames may still come soon."""
        now_us = self._now_us()
        return [seen for seen in self._seen.values() if seen.is_live(now_us)]

    def _note(self, epoch: bytes, agent: pb.AgentIdentity, mark: int, *, closed: bool) -> None:
        before = self._seen.pop(epoch, None)
        self._seen[epoch] = EpochSeen(
            epoch,
            printable(agent.host),
            agent.pid,
            printable(agent.agent_version),
            printable(agent.instance_id)[:64],
            self._now_us(),
            mark,
            closed,
            before.skew_s if before else None,
            before.deployments if before else (),
        )
        while len(self._seen) > self._max_epochs:
            del self._seen[next(iter(self._seen))]


def _bounded(deployments: Sequence[str]) -> tuple[str, ...]:
    """As many of them, and as much of each, as a roster keeps."""
    return tuple(name[:128] for name in deployments[:MAX_DEPLOYMENTS])
