"""Reads every byte of an epoch directory and says what is damaged, where, and what it costs. Changes nothing."""

import uuid
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tidegauge.errors import SpoolVersionError, WireError
from tidegauge.operating.census import Progress, no_progress
from tidegauge.operating.looking import LOST, DamagedBytes, EpochLook, epochs_in, first_seq_on_disk
from tidegauge.spool import Hole, Record, read_position
from tidegauge.spool.disk import opened_for_reading, read_at
from tidegauge.spool.holes import HOLES_NAME
from tidegauge.spool.lock import CLOSED_NAME, LOCK_NAME, writer_state
from tidegauge.spool.position import POSITION_NAME, Position
from tidegauge.spool.record import HEADER_SIZE, Span, Tail, decode_header, scan
from tidegauge.spool.segment import MAX_SEGMENT_BYTES, list_segments
from tidegauge.wire.codec import decode_frame
from tidegauge.wire.kinds import kind_of

NOTHING = "nothing"
PROGRESS_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Damage:
    """Something that is not as it was written: where, what, and what is lost by it."""

    path: Path
    offset: int | None
    size_bytes: int
    problem: str
    cost: str


@dataclass(slots=True)
class Verified:
    """What was read and found in an epoch directory. `losses`: numbers given up on purpose, by reason; those are no damage."""

    epochs: int = 0
    segments: int = 0
    size_bytes: int = 0
    frames: int = 0
    cut_bytes: int = 0
    losses: Counter[str] = field(default_factory=Counter)
    damages: list[Damage] = field(default_factory=list)
    newer: list[str] = field(default_factory=list)  # what only a newer version can read

    @property
    def is_clean(self) -> bool:
        """Say whether everything is as it was written and could be read."""
        return not (self.damages or self.newer)


def verify_root(root: Path, progress: Progress = no_progress) -> Verified:
    """Read all epochs of a root. Raises SpoolError where the root is a link, OSError where it cannot be read."""
    total = Verified()
    for directory in epochs_in(root):
        _Reading(directory, total, progress).run()
    return total


class _Reading:
    """Of one epoch directory, from its first byte."""

    def __init__(self, directory: Path, total: Verified, progress: Progress) -> None:
        self._directory = directory
        self._total = total
        self._progress = progress
        self._epoch = uuid.UUID(directory.name)
        self._acknowledged_seq = read_position(directory).acknowledged_seq
        self._lost: list[Hole] = []  # not given up by anybody, and not acknowledged
        self._unreported = 0

    def run(self) -> None:
        """Read it and add what was found."""
        segments = list_segments(self._directory)
        self._total.epochs += 1
        self._total.segments += len(segments)
        self._total.size_bytes += sum(segment.size_bytes() for segment in segments)
        first = first_seq_on_disk(self._directory, self._epoch)
        look = EpochLook(self._directory, after_seq=min(self._acknowledged_seq, max(0, first - 1)))
        try:
            for item in look.items():
                self._take(item)
        except SpoolVersionError as error:
            self._total.newer.append(str(error))
        self._progress(self._unreported)
        self._total.cut_bytes += look.reader.counters.cut_bytes
        self._report(look)
        self._total.damages += _small_files(self._directory)

    def _take(self, item: Record | Hole) -> None:
        if isinstance(item, Hole):
            if item.reason not in LOST:
                self._total.losses[item.reason] += item.last_seq - item.first_seq + 1
            elif item.last_seq > self._acknowledged_seq:
                self._lost.append(item)
            return
        self._total.frames += 1
        self._unreported += len(item.payload)
        if self._unreported > PROGRESS_BYTES:
            self._progress(self._unreported)
            self._unreported = 0
        problem = _frame_problem(item)
        if problem:
            cost = "this frame: the collector sets it aside" if item.seq > self._acknowledged_seq else NOTHING
            damage = Damage(self._directory, None, len(item.payload), f"frame {item.seq}: {problem}", cost)
            self._total.damages.append(damage)

    def _report(self, look: EpochLook) -> None:
        """Pair damaged bytes with the numbers that are gone by them; what is gone without them is missing."""
        acknowledged_seq = read_position(self._directory).acknowledged_seq  # what was shipped meanwhile is not lost
        lost = [hole for hole in self._lost if hole.last_seq > acknowledged_seq]
        claimed: set[Hole] = set()
        for path, ranges in _by_file(look.damaged).items():
            spans = _spans_of(path, self._epoch)
            for one in ranges:
                hole = next((hole for hole in lost if _lies_in(one, hole, spans)), None)
                claimed |= {hole} if hole else set()
                damage = Damage(path, one.start, one.end - one.start, "no valid record", _cost(hole))
                self._total.damages.append(damage)
        for hole in lost:
            if hole not in claimed:
                problem = f"{_numbers(hole)} not in any file"
                self._total.damages.append(Damage(self._directory, None, 0, problem, _cost(hole)))
        counters = look.reader.counters
        for count, what in (
            (counters.foreign_segments, "belong to another epoch"),
            (counters.unreadable_segments, "cannot be read"),
        ):
            if count:
                problem = f"{count} segment files {what}"
                self._total.damages.append(Damage(self._directory, None, 0, problem, "what they hold"))


