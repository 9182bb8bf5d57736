"""Links in the way, and a spool that is deleted under its writer."""

import shutil
from pathlib import Path

import pytest

from tidegauge.errors import SpoolError
from tidegauge.spool import Hole, Record, SpoolReader, SpoolWriter, list_epochs, new_epoch
from tidegauge.spool.epoch import epoch_directory_name


def open_descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_a_linked_root_is_refused(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")

    with pytest.raises(SpoolError, match=r"link: is a symbolic link.*name the directory"):
        SpoolWriter(tmp_path / "link")
    assert list((tmp_path / "real").iterdir()) == []


@pytest.mark.parametrize("prefix", ["", ".new-"])
def test_a_link_under_the_name_of_the_epoch_is_refused(tmp_path: Path, prefix: str) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    root = tmp_path / "root"
    root.mkdir()
    epoch = new_epoch()
    (root / f"{prefix}{epoch_directory_name(epoch)}").symlink_to(elsewhere)

    with pytest.raises(SpoolError):
        SpoolWriter(root, epoch=epoch)
    assert list(elsewhere.iterdir()) == []


def test_a_link_under_the_name_of_the_next_segment_is_not_followed(tmp_path: Path) -> None:
    target = tmp_path / "precious"
    target.write_text("precious")
    writer = SpoolWriter(tmp_path / "root")
    (writer.directory / "00000001.open").symlink_to(target)
    writer.append(1, b"x")

    with pytest.raises(SpoolError):
        writer.commit()
    assert writer.commit() == 1
    assert target.read_text() == "precious"
    assert SpoolReader(writer.directory).read() == [Record(1, 1, 0, b"x")]
    writer.close()


def test_a_root_that_is_swapped_for_a_link_is_not_followed(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    writer = SpoolWriter(tmp_path / "root")
    shutil.rmtree(tmp_path / "root")
    (tmp_path / "root").symlink_to(elsewhere)
    writer.append(1, b"x")

    with pytest.raises(SpoolError, match="symbolic link"):
        writer.commit()
    assert list(elsewhere.iterdir()) == []

    (tmp_path / "root").unlink()
    assert writer.commit() == 1
    writer.close()


@pytest.mark.parametrize("deleted", ["root", "epoch", "segment", "lock"])
def test_what_is_deleted_under_the_writer_is_made_again_and_counted(tmp_path: Path, deleted: str) -> None:
    root = tmp_path / "root"
    writer = SpoolWriter(root)
    writer.append(1, b"one")
    writer.commit()
    if deleted == "root":
        shutil.rmtree(root)
    elif deleted == "epoch":
        shutil.rmtree(writer.directory)
    else:
        (writer.directory / {"segment": "00000001.open", "lock": "lock"}[deleted]).unlink()

    writer.append(1, b"two")
    assert writer.commit() == 2
    assert writer.counters.recreated == 1
    assert [epoch.is_live for epoch in list_epochs(root)] == [True]
    writer.append(1, b"three")
    writer.close()

    first = Record(1, 1, 0, b"one") if deleted == "lock" else Hole(1, 1, "missing")
    assert SpoolReader(writer.directory).read() == [first, Record(2, 1, 0, b"two"), Record(3, 1, 0, b"three")]
    assert writer.counters.recreated == 1


def test_a_reader_goes_on_when_the_spool_is_deleted_and_made_again(tmp_path: Path) -> None:
    writer = SpoolWriter(tmp_path / "root")
    writer.append(1, b"one")
    writer.commit()
    reader = SpoolReader(writer.directory)
    assert reader.read() == [Record(1, 1, 0, b"one")]
    shutil.rmtree(tmp_path / "root")

    writer.append(1, b"two")
    writer.commit()
    assert reader.read() == [Record(2, 1, 0, b"two")]
    writer.close()


def test_descriptors_do_not_pile_up(tmp_path: Path) -> None:
    before = open_descriptors()
    writer = SpoolWriter(tmp_path / "root", segment_size_bytes=200)
    for _ in range(5):
        writer.append(1, bytes(150))
        writer.commit()
        shutil.rmtree(writer.directory)
        SpoolReader(writer.directory).read()
    assert open_descriptors() <= before + 3
    writer.close()

    assert open_descriptors() == before
