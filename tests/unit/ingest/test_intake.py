"""Order, idempotence and limits, without a network; the log is real."""

import asyncio
import threading
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tidegauge.errors import SpoolError
from tidegauge.spool.epoch import new_epoch
from tidegauge.wire import telemetry_pb2 as pb
from tidegauge_collector.ingest.admission import Admission
from tidegauge_collector.ingest.agents import Agents
from tidegauge_collector.ingest.committer import Committer
from tidegauge_collector.ingest.counters import IngestCounters
from tidegauge_collector.ingest.framelog import NO_FRAME, FrameLog, LogEntry, LogPosition
from tidegauge_collector.ingest.intake import Intake
from tidegauge_collector.ingest.limits import IntakeLimits
from tidegauge_collector.ingest.logreader import LogReader
from tidegauge_collector.ingest.marks import Marks
from tidegauge_collector.ingest.quarantine import Quarantine
from tidegauge_collector.ingest.quarantined import State, read_record
from tidegauge_collector.ingest.refusals import EpochPurged, Invalid, OutOfOrder, Overloaded

NOW_US = int.from_bytes(new_epoch().bytes[:6]) * 1_000


class FaultyLog(FrameLog):
    """A log whose disk refuses, or hesitates, when told to."""

    is_refusing = False

    def __init__(self, directory: Path) -> None:
        super().__init__(directory, reserve_bytes=0)
        self.may_commit = threading.Event()
        self.may_commit.set()
        self.commits = 0

    def commit(self) -> LogPosition:
        self.may_commit.wait()
        if self.is_refusing:
            raise SpoolError("the disk refuses")
        self.commits += 1
        return super().commit()


@dataclass
class Dock:
    """An intake and what is around it."""

    directory: Path
    log: FaultyLog
    marks: Marks
    counters: IngestCounters
    agents: Agents
    intake: Intake
    wakes: list[int]

    def entries(self) -> list[LogEntry]:
        reader, found = LogReader(self.directory / "log"), list[LogEntry]()
        while more := reader.read():
            found += [one for _, one in more]
        return found


@pytest.fixture
async def dock(tmp_path: Path) -> AsyncIterator[Dock]:
    log, marks, counters, wakes = FaultyLog(tmp_path / "log"), Marks({}), IngestCounters(), list[int]()
    agents = Agents(lambda: NOW_US)
    committer = Committer(log, counters)
    intake = Intake(
        committer,
        marks,
        Quarantine(tmp_path / "quarantine"),
        agents=agents,
        counters=counters,
        on_frames=lambda: wakes.append(1),
        now_us=lambda: NOW_US,
        admission=Admission(IntakeLimits(max_in_flight_bytes=10_000), now_us=lambda: NOW_US),
    )
    yield Dock(tmp_path, log, marks, counters, agents, intake, wakes)
    log.may_commit.set()
    committer.close()
    log.is_refusing = False
    log.close()


def event(text: str = "x") -> bytes:
    return pb.Frame(deployment="shop", event=pb.Event(text=text)).SerializeToString()


def ship(epoch: bytes, first_seq: int, count: int = 1, *, closed: bool = False) -> pb.ShipRequest:
    frames = [event(f"{seq}") for seq in range(first_seq, first_seq + count)]
    return pb.ShipRequest(epoch=epoch, first_seq=first_seq, frames=frames, closed=closed)


EPOCH = new_epoch().bytes


async def test_batch_is_durable_when_it_is_acknowledged(dock: Dock) -> None:
    mark = await dock.intake.accept(ship(EPOCH, 1, 3))

    assert mark == 3
    assert [(one.first_seq, one.frame) for one in dock.entries()] == [(seq, event(f"{seq}")) for seq in (1, 2, 3)]
    assert dock.wakes == [1]


async def test_duplicate_is_acknowledged_without_effect(dock: Dock) -> None:
    await dock.intake.accept(ship(EPOCH, 1, 3))

    assert await dock.intake.accept(ship(EPOCH, 1, 3)) == 3
    assert len(dock.entries()) == 3
    assert dock.wakes == [1]


