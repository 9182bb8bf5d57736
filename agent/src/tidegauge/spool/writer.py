"""The writing end of a spool: one writer, one epoch directory `<root>/<epoch>/`, one lock held for life.

A record is in memory after `append` and durable, and readable, after `commit`. After an I/O error the segment is given up, never
tried again (the kernel may have dropped the page), and what was not durable goes into a new segment at the next commit.
"""

import contextlib
import os
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Self

from tidegauge.errors import SpoolError, UsageError
from tidegauge.spool.crash_points import crash_here
from tidegauge.spool.disk import make_root
from tidegauge.spool.epoch import epoch_of, new_epoch
from tidegauge.spool.lock import mark_closed
from tidegauge.spool.merge import Merge
from tidegauge.spool.own_directory import OwnDirectory
from tidegauge.spool.pending import PendingRecords
from tidegauge.spool.quota import Keeper, Limits
from tidegauge.spool.record import HOLE_KIND, MAX_PAYLOAD, MAX_RECORD, Record, encode
from tidegauge.spool.segment import MAX_SEGMENT_BYTES, OpenSegment, list_segments

MIB = 1024 * 1024
INTERVAL_S = 1.0
DURABILITIES = ("seal", "interval", "always")


@dataclass(frozen=True, slots=True)
class WriterCounters:
    """What went wrong in a writer's life; all zero on a good day."""

    io_errors: int = 0
    recreated: int = 0  # times the directory or a file in it was deleted under us and made again
    dropped_records: int = 0  # of pending ones, reported as holes `spool_unwritable`
    dropped_rows: int = 0  # that were in them
    quota_dropped_rows: int = 0  # of stored ones, reported as holes `quota`
    age_dropped_rows: int = 0  # likewise, `age`
    merged_frames: int = 0  # that went into coarser ones; no row is lost by it
    merge_failures: int = 0  # segments whose frames could not be merged and stayed as they were


def _no_rows(_: Record) -> int:
    return 0


