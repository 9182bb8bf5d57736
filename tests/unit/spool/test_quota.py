"""What goes when a root is over its quota, and that every loss is told."""

from pathlib import Path

import pytest

from tidegauge.errors import SpoolError
from tidegauge.spool import (
    Hole,
    Position,
    Record,
    SpoolReader,
    SpoolWriter,
    drop_oldest,
    list_epochs,
    read_position,
    release,
    remove_if_finished,
    segment,
    write_position,
)
from tidegauge.spool.lock import maintenance

SEGMENT = 9 * 118 + 34


def a_spool(root: Path, records: int, *, close: bool = False) -> SpoolWriter:
    writer = SpoolWriter(root, segment_size_bytes=1_000, quota_bytes=None)
    for seq in range(1, records + 1):
        writer.append(1, b"%0100d" % seq)
        writer.commit()
    if close:
        writer.close()
    return writer


def ten_rows(_: Record) -> int:
    return 10


def shown(items: list[Record | Hole]) -> list[object]:
    return [item.seq if isinstance(item, Record) else item for item in items]


def test_within_the_quota_nothing_goes(tmp_path: Path) -> None:
    a_spool(tmp_path, 20, close=True)

    assert drop_oldest(tmp_path, 10_000, ten_rows) == []


def test_acknowledged_segments_go_first_and_are_no_loss(tmp_path: Path) -> None:
    old, new = a_spool(tmp_path, 27, close=True), a_spool(tmp_path, 27, close=True)
    write_position(new.directory, Position(18, 18))

    assert drop_oldest(tmp_path, 4 * SEGMENT, ten_rows) == []
    assert [len(epoch.segments) for epoch in list_epochs(tmp_path)] == [3, 1]
    assert shown(SpoolReader(old.directory).read()) == list(range(1, 28))


def test_the_oldest_segments_go_next_and_become_holes(tmp_path: Path) -> None:
    old, new = a_spool(tmp_path, 27, close=True), a_spool(tmp_path, 27, close=True)

    dropped = drop_oldest(tmp_path, 4 * SEGMENT, ten_rows)

    holes = [Hole(1, 9, "quota", 90), Hole(10, 18, "quota", 90)]
    assert [(loss.epoch, loss.hole) for loss in dropped] == [(old.epoch, hole) for hole in holes]
    assert shown(SpoolReader(old.directory).read()) == [*holes, *range(19, 28)]
    assert shown(SpoolReader(new.directory).read()) == list(range(1, 28))


def test_a_loss_is_told_once_over_restarts_of_reader_and_dropper(tmp_path: Path) -> None:
    writer = a_spool(tmp_path, 36, close=True)
    drop_oldest(tmp_path, 3 * SEGMENT, ten_rows)
    drop_oldest(tmp_path, 2 * SEGMENT, ten_rows)
    assert drop_oldest(tmp_path, 2 * SEGMENT, ten_rows) == []

    reader = SpoolReader(writer.directory)
    assert shown(reader.read(max_records=1)) == [Hole(1, 9, "quota", 90)]
    assert shown(SpoolReader(writer.directory, after_seq=9).read()) == [Hole(10, 18, "quota", 90), *range(19, 37)]


def test_a_loss_that_was_journaled_but_not_yet_deleted_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = a_spool(tmp_path, 20, close=True)
    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", lambda *_, **__: (_ for _ in ()).throw(OSError("crashed here")))
        with pytest.raises(OSError, match="crashed here"):
            drop_oldest(tmp_path, 2 * SEGMENT, ten_rows)

    told = [Hole(1, 9, "quota", 90), *range(10, 21)]
    assert shown(SpoolReader(writer.directory).read()) == told
    assert drop_oldest(tmp_path, 2 * SEGMENT, ten_rows) == []
    assert shown(SpoolReader(writer.directory).read()) == told


def test_attempted_frames_get_a_hole_each_so_that_a_reader_never_starts_within_one(tmp_path: Path) -> None:
    writer = a_spool(tmp_path, 20, close=True)
    write_position(writer.directory, Position(2, 4))

    drop_oldest(tmp_path, 2 * SEGMENT, ten_rows)

    assert shown(SpoolReader(writer.directory, after_seq=2).read(max_records=3)) == [
        Hole(3, 3, "quota", 10),
        Hole(4, 4, "quota", 10),
        Hole(5, 9, "quota", 50),
    ]
    assert shown(SpoolReader(writer.directory, after_seq=3).read(max_records=1)) == [Hole(4, 4, "quota", 10)]


