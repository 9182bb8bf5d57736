"""Pure: whether an agent (a shipper process) is there. Time is an argument.

live    heard of within three of its usual intervals, and it has something open
silent  it shipped for a deployment, has something open, and was not heard of for three of its usual intervals
closed  everything it shipped has ended, or another shipper has taken it over
gone    silent for a week; or never shipped anything and not heard of
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from statistics import median

HELLO_EVERY_US = 60 * 1_000_000  # a well shipper is heard of at least so often
INTERVALS = 3
MAX_INTERVAL_US = 86_400 * 1_000_000
GONE_AFTER_US = 7 * 86_400 * 1_000_000
SKEWED_S = 5 * 60.0


class AgentState(StrEnum):
    """Whether an agent is there."""

    LIVE = "live"
    SILENT = "silent"
    CLOSED = "closed"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class EpochHeld:
    """An epoch as its shipper told of it, and the collector's mark. `last_seq` 0: not told."""

    epoch: str
    mark: int
    last_seq: int
    closed: bool

    @property
    def lag_frames(self) -> int:
        """Frames that the shipper has and the collector has not."""
        return max(0, self.last_seq - self.mark)


@dataclass(frozen=True, slots=True)
class Dropped:
    """What was lost for one reason, as its gaps say."""

    frames: int
    rows: int


@dataclass(frozen=True, slots=True)
class AgentSeen:
    """An agent as far as it was seen. Times are the collector's; `newest_sealed_us` is the agent's, None before its first frame."""

    instance: str
    host: str
    pid: int
    version: str
    protocol: int
    first_contact_us: int
    last_contact_us: int
    interval_us: int
    skew_s: float | None = None
    newest_sealed_us: int | None = None
    deployments: tuple[str, ...] = ()
    epochs: tuple[EpochHeld, ...] = ()
    dropped: dict[str, Dropped] = field(default_factory=dict)

    @property
    def lag_frames(self) -> int:
        """Frames not yet acknowledged, over its epochs."""
        return sum(one.lag_frames for one in self.epochs)

    @property
    def is_skewed(self) -> bool:
        """Whether its clock and ours are more than 5 minutes apart."""
        return self.skew_s is not None and abs(self.skew_s) > SKEWED_S

    def state(self, now_us: int, *, listening_since_us: int = 0) -> AgentState:
        """Whether it is there; while the collector did not listen nobody was silent."""
        if self.epochs and all(one.closed for one in self.epochs):
            return AgentState.CLOSED
        unheard_us = now_us - max(self.last_contact_us, listening_since_us)
        if unheard_us <= INTERVALS * self.interval_us:
            return AgentState.LIVE
        if not self.epochs and self.deployments:
            return AgentState.CLOSED  # another shipper has what it had
        if not self.deployments or now_us - self.last_contact_us > GONE_AFTER_US:
            return AgentState.GONE
        return AgentState.SILENT


def usual_interval_us(gaps_us: Iterable[int]) -> int:
    """The median of the pauses between contacts, at least the time between two Hellos, at most a day."""
    gaps = sorted(gaps_us)
    middle = gaps[len(gaps) // 2] if gaps else 0
    return min(MAX_INTERVAL_US, max(HELLO_EVERY_US, middle))


def median_skew_s(skews_s: Iterable[float]) -> float | None:
    """The median of what the last Hellos showed: one slow network moves it little."""
    skews = list(skews_s)
    return float(median(skews)) if skews else None
