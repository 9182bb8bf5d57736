"""Sends what is in the outbox: at least once, in order per channel and alert key, with a receipt for each attempt.

Each channel has a lane of its own, so that a slow or broken receiver holds up nobody else. What is known of a receiver
(failing, paused) lives in memory only: a restart tries each channel once more, which is what a changed configuration wants.
"""

import asyncio
import random as random_module
from collections import Counter
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from typing import Any, Protocol, TypeVar

import aiohttp
import structlog

from tidegauge_collector.control import ControlStore, OutboxRow, StoreUnavailable
from tidegauge_collector.errors import ConfigError
from tidegauge_collector.notify import schedule
from tidegauge_collector.notify.breaker import Breaker
from tidegauge_collector.notify.channel import Channel
from tidegauge_collector.notify.delivery import Attempt, attempt, open_session
from tidegauge_collector.notify.outcomes import DeadLetter, Done, PauseChannel, Retry

BATCH = 32
AT_ONCE = 4  # messages of one channel under way at a time, each of another alert key
IDLE_S = 60.0  # look again even if nobody woke us
STORE_PAUSE_S = 5.0
KEEP_PAUSED_US = 3 * 86_400 * 1_000_000

T = TypeVar("T")

_log = structlog.get_logger(__name__)


class Clock(Protocol):
    """Wall clock and waiting, so that tests decide how time passes."""

    def now_us(self) -> int: ...

    async def sleep(self, seconds: float) -> None: ...


