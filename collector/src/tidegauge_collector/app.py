"""The one place where the collector is wired: stores, intake, jobs, sender, API and pages in one asyncio process.

    agents ─gRPC─▶ intake ─▶ frame log ─▶ folding ─▶ telemetry ─▶ judging ─▶ control ─▶ telling ─▶ outbox ─▶ sender ─▶ channels
                                                        └──────────▶ API, pages

Folding, judging and upkeep share one thread (the only writer of the telemetry store); reading has threads of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import gc
import os
import signal
import sys
import time
from collections.abc import Callable, Container, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import structlog
from aiohttp import web

from tidegauge.core.windows import to_datetime
from tidegauge_collector.access import Access
from tidegauge_collector.access.requests import guarding
from tidegauge_collector.api.actuals import ActualsIntake
from tidegauge_collector.api.alerts import AlertActions
from tidegauge_collector.api.bodies import Alerting
from tidegauge_collector.api.channels import ChannelRoutes
from tidegauge_collector.api.custom import CustomRoutes
from tidegauge_collector.api.deletions import DeletionRoutes
from tidegauge_collector.api.deployments import look_at_all
from tidegauge_collector.api.doing import Doing
from tidegauge_collector.api.inbound import InboundRoute
from tidegauge_collector.api.monitors import MonitorRoutes
from tidegauge_collector.api.protocol import JsonRunner
from tidegauge_collector.api.routes import Api, Changes, add_api_routes, new_application
from tidegauge_collector.api.scope import Sources
from tidegauge_collector.api.silences import SilenceRoutes
from tidegauge_collector.api.standings import standing_of, standings_of
from tidegauge_collector.control import StoreUnavailable
from tidegauge_collector.errors import CollectorError
from tidegauge_collector.figures import Figures
from tidegauge_collector.inbound.polling import Polling
from tidegauge_collector.ingest.framelog import FrameLog
from tidegauge_collector.ingest.grpcserver import start_grpc
from tidegauge_collector.ingest.guarded import GuardedService
from tidegauge_collector.ingest.service import TelemetryService
from tidegauge_collector.ingest.watching import watch_intake
from tidegauge_collector.jobs.backlog import Backlog
from tidegauge_collector.jobs.backtesting import Backtesting
from tidegauge_collector.jobs.deleting import Deleting
from tidegauge_collector.jobs.folding import Folding
from tidegauge_collector.jobs.judging import Instruments, Judging
from tidegauge_collector.jobs.keeping import Keeping, retention_of
from tidegauge_collector.jobs.production import ProductionBaselines
from tidegauge_collector.jobs.standing import Standing
from tidegauge_collector.jobs.starting import marks_at_start
from tidegauge_collector.jobs.telling import Telling
from tidegauge_collector.jobs.wishes import Wishes
from tidegauge_collector.measuring.baselines import Baselines
from tidegauge_collector.measuring.explaining import Explaining
from tidegauge_collector.measuring.handout import Configurations, Handout
from tidegauge_collector.measuring.kept import Kept
from tidegauge_collector.measuring.observing import Observer
from tidegauge_collector.measuring.progress import ProgressReader
from tidegauge_collector.notify import OutboxSender, render
from tidegauge_collector.notify.attending import Attendant
from tidegauge_collector.place import announce, check_free, occupy
from tidegauge_collector.rounds import Job, Rounds
from tidegauge_collector.settings import Address, CollectorSettings
from tidegauge_collector.telemetry.extent import extent, stored_counts
from tidegauge_collector.telemetry.extent import extents as extents_of
from tidegauge_collector.upkeep.errands import forget_all
from tidegauge_collector.upkeep.healing import open_stores
from tidegauge_collector.upkeep.housekeeping import Housekeeping
from tidegauge_collector.uploads.doors import UploadDoors
from tidegauge_collector.web.routes import add_web_routes

log = structlog.get_logger(__name__)

SWITCH_INTERVAL_S = 0.0005  # numpy work in the jobs' thread must not stall the event loop
GC_THRESHOLDS = 20_000, 50, 50
"""A full collection holds every thread for 0.2 s where baselines of 500 deployments are in memory, and finds nothing: so it is rare."""
READERS = 4
WARM_S = 15.0
"""How often what the lists of deployments say is computed again of those that changed: so nobody waits who looks at them."""
GRACE_S = 5.0


class WallClock:
    """The real clock."""

    def now_us(self) -> int:
        return time.time_ns() // 1_000

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class Collector:
    """A running collector: `start`, then `run` until `stop` is called. For the daemon and for tests alike."""

    def __init__(self, settings: CollectorSettings, clock: WallClock | None = None) -> None:
        self.settings = settings
        self.http_url = ""
        self.grpc_url = ""
        self._clock = clock or WallClock()
        self._stack = contextlib.AsyncExitStack()
        self._stopping = asyncio.Event()
        self._fatal: BaseException | None = None

    # ------------------------------------------------------------------ start and stop

    async def start(self) -> None:
        """Open everything and listen. Raises CollectorError with nothing left open."""
        try:
            await self._start()
        except BaseException:
            await self._stack.aclose()
            raise

    async def _start(self) -> None:
        sys.setswitchinterval(SWITCH_INTERVAL_S)
        gc.set_threshold(*GC_THRESHOLDS)
        data = self.settings.data
        self._stack.callback(os.close, occupy(data))
        for address in (self.settings.http, self.settings.grpc):
            check_free(address)
        self.control, self.telemetry = open_stores(
            data,
            self.settings.backup_dir,
            memory_limit=f"{self.settings.memory_limit_mb}MB",
            now_us=self._clock.now_us,
        )
        self._stack.callback(self.control.close)
        self.control.definitions.refresh(self._clock.now_us())
        self.access = Access(self.control.tokens, self.settings.access_config, self._clock.now_us)
        self._stack.callback(self.access.close)
        self._stack.callback(self.telemetry.close)
        self._jobs = ThreadPoolExecutor(1, "tidegauge-jobs")
        self._readers = ThreadPoolExecutor(READERS, "tidegauge-read")
        self._stack.callback(self._readers.shutdown)  # waits for what runs: a store in use must not be closed
        self._stack.callback(self._jobs.shutdown)
        self._upkeep = ThreadPoolExecutor(1, "tidegauge-upkeep")
        self._stack.callback(self._upkeep.shutdown)
        for pool in (self._jobs, self._upkeep):
            pool.submit(int)  # a thread that begins with its pool is there from the start, not from the first errand on
        self._wire(data)
        await self._listen()
        self._begin_jobs()
        self._announce(data)

    def _wire(self, data: Path) -> None:
        now_us = self._clock.now_us
        frame_log = FrameLog(data / "log")
        self._stack.callback(frame_log.close)
        forget_all(data)
        self.housekeeping = Housekeeping(self.settings, self.telemetry, frame_log, now_us)
        self._stack.callback(self.housekeeping.end)
        found, unfolded_bytes = marks_at_start(self.telemetry, data / "log")
        self.service = TelemetryService(
            frame_log,
            found,
            quarantine=data / "quarantine",
            configurations=self._configurations,
            on_frames=lambda: self.rounds.arrived(),  # noqa: PLW0108 - made below
            now_us=now_us,
            limits=self.settings.intake_limits,
            unfolded_bytes=lambda: self.backlog.size_bytes(),  # noqa: PLW0108 - made below
        )
        self._stack.callback(self.service.close)
        baselines = Baselines(self.control)
        self.handout = Handout(self.control, baselines)
        extents = Kept(functools.partial(extent, self.telemetry), functools.partial(extents_of, self.telemetry))
        stored = Kept(functools.partial(stored_counts, self.telemetry))
        standings = Kept(
            functools.partial(standing_of, self.control, self.telemetry, baselines),
            functools.partial(standings_of, self.control, self.telemetry, baselines),
        )
        progress = ProgressReader(self.telemetry, self.service.agents.epochs, now_us)
        observer = Observer(self.telemetry, baselines)
        self._backtesting = Backtesting(
            self.control, self.telemetry, observer=observer, baselines=baselines, progress=progress, now_us=now_us
        )
        explaining = self._wire_alerting(baselines)
        self.judging = Judging(
            self.control,
            self.telemetry,
            instruments=Instruments(
                observer,
                baselines,
                progress,
                Standing(self.telemetry, self.service.agents.roster, now_us),
            ),
            routing=self.settings.routing,
            tell=self.telling.tell_some,
            now_us=now_us,
            on_judged=standings.touch,
        )
        self.production = ProductionBaselines(
            self.control,
            self.telemetry,
            rows=self.settings.baseline_rows,
            days=self.settings.baseline_days,
            now_us=now_us,
        )

        def changed(deployments: set[str]) -> None:
            for kept in (extents, stored):
                kept.touch(deployments)

        def removed(deployments: set[str]) -> None:
            changed(deployments)
            standings.touch(deployments)

        def folded(deployments: set[str]) -> None:
            changed(deployments)
            self.judging.expect(deployments)

        def ruled(deployments: Iterable[str]) -> None:
            names = tuple(deployments)
            standings.touch(names)
            self.judging.expect(names)

        self._on_rules_changed = ruled

        def caught_up(deployments: set[str]) -> bool:
            self.judging.expect(self.production.make_due(deployments))
            return not self.production.has_work

        def deleted(deployments: set[str]) -> None:
            removed(deployments)
            self.judging.look_again(deployments)

        self.deleting = Deleting(self.control, self.telemetry, now_us=now_us, on_removed=deleted)
        self.deleting.resume()
        wishes = Wishes(self.telemetry, self.deleting)
        self.housekeeping.errands |= {
            "delete": lambda wish, _tell: self._jobs.submit(wishes.delete, wish).result(),
            "export": lambda wish, tell: wishes.export(wish, lambda kind, done, of: tell(f"{kind} {done} {of}")),
        }
        self.keeping = Keeping(
            self.control, self.telemetry, retention_of(self.settings), now_us=now_us, on_removed=removed
        )

        self.folding = Folding(
            self.control,
            self.telemetry,
            data / "log",
            now_us,
            on_folded=folded,
            on_caught_up=caught_up,
            quarantine=self.service.quarantine,
        )
        self.backlog = Backlog(self.folding, self.service.counters, now_us, size_at_start_bytes=unfolded_bytes)
        self.watching = watch_intake(self.service, self.control.agents, now_us)
        self.rounds = Rounds(self.folding, self.judging, self._jobs, on_alerts=self.telling.wake, on_fatal=self._fail)
        self.sources = Sources(
            self.control,
            self.telemetry,
            extents,
            stored,
            standings,
            baselines=baselines,
            progress=progress,
            judging=self.judging,
            folding=self.folding,
            roster=self.service.agents.roster,
            quarantine=self.service.quarantine,
            explaining=explaining,
            attendant=self.attendant,
            routing=self.settings.routing,
            now_us=now_us,
        )
        self._figures = Figures(
            self.control,
            self.service,
            self.folding,
            self.judging,
            self.telling,
            self.sender,
            self.access,
            self.backlog,
            self.keeping,
            self.housekeeping,
            now_us=now_us,
            started_us=now_us(),
        )

    def _wire_alerting(self, baselines: Baselines) -> Explaining:
        """Telling, sending, and hearing what people did elsewhere; returns what explains an alert."""
        self.sender = OutboxSender(
            self.control, self.settings.channels, clock=self._clock, base_url=self.settings.base_url
        )
        self.attendant = Attendant(
            self.control, self.sender, now_us=self._clock.now_us, base_url=self.settings.base_url
        )
        self.housekeeping.errands["channels"] = lambda wish, _tell: self.attendant.do(wish)
        explaining = Explaining(self.control, self.telemetry, baselines)
        self.telling = Telling(
            self.control,
            self.settings.routing,
            explain=explaining.of,
            render=functools.partial(render, base_url=self.settings.base_url),
            now_us=self._clock.now_us,
            on_told=self.sender.wake,
        )
        self.polling = Polling(
            self.control,
            self.settings.channels,
            clock=self._clock,
            is_paused=lambda name: name in self.sender.paused,
            on_change=self.telling.wake,
        )
        return explaining

    async def _listen(self) -> None:
        address, tls = self.settings.grpc, self.access.tls
        server, port = await start_grpc(
            GuardedService(self.service, self.access.calls),
            address.host,
            address.port,
            credentials=tls.grpc_credentials() if tls else None,
        )
        self._stack.push_async_callback(server.stop, GRACE_S)
        self.grpc_url = f"grpc{'s' if tls else ''}://{self._shown(address, port)}"
        api = Api(
            self.sources,
            ActualsIntake(self.service.intake, self._clock.now_us),
            executor=self._readers,
            fold_all=self.rounds.fold_all,
            healthy=self._healthy,
            metrics=self._figures.text,
        )
        self.application = application = new_application(self._fail)
        application.middlewares.append(guarding(self.access))
        self.doors = await self._stack.enter_async_context(self._uploads())
        monitors = MonitorRoutes(
            self.control,
            self._backtesting,
            in_jobs=self._in_jobs,
            in_readers=self._in_readers,
            on_changed=self._on_rules_changed,
            now_us=self._clock.now_us,
        )
        alerting = Alerting(self.control, self._in_readers, self._clock.now_us, self.telling.wake)
        doing = Doing(
            actions=AlertActions(alerting),
            silences=SilenceRoutes(alerting),
            channels=ChannelRoutes(self.attendant, self._readers),
            monitors=monitors,
        )
        changes = Changes(
            uploads=self.doors,
            deletions=DeletionRoutes(self.deleting, self._in_jobs),
            monitors=monitors,
            doing=doing,
            custom=CustomRoutes(self.control, self._in_jobs, self._on_rules_changed),
            inbound=InboundRoute(alerting, self.sender.channels),
        )
        add_api_routes(application, api, changes)
        add_web_routes(application, api.read, self.access, doing, now=lambda: to_datetime(self._clock.now_us()))
        runner = JsonRunner(application, access_log=None, shutdown_timeout=GRACE_S)
        await runner.setup()
        self._stack.push_async_callback(runner.cleanup)
        address = self.settings.http
        try:
            await web.TCPSite(runner, address.host, address.port, ssl_context=tls.ssl_context if tls else None).start()
        except OSError as problem:
            raise CollectorError(
                f"HTTP address {address} cannot be bound ({problem.strerror}): stop what listens there or set another address"
            ) from problem
        port = runner.addresses[0][1]
        self.http_url = f"http{'s' if tls else ''}://{self._shown(address, port)}"

    def _uploads(self) -> UploadDoors:
        return UploadDoors(
            self.service.intake,
            self.control,
            self.sources.baselines,
            directory=self.settings.data / "uploads",
            now_us=self._clock.now_us,
            max_bytes=self.settings.max_upload_mb * 1024 * 1024,
            counters=self.service.counters,
        )

    def _shown(self, address: Address, port: int) -> str:
        return str(Address(self.access.host_shown(address.host), port))

    def _announce(self, data: Path) -> None:
        """Write where it listens to `DIR/endpoints.json`; the file is there only while the collector serves."""
        path = announce(data, http=self.http_url, grpc=self.grpc_url)
        self._stack.callback(path.unlink, missing_ok=True)
        log.info("collector.started", http=self.http_url, grpc=self.grpc_url, data=str(data))

    def stop(self) -> None:
        """Ask `run` to end."""
        self._stopping.set()

    @property
    def is_ending(self) -> bool:
        """Whether `run` was asked to end, or a store that cannot go on ends it."""
        return self._stopping.is_set()

    async def run(self) -> None:
        """Serve until `stop`; then finish what was accepted. Raises StoreFatal where a store cannot go on."""
        await self._stopping.wait()
        await self.close()
        if self._fatal is not None:
            raise self._fatal

    async def close(self) -> None:
        """Stop listening, finish, close everything."""
        await self._stack.aclose()
        log.info("collector.stopped")

    async def catch_up(self) -> None:
        """Return when everything acknowledged before is folded, has its baselines, and is judged as far as it is ready."""
        await self.rounds.catch_up()

    def _begin_jobs(self) -> None:
        keeping, housekeeping = self.keeping, self.housekeeping
        jobs = (
            Job(60.0, "judge_all", self.judging.expect_all, self._jobs),
            Job(300.0, "checkpoint", housekeeping.checkpoint, self._jobs),
            Job(5.0, "checkpoint_if_long", housekeeping.checkpoint_if_long, self._jobs),
            Job(600.0, "compact", keeping.compact, self._jobs),
            Job(60.0, "settle", keeping.settle_some, self._jobs),
            Job(60.0, "retain", keeping.expire_some, self._jobs),
            Job(60.0, "forget_messages", self._forget_messages, self._upkeep),
            Job(1.0, "errands", housekeeping.run_errands, self._upkeep),
            Job(60.0, "backup", housekeeping.back_up_if_due, self._upkeep),
            Job(WARM_S, "warm", functools.partial(look_at_all, self.sources), self._readers, at_start=True),
        )
        self._stack.push_async_callback(self.watching.close)
        tell = functools.partial(self.telling.run, self._readers)
        self.rounds.begin(self._stack, jobs, (self.sender.run, tell, self.watching.run, self.polling.run))

    def _forget_messages(self) -> None:
        age_us = round(self.settings.retention_messages_days * 86_400e6)
        self.control.forget_messages(before_us=self._clock.now_us() - age_us)

    def _fail(self, problem: BaseException) -> None:
        log.critical("collector.fatal", problem=repr(problem))
        self._fatal = self._fatal or problem
        self.stop()

    async def _in_jobs(self, work: Callable[[], Any]) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._jobs, work)

    async def _in_readers(self, work: Callable[[], Any]) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._readers, work)

    # ------------------------------------------------------------------ for the rooms

    def _healthy(self) -> bool:
        try:
            self.control.ping()
        except StoreUnavailable as problem:
            log.warning("control.unavailable", problem=str(problem.orig))
            return False
        return self._fatal is None and self.telemetry.healthy()

    async def _configurations(self, known: int, wanted: Container[str] | None) -> tuple[int, Configurations]:
        return await asyncio.get_running_loop().run_in_executor(self._readers, self.handout.since, known, wanted)


async def serve(settings: CollectorSettings, on_started: Callable[[Collector], None]) -> None:
    """Run a collector until SIGTERM or SIGINT."""
    collector = Collector(settings)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, collector.stop)
    await collector.start()
    on_started(collector)
    await collector.run()
