"""What is known of one channel's receiver while the collector runs: whether it fails, is paused, and how fast it may be spoken to."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import structlog

from tidegauge_collector.notify.breaker import Breaker
from tidegauge_collector.notify.channel import Channel
from tidegauge_collector.notify.delivery import Attempt
from tidegauge_collector.notify.outcomes import DeadLetter, Done, NotYet, PauseChannel, Retry
from tidegauge_collector.notify.pacing import Pace
from tidegauge_collector.notify.registry import kind_of
from tidegauge_collector.notify.schedule import PAGING, PATIENT, Schedule

BATCH = 32

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class LaneState:
    """A lane as others see it; `paused`: the reason; `probe_at_us`: when a failing receiver is asked again."""

    kind: str
    paused: str | None
    probe_at_us: int | None


class Lane:
    """Owned by the sender's event loop, so without a lock."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self.breaker = Breaker()
        self.pace = Pace(channel.manners.per_minute)
        self.paused: str | None = None
        self.is_sound: bool | None = None  # None: not known since the start
        self.wake = asyncio.Event()
        self._remarked: set[str] = set()

    @property
    def schedule(self) -> Schedule:
        """When to try again."""
        return PAGING if self.channel.manners.is_paging else PATIENT

    @property
    def state(self) -> LaneState:
        """What others may know."""
        return LaneState(kind_of(self.channel), self.paused, self.breaker.probe_at_us)

    def limit(self, now_us: int) -> int:
        """How many messages may be tried now."""
        if self.paused is not None or not self.breaker.allows(now_us):
            return 0
        return self.pace.most(now_us, BATCH if self.breaker.probe_at_us is None else 1)

    def ready_at_us(self) -> int:
        """Before this nothing may be tried."""
        return max(self.breaker.probe_at_us or 0, self.pace.next_at_us)

    def resume(self) -> None:
        """Its configuration is mended: try again."""
        self.paused = None
        self.breaker.succeeded()
        self.wake.set()

    def learn(self, made: Attempt, now_us: int) -> bool | None:
        """What an attempt tells of the receiver; changes of its state are logged, attempts are not.

        True where it is sound and was not known to be, False where it was paused by this, else None.
        """
        held_back, was_sound = self.breaker.probe_at_us is not None, self.is_sound
        match made.outcome:
            case PauseChannel():
                first = self.paused is None
                self.paused, self.is_sound = made.detail, False
                if first:
                    _log.error("channel.paused", channel=self.channel.name, reason=made.detail)
                    return False
            case Retry():
                self.breaker.failed(now_us)
                if not held_back and self.breaker.probe_at_us is not None:
                    _log.warning("channel.failing", channel=self.channel.name, reason=made.detail)
            case NotYet():
                pass
            case Done() | DeadLetter():
                self.breaker.succeeded()
                self.is_sound = True
                if held_back:
                    _log.info("channel.recovered", channel=self.channel.name)
                self._remark(made)
                return None if was_sound else True
        return None

    def _remark(self, made: Attempt) -> None:
        """What a receiver took in another way than was asked for is logged once for each reason."""
        if isinstance(made.outcome, Done) and made.detail and made.detail not in self._remarked:
            self._remarked.add(made.detail)
            _log.warning("channel.remark", channel=self.channel.name, remark=made.detail)
