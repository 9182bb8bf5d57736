"""Where no disk can be written the agent counts in memory, bounded, says so once, and writes everything when it can again."""

import errno
import gc
import logging
import os
import tracemalloc
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from tidegauge.errors import SpoolError
from tidegauge.settings import default_spool
from tidegauge.shipper import look_after
from tidegauge.spool import Hole, Record, SpoolReader, disk, list_epochs, own_directory, segment
from tidegauge.wire import telemetry_pb2 as pb
from tidegauge.wire.kinds import FrameKind, rows_of
from tidegauge.worker.frames import SealedFrame
from tidegauge.worker.marks import RowMarks
from tidegauge.worker.outbox import MAX_WAITING_BYTES, Outbox

KIB = 1024
Refuse = Callable[[object, str, int], AbstractContextManager[None]]


@pytest.fixture
def refuse(monkeypatch: pytest.MonkeyPatch) -> Refuse:
    """Lets one function of the spool fail as the operating system does."""

    @contextmanager
    def refusing(place: object, name: str, code: int) -> object:
        def fail(*_: object, **__: object) -> None:
            raise OSError(code, os.strerror(code))

        with monkeypatch.context() as patch:
            patch.setattr(place, name, fail)
            yield

    return refusing  # type: ignore[return-value]


def frame(number: int, *, rows: int = 10, size: int = 200) -> SealedFrame:
    """A profile of some rows, about `size` bytes long."""
    body = pb.Profile(window_start_us=number * 3_600_000_000, window_length_s=3600, time_basis=pb.TIME_BASIS_EVENT)
    body.columns.add(name="x" * size, kind=pb.COLUMN_KIND_TEXT, rows=rows)
    return SealedFrame(FrameKind.PROFILE, pb.Frame(deployment="shop", profile=body).SerializeToString(), rows)


def put_all(outbox: Outbox, frames: list[SealedFrame]) -> int:
    """Put frames one by one and return how often the disk refused."""
    refused = 0
    for one in frames:
        try:
            outbox.put([one])
        except SpoolError:
            refused += 1
    return refused


def stored(root: Path) -> Counter[str]:
    """Rows by what became of them: "spooled", or the reason of their hole."""
    rows: Counter[str] = Counter()
    for epoch in list_epochs(root):
        reader = SpoolReader(epoch.path)
        while items := reader.read(max_bytes=1 << 30):
            for item in items:
                if isinstance(item, Hole):
                    rows[item.reason] += item.rows
                elif isinstance(item, Record):
                    rows["spooled"] += rows_of(item.kind, item.payload)
    return rows


@pytest.mark.parametrize("code", [errno.EROFS, errno.EACCES, errno.ENOSPC])
def test_where_no_epoch_can_be_made_frames_wait_bounded_and_are_written_later(
    tmp_path: Path, refuse: Refuse, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    monkeypatch.setattr("tidegauge.worker.outbox.MAX_WAITING_BYTES", 20 * KIB)
    outbox = Outbox(tmp_path / "root")

    with refuse(own_directory, "open_directory", code):
        refused = put_all(outbox, [frame(n) for n in range(200)])
    assert outbox.held_bytes <= 20 * KIB
    outbox.put([frame(200)])
    counts = outbox.counts()
    outbox.close()

    assert refused == 200
    assert counts["dropped:spool_unavailable"] > 0
    assert counts["sealed"] + counts["dropped:spool_unavailable"] == 2_010
    assert stored(tmp_path / "root") == {"spooled": counts["sealed"]}


@pytest.mark.parametrize("failing_call", ["write_all", "sync_data", "create_file"])
def test_where_the_disk_fills_up_what_does_not_fit_in_memory_is_counted_with_its_rows(
    tmp_path: Path, refuse: Refuse, failing_call: str
) -> None:
    outbox = Outbox(tmp_path / "root")
    outbox.put([frame(0)])
    writer = outbox._writer
    assert writer is not None
    writer._max_pending_bytes = 20 * KIB

    with refuse(segment, failing_call, errno.ENOSPC):
        if failing_call == "create_file":
            writer._roll()
        put_all(outbox, [frame(n) for n in range(1, 200)])
        assert outbox.held_bytes <= 21 * KIB
    outbox.put([frame(200)])
    counts = outbox.counts()
    outbox.close()

    on_disk = stored(tmp_path / "root")
    assert counts["dropped:spool_unwritable"] > 0
    assert on_disk == {
        "spooled": 2_010 - counts["dropped:spool_unwritable"],
        "spool_unwritable": counts["dropped:spool_unwritable"],
    }
    assert on_disk.total() == 2_010


@pytest.mark.parametrize("durability", ["seal", "always"])
def test_before_and_after_the_spool_could_be_made_the_refused_frames_take_16_mib_together(
    tmp_path: Path, refuse: Refuse, durability: str
) -> None:
    outbox = Outbox(tmp_path / "root", durability=durability)
    size, seals = 2_000, 20
    many = MAX_WAITING_BYTES // size // seals * 3 // 2  # half as much again as may wait
    gc.collect()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]

    held = []
    for place, name in ((own_directory, "open_directory"), (segment, "write_all")):
        with refuse(place, name, errno.ENOSPC):
            for n in range(seals):
                with pytest.raises(SpoolError):
                    outbox.put([frame(n * many + k, size=size - 100) for k in range(many)])
                held.append(outbox.held_bytes)
            gc.collect()
            traced = tracemalloc.get_traced_memory()[0] - before
            assert traced <= MAX_WAITING_BYTES * 17 // 16
    tracemalloc.stop()
    counts = outbox.counts()
    outbox.put([])
    outbox.close()

    assert max(held) <= MAX_WAITING_BYTES
    assert min(counts["dropped:spool_unavailable"], counts["dropped:spool_unwritable"]) > 0
    handed = 2 * 10 * seals * many
    assert counts["waiting"] == handed - counts["dropped:spool_unavailable"] - counts["dropped:spool_unwritable"]


