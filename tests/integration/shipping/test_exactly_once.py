"""Whatever happens on the way, the log holds every sealed frame exactly once and in order: the whole path but for gRPC itself."""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tidegauge.shipper.conversation import Done
from tidegauge.shipper.loop import Shipper
from tidegauge.shipper.outcomes import Acknowledged, Greeted, Outcome, Overloaded, Refused, Rewind, Unavailable
from tidegauge.spool.writer import SpoolWriter
from tidegauge.wire import telemetry_pb2 as pb
from tidegauge.wire.codec import decode_frame
from tidegauge.wire.kinds import FrameKind
from tidegauge_collector.ingest.agents import Agents
from tidegauge_collector.ingest.committer import Committer
from tidegauge_collector.ingest.counters import IngestCounters
from tidegauge_collector.ingest.framelog import NO_FRAME, FrameLog, LogEntry, LogPosition
from tidegauge_collector.ingest.intake import Intake
from tidegauge_collector.ingest.logreader import LogReader
from tidegauge_collector.ingest.marks import Marks
from tidegauge_collector.ingest.quarantine import Quarantine
from tidegauge_collector.ingest.refusals import Invalid, OutOfOrder, Refusal


class Collector:
    """Ingest on a real log, which can be ended and begun again; `fold` forgets nothing: marks come from the log or a position."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._folded: dict[bytes, int] = {}
        self._position: LogPosition | None = None
        self.loop = asyncio.new_event_loop()
        self._begin()

    def _begin(self) -> None:
        self._log = FrameLog(self._directory / "log", reserve_bytes=0, segment_size_bytes=2_000)
        self.marks = Marks(self._folded, [entry for _, entry in self.read(self._position)])
        counters = IngestCounters()
        self._committer = Committer(self._log, counters)
        self.intake = Intake(
            self._committer,
            self.marks,
            Quarantine(self._directory / "quarantine"),
            agents=Agents(lambda: 0),
            counters=counters,
            on_frames=lambda: None,
            now_us=lambda: 0,
        )

    def end(self) -> None:
        self._committer.close()
        self._log.close()

    def restart(self) -> None:
        self.end()
        self._begin()

    def fold(self) -> None:
        for position, entry in self.read(self._position):
            self._folded[entry.epoch] = max(self._folded.get(entry.epoch, 0), entry.last_seq)
            self._position = position

    def read(self, after: LogPosition | None = None) -> list[tuple[LogPosition, LogEntry]]:
        reader, found = LogReader(self._directory / "log", after), list[tuple[LogPosition, LogEntry]]()
        while more := reader.read(max_bytes=3_000):
            found += more
        return found

    def accept(self, request: pb.ShipRequest) -> Outcome:
        try:
            return Acknowledged(self.loop.run_until_complete(self.intake.accept(request)), 0)
        except OutOfOrder as refusal:
            return Rewind(refusal.expected_seq)
        except Invalid as refusal:
            return Refused(str(refusal))
        except Refusal as refusal:
            return Overloaded(str(refusal), 0.0)


@dataclass
class BadWeather:
    """A link that loses requests and replies, repeats old ones, and answers late, as the draws say."""

    collector: Collector
    draws: random.Random
    is_calm: bool = False
    past: list[pb.ShipRequest] = field(default_factory=list)
    late: list[Callable[[], None]] = field(default_factory=list)

    def connect(self) -> "BadWeather":
        return self

    def close(self) -> None:
        return None

    def hello(self, request: pb.HelloRequest, done: Done) -> None:
        marks = [pb.EpochMark(epoch=one.epoch, mark=self.collector.marks.mark(one.epoch)) for one in request.epochs]
        lost = not self.is_calm and self.draws.random() < 0.1
        done(Unavailable("lost") if lost else Greeted(pb.HelloReply(marks=marks)))

    def ship(self, request: pb.ShipRequest, done: Done) -> None:
        fate = (
            "well" if self.is_calm else self.draws.choice(["well", "well", "request lost", "reply lost", "late", "old"])
        )
        if fate == "request lost":
            done(Unavailable("lost"))
            return
        if fate == "late":
            self.late.append(lambda: done(self.collector.accept(request)))
            return
        if fate == "old" and self.past:
            self.collector.accept(self.draws.choice(self.past))
        answer = self.collector.accept(request)
        self.past = [*self.past[-8:], request]
        done(Unavailable("lost") if fate == "reply lost" else answer)

    def deliver_late(self) -> None:
        waiting, self.late = self.late, []
        self.draws.shuffle(waiting)
        for deliver in waiting:
            deliver()


class StandingClock:
    now = 1_000.0

    def monotonic(self) -> float:
        return self.now

    def now_us(self) -> int:
        return 0


def frame(writer: int, number: int) -> bytes:
    return pb.Frame(deployment="shop", event=pb.Event(name=f"{writer}", text=f"{number}" * 30)).SerializeToString()


STEPS = st.lists(
    st.sampled_from(["seal", "seal", "ship", "ship", "ship", "late", "restart", "fold", "new shipper", "new writer"]),
    max_size=40,
)


@given(steps=STEPS, seed=st.integers(0, 2**32))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_every_sealed_frame_is_logged_exactly_once_and_in_order(steps: list[str], seed: int) -> None:
    with TemporaryDirectory() as name:
        _live_through(Path(name), steps, random.Random(seed))


def _live_through(directory: Path, steps: list[str], draws: random.Random) -> None:
    collector = Collector(directory / "collector")
    weather, clock = BadWeather(collector, draws), StandingClock()
    root = directory / "spool"
    writers, sealed = [SpoolWriter(root, segment_size_bytes=500)], dict[bytes, list[bytes]]()

    def new_shipper() -> Shipper:
        return Shipper(root, weather.connect, clock=clock, rng=random.Random(1), version="1", linger_s=None)

    shipper = new_shipper()
    for step in steps:
        match step:
            case "seal":
                writer = writers[-1]
                for _ in range(draws.randint(1, 5)):
                    frames = sealed.setdefault(writer.epoch.bytes, [])
                    frames.append(frame(len(writers), len(frames)))
                    writer.append(FrameKind.EVENT, frames[-1])
                writer.commit()
            case "ship":
                clock.now += draws.choice([0.05, 1.0, 400.0])
                shipper.step()
            case "late":
                weather.deliver_late()
            case "restart":
                collector.restart()
            case "fold":
                collector.fold()
            case "new shipper":
                weather.late.clear()
                shipper = new_shipper()
            case "new writer":
                writers[-1].close()
                writers.append(SpoolWriter(root, segment_size_bytes=500))
    writers[-1].close()
    weather.is_calm = True
    for _ in range(3 * len(writers) + 12):
        weather.deliver_late()
        clock.now += 400.0
        shipper.step()

    logged: dict[bytes, list[tuple[int, bytes]]] = {}
    for _, entry in collector.read():
        if entry.kind != NO_FRAME:
            logged.setdefault(entry.epoch, []).append((entry.last_seq, entry.frame))
    collector.end()
    collector.loop.close()
    assert logged == {epoch: list(enumerate(frames, 1)) for epoch, frames in sealed.items()}
    assert shipper.is_drained
    assert all(decode_frame(one).HasField("event") for frames in logged.values() for _, one in frames)
