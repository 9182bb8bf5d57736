"""Packs what a root has not shipped into a parcel, to be carried by hand.

What goes into a parcel is announced as attempted first, so that it is never merged into something else here: whoever ships, the
frames of a number are the same bytes. What is given up here (`acknowledge`) is noted durably before it is deleted, and the
shipper waits for the parcel instead of calling those numbers lost.
"""

import contextlib
import os
import socket
import tempfile
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from tidegauge.errors import SpoolError, UsageError
from tidegauge.operating.looking import EpochLook
from tidegauge.operating.parcel import Manifest, ParcelEpoch, ParcelFile, ParcelWriter
from tidegauge.shipper.carried import Carried, note_carried, read_carried
from tidegauge.shipper.destination import DESTINATION_NAME, read_destination
from tidegauge.shipper.lock import Holder, ShipperLock
from tidegauge.spool import (
    EpochDirectory,
    Hole,
    Position,
    Record,
    list_epochs,
    read_position,
    release,
    remove_if_finished,
)
from tidegauge.spool.attempts import announce_attempt, interventions
from tidegauge.spool.directory import last_seqs
from tidegauge.spool.disk import sync_directory
from tidegauge.spool.lock import maintenance, writer_state
from tidegauge.spool.record import encode_header, encode_record, hole_record
from tidegauge.version import __version__

SEGMENT_BYTES = 8 * 1024 * 1024
TRIES = 10


@dataclass(frozen=True, slots=True)
class Exported:
    """What was packed, and how many epochs were given up here."""

    manifest: Manifest
    size_bytes: int
    freed_bytes: int


def export_parcel(root: Path, to: Path, *, acknowledge: bool = False) -> Exported | None:
    """Write everything durable and unacknowledged of a root to the new file `to`; None where there is nothing.

    `acknowledge`: give it up here, so that its space is free. Raises UsageError where the file exists, SpoolError where a shipper
    is at work on what is to be given up, OSError.
    """
    if to.exists():
        raise UsageError(f"{to} exists: name a new file")
    with contextlib.ExitStack() as stack:
        if acknowledge:
            stack.enter_context(_no_shipper(root))
        with _put_in_place(to) as file:
            packed = _pack(root, file)
            if packed is None:
                return None
        freed = _give_up(root, packed) if acknowledge else 0
    return Exported(packed, to.stat().st_size, freed)


@contextlib.contextmanager
def _no_shipper(root: Path) -> Iterator[None]:
    lock = ShipperLock.acquire(root, Holder(os.getpid(), __version__, "export"))
    if lock is None:
        raise SpoolError(
            f"{root}: a shipper is at work, and may be sending what is to be given up: stop it first "
            '(shipper="none" in the agents), or leave --acknowledge away'
        )
    try:
        yield
    finally:
        lock.release()


@contextlib.contextmanager
def _put_in_place(path: Path) -> Iterator[IO[bytes]]:
    """A file that appears under its name, durably, when the block ends well and something was written."""
    descriptor, temporary = tempfile.mkstemp(dir=path.absolute().parent, prefix=f".{path.name}.", suffix=".new")
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
            is_empty = file.tell() == 0
        if not is_empty:
            Path(temporary).replace(path)
            sync_directory(path.absolute().parent)
    finally:
        Path(temporary).unlink(missing_ok=True)


def _pack(root: Path, file: IO[bytes]) -> Manifest | None:
    carried = read_carried(root)
    packed: list[ParcelEpoch] = []
    writer: ParcelWriter | None = None
    for epoch in list_epochs(root):
        last_seq = _last_durable_seq(epoch)
        if last_seq <= read_position(epoch.path).acknowledged_seq or not _announce(epoch.path, last_seq):
            continue
        writer = writer or ParcelWriter(file)
        part = _pack_epoch(epoch, last_seq, carried.get(epoch.path.name), writer)
        packed += [part] if part else []
    if writer is None or not packed:
        return None
    manifest = Manifest(
        parcel=str(uuid.uuid4()),
        created_at=datetime.now(UTC).isoformat(timespec="seconds"),
        host=socket.gethostname(),
        agent_version=__version__,
        collector=read_destination(root).collector if (root / DESTINATION_NAME).exists() else None,
        epochs=tuple(packed),
    )
    writer.finish(manifest)
    return manifest


