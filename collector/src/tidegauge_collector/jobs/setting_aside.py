"""Frames that decode and that the fold cannot count go to the quarantine, before the fold commits the gap that stands for them.

Whatever is in the quarantine, or was, is never folded from where it lies in the log: it comes back through a retry only, so that it
is counted once even where the log is folded again by a later version.
"""

from collections.abc import Sequence
from dataclasses import replace

import structlog

from tidegauge.wire.codec import decode_frame
from tidegauge.wire.kinds import FrameKind, rows_of
from tidegauge_collector.ingest.batch import Flaw, Poison
from tidegauge_collector.ingest.framelog import NO_FRAME, LogEntry
from tidegauge_collector.ingest.quarantine import Quarantine
from tidegauge_collector.telemetry.fold import FoldEntry

log = structlog.get_logger(__name__)


class SettingAside:
    """Called from the fold's thread."""

    def __init__(self, quarantine: Quarantine | None) -> None:
        """Without a quarantine nothing is kept."""
        self._quarantine = quarantine

    def masked(self, entry: LogEntry) -> LogEntry:
        """An entry, without its frame where that is in quarantine."""
        if self._quarantine is None or entry.kind in (NO_FRAME, FrameKind.GAP):
            return entry
        is_known = self._quarantine.is_known(entry.epoch, entry.first_seq)
        return replace(entry, frame=b"", kind=NO_FRAME) if is_known else entry

    def keep(self, entry: LogEntry, reason: str) -> bool:
        """Keep a frame; False where it cannot be kept: it is lost then, and counted as rejected."""
        if self._quarantine is None:
            return False
        if not entry.frame:
            return self._quarantine.is_known(entry.epoch, entry.first_seq)
        poison = Poison(
            entry.epoch,
            entry.first_seq,
            entry.frame,
            reason,
            Flaw.UNFOLDABLE,
            entry.received_us,
            decode_frame(entry.frame).deployment,
        )
        try:
            return self._quarantine.keep(poison, stage="fold", rows=rows_of(entry.kind, entry.frame))
        except OSError as problem:
            log.warning("quarantine.refused", epoch=entry.epoch.hex(), seq=entry.first_seq, problem=str(problem))
            return False

    def keep_among(self, entries: Sequence[LogEntry], wanted: FoldEntry, reason: str) -> bool:
        """The same for the entry of a batch that the fold has rejected."""
        found = (one for one in entries if (one.epoch, one.first_seq) == (wanted.epoch, wanted.first_seq))
        entry = next(found, None)
        return entry is not None and self.keep(entry, reason)
