"""Sends what is in the outbox: at least once, in order per channel and thread, with a receipt for each attempt.

Each channel has a lane of its own, so that a slow or broken receiver holds up nobody else. What is known of a receiver
(failing, paused) lives in memory only: a restart tries each channel once more, which is what a changed configuration wants.
"""

import asyncio
import contextlib
import random as random_module
from collections import Counter
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from typing import Any, Protocol, TypeVar

import aiohttp
import structlog

from tidegauge_collector.control import Context, ControlStore, OutboxRow, StoreUnavailable
from tidegauge_collector.crash_points import crash_here
from tidegauge_collector.errors import ConfigError
from tidegauge_collector.notify import ownalerts
from tidegauge_collector.notify.channel import Channel
from tidegauge_collector.notify.delivery import Attempt, attempt, open_session
from tidegauge_collector.notify.lane import Lane, LaneState
from tidegauge_collector.notify.outcomes import DeadLetter, Done, NotYet, PauseChannel, Retry

AT_ONCE = 4  # messages of one channel under way at a time, each of another thread
IDLE_S = 60.0  # look again even if nobody woke us
STORE_PAUSE_S = 5.0
KEEP_PAUSED_US = 3 * 86_400 * 1_000_000

T = TypeVar("T")

_log = structlog.get_logger(__name__)


