"""The reader's contract: order, following, damage, what it leaves alone."""

import os
import shutil
import zlib
from pathlib import Path

import pytest

from tidegauge.errors import SpoolError, SpoolVersionError
from tidegauge.spool import Hole, Record, SpoolReader, SpoolWriter, new_epoch
from tidegauge.spool.quarantine import Quarantine
from tidegauge.spool.record import encode_header, encode_record

RECORD_BYTES = 118
PER_SEGMENT = 9  # records of 100 bytes in a segment of 1,000


def a_spool(root: Path, records: int, *, close: bool = True) -> SpoolWriter:
    """Write records 1..n of 100 bytes, nine to a segment."""
    writer = SpoolWriter(root, segment_size_bytes=1_000)
    for seq in range(1, records + 1):
        writer.append(1, b"%0100d" % seq)
        writer.commit()
    if close:
        writer.close()
    return writer


def seqs(items: list[Record | Hole]) -> list[object]:
    """Records as their seq, holes as (first, last, reason)."""
    return [item.seq if isinstance(item, Record) else (item.first_seq, item.last_seq, item.reason) for item in items]


def drain(reader: SpoolReader) -> list[Record | Hole]:
    items: list[Record | Hole] = []
    while more := reader.read():
        items += more
    return items


def damage(path: Path, at: int, new: bytes = b"\xff") -> None:
    content = bytearray(path.read_bytes())
    content[at : at + len(new)] = new
    path.write_bytes(bytes(content))


def at_record(index: int) -> int:
    return 34 + RECORD_BYTES * index


def test_all_segments_are_read_in_order(tmp_path: Path) -> None:
    reader = SpoolReader(a_spool(tmp_path, 30).directory)

    assert drain(reader) == [Record(seq, 1, 0, b"%0100d" % seq) for seq in range(1, 31)]
    assert reader.finished


def test_reading_begins_behind_after_seq(tmp_path: Path) -> None:
    directory = a_spool(tmp_path, 30).directory

    for after_seq in range(31):
        assert seqs(drain(SpoolReader(directory, after_seq=after_seq))) == list(range(after_seq + 1, 31))


def test_a_living_writer_is_followed_over_a_roll(tmp_path: Path) -> None:
    writer = a_spool(tmp_path, 0, close=False)
    reader = SpoolReader(writer.directory)

    for seq in range(1, 25):
        writer.append(1, bytes(100))
        writer.commit()
        assert seqs(reader.read()) == [seq]
        assert not reader.finished
    writer.close()
    assert reader.read() == []
    assert reader.finished


def test_limits_of_bytes_and_records_are_kept_and_lose_nothing(tmp_path: Path) -> None:
    reader = SpoolReader(a_spool(tmp_path, 10).directory)

    assert seqs(reader.read(max_records=2)) == [1, 2]
    assert seqs(reader.read(max_bytes=399)) == [3, 4, 5]
    assert seqs(reader.read(max_bytes=1)) == [6]
    assert not reader.finished
    assert seqs(reader.read()) == [7, 8, 9, 10]


def test_records_longer_than_a_window_apart_are_read(tmp_path: Path) -> None:
    with SpoolWriter(tmp_path) as writer:
        for _ in range(20):
            writer.append(1, os.urandom(200_000))
        writer.commit()

        assert seqs(SpoolReader(writer.directory).read(max_bytes=1 << 30)) == list(range(1, 21))


def test_a_damaged_record_becomes_a_corrupt_hole_and_its_bytes_are_kept(tmp_path: Path) -> None:
    writer = a_spool(tmp_path, 12)
    damage(writer.directory / "00000001.seg", at_record(3) + 50)
    reader = SpoolReader(writer.directory)

    assert seqs(drain(reader)) == [1, 2, 3, (4, 4, "corrupt"), *range(5, 13)]
    assert reader.counters.corrupt_bytes == RECORD_BYTES
    kept = tmp_path / "quarantine" / f"{writer.epoch}-00000001-{at_record(3)}.bin"
    assert len(kept.read_bytes()) == RECORD_BYTES
    assert kept.read_bytes()[50] == 0xFF


def test_reading_damage_again_keeps_one_copy(tmp_path: Path) -> None:
    writer = a_spool(tmp_path, 5)
    damage(writer.directory / "00000001.seg", at_record(3) + 50)
    drain(SpoolReader(writer.directory))
    drain(SpoolReader(writer.directory))

    assert len(list((tmp_path / "quarantine").iterdir())) == 1


