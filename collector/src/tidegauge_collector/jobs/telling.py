"""Tells: looks at the threads that are due, each second and when woken, and puts what they say into the outbox.

Level-triggered: whatever was missed (a crash, a clock that was set back, routes that were changed) is found by the pass at the start,
which looks at every open thread. One thread is one transaction; one that cannot be told holds up no other.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import Executor

import structlog

from tidegauge_collector.control import ControlStore, StoreUnavailable
from tidegauge_collector.control.telling import Bulletin, Compose, Terms
from tidegauge_collector.core.explaining import Explanation
from tidegauge_collector.core.routing import Routing
from tidegauge_collector.crash_points import crash_here
from tidegauge_collector.errors import StoreFatal

EVERY_S = 1.0
AT_ONCE = 100
MOST_PASSES = 20
POSTPONED_US = 60_000_000

log = structlog.get_logger(__name__)

Explain = Callable[[str, str], Explanation]
Render = Callable[[Bulletin, Explanation], bytes]


class Telling:
    """`tell_some` from any thread, one at a time; `wake` from any; `run` in the event loop. `on_told`: something is in the outbox."""

    def __init__(
        self,
        control: ControlStore,
        routing: Routing,
        *,
        explain: Explain,
        render: Render,
        now_us: Callable[[], int],
        on_told: Callable[[], None],
    ) -> None:
        self._control = control
        self._routing = routing
        self._explain = explain
        self._render = render
        self._now_us = now_us
        self._on_told = on_told
        self._passing = threading.Lock()  # guards a whole pass, and the time of the last one
        self._last_us: int | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._woken = asyncio.Event()
        self.counts: Counter[str] = Counter()

    def wake(self) -> None:
        """An alert has changed."""
        loop = self._loop  # once: `run` may end meanwhile
        if loop is not None:
            with contextlib.suppress(RuntimeError):  # its loop was closed since: the pass at the next start tells
                loop.call_soon_threadsafe(self._woken.set)

    async def run(self, executor: Executor) -> None:
        """Tell until cancelled. A store that is locked or full is tried again in a second."""
        loop = self._loop = asyncio.get_running_loop()
        try:
            while True:
                self._woken.clear()
                try:
                    await loop.run_in_executor(executor, self.tell_some)
                except StoreUnavailable as problem:
                    log.warning("telling.store_unavailable", problem=str(problem.orig))
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(EVERY_S):
                        await self._woken.wait()
        finally:
            self._loop = None

    def tell_some(self) -> int:
        """A pass over the threads that are due; returns how many messages were made."""
        with self._passing:
            now_us = self._now_us()
            if self._last_us is None:
                self._leave(now_us)
            if self._last_us is None or now_us < self._last_us:
                self._control.adopt_untold(self._routing, now_us=now_us)
            told = 0
            for _ in range(MOST_PASSES):
                due = self._control.due_threads(list(self._routing.kinds), now_us=now_us, limit=AT_ONCE)
                told += self._tell(due, now_us)
                if len(due) < AT_ONCE:
                    break
            self._last_us = now_us
        if told:
            self._on_told()
        return told

    def _leave(self, now_us: int) -> None:
        """Nobody is told in channels that are not configured any more."""
        for channel, count in self._control.leave_channels(list(self._routing.kinds), now_us=now_us).items():
            self.counts["left"] += count
            log.warning("telling.left", channel=channel, threads=count, reason="the channel is not configured any more")

    def _tell(self, due: list[int], now_us: int) -> int:
        if not due:
            return 0
        silences = self._control.silences.listed(ending_after_us=now_us)
        terms, compose = Terms(self._routing, silences, now_us), self._composer(due)
        crash_here("tell.before")
        told = 0
        for thread in due:
            try:
                told += self._control.tell(thread, terms, compose) is not None
            except (StoreFatal, StoreUnavailable):
                raise
            except Exception as problem:
                self.counts["failed"] += 1
                log.error("telling.failed", thread=thread, problem=repr(problem), exc_info=True)
                self._control.postpone_thread(thread, until_us=now_us + POSTPONED_US)
        crash_here("tell.committed")
        self.counts["told"] += told
        return told

    def _composer(self, due: list[int]) -> Compose:
        explanations = self._explanations(due)

        def compose(bulletin: Bulletin) -> bytes:
            lead = bulletin.lead
            body = self._render(bulletin, explanations.get((lead.deployment, lead.version), Explanation()))
            crash_here("tell.before_commit")
            return body

        return compose

    def _explanations(self, due: list[int]) -> Mapping[tuple[str, str], Explanation]:
        """What explains the alerts of these threads; without it they are told all the same."""
        found = {}
        for deployment, version in sorted(self._control.deployments_of_threads(due)):
            try:
                found[deployment, version] = self._explain(deployment, version)
            except StoreFatal:
                raise
            except Exception as problem:
                self.counts["unexplained"] += 1
                log.error("explaining.failed", deployment=deployment, problem=repr(problem), exc_info=True)
        return found