class Clock(Protocol):
    """Wall clock and waiting, so that tests decide how time passes."""

    def now_us(self) -> int: ...

    async def sleep(self, seconds: float) -> None: ...


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
        base_url: str = "",
    ) -> None:
        twice = [name for name, times in Counter(each.name for each in channels).items() if times > 1]
        if twice:
            raise ConfigError(f"channels of the same name: {', '.join(twice)}; give each its own")
        self._store, self._clock, self._random, self._session_factory = store, clock, random, session_factory
        self._base_url = base_url
        self._lanes = {channel.name: Lane(channel) for channel in channels}
        self._loop: asyncio.AbstractEventLoop | None = None
        self.counts: Counter[tuple[str, str]] = Counter()

    @property
    def channels(self) -> Mapping[str, Channel]:
        """The channels by name, as they are configured."""
        return {name: lane.channel for name, lane in self._lanes.items()}

    @property
    def states(self) -> Mapping[str, LaneState]:
        """What is known of each receiver."""
        return {name: lane.state for name, lane in self._lanes.items()}

    @property
    def paused(self) -> Mapping[str, str]:
        """Channels that nothing is sent to until `resume` or a restart, with the reason."""
        return {name: lane.paused for name, lane in self._lanes.items() if lane.paused is not None}

    def wake(self) -> None:
        """Something new is in the outbox; from any thread, at any time."""
        loop = self._loop  # once: `run` may end meanwhile
        if loop is not None:
            with contextlib.suppress(RuntimeError):  # its loop was closed since: the next start looks by itself
                loop.call_soon_threadsafe(self._wake_lanes)

    def resume(self, channel: str) -> None:
        """Sends to a paused channel again, its configuration being mended; to be called in the event loop."""
        self._lanes[channel].resume()

    def resume_soon(self, channel: str) -> None:
        """The same from any thread; raises KeyError for a channel that is none."""
        lane, loop = self._lanes[channel], self._loop
        if loop is None:
            lane.resume()
            return
        with contextlib.suppress(RuntimeError):  # the loop was closed since: nothing is sent any more
            loop.call_soon_threadsafe(lane.resume)

    async def deliver_due(self) -> int:
        """One pass over all channels; returns how many messages were tried."""
        return sum(await _all_of(self._pass_once(lane) for lane in self._lanes.values()))

    async def _pass_once(self, lane: Lane) -> int:
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

    async def _run_lane(self, lane: Lane) -> None:
        async with self._session_factory(lane.channel) as session:
            while True:
                lane.wake.clear()
                try:
                    if await self._pass(lane, session) == 0:
                        idle_s = await self._idle_s(lane)  # before the waits are made: it may be cancelled
                        await _first_of(lane.wake.wait(), self._clock.sleep(idle_s))
                except StoreUnavailable as problem:
                    _log.warning("outbox.store_unavailable", channel=lane.channel.name, problem=str(problem.orig))
                    await self._clock.sleep(STORE_PAUSE_S)

    async def _pass(self, lane: Lane, session: aiohttp.ClientSession) -> int:
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

    async def _deliver(self, lane: Lane, session: aiohttp.ClientSession, message: OutboxRow) -> None:
        found = await asyncio.to_thread(self._store.talks.context, message)
        if found.is_moot and await self._collapse(lane, found):
            return
        lane.pace.took(self._clock.now_us())
        made = await attempt(
            session,
            lane.channel,
            message,
            found.thread,
            _Memory(self._store, message),
            now_us=self._clock.now_us(),
            may_have_arrived=found.may_have_arrived,
        )
        crash_here("send.before_receipt")
        outcome = await asyncio.to_thread(self._settle, lane, message, made, self._clock.now_us())
        self.counts[lane.channel.name, outcome] += 1
        change = lane.learn(made, self._clock.now_us())
        if change is not None:
            await asyncio.to_thread(self._tell_others, lane.channel.name, made.detail, is_sound=change)
            self._wake_lanes()

    async def _collapse(self, lane: Lane, found: Context) -> bool:
        """Whether nobody needs to hear of a thread any more: it was over before anybody did, and the receiver keeps nothing of it."""
        manners = lane.channel.manners
        if found.thread is None or manners.hears_all or found.thread.remembered.keys() - manners.noted_first:
            return False
        settled = await asyncio.to_thread(self._store.talks.collapse, found.thread.id, now_us=self._clock.now_us())
        self.counts[lane.channel.name, "collapsed"] += settled
        return settled > 0

    def _settle(self, lane: Lane, message: OutboxRow, made: Attempt, now_us: int) -> str:
        """Stores what came of an attempt, in a thread; returns the receipt's outcome."""
        store, attempts, age_s = self._store, message.attempts + 1, (now_us - message.created_at_us) / 1e6
        match made.outcome:
            case Done():
                store.delivered(message.id, now_us=now_us, status_code=made.status_code, detail=made.detail)
                return "delivered"
            case PauseChannel():
                return self._later(message, made, "paused", at_us=now_us, now_us=now_us)
            case NotYet(after_s):
                return self._later(message, made, "waiting", at_us=now_us + round(after_s * 1e6), now_us=now_us)
            case Retry(after_s) if not lane.schedule.is_spent(attempts, age_s=age_s):
                wait_s = lane.schedule.wait_s(attempts, random=self._random, at_least_s=after_s, age_s=age_s)
                return self._later(message, made, "retry", at_us=now_us + round(wait_s * 1e6), now_us=now_us)
            case Retry() | DeadLetter():
                store.dead_letter(
                    message.id,
                    now_us=now_us,
                    error=made.detail,
                    status_code=made.status_code,
                    begun_at_us=made.begun_at_us,
                )
                return "dead"

    def _later(self, message: OutboxRow, made: Attempt, outcome: str, *, at_us: int, now_us: int) -> str:
        self._store.retry_at(
            message.id,
            at_us=at_us,
            now_us=now_us,
            error=made.detail,
            status_code=made.status_code,
            outcome=outcome,
            begun_at_us=made.begun_at_us,
        )
        return outcome

    def _tell_others(self, channel: str, reason: str, *, is_sound: bool) -> None:
        """The other channels hear once of one that was paused, and once of its return."""
        now_us, key, talks = self._clock.now_us(), ownalerts.own_key(channel), self._store.talks
        if is_sound:
            talks.clear_own(
                key, body=ownalerts.resumed_body(channel, now_us=now_us, base_url=self._base_url), now_us=now_us
            )
            return
        body = ownalerts.paused_body(channel, reason, now_us=now_us, base_url=self._base_url)
        talks.raise_own([name for name in self._lanes if name != channel], key, body=body, now_us=now_us)

    async def _expire(self, lane: Lane, now_us: int) -> None:
        expired = await asyncio.to_thread(
            self._store.expire_pending, lane.channel.name, created_before_us=now_us - KEEP_PAUSED_US, now_us=now_us
        )
        if expired:
            self.counts[lane.channel.name, "expired"] += expired
            _log.error("channel.expired", channel=lane.channel.name, messages=expired)

    async def _idle_s(self, lane: Lane) -> float:
        """Seconds until the lane may have something to do."""
        due_us = await asyncio.to_thread(self._store.next_due_us, channels=[lane.channel.name])
        if due_us is None or lane.paused is not None:
            return IDLE_S
        at_us = max(due_us, lane.ready_at_us())
        return min(max((at_us - self._clock.now_us()) / 1e6, 0.0), IDLE_S)


class _Memory:
    """What a talk wants durable, for one message."""

    def __init__(self, store: ControlStore, message: OutboxRow) -> None:
        self._store, self._message = store, message

    async def begin(self, now_us: int) -> None:
        await asyncio.to_thread(self._store.talks.begin, self._message.id, now_us)

    async def remember(self, remembered: Mapping[str, Any]) -> None:
        """Nothing where the message has no thread: a test is not followed."""
        if self._message.thread is not None:
            await asyncio.to_thread(self._store.talks.remember, self._message.thread, remembered)


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
