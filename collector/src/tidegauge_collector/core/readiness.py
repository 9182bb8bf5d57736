"""Which windows are ready to be judged: event time has passed their end on every live epoch, or the wall clock has, by 5 minutes."""

from collections.abc import Iterable
from dataclasses import dataclass

GRACE_US = 5 * 60 * 1_000_000
LIVE_TRAFFIC_US = 2 * GRACE_US


@dataclass(frozen=True, slots=True)
class EpochProgress:
    """How far one live epoch is with a deployment: every row before `watermark_us` is folded, as it said at `received_us`."""

    watermark_us: int
    received_us: int

    @property
    def is_replay(self) -> bool:
        """Whether its event time runs behind the clock: then only its own progress says when a window is complete."""
        return self.received_us - self.watermark_us > LIVE_TRAFFIC_US


def settled_until(live: Iterable[EpochProgress], *, now_us: int, data_end_us: int | None) -> int | None:
    """The time before which everything of a deployment is in; None while nothing was received.

    Without a live epoch nothing more is expected: all that there is is settled, up to the clock's grace.
    """
    if data_end_us is None:
        return None
    by_clock = now_us - GRACE_US
    bounds = [one.watermark_us if one.is_replay else max(one.watermark_us, by_clock) for one in live]
    return min(bounds, default=max(by_clock, data_end_us + 1))