def test_the_segment_a_living_writer_appends_to_stays(tmp_path: Path) -> None:
    writer = a_spool(tmp_path, 20)

    dropped = drop_oldest(tmp_path, 0, ten_rows)

    assert [loss.hole.last_seq for loss in dropped] == [9, 18]
    assert shown(SpoolReader(writer.directory).read()) == [loss.hole for loss in dropped] + [19, 20]
    writer.close()


def test_a_segment_that_its_living_writer_gave_up_goes_in_its_turn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = a_spool(tmp_path, 4)
    with monkeypatch.context() as patch:
        patch.setattr(segment, "sync_data", lambda _: (_ for _ in ()).throw(OSError("refused")))
        writer.append(1, b"%0100d" % 5)
        with pytest.raises(SpoolError):
            writer.commit()
    for seq in range(6, 25):
        writer.append(1, b"%0100d" % seq)
        writer.commit()

    drop_oldest(tmp_path, 2 * SEGMENT, ten_rows)
    drop_oldest(tmp_path, SEGMENT, ten_rows)
    writer.close()
    drop_oldest(tmp_path, 0, ten_rows)

    told = [item for item in SpoolReader(writer.directory).read() if isinstance(item, Hole)]
    assert [hole.reason for hole in told] == ["quota"] * len(told)
    assert sum(hole.rows for hole in told) == 240


def test_a_reader_learns_of_a_loss_behind_all_that_is_left(tmp_path: Path) -> None:
    writer = a_spool(tmp_path, 9)
    reader = SpoolReader(writer.directory)
    drop_oldest(tmp_path, 0, ten_rows)

    assert shown(reader.read()) == [Hole(1, 9, "quota", 90)]
    writer.append(1, b"more")
    writer.commit()
    assert shown(reader.read()) == [10]
    writer.close()


def test_a_wholly_dropped_epoch_is_told_and_then_removed(tmp_path: Path) -> None:
    writer = a_spool(tmp_path, 20, close=True)
    drop_oldest(tmp_path, 0, ten_rows)
    reader = SpoolReader(writer.directory)

    assert [item.last_seq for item in reader.read() if isinstance(item, Hole)] == [9, 18, 20]
    assert reader.finished
    assert not remove_if_finished(writer.directory)
    release(writer.directory, 20)
    assert remove_if_finished(writer.directory)


def test_only_one_drops_at_a_time(tmp_path: Path) -> None:
    a_spool(tmp_path, 20, close=True)

    with maintenance(tmp_path, wait=True):
        assert drop_oldest(tmp_path, 0, ten_rows) == []


def test_a_writer_keeps_the_quota_of_its_root_by_itself(tmp_path: Path) -> None:
    with SpoolWriter(tmp_path, segment_size_bytes=1_000, quota_bytes=3_500, rows_of=ten_rows) as writer:
        for _ in range(90):
            writer.append(1, bytes(100))
            writer.commit()
            assert list_epochs(tmp_path)[0].size_bytes <= 3_500 + SEGMENT
        told = SpoolReader(writer.directory).read()

    holes = [item for item in told if isinstance(item, Hole)]
    assert sum(hole.rows for hole in holes) == 10 * holes[-1].last_seq == writer.counters.quota_dropped_rows
    assert [item.seq for item in told if isinstance(item, Record)] == list(range(holes[-1].last_seq + 1, 91))


def test_a_new_writer_clears_up_what_short_lives_left(tmp_path: Path) -> None:
    for _ in range(5):
        a_spool(tmp_path, 9, close=True)

    with SpoolWriter(tmp_path, quota_bytes=2 * SEGMENT):
        assert [epoch.size_bytes for epoch in list_epochs(tmp_path)] == [0, 0, 0, SEGMENT, SEGMENT, 0]


def test_dropping_leaves_the_position_alone(tmp_path: Path) -> None:
    writer = a_spool(tmp_path, 20, close=True)
    write_position(writer.directory, Position(2, 4))

    drop_oldest(tmp_path, 0, ten_rows)

    assert read_position(writer.directory) == Position(2, 4)
