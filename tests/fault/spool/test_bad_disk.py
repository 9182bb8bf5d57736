"""A disk that refuses: nothing said to be durable is lost, what waits is bounded, and writing recovers by itself."""

import errno
import os
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tidegauge.errors import SpoolError
from tidegauge.spool import Hole, Record, SpoolReader, SpoolWriter, segment
from tidegauge.spool import disk as disk_operations
from tidegauge.spool.pending import OBJECT_BYTES
from tidegauge.spool.record import encode_record

Items = list[Record | Hole]


def open_descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


@contextmanager
def failing(monkeypatch: pytest.MonkeyPatch, place: object, name: str, code: int) -> Iterator[None]:
    def fail(*_: object, **__: object) -> None:
        raise OSError(code, os.strerror(code))

    with monkeypatch.context() as patch:
        patch.setattr(place, name, fail)
        yield


def torn_write(monkeypatch: pytest.MonkeyPatch, code: int, after_bytes: int) -> None:
    """Let os.write take only `after_bytes` more, then fail."""
    real, left = os.write, [after_bytes]

    def write(descriptor: int, data: bytes) -> int:
        if left[0] == 0:
            raise OSError(code, os.strerror(code))
        taken = real(descriptor, memoryview(data)[: left[0]])
        left[0] -= taken
        return taken

    monkeypatch.setattr(os, "write", write)


@pytest.mark.parametrize("failing_call", ["sync_data", "write_all"])
@pytest.mark.parametrize("code", [errno.EIO, errno.ENOSPC])
def test_records_wait_for_the_disk_and_go_into_a_new_segment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing_call: str, code: int
) -> None:
    writer = SpoolWriter(tmp_path)
    writer.append(1, b"before")
    writer.commit()
    writer.append(1, b"during")
    with failing(monkeypatch, segment, failing_call, code):
        for _ in range(3):
            with pytest.raises(SpoolError, match="wait in memory"):
                writer.commit()
        assert writer.durable_seq == 1
        writer.append(1, b"more")
    assert names(writer.directory) == ["00000001.open", "lock"]

    assert writer.commit() == 3
    writer.close()

    assert writer.counters.io_errors == 3
    assert SpoolReader(writer.directory).read() == [
        Record(1, 1, 0, b"before"),
        Record(2, 1, 0, b"during"),
        Record(3, 1, 0, b"more"),
    ]


def test_a_descriptor_is_never_synced_again_after_it_failed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []

    def sync(descriptor: int) -> None:
        synced.append(os.fstat(descriptor).st_ino)
        if len(synced) == 2:
            raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(segment, "sync_data", sync)
    writer = SpoolWriter(tmp_path)
    writer.append(1, b"one")
    writer.commit()
    writer.append(1, b"two")
    with pytest.raises(SpoolError):
        writer.commit()
    writer.commit()
    writer.close()

    assert synced[0] == synced[1] != synced[2]


@pytest.mark.parametrize("after_bytes", [1, 33, 34, 40, 51, 52, 60, 200, 250])
def test_a_write_torn_anywhere_leaves_no_hole_and_no_duplicate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, after_bytes: int
) -> None:
    writer = SpoolWriter(tmp_path)
    payloads = [b"%030d" % seq for seq in range(1, 9)]
    for payload in payloads[:2]:
        writer.append(1, payload)
        writer.commit()
    for payload in payloads[2:]:
        writer.append(1, payload)
    reader = SpoolReader(writer.directory)
    with monkeypatch.context() as patch:
        torn_write(patch, errno.ENOSPC, after_bytes)
        with pytest.raises(SpoolError, match="No space left"):
            writer.commit()
        assert [item.seq for item in reader.read() if isinstance(item, Record)] == [1, 2]

    writer.commit()
    expected = [Record(seq, 1, 0, payload) for seq, payload in enumerate(payloads, 1)]
    assert reader.read() == expected[2:]
    writer.close()
    fresh = SpoolReader(writer.directory)
    assert fresh.read() == expected
    assert fresh.counters.corrupt_bytes == 0


def test_what_no_longer_fits_in_memory_becomes_one_hole_oldest_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    size = len(encode_record(Record(1, 1, 0, bytes(100)))) + OBJECT_BYTES
    writer = SpoolWriter(tmp_path, max_pending_bytes=5 * size)
    writer.append(1, bytes(100), rows=10)
    writer.commit()
    with failing(monkeypatch, segment, "sync_data", errno.EIO):
        for _ in range(20):
            writer.append(1, bytes(100), rows=10)
        with pytest.raises(SpoolError):
            writer.commit()

    assert writer.commit() == 21
    assert writer.counters.dropped_records == 15
    items = SpoolReader(writer.directory).read()
    assert items[1] == Hole(2, 16, "spool_unwritable", rows=150)
    assert [item.seq for item in items if isinstance(item, Record)] == [1, *range(17, 22)]
    writer.close()


