"""Folds the frame log: the effects on the control store first (they are idempotent), then one telemetry transaction for each batch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import structlog

from tidegauge.errors import WireError
from tidegauge.wire import telemetry_pb2 as pb
from tidegauge.wire.codec import decode_frame
from tidegauge_collector.control import ControlStore, StoreUnavailable
from tidegauge_collector.crash_points import crash_here
from tidegauge_collector.errors import StoreFatal
from tidegauge_collector.ingest.framelog import NO_FRAME, LogEntry, LogPosition
from tidegauge_collector.ingest.logreader import LogReader
from tidegauge_collector.ingest.quarantine import Quarantine
from tidegauge_collector.jobs.baselines import keep_part
from tidegauge_collector.jobs.setting_aside import SettingAside
from tidegauge_collector.telemetry.deleting import delete_barred_actuals
from tidegauge_collector.telemetry.extent import log_position
from tidegauge_collector.telemetry.faults import StoreRefused
from tidegauge_collector.telemetry.fold import FoldEntry, fold
from tidegauge_collector.telemetry.fold import LogPosition as FoldedPosition
from tidegauge_collector.telemetry.store import TelemetryStore

BATCH_BYTES = 8 * 1024 * 1024
ROLES = {pb.ROLE_CHAMPION: "champion", pb.ROLE_CHALLENGER: "challenger", pb.ROLE_REPLAY: "replay"}

Pairs = Sequence[tuple[LogPosition, LogEntry]]
TRIES = 3
STORE_ERRORS = (StoreFatal, StoreRefused, StoreUnavailable)  # the store's fault, not a frame's

log = structlog.get_logger(__name__)


class Folding:
    """Reads the log behind the folded position. Called from one thread, but for `arrived` and `caught_up`."""

    def __init__(
        self,
        control: ControlStore,
        telemetry: TelemetryStore,
        log_directory: Path,
        now_us: Callable[[], int],
        *,
        on_folded: Callable[[set[str]], None],
        on_caught_up: Callable[[set[str]], bool],
        quarantine: Quarantine | None = None,
    ) -> None:
        """`on_folded` is told the deployments of each batch; `on_caught_up` all of them again before `caught_up` says so.

        Where that answers False it has more to do: it is called again, with what has been folded meanwhile.
        """
        self._control = control
        self._telemetry = telemetry
        self._log_directory = log_directory
        self._now_us = now_us
        self._on_folded = on_folded
        self._on_caught_up = on_caught_up
        self._versions: set[tuple[str, str]] = set()
        self._news = {one.name for one in control.deployments()}
        self._arrivals = 0  # goes up with what comes in
        self._done = -1  # of these arrivals everything is folded
        self._failures = 0
        self.counts: Counter[str] = Counter()
        self.folded_bytes = self.folded_received_us = 0  # since the start; when the newest folded frame was received
        self._aside = SettingAside(quarantine)
        self._reader = self._open_reader()

    def _open_reader(self) -> LogReader:
        done = log_position(self._telemetry)
        after = LogPosition(done.log_epoch, done.log_seq) if done is not None else None
        return LogReader(self._log_directory, after)

    def arrived(self) -> None:
        """Say that frames are in the log; before whoever sent them hears of it."""
        self._arrivals += 1

    @property
    def caught_up(self) -> bool:
        """Whether everything that has arrived is folded."""
        return self._done == self._arrivals

    def fold_some(self) -> int:
        """Fold the next batch of the log; the number of frames folded, 0 where there is nothing new."""
        arrivals = self._arrivals
        try:
            pairs = self._reader.read(BATCH_BYTES)
            if pairs:
                self._take(pairs)
            else:
                self._remove_what_came_back()
                is_done = self._on_caught_up(self._news)
                self._news = set()
                if is_done:
                    self._done = arrivals
        except BaseException:
            self._reader = self._open_reader()  # nothing of the batch was committed: read it again
            raise
        return len(pairs)

    def _remove_what_came_back(self) -> None:
        if self._telemetry.index.has_barred_ids:
            delete_barred_actuals(self._telemetry)
            self._on_folded(self._news)

    def _take(self, pairs: Pairs) -> None:
        """Fold a batch; one that has failed three times frame by frame, so that a poisonous one costs only itself."""
        try:
            if self._failures < TRIES:
                self._fold(pairs)
            else:
                self._fold_one_by_one(pairs)
        except STORE_ERRORS:
            raise
        except Exception:
            self._failures += 1
            raise
        self._failures = 0

    def _fold_one_by_one(self, pairs: Pairs) -> None:
        for position, entry in pairs:
            try:
                self._fold([(position, entry)])
            except STORE_ERRORS:
                raise
            except Exception as problem:
                log.exception("frame.poisonous", epoch=entry.epoch.hex(), seq=entry.first_seq)
                self.counts["poisonous"] += 1
                self._aside.keep(entry, repr(problem))
                self._fold([(position, replace(entry, frame=b"", kind=NO_FRAME))])  # its numbers become a gap

    def _fold(self, pairs: Pairs) -> None:
        now_us = self._now_us()
        logged = [self._aside.masked(entry) for _, entry in pairs]
        entries = [self._decoded(entry) for entry in logged]
        for entry in entries:
            if entry.frame.deployment:
                self._configure(entry.frame, now_us)
        last = pairs[-1][0]
        crash_here("fold.effects")
        result = fold(
            self._telemetry,
            entries,
            FoldedPosition(last.log_epoch, last.log_seq),
            set_aside=lambda entry, reason: self._aside.keep_among([one for _, one in pairs], entry, reason),
        )
        self.folded_bytes += sum(len(entry.frame) for _, entry in pairs)
        self.folded_received_us = max(self.folded_received_us, pairs[-1][1].received_us)
        self.counts["folded"] += result.folded
        self.counts["skipped"] += result.skipped
        self.counts["clamped_rows"] += result.clamped_rows
        for rejection in result.rejected:
            self.counts["rejected"] += 1
            log.warning(
                "frame.rejected",
                epoch=rejection.entry.epoch.hex(),
                seq=rejection.entry.first_seq,
                reason=rejection.reason,
            )
        touched = {entry.frame.deployment for entry in entries if entry.frame.deployment} | self._ended(entries)
        self._news |= touched
        self._on_folded(touched)

    def _ended(self, entries: Sequence[FoldEntry]) -> set[str]:
        """Deployments of epochs that are closed now: their last windows have become ready."""
        closed = {entry.epoch for entry in entries if entry.closed}
        known = self._telemetry.index.watermarks
        return {name for name, by_epoch in known.items() if not closed.isdisjoint(by_epoch)} if closed else set()

    def _decoded(self, entry: LogEntry) -> FoldEntry:
        frame = pb.Frame()
        if entry.kind != NO_FRAME:
            try:
                frame = decode_frame(entry.frame)
            except WireError:
                self.counts["undecodable"] += 1  # the fold records the numbers as rejected
        return FoldEntry(entry.epoch, entry.first_seq, entry.last_seq, entry.received_us, entry.closed, frame)

    # ------------------------------------------------------------------ the control store

    def _configure(self, frame: pb.Frame, now_us: int) -> None:
        """Make the deployment and version that a frame is the first to name; take in proposals and baselines."""
        key = (frame.deployment, frame.version)
        announced = frame.HasField("event") and frame.event.HasField("proposal")
        if key not in self._versions or announced:
            self._ensure(frame, now_us, _proposal(frame.event.proposal) if announced else {})
            self._versions.add(key)
        if frame.HasField("baseline"):
            self._take_baseline(frame, now_us)

    def _ensure(self, frame: pb.Frame, now_us: int, proposal: dict[str, object]) -> None:
        try:
            self._control.ensure_deployment(frame.deployment, proposal=proposal, now_us=now_us)
        except ValueError as problem:
            log.warning("proposal.refused", deployment=frame.deployment, problem=str(problem))
            self.counts["proposals_refused"] += 1
            self._control.ensure_deployment(frame.deployment, proposal={}, now_us=now_us)
        if frame.version:  # actuals over HTTP are of no version
            role = ROLES.get(frame.role, "champion")
            self._control.ensure_version(frame.deployment, frame.version, role=role, now_us=now_us)

    def _take_baseline(self, frame: pb.Frame, now_us: int) -> None:
        part = frame.baseline
        try:
            status = keep_part(self._control, frame.deployment, frame.version, part, now_us=now_us)
        except ValueError as problem:
            self.counts["baselines_refused"] += 1
            log.warning("baseline.refused", deployment=frame.deployment, version=frame.version, problem=str(problem))
            return
        if status != "incomplete":
            log.info("baseline.complete", deployment=frame.deployment, version=frame.version, status=status)


def _proposal(message: pb.DeploymentProposal) -> dict[str, object]:
    return {
        "timezone": message.time_zone,
        "task": message.task,
        "positive_class": message.positive_class,
        "classes": list(message.classes),
        "segments": list(message.segment_columns),
        "alerts": message.alerts,
    }