class _Lane:
    """What is known of one channel's receiver."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self.breaker = Breaker()
        self.paused: str | None = None
        self.wake = asyncio.Event()

    def limit(self, now_us: int) -> int:
        """How many messages may be tried now."""
        if self.paused is not None or not self.breaker.allows(now_us):
            return 0
        return BATCH if self.breaker.probe_at_us is None else 1


class OutboxSender:
    """Delivers the store's outbox to these channels; messages to other channels stay where they are.

    `run` until cancelled, or `deliver_due` for one pass; one of both at a time, in one event loop. The store is used in
    threads. `counts` is the number of attempts by (channel, outcome).
    """

    def __init__(
        self,
        store: ControlStore,
        channels: Sequence[Channel],
        *,
        clock: Clock,
        session_factory: Callable[[Channel], aiohttp.ClientSession] = open_session,
        random: Callable[[], float] = random_module.random,
    ) -> None:
        twice = [name for name, times in Counter(each.name for each in channels).items() if times > 1]
        if twice:
            raise ConfigError(f"channels of the same name: {', '.join(twice)}; give each its own")
        self._store, self._clock, self._random, self._session_factory = store, clock, random, session_factory
        self._lanes = {channel.name: _Lane(channel) for channel in channels}
        self._loop: asyncio.AbstractEventLoop | None = None
        self.counts: Counter[tuple[str, str]] = Counter()

    @property
    def paused(self) -> Mapping[str, str]:
        """Channels that nothing is sent to until `resume` or a restart, with the reason."""
        return {name: lane.paused for name, lane in self._lanes.items() if lane.paused is not None}

    def wake(self) -> None:
        """Something new is in the outbox; from any thread, at any time."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._wake_lanes)

    def resume(self, channel: str) -> None:
        """Sends to a paused channel again, its configuration being mended; to be called in the event loop."""
        self._lanes[channel].paused = None
        self._lanes[channel].breaker.succeeded()
        self._wake_lanes()

    async def deliver_due(self) -> int:
        """One pass over all channels; returns how many messages were tried."""
        return sum(await _all_of(self._pass_once(lane) for lane in self._lanes.values()))

    async def _pass_once(self, lane: _Lane) -> int:
        async with self._session_factory(lane.channel) as session:
            return await self._pass(lane, session)

    async def run(self) -> None:
        """Delivers until cancelled: at once when woken, else when the next message is due.

        A store that is locked or full is tried again every 5 s; another error of the store ends the run.
        """
        self._loop = asyncio.get_running_loop()
        try:
            async with asyncio.TaskGroup() as lanes:
                for lane in self._lanes.values():
                    lanes.create_task(self._run_lane(lane))
                await asyncio.Event().wait()  # for ever, even without a channel
        finally:
            self._loop = None

    def _wake_lanes(self) -> None:
        for lane in self._lanes.values():
            lane.wake.set()

    async def _run_lane(self, lane: _Lane) -> None:
        async with self._session_factory(lane.channel) as session:
            while True:
                lane.wake.clear()
                try:
                    if await self._pass(lane, session) == 0:
                        await _first_of(lane.wake.wait(), self._clock.sleep(await self._idle_s(lane)))
                except StoreUnavailable as problem:
                    _log.warning("outbox.store_unavailable", channel=lane.channel.name, problem=str(problem.orig))
                    await self._clock.sleep(STORE_PAUSE_S)

    async def _pass(self, lane: _Lane, session: aiohttp.ClientSession) -> int:
        """Tries the lane's due messages, a few at a time, as long as its receiver lets us."""
        now_us = self._clock.now_us()
        if lane.paused is not None:
            await self._expire(lane, now_us)
        if (limit := lane.limit(now_us)) == 0:
            return 0
        due = await asyncio.to_thread(self._store.due, now_us, limit, channels=[lane.channel.name])
        tried = 0
        for start in range(0, len(due), AT_ONCE):
            if lane.limit(now_us) == 0:
                break
            group = due[start : start + AT_ONCE]
            await _all_of(self._deliver(lane, session, message) for message in group)
            tried += len(group)
        return tried

    async def _deliver(self, lane: _Lane, session: aiohttp.ClientSession, message: OutboxRow) -> None:
        made = await attempt(session, lane.channel, message, now_us=self._clock.now_us())
        outcome = await asyncio.to_thread(self._settle, message, made, self._clock.now_us())
        self.counts[lane.channel.name, outcome] += 1
        self._learn(lane, made)

    def _settle(self, message: OutboxRow, made: Attempt, now_us: int) -> str:
        """Stores what came of an attempt, in a thread; returns the receipt's outcome."""
        store, attempts = self._store, message.attempts + 1
        match made.outcome:
            case Done():
                store.delivered(message.id, now_us=now_us, status_code=made.status_code, detail=made.detail)
                return "delivered"
            case PauseChannel():
                code = made.status_code
                store.retry_at(
                    message.id, at_us=now_us, now_us=now_us, error=made.detail, status_code=code, outcome="paused"
                )
                return "paused"
            case Retry(after_s) if not schedule.is_spent(attempts, age_s=(now_us - message.created_at_us) / 1e6):
                wait_s = schedule.wait_s(attempts, random=self._random, at_least_s=after_s)
                at_us = now_us + round(wait_s * 1e6)
                store.retry_at(message.id, at_us=at_us, now_us=now_us, error=made.detail, status_code=made.status_code)
                return "retry"
            case Retry() | DeadLetter():
                store.dead_letter(message.id, now_us=now_us, error=made.detail, status_code=made.status_code)
                return "dead"

    def _learn(self, lane: _Lane, made: Attempt) -> None:
        """What an attempt tells of the receiver; changes of its state are logged, attempts are not."""
        now_us, held_back = self._clock.now_us(), lane.breaker.probe_at_us is not None
        match made.outcome:
            case PauseChannel():
                if lane.paused is None:
                    _log.error("channel.paused", channel=lane.channel.name, reason=made.detail)
                lane.paused = made.detail
            case Retry():
                lane.breaker.failed(now_us)
                if not held_back and lane.breaker.probe_at_us is not None:
                    _log.warning("channel.failing", channel=lane.channel.name, reason=made.detail)
            case Done() | DeadLetter():
                lane.breaker.succeeded()
                if held_back:
                    _log.info("channel.recovered", channel=lane.channel.name)

    async def _expire(self, lane: _Lane, now_us: int) -> None:
        expired = await asyncio.to_thread(
            self._store.expire_pending, lane.channel.name, created_before_us=now_us - KEEP_PAUSED_US, now_us=now_us
        )
        if expired:
            self.counts[lane.channel.name, "expired"] += expired
            _log.error("channel.expired", channel=lane.channel.name, messages=expired)

    async def _idle_s(self, lane: _Lane) -> float:
        """Seconds until the lane may have something to do."""
        due_us = await asyncio.to_thread(self._store.next_due_us, channels=[lane.channel.name])
        if due_us is None or lane.paused is not None:
            return IDLE_S
        at_us = max(due_us, lane.breaker.probe_at_us or 0)
        return min(max((at_us - self._clock.now_us()) / 1e6, 0.0), IDLE_S)


async def _first_of(*waits: Coroutine[Any, Any, Any]) -> None:
    """Returns when one of them is over, and ends the others."""
    tasks = [asyncio.ensure_future(each) for each in waits]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
    for task in done:
        task.result()


async def _all_of(works: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """The results of all; a failure is raised only when none is under way any more, lest it be started twice."""
    results = await asyncio.gather(*works, return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException):
            raise result
    return [result for result in results if not isinstance(result, BaseException)]
