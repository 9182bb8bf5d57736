"""The frame log: what was acknowledged to agents and is to be folded, on the agent's spool format in the data directory.

    <directory>/<log epoch>/NNNNNNNN.seg      one log epoch per start of the collector; see tidegauge.spool.record

    entry    | version u8 = 1 | closed u8 | kind u8 | epoch 16 bytes | first seq u64 | last seq u64 | received i64 | frame |
             the payload of one spool record; kind is also the record's kind byte; received in microseconds since 1970

Within an epoch entries lie in the order of their numbers and without holes. After a disk error, and only then, an entry may lie
here twice: whoever reads skips what is at or below the mark he already has.
"""

import os
import shutil
import struct
from dataclasses import dataclass
from pathlib import Path

from tidegauge.errors import SpoolError
from tidegauge.spool.directory import list_epochs, release, remove_if_finished
from tidegauge.spool.reader import SpoolReader
from tidegauge.spool.record import Hole, Record
from tidegauge.spool.writer import SpoolWriter

MIB = 1024 * 1024
NO_FRAME = 255  # kind of an entry that only says that its epoch is closed
_ENTRY = struct.Struct("<BBB16sQQq")
_VERSION = 1


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One frame as it was received, with the numbers [first_seq, last_seq] of its epoch that it stands for.

    `kind` is a FrameKind, or NO_FRAME: then `frame` is empty, both numbers are the last of the epoch, and `closed` is true.
    """

    epoch: bytes
    first_seq: int
    last_seq: int
    received_us: int
    closed: bool
    kind: int
    frame: bytes


@dataclass(frozen=True, slots=True, order=True)
class LogPosition:
    """A place in the log: everything at or before it is done. Positions order as the log does."""

    log_epoch: bytes
    log_seq: int


def encode_entry(entry: LogEntry) -> bytes:
    """The payload of an entry's record."""
    header = _ENTRY.pack(
        _VERSION, entry.closed, entry.kind, entry.epoch, entry.first_seq, entry.last_seq, entry.received_us
    )
    return header + entry.frame


def decode_entry(payload: bytes) -> LogEntry | None:
    """The entry of a record's payload, None where it is none that this version reads."""
    if len(payload) < _ENTRY.size or payload[0] != _VERSION:
        return None
    _, closed, kind, epoch, first_seq, last_seq, received_us = _ENTRY.unpack_from(payload)
    return LogEntry(epoch, first_seq, last_seq, received_us, bool(closed), kind, payload[_ENTRY.size :])


class FrameLog:
    """The writing end, one per running collector; used by one thread at a time."""

    def __init__(self, directory: Path, *, reserve_bytes: int = 64 * MIB, segment_size_bytes: int = 8 * MIB) -> None:
        """Open the log in `directory` and begin a log epoch; raises SpoolError where it cannot be written.

        reserve_bytes: a commit is refused when it would leave less than this free on the disk, so that the other stores
        in the data directory can still finish what they have begun.
        """
        self.directory = directory
        self._reserve_bytes = reserve_bytes
        _make_earlier_epochs_durable(directory)
        self._writer = SpoolWriter(
            directory, quota_bytes=None, segment_size_bytes=segment_size_bytes, max_pending_bytes=256 * MIB
        )

    @property
    def log_epoch(self) -> bytes:
        """The log epoch that this collector writes."""
        return self._writer.epoch.bytes

    def append(self, entry: LogEntry) -> LogPosition:
        """Take an entry into memory; it is durable and readable after `commit`."""
        return LogPosition(self.log_epoch, self._writer.append(entry.kind, encode_entry(entry)))

    def commit(self) -> LogPosition:
        """Make all appended entries durable (fdatasync); raises SpoolError when the disk refuses, and keeps them for the next commit."""
        free = self.free_bytes()
        if free is not None and free < self._reserve_bytes:
            raise SpoolError(
                f"frame log {self.directory}: {free} bytes free, {self._reserve_bytes} are kept in reserve: free space"
            )
        return LogPosition(self.log_epoch, self._writer.commit())

    def free_bytes(self) -> int | None:
        """What is free on the log's disk; None while its directory is gone."""
        return _free_bytes(self.directory)

    def close(self) -> None:
        """End the log epoch; raises SpoolError when entries appended and never committed are lost by it."""
        self._writer.close()

    def release(self, before: LogPosition, older_than_us: int) -> int:
        """Delete segments all of whose entries lie at or before a position and were received before a time; bytes freed."""
        return release_log(self.directory, before, older_than_us)


def release_log(directory: Path, before: LogPosition, older_than_us: int) -> int:
    """See FrameLog.release; earlier log epochs of which nothing is left are removed."""
    freed = 0
    for epoch in list_epochs(directory):
        name = epoch.epoch.bytes
        if name > before.log_epoch:
            break
        limit = before.log_seq if name == before.log_epoch else None
        freed += release(epoch.path, _last_old_seq(epoch.path, limit, older_than_us))
        if name < before.log_epoch:
            remove_if_finished(epoch.path)
    return freed


def _last_old_seq(path: Path, limit: int | None, older_than_us: int) -> int:
    """The last seq, at most `limit`, before the first entry that was received at or after a time."""
    reader = SpoolReader(path)
    done = 0
    while found := reader.read(max_bytes=4 * MIB):
        for item in found:
            last = item.last_seq if isinstance(item, Hole) else item.seq
            if (limit is not None and last > limit) or _is_younger(item, older_than_us):
                return done
            done = last
    return done


def _is_younger(item: Record | Hole, older_than_us: int) -> bool:
    entry = None if isinstance(item, Hole) else decode_entry(item.payload)
    return entry is not None and entry.received_us >= older_than_us


def _free_bytes(directory: Path) -> int | None:
    try:
        return shutil.disk_usage(directory).free
    except FileNotFoundError:
        return None  # the directory was deleted under us; the writer makes it again


def _make_earlier_epochs_durable(directory: Path) -> None:
    """What a killed collector wrote and never synced is read as received, so it must survive a power loss from now on."""
    for epoch in list_epochs(directory):
        for segment in epoch.segments:
            if not segment.is_sealed:
                descriptor = os.open(segment.path, os.O_RDONLY | os.O_NOFOLLOW)
                try:
                    os.fsync(descriptor)
                finally:
                    os.close(descriptor)
