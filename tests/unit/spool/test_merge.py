"""Frames that were never attempted become coarser before any is dropped; what was attempted stays as it is."""

import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from tidegauge.spool import (
    Hole,
    Position,
    Record,
    SpoolReader,
    SpoolWriter,
    announce_attempt,
    drop_aged,
    interventions,
    keep_quota,
    list_epochs,
    read_position,
    release,
    remove_if_finished,
    write_position,
)
from tidegauge.spool import merge as merging
from tidegauge.spool.segment import list_segments, list_void

PAYLOAD = 100
SEGMENT = 9 * (PAYLOAD + 18) + 34


def frame(key: str, number: int) -> bytes:
    return f"{key}{number:0{PAYLOAD - 1}d}".encode()


def add_up(records: Sequence[Record]) -> list[bytes | None]:
    """Frames with an equal first letter add up; those that begin with "x" never do."""
    payloads: list[bytes | None] = [record.payload for record in records]
    last: dict[bytes, int] = {}
    for place, record in enumerate(records):
        key = record.payload[:1]
        before = last.get(key)
        if key != b"x" and record.kind and before is not None:
            payloads[place] = frame(key.decode(), int(payloads[before][1:]) + int(record.payload[1:]))  # type: ignore[index]
            payloads[before] = None
        last[key] = place
    return payloads


def one_row(_: Record) -> int:
    return 1


def a_spool(root: Path, keys: str, *, close: bool = True) -> SpoolWriter:
    """One frame for each letter, each counting 1; nine to a segment."""
    writer = SpoolWriter(root, segment_size_bytes=1_000, quota_bytes=None)
    for key in keys:
        writer.append(1, frame(key, 1))
        writer.commit()
    if close:
        writer.close()
    return writer


def read_all(directory: Path, after_seq: int = 0) -> list[Record | Hole]:
    return SpoolReader(directory, after_seq=after_seq).read(max_bytes=1 << 30)


def shown(items: list[Record | Hole]) -> list[object]:
    """Holes as (first, last, reason, rows), records as (seq, key, count)."""
    return [
        (item.first_seq, item.last_seq, item.reason, item.rows)
        if isinstance(item, Hole)
        else (item.seq, item.payload[:1].decode(), int(item.payload[1:]))
        for item in items
    ]


def names(writer: SpoolWriter) -> list[str]:
    return [segment.path.name for segment in list_segments(writer.directory)]


def test_frames_that_add_up_become_one_under_the_last_number(tmp_path: Path) -> None:
    writer = a_spool(tmp_path, "aaaabaaxx")

    merged, dropped = keep_quota(tmp_path, SEGMENT - 1, one_row, merge=add_up)

    assert (merged.frames, dropped) == (5, [])
    assert merged.freed_bytes > 0
    assert shown(read_all(writer.directory)) == [
        (1, 4, "merged", 0),
        (5, "b", 1),
        (6, 6, "merged", 0),
        (7, "a", 6),
        (8, "x", 1),
        (9, "x", 1),
    ]


def test_the_oldest_are_merged_and_only_as_many_as_needed(tmp_path: Path) -> None:
    writer = a_spool(tmp_path, "a" * 27)

    keep_quota(tmp_path, 3 * SEGMENT - 1, one_row, merge=add_up)

    assert names(writer) == ["00000001-00000001.seg", "00000002.seg", "00000003.seg"]


def test_a_small_merged_segment_grows_with_its_follower(tmp_path: Path) -> None:
    writer = a_spool(tmp_path, "a" * 27)

    keep_quota(tmp_path, 2 * SEGMENT, one_row, merge=add_up)

    assert names(writer) == ["00000001-00000002.seg", "00000003.seg"]
    assert shown(read_all(writer.directory))[:2] == [(1, 17, "merged", 0), (18, "a", 18)]


def test_frames_that_were_attempted_stay_as_they_are(tmp_path: Path) -> None:
    writer = a_spool(tmp_path, "a" * 9)
    write_position(writer.directory, Position(1, 4))

    keep_quota(tmp_path, SEGMENT - 1, one_row, merge=add_up)

    assert shown(read_all(writer.directory, 1)) == [
        (2, "a", 1),
        (3, "a", 1),
        (4, "a", 1),
        (5, 8, "merged", 0),
        (9, "a", 5),
    ]