def _last_durable_seq(epoch: EpochDirectory) -> int:
    state = writer_state(epoch.path)
    if state.is_live:
        return state.durable_seq or 0
    return max(state.last_known_seq, *(last or 0 for _, last in last_seqs(epoch)), 0)


def _announce(directory: Path, last_seq: int) -> bool:
    """What leaves in a parcel stays as it is, from before it is read; False where the epoch is finished and gone."""
    for _ in range(TRIES):
        acknowledged_seq = read_position(directory).acknowledged_seq
        position = Position(acknowledged_seq, max(last_seq, acknowledged_seq))
        try:
            if announce_attempt(directory, position, interventions(directory)):
                return True
        except FileNotFoundError:
            if not directory.is_dir():
                return False
            raise
    raise SpoolError(f"{directory}: the quota is dropping and merging here all the time: try again")


def _pack_epoch(
    epoch: EpochDirectory, last_seq: int, carried: Carried | None, writer: ParcelWriter
) -> ParcelEpoch | None:
    """Pack what is not acknowledged up to a number; None where all of it has been meanwhile."""
    files: list[ParcelFile] = []
    frames = 0
    with maintenance(epoch.path.parent, wait=True):  # nothing is deleted, and nothing moves, while it is read
        state, acknowledged_seq = writer_state(epoch.path), read_position(epoch.path).acknowledged_seq
        if acknowledged_seq >= last_seq or not epoch.path.is_dir():
            return None
        for part in _segments(epoch, acknowledged_seq + 1, last_seq):
            first = part[0].first_seq if isinstance(part[0], Hole) else part[0].seq
            content = encode_header(epoch.epoch, first) + b"".join(map(_encoded, part))
            files.append(writer.add(f"{epoch.path.name}/{len(files) + 1:08d}.seg", content))
            frames += sum(isinstance(item, Record) for item in part)
    has_gone_by_hand = carried is not None and carried.last_seq >= acknowledged_seq
    by_link = carried.acknowledged_seq if carried and has_gone_by_hand else acknowledged_seq
    return ParcelEpoch(
        epoch=epoch.path.name,
        first_seq=acknowledged_seq + 1,
        last_seq=last_seq,
        acknowledged_seq=by_link,
        is_closed=state.closed_seq == last_seq,
        frames=frames,
        files=tuple(files),
    )


def _segments(epoch: EpochDirectory, first_seq: int, last_seq: int) -> Iterator[list[Record | Hole]]:
    """What lies between two numbers, both included, in parts of about 8 MiB."""
    part, size = list[Record | Hole](), 0
    for item in EpochLook(epoch.path, after_seq=first_seq - 1).items():
        if (item.first_seq if isinstance(item, Hole) else item.seq) > last_seq:
            break
        part.append(
            Hole(item.first_seq, min(item.last_seq, last_seq), item.reason, item.rows)
            if isinstance(item, Hole)
            else item
        )
        size += len(item.payload) if isinstance(item, Record) else 64
        if size >= SEGMENT_BYTES:
            yield part
            part, size = [], 0
    if part:
        yield part


def _encoded(item: Record | Hole) -> bytes:
    return encode_record(hole_record(item) if isinstance(item, Hole) else item)


def _give_up(root: Path, packed: Manifest) -> int:
    """Free what is in a parcel; the notice that it went by hand comes first. Returns the bytes freed."""
    note_carried(root, {epoch.epoch: Carried(epoch.acknowledged_seq, epoch.last_seq) for epoch in packed.epochs})
    freed = 0
    for epoch in packed.epochs:
        freed += release(root / epoch.epoch, epoch.last_seq)
        remove_if_finished(root / epoch.epoch)
    return freed
