"""The same frames in any order over epochs, cut into any batches, repeated at any time: the log holds each once, in order."""

import asyncio
import tempfile
from collections.abc import Sequence
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from tidegauge.spool.epoch import new_epoch
from tidegauge.wire import telemetry_pb2 as pb
from tidegauge_collector.ingest.admission import Admission
from tidegauge_collector.ingest.agents import Agents
from tidegauge_collector.ingest.committer import Committer
from tidegauge_collector.ingest.counters import IngestCounters
from tidegauge_collector.ingest.framelog import NO_FRAME, FrameLog, LogEntry
from tidegauge_collector.ingest.intake import Intake
from tidegauge_collector.ingest.limits import IntakeLimits
from tidegauge_collector.ingest.logreader import LogReader
from tidegauge_collector.ingest.marks import Marks
from tidegauge_collector.ingest.quarantine import Quarantine
from tidegauge_collector.ingest.refusals import OutOfOrder

EPOCHS = [new_epoch().bytes for _ in range(3)]
NOW_US = int.from_bytes(EPOCHS[-1][:6]) * 1_000
POISON = b"\xff\xff"
Call = tuple[int, int, int]  # epoch, first seq, frames


def frame(epoch: int, seq: int) -> bytes:
    """Every seventh is no frame at all."""
    if seq % 7 == 0:
        return POISON
    return pb.Frame(deployment="shop", event=pb.Event(name=f"{epoch}-{seq}")).SerializeToString()


@st.composite
def voyages(draw: st.DrawFn) -> tuple[list[int], list[list[Call]]]:
    """How many frames each epoch has, and waves of calls: those of a wave are under way at once."""
    lengths = [draw(st.integers(1, 15)) for _ in EPOCHS]
    call = st.integers(0, len(EPOCHS) - 1).flatmap(
        lambda epoch: st.tuples(st.just(epoch), st.integers(1, lengths[epoch]), st.integers(1, 8))
    )
    waves = draw(st.lists(st.lists(call, min_size=1, max_size=6), max_size=6))
    return lengths, waves


def request(lengths: Sequence[int], call: Call) -> pb.ShipRequest:
    epoch, first, count = call
    last = min(lengths[epoch], first + count - 1)
    frames = [frame(epoch, seq) for seq in range(first, last + 1)]
    return pb.ShipRequest(epoch=EPOCHS[epoch], first_seq=first, frames=frames, closed=last == lengths[epoch])


async def sail(directory: Path, lengths: list[int], waves: list[list[Call]]) -> Quarantine:
    """Send every wave, then what is still missing, to an intake on a real log."""
    log, counters = FrameLog(directory / "log", reserve_bytes=0), IngestCounters()
    committer, quarantine, marks = Committer(log, counters), Quarantine(directory / "quarantine"), Marks({})
    intake = Intake(
        committer,
        marks,
        quarantine,
        agents=Agents(lambda: NOW_US),
        counters=counters,
        on_frames=lambda: None,
        now_us=lambda: NOW_US,
        admission=Admission(IntakeLimits(), now_us=lambda: NOW_US),
    )
    for wave in waves:
        outcomes = await asyncio.gather(*(intake.accept(request(lengths, one)) for one in wave), return_exceptions=True)
        assert all(isinstance(one, (int, OutOfOrder)) for one in outcomes), outcomes
    for epoch, length in enumerate(lengths):
        assert await intake.accept(request(lengths, (epoch, marks.mark(EPOCHS[epoch]) + 1, length))) == length
    committer.close()
    log.close()
    return quarantine


def logged(directory: Path, epoch: int) -> list[LogEntry]:
    reader, found = LogReader(directory / "log"), list[LogEntry]()
    while more := reader.read():
        found += [entry for _, entry in more if entry.epoch == EPOCHS[epoch] and entry.kind != NO_FRAME]
    return found


@settings(max_examples=40, deadline=None)
@given(voyages())
def test_order_cuts_and_repeats_leave_no_trace_in_the_log(voyage: tuple[list[int], list[list[Call]]]) -> None:
    lengths, waves = voyage
    with tempfile.TemporaryDirectory() as place:
        directory = Path(place)
        quarantine = asyncio.run(sail(directory, lengths, waves))

        for epoch, length in enumerate(lengths):
            entries = logged(directory, epoch)
            assert [one.first_seq for one in entries] == list(range(1, length + 1))
            usable = [one.frame for one in entries if one.first_seq % 7]
            assert usable == [frame(epoch, seq) for seq in range(1, length + 1) if seq % 7]
        held = {(one.epoch, one.seq) for one in quarantine.held()}
        assert held == {
            (EPOCHS[epoch].hex(), seq) for epoch, length in enumerate(lengths) for seq in range(7, length + 1, 7)
        }
