"""Unpacks a parcel into a spool root, where an ordinary shipper takes it up: same epochs, same numbers, same bytes.

Whatever is there already is left alone, so that importing twice, or a parcel that overlaps an earlier one, changes nothing. An
epoch appears at once and whole. A crash leaves at most a directory whose name no shipper looks at. What is imported counts as
attempted: elsewhere the same numbers may be on their way, so that they must not be merged into something else here.
"""

import shutil
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tidegauge.errors import SpoolError
from tidegauge.operating.parcel import Manifest, ParcelEpoch, ParcelReader
from tidegauge.shipper.carried import Carried, note_imported, read_imported
from tidegauge.spool import Hole, Position, Record, read_position, write_position
from tidegauge.spool.directory import last_seqs, read_epoch_directory
from tidegauge.spool.disk import DIRECTORY_MODE, make_root, replace_file, sync_directory
from tidegauge.spool.lock import maintenance, mark_closed
from tidegauge.spool.record import encode_header, encode_record, hole_record
from tidegauge.spool.segment import segment_name

SEGMENT_BYTES = 8 * 1024 * 1024
_UNPACKING = ".import-"


@dataclass(frozen=True, slots=True)
class Imported:
    """What a parcel held, and what of it was new here: frames, and epochs that nothing was taken of."""

    manifest: Manifest
    new_frames: int
    known_epochs: int


def import_parcel(path: Path, root: Path, *, without_earlier: bool = False) -> Imported:
    """Put what a parcel holds, and the root does not, into the root (which is made where it is missing).

    `without_earlier`: also where an earlier parcel of the same epochs has not come here; what was in it is then reported as
    missing. Raises SpoolError where the parcel is damaged or comes too early, SpoolVersionError where it is newer, OSError.
    """
    parcel = ParcelReader(path)
    make_root(root)
    with maintenance(root, wait=True):  # nothing is removed while it grows
        for left_over in root.glob(f"{_UNPACKING}*"):
            shutil.rmtree(left_over)
        starts = {epoch.epoch: _known_up_to(root, epoch) for epoch in parcel.manifest.epochs}
        if not without_earlier:
            for epoch in parcel.manifest.epochs:
                _refuse_too_early(epoch, starts[epoch.epoch])
        taken = [_Unpacking(root, epoch, starts[epoch.epoch]).run(parcel) for epoch in parcel.manifest.epochs]
        ledger = {
            one.epoch: Carried(one.acknowledged_seq, max(one.last_seq, starts[one.epoch]))
            for one in parcel.manifest.epochs
        }
        note_imported(root, ledger)
    known = sum(starts[epoch.epoch] >= epoch.last_seq for epoch in parcel.manifest.epochs)
    return Imported(parcel.manifest, sum(taken), known)


def _known_up_to(root: Path, epoch: ParcelEpoch) -> int:
    """The last number of an epoch that lies here, or lay here until it was shipped."""
    imported = read_imported(root).get(epoch.epoch)
    known = imported.last_seq if imported else 0
    directory = root / epoch.epoch
    if not directory.is_dir():
        return known
    there = read_epoch_directory(directory)
    if there.is_live and not imported:
        raise SpoolError(f"epoch {epoch.epoch} is being written in {root}: this is where the parcel comes from")
    last = max((last or 0 for _, last in last_seqs(there)), default=0)
    return max(known, last, read_position(directory).acknowledged_seq)


def _refuse_too_early(epoch: ParcelEpoch, known_up_to: int) -> None:
    if epoch.first_seq - 1 > max(known_up_to, epoch.acknowledged_seq):
        first = max(known_up_to, epoch.acknowledged_seq) + 1
        raise SpoolError(
            f"epoch {epoch.epoch}: {first} to {epoch.first_seq - 1} went in an earlier parcel: import that one first, "
            "or say --without-earlier where it is lost"
        )


class _Unpacking:
    """Of one epoch, beyond the number `known_up_to`."""

    def __init__(self, root: Path, epoch: ParcelEpoch, known_up_to: int) -> None:
        self._root = root
        self._epoch = epoch
        self._known_up_to = known_up_to
        self._directory = root / epoch.epoch

    def run(self, parcel: ParcelReader) -> int:
        """Unpack, and return how many frames were new."""
        if self._known_up_to >= self._epoch.last_seq:
            return 0
        fresh = _Count(_beyond(parcel.items(self._epoch), self._known_up_to))
        if self._directory.is_dir():
            self._extend(fresh)
        else:
            self._make(fresh)
        return fresh.frames

    def _make(self, items: Iterable[Record | Hole]) -> None:
        temporary = self._root / f"{_UNPACKING}{self._epoch.epoch}"
        temporary.mkdir(mode=DIRECTORY_MODE)
        before = max(self._known_up_to, self._epoch.first_seq - 1)
        write_position(temporary, Position(before, self._epoch.last_seq))
        self._write(temporary, 1, items)
        if self._epoch.is_closed:
            mark_closed(temporary, self._epoch.last_seq)
        temporary.rename(self._directory)
        sync_directory(self._root)

    def _extend(self, items: Iterable[Record | Hole]) -> None:
        position = read_position(self._directory)
        attempted_seq = max(position.attempted_seq, self._epoch.last_seq)
        write_position(self._directory, Position(position.acknowledged_seq, attempted_seq))
        segments = read_epoch_directory(self._directory).segments
        number = max((segment.last_number for segment in segments), default=0) + 1
        self._write(self._directory, number, items)

    def _write(self, directory: Path, number: int, items: Iterable[Record | Hole]) -> None:
        for part in _parts(items):
            first = part[0].first_seq if isinstance(part[0], Hole) else part[0].seq
            content = encode_header(uuid.UUID(self._epoch.epoch), first) + b"".join(map(_encoded, part))
            name = segment_name(number, is_sealed=True)
            replace_file(directory / name, content)
            number += 1


class _Count:
    """Hands items on and counts the frames among them."""

    def __init__(self, items: Iterable[Record | Hole]) -> None:
        self._items = items
        self.frames = 0

    def __iter__(self) -> Iterator[Record | Hole]:
        for item in self._items:
            self.frames += isinstance(item, Record)
            yield item


def _parts(items: Iterable[Record | Hole]) -> Iterator[list[Record | Hole]]:
    part, size = list[Record | Hole](), 0
    for item in items:
        part.append(item)
        size += len(item.payload) if isinstance(item, Record) else 64
        if size >= SEGMENT_BYTES:
            yield part
            part, size = [], 0
    if part:
        yield part


def _beyond(items: Iterable[Record | Hole], seq: int) -> Iterator[Record | Hole]:
    """The items above a number; of a hole that spans it the part above."""
    for item in items:
        if isinstance(item, Record):
            if item.seq > seq:
                yield item
        elif item.last_seq > seq:
            yield Hole(max(item.first_seq, seq + 1), item.last_seq, item.reason, item.rows)


def _encoded(item: Record | Hole) -> bytes:
    return encode_record(hole_record(item) if isinstance(item, Hole) else item)
