"""Folds the frame log: the effects on the control store first (they are idempotent), then one telemetry transaction for each batch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import structlog

from tidegauge.errors import WireError
from tidegauge.wire import telemetry_pb2 as pb
from tidegauge.wire.codec import decode_frame
from tidegauge_collector.control import ControlStore
from tidegauge_collector.ingest.framelog import NO_FRAME, LogEntry, LogPosition
from tidegauge_collector.ingest.logreader import LogReader
from tidegauge_collector.jobs.baselines import keep_part
from tidegauge_collector.telemetry.extent import log_position
from tidegauge_collector.telemetry.fold import FoldEntry, fold
from tidegauge_collector.telemetry.fold import LogPosition as FoldedPosition
from tidegauge_collector.telemetry.store import TelemetryStore

BATCH_BYTES = 8 * 1024 * 1024
ROLES = {pb.ROLE_CHAMPION: "champion", pb.ROLE_CHALLENGER: "challenger", pb.ROLE_REPLAY: "replay"}

log = structlog.get_logger(__name__)


class Folding:
    """Reads the log behind the folded position. Called from one thread."""

    def __init__(
        self, control: ControlStore, telemetry: TelemetryStore, log_directory: Path, now_us: Callable[[], int]
    ) -> None:
        self._control = control
        self._telemetry = telemetry
        self._log_directory = log_directory
        self._now_us = now_us
        self._versions: set[tuple[str, str]] = set()
        self.counts: Counter[str] = Counter()
        self._touched: set[str] = set()
        self.caught_up = False
        self._reader = self._open_reader()

    def _open_reader(self) -> LogReader:
        done = log_position(self._telemetry)
        after = LogPosition(done.log_epoch, done.log_seq) if done is not None else None
        return LogReader(self._log_directory, after)

    def fold_some(self) -> int:
        """Fold the next batch of the log; the number of frames folded, 0 where there is nothing new."""
        self.caught_up = False
        try:
            pairs = self._reader.read(BATCH_BYTES)
            if pairs:
                self._fold(pairs)
        except BaseException:
            self._reader = self._open_reader()  # nothing of the batch was committed: read it again
            raise
        self.caught_up = not pairs
        return len(pairs)

    def take_touched(self) -> set[str]:
        """Deployments that got frames since the last call."""
        touched, self._touched = self._touched, set()
        return touched

    def _fold(self, pairs: Sequence[tuple[LogPosition, LogEntry]]) -> None:
        now_us = self._now_us()
        entries = [self._decoded(entry) for _, entry in pairs]
        for entry in entries:
            if entry.frame.deployment:
                self._configure(entry.frame, now_us)
        last = pairs[-1][0]
        result = fold(self._telemetry, entries, FoldedPosition(last.log_epoch, last.log_seq))
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
        self._touched |= {entry.frame.deployment for entry in entries if entry.frame.deployment}

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
