"""Frames that cannot be used: kept within bounds, confirmed when their gap is durable, counted once when they come back."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tidegauge.spool.epoch import new_epoch
from tidegauge.wire import telemetry_pb2 as pb
from tidegauge.wire.codec import decode_frame
from tidegauge.wire.kinds import FrameKind
from tidegauge_collector.ingest import batch as batch_module
from tidegauge_collector.ingest.admission import Admission
from tidegauge_collector.ingest.agents import Agents
from tidegauge_collector.ingest.batch import Flaw, Poison
from tidegauge_collector.ingest.committer import Committer
from tidegauge_collector.ingest.counters import IngestCounters
from tidegauge_collector.ingest.framelog import NO_FRAME, FrameLog, LogEntry
from tidegauge_collector.ingest.intake import Intake, is_epoch
from tidegauge_collector.ingest.limits import IntakeLimits
from tidegauge_collector.ingest.logreader import LogReader
from tidegauge_collector.ingest.marks import Marks
from tidegauge_collector.ingest.quarantine import Quarantine
from tidegauge_collector.ingest.quarantined import State, make_request, read_record, read_requests
from tidegauge_collector.ingest.retrying import Retrying, epoch_of_retry

EPOCH = new_epoch().bytes
NOW_US = int.from_bytes(EPOCH[:6]) * 1_000


def poison(seq: int = 7, frame: bytes = b"\xff\xff", epoch: bytes = EPOCH) -> Poison:
    return Poison(epoch, seq, frame, "because", Flaw.UNDECODABLE, NOW_US, "shop", "web-1")


def name(seq: int = 7) -> str:
    return f"{EPOCH.hex()}-{seq}"


def test_frame_is_pending_until_its_gap_is_durable(tmp_path: Path) -> None:
    quarantine = Quarantine(tmp_path / "q")

    assert quarantine.keep(poison())
    pending = quarantine.held()
    quarantine.confirm([name()])

    assert pending == []
    assert [(one.id, one.state, one.reason, one.deployment) for one in quarantine.held()] == [
        (name(), State.KEPT, "because", "shop")
    ]
    assert quarantine.frame(name()) == b"\xff\xff"


def test_same_number_is_kept_once(tmp_path: Path) -> None:
    quarantine = Quarantine(tmp_path / "q", max_bytes=3)

    assert [quarantine.keep(poison()) for _ in range(3)] == [True] * 3
    assert quarantine.holding().frames == 1


@pytest.mark.parametrize(("mark", "held"), [(6, []), (7, [name()])])
def test_after_a_crash_the_mark_decides_what_was_pending(tmp_path: Path, mark: int, held: list[str]) -> None:
    Quarantine(tmp_path / "q").keep(poison())

    again = Quarantine(tmp_path / "q")
    again.resolve(lambda epoch: mark)

    assert [one.id for one in again.held()] == held
    assert [one.stem for one in (tmp_path / "q").glob("*.frame")] == held


def test_frame_whose_record_a_crash_prevented_is_removed_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "q").mkdir()
    (tmp_path / "q" / f"{name()}.frame").write_bytes(b"x")

    quarantine = Quarantine(tmp_path / "q")
    quarantine.resolve(lambda epoch: 99)

    assert quarantine.holding().frames == 0
    assert list((tmp_path / "q").glob("*.frame")) == []


def test_it_is_bounded_in_bytes_and_frames_and_says_what_did_not_fit(tmp_path: Path) -> None:
    quarantine = Quarantine(tmp_path / "q", max_bytes=10, max_frames=3)

    kept = [quarantine.keep(poison(seq, b"x" * size)) for seq, size in enumerate((6, 6, 1, 1, 1), 1)]
    quarantine.tell_overflow()
    again = Quarantine(tmp_path / "q").holding()

    assert kept == [True, False, True, True, False]
    assert (again.frames, again.size_bytes, again.overflow_frames, again.overflow_bytes) == (3, 8, 2, 7)


def test_settled_frame_makes_room_and_is_still_known(tmp_path: Path) -> None:
    quarantine = Quarantine(tmp_path / "q", max_frames=1)
    quarantine.keep(poison(1), stage="fold")
    quarantine.settle(name(1), State.RETRIED)

    assert quarantine.keep(poison(2), stage="fold")
    again = Quarantine(tmp_path / "q")
    assert again.is_known(EPOCH, 1)
    assert not again.is_known(EPOCH, 3)
    assert [one.id for one in again.held()] == [name(2)]


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"epoch": 1}', b"\xff", json.dumps({"state": "odd"}).encode()])
def test_record_that_is_none_stops_nothing(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "q").mkdir()
    (tmp_path / "q" / f"{name()}.json").write_bytes(content)
    (tmp_path / "q" / "readme.txt").write_bytes(b"hello")
    (tmp_path / "q" / "overflow.json").write_bytes(content)

    quarantine = Quarantine(tmp_path / "q")
    quarantine.resolve(lambda epoch: 99)

    assert quarantine.held() == []
    assert quarantine.keep(poison())


def test_symbolic_link_in_the_place_of_a_frame_is_refused(tmp_path: Path) -> None:
    (tmp_path / "q").mkdir()
    (tmp_path / "victim").write_bytes(b"precious")
    (tmp_path / "q" / f"{name()}.frame").symlink_to(tmp_path / "victim")

    with pytest.raises(OSError, match="symbolic link"):
        Quarantine(tmp_path / "q").keep(poison())
    assert (tmp_path / "victim").read_bytes() == b"precious"


def test_requests_are_those_of_ids_and_nothing_else(tmp_path: Path) -> None:
    make_request(tmp_path, name(2), "retry")
    make_request(tmp_path, name(1), "discard")
    for odd in ("..retry", f"{name()}.burn", "x.retry"):
        (tmp_path / "requests" / odd).write_bytes(b"")

    assert read_requests(tmp_path) == [(name(1), "discard"), (name(2), "retry")]
    assert read_requests(tmp_path / "nowhere") == []


# ------------------------------------------------------------------ coming back


class Dock:
    """An intake with a quarantine, on a real log, that can be ended and begun again on the same files."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.begin()

    def begin(self) -> None:
        self.counters, self.log = IngestCounters(), FrameLog(self.directory / "log", reserve_bytes=0)
        self.marks = Marks({}, self.entries())
        self.quarantine = Quarantine(self.directory / "quarantine")
        self.quarantine.resolve(self.marks.mark)
        self._committer = Committer(self.log, self.counters)
        self.admission = Admission(IntakeLimits(), now_us=lambda: NOW_US)
        self.intake = Intake(
            self._committer,
            self.marks,
            self.quarantine,
            agents=Agents(lambda: NOW_US),
            counters=self.counters,
            on_frames=lambda: None,
            now_us=lambda: NOW_US,
            admission=self.admission,
        )
        self.retrying = Retrying(self.quarantine, self.intake, self.counters.count)

    def end(self) -> None:
        self._committer.close()
        self.log.close()

    def entries(self) -> list[LogEntry]:
        reader, found = LogReader(self.directory / "log"), list[LogEntry]()
        while more := reader.read():
            found += [one for _, one in more]
        return found

    def ask(self, action: str, *seqs: int) -> None:
        for seq in seqs:
            make_request(self.quarantine.directory, name(seq), action)


