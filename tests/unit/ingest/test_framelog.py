"""The frame log: written by one collector after another, read in order, released from the old end."""

import os
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegauge.errors import SpoolError
from tidegauge.spool.directory import list_epochs
from tidegauge_collector.ingest.framelog import FrameLog, LogEntry, LogPosition, decode_entry, encode_entry
from tidegauge_collector.ingest.logreader import LogReader
from tidegauge_collector.ingest.marks import Marks

EPOCH = bytes(range(16))


def entry(seq: int, *, received_us: int = 0, size: int = 10, epoch: bytes = EPOCH, closed: bool = False) -> LogEntry:
    return LogEntry(epoch, seq, seq, received_us, closed, 1, bytes([seq % 256]) * size)


def fill(log: FrameLog, entries: Iterable[LogEntry]) -> list[LogPosition]:
    positions = [log.append(one) for one in entries]
    log.commit()
    return positions


def read_all(reader: LogReader) -> list[tuple[LogPosition, LogEntry]]:
    found = []
    while more := reader.read(max_bytes=1_000):
        found += more
    return found


@given(
    epoch=st.binary(min_size=16, max_size=16),
    first=st.integers(0, 2**64 - 1),
    last=st.integers(0, 2**64 - 1),
    received_us=st.integers(-(2**63), 2**63 - 1),
    closed=st.booleans(),
    kind=st.integers(1, 255),
    frame=st.binary(max_size=50),
)
def test_entry_is_decoded_as_it_was_encoded(
    epoch: bytes, first: int, last: int, received_us: int, closed: bool, kind: int, frame: bytes
) -> None:
    one = LogEntry(epoch, first, last, received_us, closed, kind, frame)

    assert decode_entry(encode_entry(one)) == one


def test_payload_of_another_version_is_no_entry() -> None:
    assert decode_entry(b"\x02" + encode_entry(entry(1))[1:]) is None
    assert decode_entry(b"\x01short") is None


def test_entries_of_several_starts_are_read_in_order(tmp_path: Path) -> None:
    positions = []
    for start in (1, 4, 7):
        log = FrameLog(tmp_path)
        positions += fill(log, [entry(seq) for seq in range(start, start + 3)])
        log.close()

    found = read_all(LogReader(tmp_path))

    assert [one.last_seq for _, one in found] == list(range(1, 10))
    assert [position for position, _ in found] == positions
    assert positions == sorted(positions)


def test_reader_follows_the_living_log(tmp_path: Path) -> None:
    log = FrameLog(tmp_path)
    reader = LogReader(tmp_path)
    assert reader.read() == []

    log.append(entry(1))
    before_commit = reader.read()
    log.commit()
    after_commit = reader.read()
    fill(log, [entry(2)])

    assert before_commit == []
    assert [one.last_seq for _, one in after_commit] == [1]
    assert [one.last_seq for _, one in reader.read()] == [2]
    log.close()


def test_reader_goes_on_behind_a_position(tmp_path: Path) -> None:
    positions = []
    for start in (1, 4):
        log = FrameLog(tmp_path)
        positions += fill(log, [entry(seq) for seq in range(start, start + 3)])
        log.close()

    for index, position in enumerate(positions):
        found = read_all(LogReader(tmp_path, after=position))
        assert [one.last_seq for _, one in found] == list(range(index + 2, 7))


def test_reader_goes_over_to_the_log_of_the_next_start(tmp_path: Path) -> None:
    first = FrameLog(tmp_path)
    fill(first, [entry(1)])
    reader = LogReader(tmp_path)
    read_all(reader)
    first.close()

    second = FrameLog(tmp_path)
    fill(second, [entry(2)])

    assert [one.last_seq for _, one in read_all(reader)] == [2]
    second.close()


def test_release_deletes_what_is_folded_and_old_and_nothing_else(tmp_path: Path) -> None:
    log = FrameLog(tmp_path, segment_size_bytes=1_000)
    positions = fill(log, [])
    for seq in range(1, 21):
        positions += fill(log, [entry(seq, received_us=seq * 100, size=400)])

    freed = log.release(positions[14], older_than_us=1_000)  # entries 1..15 are folded, 1..9 are old
    left = [one.last_seq for _, one in read_all(LogReader(tmp_path))]

    assert freed > 0
    assert left[-1] == 20
    assert set(range(10, 21)) <= set(left)
    assert len(left) < 20
    log.close()


def test_release_keeps_what_is_not_folded_however_old(tmp_path: Path) -> None:
    log = FrameLog(tmp_path, segment_size_bytes=1_000)
    positions = []
    for seq in range(1, 11):
        positions += fill(log, [entry(seq, received_us=0, size=400)])

    log.release(positions[3], older_than_us=10**15)

    assert {5, 6, 7, 8, 9, 10} <= {one.last_seq for _, one in read_all(LogReader(tmp_path))}
    log.close()


def test_earlier_logs_of_which_nothing_is_needed_are_removed(tmp_path: Path) -> None:
    first = FrameLog(tmp_path)
    fill(first, [entry(1)])
    first.close()
    second = FrameLog(tmp_path)
    (position,) = fill(second, [entry(2)])

    second.release(position, older_than_us=10**15)

    assert [one.epoch.bytes for one in list_epochs(tmp_path)] == [second.log_epoch]
    second.close()


def test_damaged_entry_is_counted_and_the_rest_is_read(tmp_path: Path) -> None:
    log = FrameLog(tmp_path)
    fill(log, [entry(seq, size=100) for seq in range(1, 6)])
    log.close()
    (segment,) = tmp_path.glob("*/*.seg")
    content = bytearray(segment.read_bytes())
    content[content.index(b"\x03" * 100) + 50] ^= 0xFF
    segment.write_bytes(content)

    reader = LogReader(tmp_path)

    assert [one.last_seq for _, one in read_all(reader)] == [1, 2, 4, 5]
    assert reader.lost_records == 1


def test_full_disk_is_refused_before_it_is_full(tmp_path: Path) -> None:
    log = FrameLog(tmp_path, reserve_bytes=2**62)
    log.append(entry(1))

    with pytest.raises(SpoolError, match="in reserve"):
        log.commit()
    log.close()


def test_log_of_a_killed_collector_is_synced_before_it_is_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed = FrameLog(tmp_path)
    fill(killed, [entry(1)])
    (segment,) = tmp_path.glob("*/*.open")
    inode = segment.stat().st_ino
    synced = []
    real = os.fsync
    monkeypatch.setattr(os, "fsync", lambda descriptor: (synced.append(os.fstat(descriptor).st_ino), real(descriptor)))

    FrameLog(tmp_path).close()

    assert inode in synced
    killed.close()


def test_marks_are_rebuilt_from_folded_marks_and_the_log() -> None:
    other = b"o" * 16
    entries = [entry(3), entry(4), entry(1, epoch=other), entry(2, epoch=other, closed=True)]

    marks = Marks({EPOCH: 3}, entries)

    assert marks.as_dict() == {EPOCH: 4, other: 2}
    assert (marks.is_closed(EPOCH), marks.is_closed(other)) == (False, True)


def test_marks_never_go_back() -> None:
    marks = Marks({EPOCH: 9}, [entry(3)])

    assert marks.mark(EPOCH) == 9