def test_a_full_quarantine_takes_no_more_and_reading_goes_on(tmp_path: Path) -> None:
    writer = a_spool(tmp_path, 9)
    damage(writer.directory / "00000001.seg", at_record(1) + 50)
    damage(writer.directory / "00000001.seg", at_record(5) + 50)
    reader = SpoolReader(writer.directory)
    reader.quarantine = Quarantine(tmp_path, limit_bytes=RECORD_BYTES + 10)

    assert seqs(drain(reader)) == [1, (2, 2, "corrupt"), 3, 4, 5, (6, 6, "corrupt"), 7, 8, 9]
    assert len(list((tmp_path / "quarantine").iterdir())) == 1
    assert reader.quarantine.bytes_not_kept == RECORD_BYTES


@pytest.mark.parametrize("obstacle", ["file", "link"])
def test_a_quarantine_that_cannot_be_made_does_not_stop_reading(tmp_path: Path, obstacle: str) -> None:
    writer = a_spool(tmp_path / "spool", 9)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    place = tmp_path / "spool" / "quarantine"
    place.write_text("in the way") if obstacle == "file" else place.symlink_to(elsewhere)
    damage(writer.directory / "00000001.seg", at_record(1) + 50)
    reader = SpoolReader(writer.directory)

    assert seqs(drain(reader)) == [1, (2, 2, "corrupt"), *range(3, 10)]
    assert reader.quarantine.bytes_not_kept == RECORD_BYTES
    assert list(elsewhere.iterdir()) == []


def test_a_damaged_header_costs_no_record(tmp_path: Path) -> None:
    writer = a_spool(tmp_path, 20)
    damage(writer.directory / "00000002.seg", 10)
    reader = SpoolReader(writer.directory)

    assert seqs(drain(reader)) == list(range(1, 21))
    assert reader.counters.corrupt_bytes == 34


def test_a_damaged_last_record_of_a_closed_spool_is_reported(tmp_path: Path) -> None:
    writer = a_spool(tmp_path, 5)
    damage(writer.directory / "00000001.seg", at_record(4) + 50)

    assert seqs(drain(SpoolReader(writer.directory))) == [1, 2, 3, 4, (5, 5, "corrupt")]


def test_a_cut_sealed_segment_is_a_corrupt_hole(tmp_path: Path) -> None:
    writer = a_spool(tmp_path, 20)
    os.truncate(writer.directory / "00000001.seg", at_record(6) + 3)

    assert seqs(drain(SpoolReader(writer.directory))) == [*range(1, 7), (7, 9, "corrupt"), *range(10, 21)]


def test_a_missing_segment_is_a_missing_hole_only_above_the_position(tmp_path: Path) -> None:
    writer = a_spool(tmp_path, 30)
    (writer.directory / "00000002.seg").unlink()

    assert seqs(drain(SpoolReader(writer.directory))) == [*range(1, 10), (10, 18, "missing"), *range(19, 31)]
    assert seqs(drain(SpoolReader(writer.directory, after_seq=15))) == [(16, 18, "missing"), *range(19, 31)]
    assert seqs(drain(SpoolReader(writer.directory, after_seq=18))) == list(range(19, 31))


def crash(writer: SpoolWriter) -> None:
    """Leave the spool as a killed process does."""
    writer._own.release()
    if writer._segment:
        writer._segment.close_inherited()


@pytest.mark.parametrize(
    "tail", [b"", bytes(4096), encode_record(Record(6, 1, 0, b"x" * 100))[:50], b"\x01garbage" * 9]
)
def test_the_torn_end_of_a_dead_writer_is_cut(tmp_path: Path, tail: bytes) -> None:
    writer = a_spool(tmp_path, 5, close=False)
    crash(writer)
    with (writer.directory / "00000001.open").open("ab") as file:
        file.write(tail)
    reader = SpoolReader(writer.directory)

    assert seqs(drain(reader)) == [1, 2, 3, 4, 5]
    assert reader.finished
    assert (reader.counters.corrupt_bytes, reader.counters.cut_bytes) == (0, len(tail.strip(b"\0")))


def test_the_torn_end_of_a_living_writer_is_not_there_yet(tmp_path: Path) -> None:
    writer = a_spool(tmp_path, 5, close=False)
    with (writer.directory / "00000001.open").open("ab") as file:
        file.write(encode_record(Record(6, 1, 0, bytes(100)))[:50])
    reader = SpoolReader(writer.directory)

    assert seqs(drain(reader)) == [1, 2, 3, 4, 5]
    assert not reader.finished
    assert reader.counters.cut_bytes == 0
    crash(writer)