@pytest.fixture
async def dock(tmp_path: Path) -> AsyncIterator[Dock]:
    dock = Dock(tmp_path)
    yield dock
    dock.end()


def event(text: str = "x") -> bytes:
    return pb.Frame(deployment="shop", event=pb.Event(text=text)).SerializeToString()


@pytest.fixture
def newer_frames(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """A collector that knows no events yet; `undo` is its upgrade."""
    judge = batch_module.judge

    def judge_without_events(payload: bytes, seq: int) -> object:
        if payload == event("newer"):
            raise batch_module._Unusable(Flaw.UNKNOWN_KIND, "the sender may be newer", "shop")
        return judge(payload, seq)

    monkeypatch.setattr(batch_module, "judge", judge_without_events)
    monkeypatch.setattr("tidegauge_collector.ingest.retrying.judge", judge_without_events)
    return monkeypatch


async def ship_newer(dock: Dock) -> None:
    frames = [event("old"), event("newer"), event("old")]
    await dock.intake.accept(pb.ShipRequest(epoch=EPOCH, first_seq=1, frames=frames))


def counted(dock: Dock) -> list[bytes]:
    return [one.frame for one in dock.entries() if one.kind not in (NO_FRAME, FrameKind.GAP)]


async def test_frame_of_a_newer_agent_is_counted_once_after_the_upgrade(
    dock: Dock, newer_frames: pytest.MonkeyPatch
) -> None:
    await ship_newer(dock)
    dock.ask("retry", 2)
    await dock.retrying.step()
    too_early = dock.quarantine.held()
    newer_frames.undo()

    for _ in range(3):
        dock.ask("retry", 2)
        await dock.retrying.step()

    assert [(one.tries, one.said) for one in too_early] == [(1, "retry: the sender may be newer")]
    assert sorted(counted(dock)) == sorted([event("old"), event("old"), event("newer")])
    assert dock.quarantine.held() == []
    assert read_requests(dock.quarantine.directory) == []
    assert (dock.counters.value("quarantined", "retried"), dock.counters.value("quarantined", "refused_again")) == (
        1,
        1,
    )


async def test_crash_between_the_log_and_the_record_counts_a_retried_frame_once(
    dock: Dock, newer_frames: pytest.MonkeyPatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    await ship_newer(dock)
    newer_frames.undo()
    dock.ask("retry", 2)
    with monkeypatch.context() as crash:
        crash.setattr(Quarantine, "settle", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            await dock.retrying.step()
    dock.end()
    dock.begin()

    await dock.retrying.step()

    assert counted(dock).count(event("newer")) == 1
    assert read_record(dock.quarantine.directory, name(2)).state is State.RETRIED  # type: ignore[union-attr]


async def test_discarded_frame_is_a_gap_with_its_rows_and_can_never_be_counted(dock: Dock) -> None:
    dock.quarantine.keep(poison(2, event()), stage="fold", rows=40)
    dock.ask("discard", 2)
    await dock.retrying.step()
    dock.ask("retry", 2)
    await dock.retrying.step()

    (entry,) = dock.entries()
    gap = decode_frame(entry.frame).gap
    assert (gap.reason, gap.rows, entry.closed) == ("discarded", 40, True)
    assert dock.quarantine.find(name(2)).state is State.DISCARDED  # type: ignore[union-attr]


async def test_request_waits_while_the_intake_is_overloaded(dock: Dock) -> None:
    dock.quarantine.keep(poison(2, event()), stage="fold")
    dock.ask("retry", 2)
    dock.admission._unfolded_bytes = lambda: 1 << 60
    await dock.retrying.step()
    waiting = read_requests(dock.quarantine.directory)
    dock.admission._unfolded_bytes = lambda: 0
    await dock.retrying.step()

    assert waiting == [(name(2), "retry")]
    assert counted(dock) == [event()]


async def test_request_for_what_is_not_there_is_dropped(dock: Dock) -> None:
    dock.quarantine.keep(poison(2), stage="fold")
    dock.ask("retry", 99)

    await dock.retrying.step()

    assert read_requests(dock.quarantine.directory) == []
    assert dock.entries() == []


def test_epoch_of_a_retry_is_the_same_for_ever_and_another_for_each_frame(tmp_path: Path) -> None:
    quarantine = Quarantine(tmp_path / "q")
    for seq in (1, 2):
        quarantine.keep(poison(seq), stage="fold")
    again = Quarantine(tmp_path / "q")

    epochs = [epoch_of_retry(one) for one in quarantine.held()]

    assert epochs == [epoch_of_retry(one) for one in again.held()]
    assert len(set(epochs)) == 2
    assert all(is_epoch(one) and one[:6] == EPOCH[:6] for one in epochs)
