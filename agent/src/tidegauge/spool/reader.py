"""The reading end of a spool: the records of one epoch directory in order, each once, with a hole for each that is gone.

Follows a living writer up to what it has made durable; what a dead writer left is read to its end. Damage is copied to the
quarantine, counted, reported as a hole and stepped over: no byte in a spool stops a reader, but a segment of a newer format.
What was never attempted may be merged or dropped meanwhile: whoever sends what he read here calls `announce_attempt` before.
"""

import os
import re
from dataclasses import dataclass
from pathlib import Path

from tidegauge.errors import SpoolError, SpoolVersionError
from tidegauge.spool.directory import read_epoch_directory
from tidegauge.spool.disk import opened_for_reading, read_at
from tidegauge.spool.holes import HoleJournal
from tidegauge.spool.lock import WriterState, durable_seq, writer_state
from tidegauge.spool.order import Ordered
from tidegauge.spool.quarantine import Quarantine
from tidegauge.spool.record import (
    FORMAT_VERSION,
    HEADER_SIZE,
    MAX_RECORD,
    RECORD_OVERHEAD,
    Hole,
    Record,
    ScanResult,
    SegmentHeader,
    Tail,
    decode_header,
    records_of,
    scan,
)
from tidegauge.spool.segment import Segment, list_segments

MIB = 1024 * 1024
WINDOW_BYTES = MIB  # read at a time; a record always fits
_NOT_ZERO = re.compile(rb"[^\0]")


@dataclass(slots=True)
class ReaderCounters:
    """What a reader met on its way."""

    corrupt_bytes: int = 0
    cut_bytes: int = 0  # torn ends that were never durable
    foreign_segments: int = 0
    unreadable_segments: int = 0


@dataclass(frozen=True, slots=True)
class _Place:
    """What is known of the segment at hand, looked up before its bytes are read."""

    segment: Segment
    descriptor: int
    is_settled: bool  # nothing will be appended to it any more
    until_seq: int | None  # what lies above is not durable, or stands in the next segment
    promised_seq: int  # must be reached in this segment or before