async def test_overlapping_batch_adds_only_what_is_new(dock: Dock) -> None:
    await dock.intake.accept(ship(EPOCH, 1, 3))

    assert await dock.intake.accept(ship(EPOCH, 2, 4)) == 5
    assert [one.first_seq for one in dock.entries()] == [1, 2, 3, 4, 5]


async def test_batch_beyond_the_mark_is_refused_with_the_expected_number(dock: Dock) -> None:
    await dock.intake.accept(ship(EPOCH, 1, 3))

    with pytest.raises(OutOfOrder) as refusal:
        await dock.intake.accept(ship(EPOCH, 5))
    assert refusal.value.expected_seq == 4
    assert dock.counters.value("ship", "out_of_order") == 1


async def test_same_batch_sent_twice_at_once_is_stored_once(dock: Dock) -> None:
    dock.log.may_commit.clear()
    both = [asyncio.ensure_future(dock.intake.accept(ship(EPOCH, 1, 2))) for _ in range(2)]
    await asyncio.sleep(0)
    dock.log.may_commit.set()

    assert await asyncio.gather(*both) == [2, 2]
    assert len(dock.entries()) == 2


async def test_those_who_wait_together_share_one_commit(dock: Dock) -> None:
    dock.log.may_commit.clear()
    waiting = [asyncio.ensure_future(dock.intake.accept(ship(new_epoch().bytes, 1))) for _ in range(50)]
    await asyncio.sleep(0)
    dock.log.may_commit.set()
    await asyncio.gather(*waiting)

    assert len(dock.entries()) == 50
    assert dock.log.commits <= 3


async def test_nothing_is_acknowledged_while_the_disk_refuses_and_nothing_is_stored_twice_after(dock: Dock) -> None:
    dock.log.is_refusing = True
    for _ in range(3):
        with pytest.raises(Overloaded, match="the disk refuses") as refusal:
            await dock.intake.accept(ship(EPOCH, 1, 3))
        assert refusal.value.retry_after_ms > 0
    assert dock.marks.mark(EPOCH) == 0

    dock.log.is_refusing = False

    assert await dock.intake.accept(ship(EPOCH, 1, 4)) == 4
    assert [one.first_seq for one in dock.entries()] == [1, 2, 3, 4]


async def test_too_much_under_way_is_refused_and_taken_later(dock: Dock) -> None:
    large = pb.ShipRequest(epoch=EPOCH, first_seq=1, frames=[event("x" * 9_000)])
    dock.log.may_commit.clear()
    first = asyncio.ensure_future(dock.intake.accept(large))
    await asyncio.sleep(0)
    other = pb.ShipRequest(epoch=new_epoch().bytes, first_seq=1, frames=[event("x" * 9_000)])

    with pytest.raises(Overloaded):
        await dock.intake.accept(other)
    dock.log.may_commit.set()
    await first

    assert await dock.intake.accept(other) == 1
    assert dock.counters.value("ship", "overload") == 1


async def test_batch_larger_than_the_bound_is_taken_when_it_is_alone(dock: Dock) -> None:
    large = pb.ShipRequest(epoch=EPOCH, first_seq=1, frames=[event("x" * 20_000)])

    assert await dock.intake.accept(large) == 1


async def test_poison_is_quarantined_with_its_reason_and_the_stream_goes_on(dock: Dock) -> None:
    request = pb.ShipRequest(epoch=EPOCH, first_seq=1, frames=[event(), b"\xff\xff\xff", event()])

    assert await dock.intake.accept(request) == 3
    assert await dock.intake.accept(request) == 3

    (kept,) = (dock.directory / "quarantine").glob("*.frame")
    assert kept.name == f"{EPOCH.hex()}-2.frame"
    assert kept.read_bytes() == b"\xff\xff\xff"
    record = read_record(dock.directory / "quarantine", kept.stem)
    assert record is not None
    assert (record.state, record.flaw) == (State.KEPT, "undecodable")
    assert "not a frame" in record.reason
    assert dock.counters.value("quarantined", "undecodable") == 1
    assert len(dock.entries()) == 3