def test_what_is_remembered_of_commits_is_bounded_while_no_collector_answers() -> None:
    marks = RowMarks()
    for seq in range(1, 200_001):
        marks.add(seq, 10 * seq)

    assert len(marks) <= 4_096
    assert (marks.total, marks.up_to(200_000), marks.up_to(0)) == (2_000_000, 2_000_000, 0)
    assert 990_000 <= marks.up_to(100_000) <= 1_000_000


def test_a_position_that_cannot_be_stored_costs_nothing(tmp_path: Path, refuse: Refuse) -> None:
    outbox = Outbox(tmp_path / "root")
    with refuse(disk, "sync_directory", errno.EIO):
        put_all(outbox, [frame(n) for n in range(5)])
    outbox.put([frame(5)])
    outbox.close()

    assert stored(tmp_path / "root") == {"spooled": 60}


def test_nothing_is_said_of_a_shipper_where_there_is_no_spool_to_ship(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    from tidegauge.settings import parse_settings

    blocked = tmp_path / "blocked"
    blocked.write_text("a file, where a directory should be")
    settings = parse_settings({"deployment": "shop", "spool": blocked}, {})

    with caplog.at_level(logging.WARNING, "tidegauge"):
        look_after(settings.root, settings)

    assert caplog.records == []


def test_without_a_home_the_spool_is_in_the_temporary_directory(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_home() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    monkeypatch.setattr(Path, "home", no_home)

    assert Path(default_spool()).name == f"tidegauge-{os.getuid()}"


def test_durability_interval_syncs_at_most_once_a_second_and_the_rest_at_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now_s = [1_000.0]
    monkeypatch.setattr("tidegauge.spool.writer.time.monotonic", lambda: now_s[0])
    outbox = Outbox(tmp_path / "root", durability="interval")

    outbox.put([frame(0)])
    outbox.put([frame(1)])
    waiting = outbox.counts()["sealed"]
    now_s[0] += 1.0
    outbox.sync()
    after = outbox.counts()["sealed"]
    outbox.put([frame(2)])
    outbox.close()

    assert (waiting, after) == (10, 20)
    assert stored(tmp_path / "root") == {"spooled": 30}


def test_over_its_quota_an_agent_merges_before_it_drops_and_counts_what_it_drops(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "root", quota_bytes=1024 * KIB)
    for n in range(400):
        outbox.put([frame(n % 8, size=10_000)])
    merged = outbox.counts()
    for n in range(400):
        outbox.put([frame(1_000 + n, size=10_000)])
    counts = outbox.counts()
    outbox.close()

    assert merged["spool_merged_frames"] > 0
    assert merged["dropped:quota"] == 0
    assert counts["dropped:quota"] > 0
    on_disk = stored(tmp_path / "root")
    assert on_disk["spooled"] + on_disk["quota"] == 8_000 == on_disk["spooled"] + counts["dropped:quota"]