def test_a_committed_record_damaged_at_the_very_end_is_known_from_the_lock_file(tmp_path: Path) -> None:
    writer = a_spool(tmp_path, 5, close=False)
    crash(writer)
    damage(writer.directory / "00000001.open", at_record(4) + 50)

    assert seqs(drain(SpoolReader(writer.directory))) == [1, 2, 3, 4, (5, 5, "corrupt")]


def test_a_foreign_file_under_a_segment_name_is_stepped_over(tmp_path: Path) -> None:
    writer = a_spool(tmp_path, 20)
    (writer.directory / "00000000.seg").write_bytes(b"PNG, or what not" * 200_000)

    assert seqs(drain(SpoolReader(writer.directory))) == list(range(1, 21))


def test_a_segment_of_another_epoch_is_stepped_over_and_counted(tmp_path: Path) -> None:
    other, writer = a_spool(tmp_path, 3), a_spool(tmp_path, 12)
    shutil.copy(other.directory / "00000001.seg", writer.directory / "00000003.seg")
    reader = SpoolReader(writer.directory)

    assert seqs(drain(reader)) == list(range(1, 13))
    assert reader.counters.foreign_segments == 1


def test_links_directories_and_pipes_under_a_segment_name_are_no_segments(tmp_path: Path) -> None:
    writer = a_spool(tmp_path, 3)
    (writer.directory / "00000002.seg").symlink_to(tmp_path / "nowhere")
    (writer.directory / "00000003.seg").mkdir()
    os.mkfifo(writer.directory / "00000004.seg")

    assert seqs(drain(SpoolReader(writer.directory))) == [1, 2, 3]


def test_zeros_in_the_middle_longer_than_a_window_are_stepped_over(tmp_path: Path) -> None:
    writer = a_spool(tmp_path, 9)
    path = writer.directory / "00000001.seg"
    content = path.read_bytes()
    path.write_bytes(content[: at_record(4)] + bytes(3_000_000) + content[at_record(4) :])
    reader = SpoolReader(writer.directory)

    assert seqs(drain(reader)) == list(range(1, 10))
    assert reader.counters.corrupt_bytes == 3_000_000


def test_garbage_in_the_middle_longer_than_a_window_is_stepped_over(tmp_path: Path) -> None:
    writer = a_spool(tmp_path, 9)
    path = writer.directory / "00000001.seg"
    content = path.read_bytes()
    path.write_bytes(content[: at_record(4)] + b"\xee" * 3_000_000 + content[at_record(4) :])

    assert seqs(drain(SpoolReader(writer.directory))) == list(range(1, 10))


def test_a_newer_format_is_refused_with_the_advice_to_upgrade(tmp_path: Path) -> None:
    writer = a_spool(tmp_path, 12)
    newer = bytearray(encode_header(writer.epoch, 13))
    newer[4:6] = (2).to_bytes(2, "little")
    newer[-4:] = zlib.crc32(newer[:-4]).to_bytes(4, "little")
    (writer.directory / "00000003.seg").write_bytes(bytes(newer) + b"future")
    reader = SpoolReader(writer.directory)

    assert seqs(reader.read()) == list(range(1, 13))
    for _ in range(2):
        with pytest.raises(SpoolVersionError, match=r"format 2.*upgrade"):
            reader.read()
    assert not reader.finished


def test_an_unreadable_segment_is_reported_as_lost_and_stepped_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = a_spool(tmp_path, 20)
    real = os.pread
    bad = (writer.directory / "00000002.seg").stat().st_ino

    def pread(descriptor: int, size: int, offset: int) -> bytes:
        if os.fstat(descriptor).st_ino == bad:
            raise OSError(5, "Input/output error")
        return real(descriptor, size, offset)

    monkeypatch.setattr(os, "pread", pread)
    reader = SpoolReader(writer.directory)

    assert seqs(drain(reader)) == [*range(1, 10), (10, 18, "corrupt"), 19, 20]
    assert reader.counters.unreadable_segments == 1


def test_running_out_of_descriptors_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = a_spool(tmp_path, 3)
    reader = SpoolReader(writer.directory)
    with monkeypatch.context() as patch:
        patch.setattr(os, "open", lambda *_, **__: (_ for _ in ()).throw(OSError(24, "Too many open files")))
        with pytest.raises(SpoolError, match="later"):
            reader.read()

    assert seqs(drain(reader)) == [1, 2, 3]


def test_a_directory_that_vanished_is_finished(tmp_path: Path) -> None:
    reader = SpoolReader(tmp_path / str(new_epoch()))

    assert reader.read() == []
    assert reader.finished


def test_a_directory_that_is_no_epoch_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SpoolError, match="not an epoch directory"):
        SpoolReader(tmp_path)