def test_nothing_is_merged_where_it_is_not_known_what_was_attempted(tmp_path: Path) -> None:
    writer = a_spool(tmp_path, "a" * 18)
    (writer.directory / "position").write_bytes(b"damaged")

    merged, dropped = keep_quota(tmp_path, 2 * SEGMENT - 1, one_row, merge=add_up)

    assert merged.frames == 0
    assert [loss.hole for loss in dropped] == [Hole(1, 9, "quota", 9)]


def test_what_cannot_be_merged_is_tried_once_and_dropped_oldest_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(merging, "GROW_TO_BYTES", 0)
    writer = a_spool(tmp_path, "x" * 27)
    tried: list[int] = []

    def count(records: Sequence[Record]) -> list[bytes | None]:
        tried.append(records[0].seq)
        return add_up(records)

    for _ in range(2):
        _, dropped = keep_quota(tmp_path, 3 * SEGMENT - 1, one_row, merge=count)

    assert sorted(tried) == [1, 10, 19]
    assert dropped == []
    assert shown(read_all(writer.directory))[0] == (1, 9, "quota", 9)


def test_a_merge_that_fails_costs_nothing_but_a_counter(tmp_path: Path) -> None:
    writer = a_spool(tmp_path, "a" * 18)

    def fail(_: Sequence[Record]) -> list[bytes | None]:
        raise ValueError("no idea what these are")

    merged, dropped = keep_quota(tmp_path, 2 * SEGMENT - 1, one_row, merge=fail)

    assert (merged.failures, merged.frames) == (2, 0)
    assert [loss.hole for loss in dropped] == [Hole(1, 9, "quota", 9)]
    assert shown(read_all(writer.directory))[1:] == [(seq, "a", 1) for seq in range(10, 19)]


def test_a_damaged_segment_is_left_to_the_reader(tmp_path: Path) -> None:
    writer = a_spool(tmp_path, "a" * 18)
    damaged = list_segments(writer.directory)[0].path
    content = bytearray(damaged.read_bytes())
    content[34 + 118 + 50] ^= 1
    damaged.write_bytes(content)

    keep_quota(tmp_path, 2 * SEGMENT - 1, one_row, merge=add_up)

    told = shown(read_all(writer.directory))
    assert told[:3] == [(1, "a", 1), (2, 2, "corrupt", 0), (3, "a", 1)]
    assert told[-2:] == [(10, 17, "merged", 0), (18, "a", 9)]


def test_a_merged_frame_that_is_dropped_costs_the_rows_of_all(tmp_path: Path) -> None:
    a_spool(tmp_path, "a" * 18)
    keep_quota(tmp_path, SEGMENT, one_row, merge=add_up)

    _, dropped = keep_quota(tmp_path, 0, lambda record: int(record.payload[1:]), merge=add_up)

    assert [loss.hole for loss in dropped] == [Hole(1, 17, "merged", 0), Hole(18, 18, "quota", 18)]


def test_a_reader_in_the_middle_of_a_segment_follows_its_merge(tmp_path: Path) -> None:
    writer = a_spool(tmp_path, "abc" + "a" * 15)
    reader = SpoolReader(writer.directory)
    assert [item.last_seq if isinstance(item, Hole) else item.seq for item in reader.read(max_records=2)] == [1, 2]

    keep_quota(tmp_path, SEGMENT, one_row, merge=add_up)

    rest = SpoolReader(writer.directory, after_seq=2).read()
    assert shown(rest) == [(3, "c", 1), (4, 17, "merged", 0), (18, "a", 16)]
    assert reader.counters.corrupt_bytes == 0


def test_an_attempt_is_refused_when_something_was_merged_since_the_reading(tmp_path: Path) -> None:
    writer = a_spool(tmp_path, "a" * 18)
    seen = interventions(writer.directory)
    keep_quota(tmp_path, SEGMENT, one_row, merge=add_up)

    assert not announce_attempt(writer.directory, Position(0, 5), seen)
    assert read_position(writer.directory) == Position()
    assert announce_attempt(writer.directory, Position(0, 18), interventions(writer.directory))
    assert read_position(writer.directory) == Position(0, 18)