def test_memory_is_bounded_on_a_bad_disk_also_when_every_record_is_committed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = SpoolWriter(tmp_path, durability="always", max_pending_bytes=8 * (118 + OBJECT_BYTES))
    with failing(monkeypatch, segment, "sync_data", errno.EIO):
        for _ in range(50):
            with pytest.raises(SpoolError):
                writer.append(1, bytes(100))
    writer.close()

    hole, *rest = SpoolReader(writer.directory).read()
    assert hole == Hole(1, 42, "spool_unwritable", 0)
    assert [item.seq for item in rest if isinstance(item, Record)] == list(range(43, 51))


def test_records_that_were_dropped_are_not_read_from_the_torn_segment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = SpoolWriter(tmp_path, max_pending_bytes=200 + OBJECT_BYTES)
    writer.append(1, b"%0100d" % 1)
    writer.commit()
    writer.append(1, b"%0100d" % 2)
    with failing(monkeypatch, segment, "sync_data", errno.EIO):  # written, but not synced
        with pytest.raises(SpoolError):
            writer.commit()
        writer.append(1, b"%0100d" % 3)
    writer.close()

    assert SpoolReader(writer.directory).read() == [
        Record(1, 1, 0, b"%0100d" % 1),
        Hole(2, 2, "spool_unwritable", 0),
        Record(3, 1, 0, b"%0100d" % 3),
    ]


def test_a_long_outage_leaves_no_litter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = SpoolWriter(tmp_path)
    writer.append(1, b"x")
    with failing(monkeypatch, segment, "sync_data", errno.ENOSPC):
        for _ in range(50):
            with pytest.raises(SpoolError):
                writer.commit()

    assert names(writer.directory) == ["lock"]
    writer.close()


def test_close_on_a_bad_disk_raises_and_still_lets_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = open_descriptors()
    writer = SpoolWriter(tmp_path)
    writer.append(1, b"x")
    with failing(monkeypatch, segment, "sync_data", errno.EIO), pytest.raises(SpoolError):
        writer.close()

    reader = SpoolReader(writer.directory)
    assert reader.read() == []
    assert reader.finished
    assert open_descriptors() == before


@pytest.mark.parametrize("fault", ["rename", "fsync"])
def test_a_roll_that_fails_costs_no_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: str) -> None:
    writer = SpoolWriter(tmp_path, segment_size_bytes=300, quota_bytes=None)
    writer.append(1, bytes(200))
    writer.commit()
    writer.append(1, bytes(200))
    with failing(monkeypatch, segment.os, fault, errno.EIO):
        assert writer.commit() == 2
    writer.append(1, bytes(200))
    writer.close()

    assert writer.counters.io_errors == 1
    assert SpoolReader(writer.directory).read() == [Record(seq, 1, 0, bytes(200)) for seq in (1, 2, 3)]


def test_an_os_write_that_takes_little_at_a_time_is_continued(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.write
    monkeypatch.setattr(disk_operations.os, "write", lambda descriptor, data: real(descriptor, bytes(data)[:7]))
    with SpoolWriter(tmp_path) as writer:
        writer.append(1, bytes(500))
        writer.commit()

        assert SpoolReader(writer.directory).read() == [Record(1, 1, 0, bytes(500))]


FULL_DISK = """
import resource, sys
from pathlib import Path
from tidegauge.errors import SpoolError
from tidegauge.spool import SpoolWriter

writer = SpoolWriter(Path(sys.argv[1]))
soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, hard))
refused = 0
for seq in range(1, 201):
    writer.append(1, b"%0200d" % seq)
    try:
        writer.commit()
    except SpoolError:
        refused += 1
resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
print(refused, writer.commit())
"""


def test_a_real_limit_of_the_file_size_is_survived(tmp_path: Path) -> None:
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[1] == resource.RLIM_INFINITY

    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(tmp_path)], capture_output=True, text=True, check=True, timeout=120
    )

    refused, durable = map(int, done.stdout.split())
    assert refused > 0
    assert durable == 200
    (directory,) = (path for path in tmp_path.iterdir() if path.is_dir())
    assert SpoolReader(directory).read() == [Record(seq, 1, 0, b"%0200d" % seq) for seq in range(1, 201)]


@pytest.mark.parametrize("make_unwritable", [lambda path: path.chmod(0o500)])
@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_a_read_only_root_is_refused_with_the_reason(tmp_path: Path, make_unwritable: Callable[[Path], None]) -> None:
    make_unwritable(tmp_path)

    with pytest.raises(SpoolError, match="Permission denied"):
        SpoolWriter(tmp_path)