def _by_file(damaged: list[DamagedBytes]) -> dict[Path, list[DamagedBytes]]:
    found: dict[Path, list[DamagedBytes]] = {}
    for one in damaged:
        found.setdefault(one.path, []).append(one)
    return found


def _spans_of(path: Path, epoch: uuid.UUID) -> list[Span]:
    """The valid records of a segment file, behind one that stands for what came before the file."""
    try:
        with opened_for_reading(path) as descriptor:
            content = read_at(descriptor, MAX_SEGMENT_BYTES, 0)
    except FileNotFoundError:
        return []  # deleted since: all of it is acknowledged
    header = decode_header(content)
    if header is not None and header.epoch != epoch:
        return []
    before = (header.first_seq - 1 if header else 0, 0, 0, 0, 0)
    return [before, *scan(content, HEADER_SIZE if header else 0).spans]


def _lies_in(damaged: DamagedBytes, hole: Hole, spans: list[Span]) -> bool:
    """Say whether numbers are gone by this damage: they lie between the valid records around it."""
    before = max((span[0] for span in spans if span[4] <= damaged.start), default=0)
    after = min((span[0] for span in spans if span[3] > damaged.start), default=None)
    return bool(spans) and hole.last_seq > before and (after is None or hole.first_seq < after)


def _cost(hole: Hole | None) -> str:
    return _numbers(hole) if hole else f"{NOTHING}: acknowledged already, or never durable"


def _numbers(hole: Hole) -> str:
    one = f"frame {hole.first_seq}"
    return one if hole.first_seq == hole.last_seq else f"frames {hole.first_seq} to {hole.last_seq}"


def _frame_problem(record: Record) -> str | None:
    try:
        kind = kind_of(decode_frame(record.payload))
    except WireError as error:
        return str(error)
    return None if kind == record.kind else f"is a {kind.name.lower()} frame, and is stored as kind {record.kind}"


def _small_files(directory: Path) -> Iterator[Damage]:
    path = directory / POSITION_NAME
    if path.is_file() and read_position(directory) == Position():
        cost = f"{NOTHING}: frames are sent again, and counted once"
        yield Damage(path, 0, path.stat().st_size, "no valid position", cost)
    state = writer_state(directory)
    path = directory / CLOSED_NAME
    if path.is_file() and state.closed_seq is None:
        yield Damage(path, 0, path.stat().st_size, "no valid number", f"{NOTHING}: taken for a writer that died")
    path = directory / LOCK_NAME
    if path.is_file() and path.stat().st_size and state.durable_seq is None:
        yield Damage(path, 0, path.stat().st_size, "no valid number", "the notice of a loss behind the last record")
    yield from _journal(directory / HOLES_NAME)


def _journal(path: Path) -> Iterator[Damage]:
    if not path.is_file():
        return
    with opened_for_reading(path) as descriptor:
        content = read_at(descriptor, MAX_SEGMENT_BYTES, 0)
    start = HEADER_SIZE if decode_header(content) else 0
    result = scan(content, start)
    cost = "the reasons of these losses: they are reported as missing"
    for damage in result.damaged:
        yield Damage(path, damage.start, damage.end - damage.start, "no valid record", cost)
    if result.tail in {Tail.INVALID, Tail.INCOMPLETE}:
        yield Damage(path, result.end, len(content) - result.end, "no valid record", cost)