class SpoolReader:
    """Reads one epoch directory from behind `after_seq` on. Not thread-safe. Holds no file open between calls."""

    def __init__(self, directory: Path, *, after_seq: int = 0) -> None:
        """Prepare to read; raises SpoolError where the name is not that of an epoch directory."""
        self.directory = directory
        self.epoch = read_epoch_directory(directory).epoch
        self.counters = ReaderCounters()
        self.quarantine = Quarantine(directory.parent)
        self._journal = HoleJournal(directory)
        self._ordered = Ordered(after_seq, self._journal)
        self._number = 0  # the segment at hand
        self._merged_to: int | None = None  # the last one that it stands for, where it is merged
        self._offset = 0  # where reading goes on in it
        self._seq_before: int | None = None  # the seq before that place, None: unknown
        self._is_at_end = False
        self._listed: list[Segment] = []

    @property
    def finished(self) -> bool:
        """Say whether the writer is gone and everything was handed out; known only after a read that came back short."""
        return self._is_at_end and not self._ordered.items

    def read(self, max_bytes: int = MIB, max_records: int = 1024) -> list[Record | Hole]:
        """Return what comes next, in order; empty where there is nothing yet, or nothing any more (see `finished`).

        At least one item comes even if it is longer than `max_bytes` of payload. Raises SpoolVersionError before a segment of a
        newer format, SpoolError where the process is out of descriptors or memory; both leave the place unchanged.
        """
        items, taken, size = self._ordered.items, list[Record | Hole](), 0
        while len(taken) < max_records:
            try:
                if not items and not self._refill():
                    break
            except SpoolError:
                if taken:
                    break  # comes again at the next call
                raise
            size += len(items[0].payload) if isinstance(items[0], Record) else 0
            if taken and size > max_bytes:
                break
            taken.append(items.popleft())
        return taken

    def _refill(self) -> bool:
        while not self._ordered.items and self._step():
            pass
        return bool(self._ordered.items)

    def _step(self) -> bool:
        """Read one window, or move to the next segment; False when there is nothing more for now."""
        state = writer_state(self.directory)  # before the files: what a dead writer left is all there will be
        segments = self._segments_left()
        self._journal.refresh()
        if not segments:
            self._is_at_end = not state.is_live
            self._ordered.end_at(max(self._journal.last_seq, 0 if state.is_live else state.last_known_seq))
            return False
        segment, later = segments[0], segments[1:]
        if (segment.number, segment.merged_to) != (self._number, self._merged_to):
            self._begin(segment.number, segment.merged_to)  # one that was merged meanwhile is read from its beginning
        following = self._first_seq_of(later)
        if self._offset == 0 and following is not None and following <= self._ordered.last_seq + 1:
            self._begin(segment.last_number + 1)  # all of it was read before
            return True
        is_settled = segment.is_sealed or bool(later) or not state.is_live
        try:
            with opened_for_reading(segment.path) as descriptor:
                until_seq = self._until_seq(segment, state, is_last=not later, following=following)
                promised_seq = following - 1 if following else 0 if state.is_live else state.last_known_seq
                return self._read_window(_Place(segment, descriptor, is_settled, until_seq, promised_seq))
        except FileNotFoundError:
            self._listed = []
            return True  # sealed or deleted since it was listed: look again
        except OSError:
            self._listed = []
            return self._pass_unreadable(segment, is_settled=is_settled)

    def _until_seq(self, segment: Segment, state: WriterState, *, is_last: bool, following: int | None) -> int | None:
        if segment.is_sealed:
            return None
        if not is_last:  # given up after an error: what was not durable follows in the next segment
            return following - 1 if following else None
        # Asked now, after the listing, so that it is never less than what an earlier segment of that listing holds.
        return (durable_seq(self.directory) or 0) if state.is_live else None

    def _first_seq_of(self, segments: list[Segment]) -> int | None:
        """Return the first seq of the nearest of the segments that has a header of ours."""
        headers = (segment.header() for segment in segments)
        return next((header.first_seq for header in headers if header and header.epoch == self.epoch), None)

    def _segments_left(self) -> list[Segment]:
        """List what is not read yet.

        A listing is no snapshot: one that lacks the next number is repeated until it says so twice, so that segments that are
        being merged are never taken for missing. It is used as long as a sealed segment at hand has another behind it: nothing
        is appended to that any more, and where it is deleted or merged it is not found.
        """
        listed = self._listed
        while listed and listed[0].last_number < self._number:
            del listed[0]
        if len(listed) > 1 and listed[0].is_sealed and listed[0].number <= self._number:
            return listed
        before: list[Segment] | None = None
        while True:
            segments = [one for one in list_segments(self.directory) if one.last_number >= self._number]
            if segments == before or (segments and segments[0].number <= self._number):
                self._listed = segments
                return segments
            before = segments

    def _begin(self, number: int, merged_to: int | None = None) -> None:
        self._number, self._merged_to = number, merged_to
        self._offset, self._seq_before = 0, None

    def _read_window(self, place: _Place) -> bool:
        window = read_at(place.descriptor, WINDOW_BYTES, self._offset)
        at_end = self._offset + len(window) >= os.fstat(place.descriptor).st_size
        start = 0
        if self._offset == 0:
            header = decode_header(window)
            if header is None and not place.is_settled:
                return False  # being written
            if header is not None and not self._is_ours(header, place.segment):
                self.counters.foreign_segments += 1
                self._begin(place.segment.last_number + 1)
                return True
            if header is not None:
                start, self._seq_before = HEADER_SIZE, header.first_seq - 1
        result = scan(window, start, after_seq=self._seq_before, until_seq=place.until_seq, at_end=at_end)
        self._take(window, result, place)
        return self._go_on(place, result.tail, at_end=at_end, is_stuck=result.end == 0)

    def _is_ours(self, header: SegmentHeader, segment: Segment) -> bool:
        if header.epoch == self.epoch and header.version > FORMAT_VERSION:
            raise SpoolVersionError(
                f"{segment.path}: written in spool format {header.version}, this Tidegauge reads {FORMAT_VERSION}: upgrade it"
            )
        return header.epoch == self.epoch

    def _take(self, window: bytes, result: ScanResult, place: _Place) -> None:
        for damage in result.damaged:
            self._quarantine(place, self._offset + damage.start, self._offset + damage.end)
        self._ordered.accept(records_of(window, result.spans), {damage.before for damage in result.damaged})
        self._offset += result.end
        if result.spans:
            self._seq_before = result.spans[-1][0]

    def _go_on(self, place: _Place, tail: Tail, *, at_end: bool, is_stuck: bool) -> bool:
        """Decide what the end of a scan means; True: there may be more at once."""
        if not at_end and (tail is Tail.INCOMPLETE or (tail is Tail.INVALID and not is_stuck)):
            return True  # the next window begins there
        if not place.is_settled:
            return not at_end and tail is Tail.END
        if at_end or tail is Tail.LIMIT:
            self._end_segment(place, tail)
        elif tail is Tail.INVALID:
            self._skip(place, self._offset + WINDOW_BYTES - MAX_RECORD)
        elif tail is Tail.ZERO:
            something = _first_not_zero(place.descriptor, self._offset)
            if something is None:
                self._end_segment(place, tail)
            else:
                self._skip(place, something - RECORD_OVERHEAD + 1)
        return True

    def _skip(self, place: _Place, to: int) -> None:
        """Step over damage; no record can begin before `to`."""
        start, self._offset = self._offset, max(to, self._offset + 1)
        self._seq_before = None  # how many records were lost here is anybody's guess
        self._quarantine(place, start, self._offset)
        self._ordered.note_damage()

    def _end_segment(self, place: _Place, tail: Tail) -> None:
        rest = range(self._offset, os.fstat(place.descriptor).st_size)
        is_loss = place.promised_seq > self._ordered.last_seq
        if tail not in {Tail.END, Tail.LIMIT} and (is_loss or (place.segment.is_sealed and tail is not Tail.ZERO)):
            self._quarantine(place, rest.start, rest.stop)
            self._ordered.note_damage()
        elif tail in {Tail.INCOMPLETE, Tail.INVALID}:
            self.counters.cut_bytes += len(rest)
        self._begin(place.segment.last_number + 1)

    def _quarantine(self, place: _Place, start: int, end: int) -> None:
        self.counters.corrupt_bytes += end - start
        self.quarantine.keep(f"{self.epoch}-{place.segment.path.stem}-{start}", place.descriptor, start, end)

    def _pass_unreadable(self, segment: Segment, *, is_settled: bool) -> bool:
        if is_settled:
            self.counters.unreadable_segments += 1
            self._ordered.note_damage()
            self._begin(segment.last_number + 1)
        return is_settled


def _first_not_zero(descriptor: int, offset: int) -> int | None:
    while piece := read_at(descriptor, WINDOW_BYTES, offset):
        if found := _NOT_ZERO.search(piece):
            return offset + found.start()
        offset += len(piece)
    return None