async def test_full_quarantine_counts_and_the_stream_goes_on(dock: Dock) -> None:
    quarantine = Quarantine(dock.directory / "small", max_bytes=4)
    dock.intake._quarantine = quarantine
    request = pb.ShipRequest(epoch=EPOCH, first_seq=1, frames=[b"\xff\xff\xff", b"\xff\xff\xfe"])

    assert await dock.intake.accept(request) == 2
    assert (dock.counters.value("quarantined", "undecodable"), dock.counters.value("quarantined", "no_room")) == (1, 1)


@pytest.mark.parametrize(
    "epoch",
    [b"", b"x" * 15, b"x" * 16, uuid.UUID(int=1 << 64, version=4).bytes],
    ids=["empty", "short", "no version", "v4"],
)
async def test_epoch_that_is_no_uuid7_is_refused(dock: Dock, epoch: bytes) -> None:
    with pytest.raises(Invalid, match="UUIDv7"):
        await dock.intake.accept(ship(epoch, 1))


async def test_numbers_begin_with_one(dock: Dock) -> None:
    with pytest.raises(Invalid, match="first_seq 0"):
        await dock.intake.accept(ship(EPOCH, 0))


async def test_unknown_epoch_older_than_400_days_is_refused_and_a_known_one_is_not(dock: Dock) -> None:
    old_ms = NOW_US // 1_000 - 401 * 86_400_000
    old = old_ms.to_bytes(6) + EPOCH[6:]
    with pytest.raises(EpochPurged, match="400 days"):
        await dock.intake.accept(ship(old, 1))

    dock.marks.advance(old, 5)

    assert await dock.intake.accept(ship(old, 6)) == 6


async def test_end_of_an_epoch_is_logged_once_and_survives_a_restart(dock: Dock) -> None:
    await dock.intake.accept(ship(EPOCH, 1, 2))
    end = pb.ShipRequest(epoch=EPOCH, first_seq=3, closed=True)

    assert await dock.intake.accept(end) == 2
    assert await dock.intake.accept(end) == 2

    assert [(one.kind, one.closed, one.last_seq) for one in dock.entries()[2:]] == [(NO_FRAME, True, 2)]
    assert Marks({}, dock.entries()).is_closed(EPOCH)
    assert dock.agents.live() == []


async def test_epoch_that_shipped_is_live_until_it_ends(dock: Dock) -> None:
    request = ship(EPOCH, 1)
    request.agent.host, request.agent.pid = "web-1", 77
    await dock.intake.accept(request)
    live = dock.agents.live()

    await dock.intake.accept(ship(EPOCH, 2, closed=True))

    assert [(one.epoch, one.host, one.pid, one.mark) for one in live] == [(EPOCH, "web-1", 77, 1)]
    assert dock.agents.live() == []
    assert [(one.mark, one.closed) for one in dock.agents.epochs()] == [(2, True)]


async def test_a_fault_of_ours_costs_the_batch_that_meets_it_and_no_other(
    dock: Dock, monkeypatch: pytest.MonkeyPatch
) -> None:
    epoch, faults = new_epoch().bytes, [MemoryError("no memory left")]
    append = FrameLog.append

    def append_or_fail(log: FrameLog, entry: LogEntry) -> LogPosition:
        if faults:
            raise faults.pop()
        return append(log, entry)

    monkeypatch.setattr(FrameLog, "append", append_or_fail)

    with pytest.raises(MemoryError):
        await dock.intake.accept(ship(epoch, 1))
    assert await dock.intake.accept(ship(epoch, 1, 2)) == 2
    assert [entry.first_seq for entry in dock.entries()] == [1, 2]