def test_an_attempt_is_refused_when_something_was_dropped_since_the_reading(tmp_path: Path) -> None:
    writer = a_spool(tmp_path, "x" * 18)
    seen = interventions(writer.directory)
    keep_quota(tmp_path, SEGMENT, one_row)

    assert not announce_attempt(writer.directory, Position(0, 5), seen)


def test_an_attempt_never_takes_a_position_back(tmp_path: Path) -> None:
    writer = a_spool(tmp_path, "x" * 18)
    write_position(writer.directory, Position(5, 9))

    assert announce_attempt(writer.directory, Position(2, 7), interventions(writer.directory))
    assert read_position(writer.directory) == Position(5, 9)


class CrashedError(BaseException):
    """The process dies here."""


@pytest.mark.parametrize("point", ["merge.written", "merge.named"])
def test_a_crash_in_a_merge_leaves_the_old_state_or_the_new_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    writer = a_spool(tmp_path, "a" * 18)
    old = shown(read_all(writer.directory))

    def die(at: str) -> None:
        if at == point:
            raise CrashedError

    with monkeypatch.context() as patch:
        patch.setattr(merging, "crash_here", die)
        with pytest.raises(CrashedError):
            keep_quota(tmp_path, SEGMENT, one_row, merge=add_up)

    new = [(1, 8, "merged", 0), (9, "a", 9), *old[9:]]
    assert shown(read_all(writer.directory)) == (old if point == "merge.written" else new)


def test_what_a_crashed_merge_left_never_counts_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = a_spool(tmp_path, "a" * 18)
    with monkeypatch.context() as patch:
        patch.setattr(merging, "delete_segments", lambda *_: (_ for _ in ()).throw(CrashedError))
        with pytest.raises(CrashedError):
            keep_quota(tmp_path, SEGMENT, one_row, merge=add_up)
    assert [one.path.name for one in list_void(writer.directory)] == ["00000001.seg"]

    release(writer.directory, 9)

    assert names(writer) == ["00000002.seg"]
    assert sorted(path.name for path in writer.directory.glob("*.seg")) == ["00000002.seg"]
    release(writer.directory, 18)
    assert remove_if_finished(writer.directory)


def test_a_foreign_file_under_a_merged_name_hides_nothing(tmp_path: Path) -> None:
    writer = a_spool(tmp_path, "a" * 18)
    (writer.directory / "00000001-00000099.seg").write_bytes(b"PNG, or what not")

    assert [item for item in shown(read_all(writer.directory)) if item[1] == "a"] == [
        (seq, "a", 1) for seq in range(1, 19)
    ]


def test_a_writer_merges_by_itself_before_it_drops(tmp_path: Path) -> None:
    with SpoolWriter(tmp_path, segment_size_bytes=1_000, quota_bytes=4_000, rows_of=one_row, merge=add_up) as writer:
        for _ in range(200):
            writer.append(1, frame("a", 1))
            writer.commit()
        told = shown(read_all(writer.directory))

    assert sum(item[2] for item in told if item[1] == "a") == 200
    assert writer.counters.quota_dropped_rows == 0
    assert writer.counters.merged_frames > 100
    assert list_epochs(tmp_path)[0].size_bytes <= 4_000 + SEGMENT


def test_segments_that_are_too_old_go_and_are_told(tmp_path: Path) -> None:
    writer = a_spool(tmp_path, "a" * 27)
    for segment, age in zip(list_segments(writer.directory), (30, 20, 10), strict=True):
        os.utime(segment.path, ns=(0, 10**12 - age))

    dropped = drop_aged(tmp_path, 10**12 - 15, one_row)

    assert [loss.hole for loss in dropped] == [Hole(1, 9, "age", 9), Hole(10, 18, "age", 9)]
    assert shown(read_all(writer.directory))[:3] == [(1, 9, "age", 9), (10, 18, "age", 9), (19, "a", 1)]
