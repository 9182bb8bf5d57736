"""What a running collector does for its stores on a timer: checkpoints, release of the log, backups, errands of its commands."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import structlog

from tidegauge_collector.crash_points import crash_here
from tidegauge_collector.errors import CollectorError, StoreFatal
from tidegauge_collector.ingest.framelog import FrameLog, LogPosition
from tidegauge_collector.settings import CollectorSettings
from tidegauge_collector.telemetry.anatomy import anatomy
from tidegauge_collector.telemetry.damage import noted_damage
from tidegauge_collector.telemetry.extent import log_position
from tidegauge_collector.telemetry.faults import StoreDamaged
from tidegauge_collector.telemetry.store import TelemetryStore
from tidegauge_collector.upkeep.backing_up import BackupFailed, OnProgress, back_up, nobody
from tidegauge_collector.upkeep.errands import Errand, serve_all
from tidegauge_collector.upkeep.manifest import TELEMETRY, Backup, backups, prune

HOUR_US = 3_600 * 1_000_000
LONG_LOG_BYTES = 128 * 1024 * 1024
log = structlog.get_logger(__name__)


class Housekeeping:
    """`checkpoint` belongs in the thread that folds; `back_up_if_due` and `back_up` in another: writers wait only for the copying."""

    def __init__(
        self, settings: CollectorSettings, telemetry: TelemetryStore, frame_log: FrameLog, now_us: Callable[[], int]
    ) -> None:
        self.data = settings.data
        self._settings = settings
        self._telemetry = telemetry
        self._frame_log = frame_log
        self._now_us = now_us
        self._one_backup = threading.Lock()  # one backup at a time
        self._ending = threading.Event()
        self.errands: dict[str, Errand] = {"backup": self._errand_backup, "doctor": self._errand_doctor}
        self.backup_failures = 0
        self.checkpoints_postponed = 0  # for want of room on the disk
        self.last_backup_us = max((one.manifest.taken_at_us for one in backups(settings.backup_dir)), default=0)

    def checkpoint(self) -> None:
        """Move the write-ahead log into the file; then log segments that are folded and old enough may go."""
        done = log_position(self._telemetry)
        if not self._telemetry.checkpoint():
            self.checkpoints_postponed += 1
            log.warning("checkpoint.postponed", why="too little room on the disk: free space")
            return
        if done is not None:
            keep_us = int(self._settings.log_keep_hours * HOUR_US)
            crash_here("release.before")
            self._frame_log.release(LogPosition(done.log_epoch, done.log_seq), self._now_us() - keep_us)
            crash_here("release.done")

    def checkpoint_if_long(self) -> None:
        """The same, where the write-ahead log is long (all of it would be read again after a kill) and there is room for it."""
        if self._telemetry.log_bytes() >= LONG_LOG_BYTES and self._telemetry.has_room():
            self.checkpoint()

    def back_up_if_due(self) -> None:
        """Back up to `backup_dir` where the newest backup is older than `backup_every_hours`. A failure is counted and tried again."""
        folder, every_us = self._settings.backup_dir, self._settings.backup_every_hours * HOUR_US
        if folder is None or self._now_us() - self.last_backup_us < every_us:
            return
        try:
            self.back_up(folder, keep=self._settings.backup_keep)
        except StoreFatal:
            raise
        except CollectorError as problem:
            self.backup_failures += 1
            log.critical("backup.failed", folder=str(folder), problem=str(problem))

    def back_up(self, folder: Path, *, keep: int = 0, on_progress: OnProgress = nobody) -> Backup:
        """Back up now; `keep`: delete all but so many of the newest (0: none)."""
        with self._one_backup:
            told = self._told(on_progress)
            made = back_up(self.data, self._telemetry, folder, now_us=self._now_us(), on_progress=told)
            gone = prune(folder, keep)
        if folder == self._settings.backup_dir:
            self.last_backup_us = made.manifest.taken_at_us
        log.info("backup.made", path=str(made.path), deleted=[one.name for one in gone])
        return made

    def run_errands(self) -> None:
        """Do what commands ask for; raises StoreDamaged where that has shown damage, after the asker has his answer."""
        serve_all(self.data, self.errands)
        damage = noted_damage(self.data / TELEMETRY)
        if damage is not None:
            raise StoreDamaged(damage)

    def end(self) -> None:
        """Have a backup that is being made give up."""
        self._ending.set()

    def _errand_backup(self, wish: Mapping[str, Any], tell: Callable[[str], None]) -> str:
        made = self.back_up(Path(wish["to"]), on_progress=lambda what, done, total: tell(f"{what} {done} {total}"))
        return str(made.path)

    def _errand_doctor(self, _wish: Mapping[str, Any], _tell: Callable[[str], None]) -> dict[str, Any]:
        return anatomy(self._telemetry)

    def _told(self, on_progress: OnProgress) -> OnProgress:
        def tell(what: str, done: int, total: int) -> None:
            if self._ending.is_set():
                raise BackupFailed("the collector is ending: back up again when it runs, or while it stands still")
            on_progress(what, done, total)

        return tell