class SpoolWriter:
    """Append-only writer of one epoch. Thread-safe; a forked child calls `abandon_after_fork` and makes its own."""

    def __init__(  # noqa: PLR0913 - each is a knob of its own, and has a default
        self,
        root: Path,
        *,
        segment_size_bytes: int = 8 * MIB,
        quota_bytes: int | None = 512 * MIB,
        max_age_s: float | None = None,
        durability: str = "seal",
        max_pending_bytes: int = 16 * MIB,
        rows_of: Callable[[Record], int] = _no_rows,
        merge: Merge | None = None,
        epoch: uuid.UUID | None = None,
    ) -> None:
        """Make the epoch directory and lock it.

        `durability`: "seal" syncs at each commit, "interval" at most once a second (what is committed in between waits in memory
        for the next commit), "always" at each append. `rows_of` counts the rows of a stored frame that is dropped, `merge` makes
        frames coarser before that; both must not touch this spool. `epoch` is for tests and tools, else a new one after all that
        lie in `root`. Raises SpoolError where the root cannot be used, UsageError for a wrong option.
        """
        if durability not in DURABILITIES:
            raise UsageError(f"durability {durability!r}: choose one of {', '.join(DURABILITIES)}")
        if not 0 < segment_size_bytes <= MAX_SEGMENT_BYTES - 2 * MAX_RECORD:
            raise UsageError(
                f"segment_size_bytes {segment_size_bytes}: choose 1 to {MAX_SEGMENT_BYTES - 2 * MAX_RECORD}"
            )
        self.epoch, self._own = _make_epoch(root, epoch)
        self._segment_size_bytes = segment_size_bytes
        self._keeper = (
            None
            if quota_bytes is None and max_age_s is None
            else Keeper(root, Limits(quota_bytes, max_age_s, rows_of, merge))
        )
        self._commits_always = durability == "always"
        self._interval_s = INTERVAL_S if durability == "interval" else 0.0
        self._committed_s = float("-inf")
        self._max_pending_bytes = max_pending_bytes
        self._pid = os.getpid()
        # Guards everything below, and every call on the files: appends wait while a commit is on the disk.
        self._lock = threading.Lock()
        self._pending = PendingRecords()
        self._next_seq = 1
        self._durable_seq = 0
        self._segment: OpenSegment | None = None
        self._segment_number = 0
        self._is_failing = False
        self._is_closed = False
        self._counters = WriterCounters()
        self._keep_quota()  # also here, for processes that never live to fill a segment

    @property
    def directory(self) -> Path:
        """The epoch directory."""
        return self._own.path

    @property
    def durable_seq(self) -> int:
        """The last seq that survives a power loss."""
        return self._durable_seq

    @property
    def next_seq(self) -> int:
        """The seq that the next record gets."""
        return self._next_seq

    @property
    def counters(self) -> WriterCounters:
        """What went wrong so far."""
        return replace(
            self._counters,
            dropped_records=self._pending.dropped_records,
            dropped_rows=self._pending.dropped_rows.total(),
        )

    @property
    def held_bytes(self) -> int:
        """Memory that records take which are not durable yet; at most `max_pending_bytes` between two calls."""
        return self._pending.held_bytes

    def dropped_rows(self, kind: int) -> int:
        """Rows in the pending records of a kind that were dropped."""
        return self._pending.dropped_rows[kind]

    def append(self, kind: int, payload: bytes, *, flags: int = 0, rows: int = 0) -> int:
        """Take a record into memory and return its seq; `rows` is what a hole says is lost if it can never be written.

        Raises UsageError on misuse. Does not raise for a bad disk, except with durability "always", which commits each record; once
        the disk has refused, only `commit` tries it again.
        """
        if os.getpid() != self._pid:  # written out here: this is the one call that is made for each record
            self._refuse_in_child()
        if not HOLE_KIND < kind <= 0xFF or not 0 <= flags <= 0xFF:
            raise UsageError(f"record kind {kind}, flags {flags}: kind must be 1..255, flags 0..255")
        if len(payload) > MAX_PAYLOAD:
            raise UsageError(f"record payload of {len(payload)} bytes: at most {MAX_PAYLOAD}; split the frame")
        with self._lock:
            if self._is_closed:
                self._refuse_when_closed()
            seq = self._next_seq
            self._pending.add(seq, encode(seq, kind, flags, payload), rows)
            self._next_seq = seq + 1
            if self._pending.held_bytes > self._max_pending_bytes:
                self._make_room()
            if self._commits_always:
                self._commit_unless_failing()
            return seq

    def commit(self, *, at_once: bool = False) -> int:
        """Make all appended records durable and return the last durable seq (see `durability` for "interval": `at_once` does not wait).

        Raises SpoolError when the disk refuses; the records then stay in memory for the next commit.
        """
        self._refuse_in_child()
        with self._lock:
            self._refuse_when_closed()
            if at_once or not self._interval_s or time.monotonic() - self._committed_s >= self._interval_s:
                self._commit()
            return self._durable_seq

    def close(self) -> None:
        """Commit, seal the last segment, say `closed` and release the lock. Raises SpoolError when records are lost by it."""
        self._refuse_in_child()
        with self._lock:
            if self._is_closed:
                return
            self._is_closed = True
            crash_here("writer.before_close")
            try:
                self._commit()
                self._roll()
                with self._counting_errors():
                    mark_closed(self.directory, self._durable_seq)
                crash_here("writer.closed")
            finally:
                if self._segment:
                    self._segment.abandon()
                self._own.release()

    def abandon_after_fork(self) -> None:
        """Let go of everything inherited, in a forked child: nothing is written, and the parent keeps its lock."""
        if os.getpid() == self._pid:
            raise UsageError("abandon_after_fork: called in the process that owns the spool writer; call close()")
        self._lock = threading.Lock()  # a thread of the parent may have held the old one while forking
        if not self._is_closed:
            self._is_closed = True
            self._pending = PendingRecords()
            if self._segment:
                self._segment.close_inherited()
            self._own.abandon()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # --- all below is called with the lock held ---

    def _commit(self) -> None:
        crash_here("writer.before_commit")
        try:
            while self._pending:
                self._recreate_if_deleted()
                self._write_group()
        except (OSError, SpoolError) as error:
            self._give_up_segment()
            raise SpoolError(
                f"spool {self.directory}: cannot be written ({error}); {len(self._pending)} records "
                f"({self._pending.size_bytes} bytes) wait in memory: free space or mend the disk"
            ) from error
        self._is_failing = False
        self._committed_s = time.monotonic()
        if self._keeper and self._keeper.is_due():
            self._keep_quota()

    def _commit_unless_failing(self) -> None:
        """Commit, but not for each record again and again all that waits for a bad disk."""
        if self._is_failing:
            raise SpoolError(f"spool {self.directory}: cannot be written: the record waits in memory for a commit")
        self._commit()

    def _write_group(self) -> None:
        written = self._segment.size_bytes if self._segment else 0
        group = self._pending.next_group(self._segment_size_bytes - written)
        if self._segment is None:
            self._segment_number += 1
            self._segment = OpenSegment(self._own.descriptor, self._segment_number, self.epoch, group.first_seq)
        self._segment.append_durably(group.data)
        self._durable_seq = group.last_seq
        self._pending.forget(group.last_seq)
        with self._counting_errors():
            self._own.lock.publish(self._durable_seq)
        crash_here("writer.published")
        if self._segment.size_bytes >= self._segment_size_bytes:
            self._roll()
            self._keep_quota()

    def _roll(self) -> None:
        segment, self._segment = self._segment, None
        if segment:
            crash_here("writer.before_seal")
            with self._counting_errors():  # its records are durable already; under the old name they are read as well
                segment.seal()
            crash_here("writer.sealed")

    def _give_up_segment(self) -> None:
        self._count(io_errors=1)
        self._is_failing = True
        segment, self._segment = self._segment, None
        if segment:
            segment.abandon()

    def _make_room(self) -> None:
        """Keep the memory bounded: write early, and where the disk refuses drop the oldest."""
        if not self._is_failing:
            with contextlib.suppress(SpoolError):  # counted; the next commit raises it to whom it concerns
                self._commit()
        self._pending.shrink_to(self._max_pending_bytes)

    def _keep_quota(self) -> None:
        keeper = self._keeper
        if keeper is None:
            return
        with self._counting_errors():
            keeper.keep()
        self._counters = replace(
            self._counters,
            quota_dropped_rows=keeper.quota_rows,
            age_dropped_rows=keeper.age_rows,
            merged_frames=keeper.merged.frames,
            merge_failures=keeper.merged.failures,
        )

    def _recreate_if_deleted(self) -> None:
        is_deleted = self._own.is_deleted()
        if not is_deleted and not (self._segment and self._segment.is_deleted):
            return
        if self._segment:
            self._segment.abandon()
            self._segment = None
        if is_deleted:
            self._own.make_again(self._durable_seq)
        self._segment_number = max(
            [self._segment_number, *(found.last_number for found in list_segments(self.directory))]
        )
        self._count(recreated=1)

    @contextlib.contextmanager
    def _counting_errors(self) -> Iterator[None]:
        """Count an error that costs no record, instead of raising it."""
        try:
            yield
        except (OSError, SpoolError):
            self._count(io_errors=1)

    def _count(self, **more: int) -> None:
        self._counters = replace(
            self._counters, **{name: getattr(self._counters, name) + n for name, n in more.items()}
        )

    def _refuse_when_closed(self) -> None:
        if self._is_closed:
            raise SpoolError(f"spool {self.directory}: the writer is closed: make a new one")

    def _refuse_in_child(self) -> None:
        if os.getpid() != self._pid:
            raise SpoolError(
                f"spool {self.directory}: belongs to process {self._pid}: call abandon_after_fork() and make a new writer"
            )


def _make_epoch(root: Path, epoch: uuid.UUID | None) -> tuple[uuid.UUID, OwnDirectory]:
    make_root(root)
    try:
        epoch = epoch or new_epoch(after=_newest_epoch(root))
        return epoch, OwnDirectory(root, epoch)
    except OSError as error:
        raise SpoolError(
            f"spool {root}: no epoch can be made in it ({error}): mend the directory or choose another"
        ) from error


def _newest_epoch(root: Path) -> uuid.UUID | None:
    return max((epoch for found in root.iterdir() if (epoch := epoch_of(found.name))), default=None)
