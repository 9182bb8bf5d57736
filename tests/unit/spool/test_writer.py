"""The writer's contract: sequence numbers, durability, rolling, closing, misuse."""

import os
import stat
import threading
from pathlib import Path

import pytest

from tidegauge.errors import SpoolError, SpoolLocked, UsageError
from tidegauge.spool import MAX_PAYLOAD, Record, SpoolReader, SpoolWriter, list_epochs, new_epoch


def names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def test_sequence_numbers_start_at_one_and_have_no_holes(tmp_path: Path) -> None:
    with SpoolWriter(tmp_path / "spool") as writer:
        assert [writer.append(1, b"x") for _ in range(3)] == [1, 2, 3]
        assert (writer.next_seq, writer.durable_seq) == (4, 0)
        assert writer.commit() == 3
        assert (writer.next_seq, writer.durable_seq) == (4, 3)


def test_an_empty_commit_changes_nothing(tmp_path: Path) -> None:
    with SpoolWriter(tmp_path / "spool") as writer:
        assert writer.commit() == 0
        assert names(writer.directory) == ["lock"]


def test_nothing_can_be_read_before_commit(tmp_path: Path) -> None:
    with SpoolWriter(tmp_path / "spool") as writer:
        reader = SpoolReader(writer.directory)
        writer.append(1, b"x")
        assert reader.read() == []
        writer.commit()
        assert reader.read() == [Record(1, 1, 0, b"x")]


def test_durability_always_commits_each_record(tmp_path: Path) -> None:
    with SpoolWriter(tmp_path / "spool", durability="always") as writer:
        writer.append(1, b"x")

        assert writer.durable_seq == 1


def test_full_segments_are_sealed_and_close_seals_the_last(tmp_path: Path) -> None:
    writer = SpoolWriter(tmp_path / "spool", segment_size_bytes=1000)
    for _ in range(25):
        writer.append(1, bytes(100))
    writer.commit()

    assert names(writer.directory) == ["00000001.seg", "00000002.seg", "00000003.open", "lock"]
    writer.close()
    assert names(writer.directory) == ["00000001.seg", "00000002.seg", "00000003.seg", "closed", "lock"]


def test_files_are_private(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        with SpoolWriter(tmp_path / "spool") as writer:
            writer.append(1, b"x")
            writer.commit()
    finally:
        os.umask(before)

    modes = {stat.S_IMODE(path.stat().st_mode) for path in writer.directory.iterdir()}
    assert modes == {0o600}
    assert {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "spool", writer.directory)} == {0o700}


def test_a_writer_is_live_until_it_is_closed(tmp_path: Path) -> None:
    writer = SpoolWriter(tmp_path)
    assert [epoch.is_live for epoch in list_epochs(tmp_path)] == [True]

    writer.close()
    assert [epoch.is_live for epoch in list_epochs(tmp_path)] == [False]


def test_two_writers_never_share_a_directory(tmp_path: Path) -> None:
    epoch = new_epoch()
    with SpoolWriter(tmp_path, epoch=epoch), pytest.raises(SpoolLocked, match="exists already"):
        SpoolWriter(tmp_path, epoch=epoch)

    with SpoolWriter(tmp_path) as one, SpoolWriter(tmp_path) as other:
        assert one.directory < other.directory


def test_a_writer_refuses_to_take_over_a_closed_epoch(tmp_path: Path) -> None:
    writer = SpoolWriter(tmp_path)
    writer.close()

    with pytest.raises(SpoolLocked):
        SpoolWriter(tmp_path, epoch=writer.epoch)


def test_close_is_idempotent_and_ends_the_writer(tmp_path: Path) -> None:
    writer = SpoolWriter(tmp_path)
    writer.close()
    writer.close()

    with pytest.raises(SpoolError, match="closed"):
        writer.append(1, b"x")
    with pytest.raises(SpoolError, match="closed"):
        writer.commit()


@pytest.mark.parametrize(("kind", "flags"), [(0, 0), (256, 0), (-1, 0), (1, 256), (1, -1)])
def test_a_kind_or_flags_outside_a_byte_are_refused(tmp_path: Path, kind: int, flags: int) -> None:
    with SpoolWriter(tmp_path) as writer:
        with pytest.raises(UsageError, match="kind must be"):
            writer.append(kind, b"x", flags=flags)
        assert writer.next_seq == 1


def test_a_payload_may_be_as_long_as_the_limit_and_no_longer(tmp_path: Path) -> None:
    with SpoolWriter(tmp_path) as writer:
        writer.append(1, bytes(MAX_PAYLOAD))
        with pytest.raises(UsageError, match="split the frame"):
            writer.append(1, bytes(MAX_PAYLOAD + 1))
        writer.commit()

        assert [
            item.last_seq if not isinstance(item, Record) else len(item.payload)
            for item in SpoolReader(writer.directory).read()
        ] == [MAX_PAYLOAD]


@pytest.mark.parametrize("options", [{"durability": "never"}, {"durability": "interval:1s"}, {"segment_size_bytes": 0}])
def test_a_wrong_option_is_refused(tmp_path: Path, options: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        SpoolWriter(tmp_path / "spool", **options)
    assert not (tmp_path / "spool").exists()


def test_a_root_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "spool").write_text("not a directory")

    with pytest.raises(SpoolError, match="cannot be made"):
        SpoolWriter(tmp_path / "spool")


def test_memory_stays_bounded_without_a_commit_and_nothing_is_lost(tmp_path: Path) -> None:
    with SpoolWriter(tmp_path, max_pending_bytes=10_000) as writer:
        for _ in range(100):
            writer.append(1, bytes(1000))

        assert writer.durable_seq >= 90
        assert writer.counters.dropped_records == 0


def test_a_new_epoch_follows_all_that_lie_in_the_root(tmp_path: Path) -> None:
    future = tmp_path / "fff00000-0000-7000-8000-000000000000"
    future.mkdir()

    with SpoolWriter(tmp_path) as writer:
        assert writer.directory > future


def test_threads_append_and_commit_at_once_without_loss(tmp_path: Path) -> None:
    writer = SpoolWriter(tmp_path, segment_size_bytes=5_000)

    def work(name: int) -> None:
        for number in range(100):
            writer.append(1, b"%d:%d" % (name, number))
            if number % 10 == 0:
                writer.commit()

    threads = [threading.Thread(target=work, args=(name,)) for name in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    writer.close()

    read = [item for item in SpoolReader(writer.directory).read() if isinstance(item, Record)]
    assert [record.seq for record in read] == list(range(1, 401))
    assert {record.payload for record in read} == {
        b"%d:%d" % (name, number) for name in range(4) for number in range(100)
    }
