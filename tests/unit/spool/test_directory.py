"""Listing, releasing and removing epoch directories."""

import fcntl
import os
from pathlib import Path

import pytest

from tidegauge.errors import SpoolError
from tidegauge.spool import (
    Position,
    Record,
    SpoolReader,
    SpoolWriter,
    list_epochs,
    read_position,
    release,
    remove_if_finished,
    write_position,
)


def a_spool(root: Path, records: int) -> SpoolWriter:
    writer = SpoolWriter(root, segment_size_bytes=1_000)
    for seq in range(1, records + 1):
        writer.append(1, b"%0100d" % seq)
        writer.commit()
    return writer


def segment_names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir() if path.suffix in {".seg", ".open"})


def test_epochs_are_listed_oldest_first_with_life_size_and_segments(tmp_path: Path) -> None:
    dead, live = a_spool(tmp_path, 10), a_spool(tmp_path, 1)
    dead.close()
    (tmp_path / "quarantine").mkdir()
    (tmp_path / "note.txt").write_text("mine")

    one, other = list_epochs(tmp_path)

    assert (one.path, one.epoch, one.is_live) == (dead.directory, dead.epoch, False)
    assert (one.size_bytes, [segment.path.name for segment in one.segments]) == (
        10 * 118 + 2 * 34,
        ["00000001.seg", "00000002.seg"],
    )
    assert (other.path, other.is_live) == (live.directory, True)
    assert [(segment.number, segment.is_sealed) for segment in other.segments] == [(1, False)]
    live.close()


def test_a_missing_root_has_no_epochs(tmp_path: Path) -> None:
    assert list_epochs(tmp_path / "nowhere") == []


def test_looking_twice_at_once_does_not_make_a_dead_writer_look_alive(tmp_path: Path) -> None:
    a_spool(tmp_path, 1).close()
    lock = next(tmp_path.glob("*/lock"))
    (lock.parent / "closed").unlink()
    with lock.open("rb") as another_reader:
        fcntl.flock(another_reader, fcntl.LOCK_SH)

        assert [epoch.is_live for epoch in list_epochs(tmp_path)] == [False]


def test_release_deletes_only_segments_that_are_acknowledged_to_their_end(tmp_path: Path) -> None:
    writer = a_spool(tmp_path, 20)

    assert release(writer.directory, 8) == 0
    assert release(writer.directory, 9) == 9 * 118 + 34
    assert segment_names(writer.directory) == ["00000002.seg", "00000003.open"]
    assert read_position(writer.directory) == Position(9, 9)
    assert [item.seq for item in SpoolReader(writer.directory, after_seq=9).read() if isinstance(item, Record)] == list(
        range(10, 21)
    )
    writer.close()


def test_the_segment_being_written_stays_whatever_is_acknowledged(tmp_path: Path) -> None:
    writer = a_spool(tmp_path, 20)

    release(writer.directory, 20)
    assert segment_names(writer.directory) == ["00000003.open"]

    writer.append(1, b"more")
    writer.close()
    assert [item.seq for item in SpoolReader(writer.directory, after_seq=20).read() if isinstance(item, Record)] == [21]


def test_release_never_takes_a_position_back(tmp_path: Path) -> None:
    writer = a_spool(tmp_path, 5)
    write_position(writer.directory, Position(4, 5))

    release(writer.directory, 2)

    assert read_position(writer.directory) == Position(4, 5)
    writer.close()


def test_the_position_is_stored_before_a_segment_is_deleted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = a_spool(tmp_path, 10)
    monkeypatch.setattr(Path, "unlink", lambda *_, **__: (_ for _ in ()).throw(OSError("crashed here")))

    with pytest.raises(OSError, match="crashed here"):
        release(writer.directory, 9)

    assert read_position(writer.directory).acknowledged_seq == 9
    assert "00000001.seg" in segment_names(writer.directory)
    writer.close()


def test_release_of_a_directory_that_is_gone_frees_nothing(tmp_path: Path) -> None:
    assert release(tmp_path / "gone", 9) == 0


def test_a_directory_is_removed_when_its_writer_is_gone_and_all_is_acknowledged(tmp_path: Path) -> None:
    writer = a_spool(tmp_path, 20)
    release(writer.directory, 20)
    assert not remove_if_finished(writer.directory)

    writer.close()
    assert remove_if_finished(writer.directory)
    assert list_epochs(tmp_path) == []
    assert remove_if_finished(writer.directory)


def test_a_directory_with_an_unacknowledged_record_stays(tmp_path: Path) -> None:
    writer = a_spool(tmp_path, 20)
    writer.close()
    release(writer.directory, 19)

    assert not remove_if_finished(writer.directory)
    assert [item.seq for item in SpoolReader(writer.directory, after_seq=19).read() if isinstance(item, Record)] == [20]


def test_a_directory_stays_until_the_hole_at_its_end_is_acknowledged(tmp_path: Path) -> None:
    writer = a_spool(tmp_path, 20)
    writer.close()
    (writer.directory / "00000003.seg").unlink()
    release(writer.directory, 18)

    assert not remove_if_finished(writer.directory)
    release(writer.directory, 20)
    assert remove_if_finished(writer.directory)


def test_an_empty_epoch_is_removed_at_once(tmp_path: Path) -> None:
    writer = SpoolWriter(tmp_path)
    writer.close()

    assert remove_if_finished(writer.directory)


def test_files_of_others_are_not_deleted(tmp_path: Path) -> None:
    writer = a_spool(tmp_path, 1)
    writer.close()
    release(writer.directory, 1)
    (writer.directory / "note.txt").write_text("mine")

    assert not remove_if_finished(writer.directory)
    assert (writer.directory / "note.txt").read_text() == "mine"
    assert SpoolReader(writer.directory, after_seq=read_position(writer.directory).acknowledged_seq).read() == []


def test_a_linked_root_or_epoch_is_refused(tmp_path: Path) -> None:
    writer = a_spool(tmp_path / "real", 1)
    writer.close()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / writer.directory.name).symlink_to(writer.directory)

    with pytest.raises(SpoolError, match="symbolic link"):
        list_epochs(tmp_path / "link")
    with pytest.raises(SpoolError, match="symbolic link"):
        SpoolReader(tmp_path / "other" / writer.directory.name)
    assert list_epochs(tmp_path / "other") == []


def test_a_segment_that_cannot_be_read_stays_until_everything_else_is_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = a_spool(tmp_path, 20)
    writer.close()
    bad = (writer.directory / "00000003.seg").stat().st_ino
    real = os.pread

    def pread(descriptor: int, size: int, offset: int) -> bytes:
        if os.fstat(descriptor).st_ino == bad:
            raise OSError(5, "Input/output error")
        return real(descriptor, size, offset)

    monkeypatch.setattr(os, "pread", pread)

    release(writer.directory, 18)
    assert "00000003.seg" in segment_names(writer.directory)
    assert not remove_if_finished(writer.directory)
    release(writer.directory, 20)
    assert remove_if_finished(writer.directory)


def test_a_shortage_of_descriptors_deletes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = a_spool(tmp_path, 20)
    writer.close()
    real = os.open

    def short_of_descriptors(path: str | Path, *arguments: int, **more: int) -> int:
        if str(path).endswith(".seg"):
            raise OSError(24, "Too many open files")
        return real(path, *arguments, **more)

    with monkeypatch.context() as patch:
        patch.setattr(os, "open", short_of_descriptors)
        with pytest.raises(SpoolError, match="later"):
            release(writer.directory, 1)

    assert len(segment_names(writer.directory)) == 3
