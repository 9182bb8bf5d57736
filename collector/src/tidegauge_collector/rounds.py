"""What runs again and again while the collector serves: folding as frames come, jobs by the clock, each in the thread that it belongs to.

A job that fails is logged and tried at its next turn; a store that cannot go on, or a task that was to run for ever, ends the collector.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Executor
from datetime import UTC, datetime
from typing import Any, NamedTuple

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from tidegauge_collector.errors import StoreFatal
from tidegauge_collector.jobs.folding import Folding
from tidegauge_collector.jobs.judging import Judging
from tidegauge_collector.jobs.sharing import Share

JUDGING_SHARE = 0.2  # of the jobs' thread, while the fold is behind

log = structlog.get_logger(__name__)


class Job(NamedTuple):
    """What is done every so many seconds, and where; `at_start`: for the first time at once."""

    seconds: float
    name: str
    work: Callable[[], Any]
    executor: Executor
    at_start: bool = False


class Rounds:
    """Folding and judging share one thread, the only writer of the telemetry store. Made and begun in the event loop."""

    def __init__(
        self,
        folding: Folding,
        judging: Judging,
        executor: Executor,
        *,
        on_alerts: Callable[[], None],
        on_fatal: Callable[[BaseException], None],
    ) -> None:
        self._folding = folding
        self._judging = judging
        self._executor = executor
        self._on_alerts = on_alerts
        self._on_fatal = on_fatal
        self._frames = asyncio.Event()
        self._share = Share(JUDGING_SHARE, time.monotonic)
        self._ends = False

    def begin(
        self, stack: contextlib.AsyncExitStack, jobs: Sequence[Job], tasks: Sequence[Callable[[], Awaitable[None]]]
    ) -> None:
        """Begin the jobs, the tasks that run for ever, and the fold; the stack ends them."""
        scheduler = AsyncIOScheduler(timezone="UTC")
        options = {"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
        for job in (Job(1.0, "judge", self._judge_in_turn, self._executor), *jobs):
            first = {"next_run_time": datetime.now(UTC)} if job.at_start else {}
            scheduler.add_job(self._run, "interval", args=[job], seconds=job.seconds, id=job.name, **first, **options)
        scheduler.start()
        stack.callback(self._end, scheduler)
        for task in (self._fold_for_ever, *tasks):
            stack.push_async_callback(_cancelled, asyncio.create_task(self._guarded(task)))

    def _end(self, scheduler: AsyncIOScheduler) -> None:
        self._ends = True
        scheduler.shutdown(wait=False)

    def arrived(self) -> None:
        """Say that frames are in the log; in the event loop."""
        self._folding.arrived()
        self._frames.set()

    async def fold_all(self) -> None:
        """Return when everything acknowledged before is folded."""
        await self._in_turn(self._fold_to_the_end)

    async def catch_up(self) -> None:
        """The same, and judged as far as it is ready."""
        await self._in_turn(self._catch_up)

    async def _in_turn(self, work: Callable[[], None]) -> None:
        await asyncio.get_running_loop().run_in_executor(self._executor, work)

    def _catch_up(self) -> None:
        self._fold_to_the_end()
        self._judging.expect_all()
        while self._judging.has_work:
            self._judge()

    def _fold_to_the_end(self) -> None:
        while self._folding.fold_some() or not self._folding.caught_up:
            pass

    def _judge_in_turn(self) -> None:
        """While the fold is behind, judging gets a fifth of the thread: it would judge what is late anyway."""
        if self._folding.caught_up or self._share.is_due:
            self._share.run(self._judge)

    def _judge(self) -> None:
        if self._judging.judge_some():
            self._on_alerts()

    async def _fold_for_ever(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            self._frames.clear()
            folded = 0
            try:
                folded = await loop.run_in_executor(self._executor, self._folding.fold_some)
            except StoreFatal:
                raise
            except Exception as problem:
                log.error("fold.failed", problem=repr(problem), exc_info=True)
                await asyncio.sleep(1.0)
            if not folded:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(1.0):
                        await self._frames.wait()

    async def _guarded(self, work: Callable[[], Awaitable[None]]) -> None:
        """A task whose failure ends the collector instead of going unseen."""
        try:
            await work()
        except asyncio.CancelledError:
            raise
        except BaseException as problem:  # noqa: BLE001 - kept, and raised by the collector's `run`
            self._on_fatal(problem)

    async def _run(self, job: Job) -> None:
        """One run of a job in its thread; a fatal store ends the collector, anything else is logged and tried again."""
        try:
            await asyncio.get_running_loop().run_in_executor(job.executor, job.work)
        except StoreFatal as problem:
            self._on_fatal(problem)
        except Exception as problem:
            if not (self._ends and isinstance(problem, RuntimeError)):  # a pool that has just been shut down
                log.error("job.failed", job=job.name, problem=repr(problem), exc_info=True)


async def _cancelled(task: asyncio.Task[None]) -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
