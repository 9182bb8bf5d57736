"""The shipper's loop as a timeline: a scripted collector, a clock that stands still unless told otherwise, a real spool."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tidegauge.core.bins import NumericBins, ReferenceBins
from tidegauge.core.columns import ColumnKind
from tidegauge.shipper.conversation import Done
from tidegauge.shipper.loop import Shipper
from tidegauge.shipper.outcomes import (
    Acknowledged,
    Denied,
    Failed,
    Greeted,
    Outcome,
    Overloaded,
    Purged,
    Rewind,
    Unavailable,
)
from tidegauge.shipper.status import read_status
from tidegauge.spool.writer import SpoolWriter
from tidegauge.wire import telemetry_pb2 as pb
from tidegauge.wire.binsfile import read_bins
from tidegauge.wire.codec import encode_bins
from tidegauge.wire.kinds import FrameKind

DOWN = Unavailable("UNAVAILABLE: nobody there")


class StandingClock:
    """Time as the test sets it."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def monotonic(self) -> float:
        return self.now

    def now_us(self) -> int:
        return int(self.now * 1e6)


@dataclass
class ScriptedCollector:
    """Answers at once and truthfully, unless an answer is scripted; keeps what it was asked."""

    marks: dict[bytes, int] = field(default_factory=dict)
    hellos: list[pb.HelloRequest] = field(default_factory=list)
    ships: list[pb.ShipRequest] = field(default_factory=list)
    scripted: list[Outcome] = field(default_factory=list)
    held: list[Callable[[], None]] | None = None  # a list: answers to Ship wait in it
    reply: pb.HelloReply = field(default_factory=pb.HelloReply)
    is_down: bool = False
    connections: int = 0

    def connect(self) -> "ScriptedCollector":
        self.connections += 1
        return self

    def hello(self, request: pb.HelloRequest, done: Done) -> None:
        self.hellos.append(request)
        if self.is_down:
            done(DOWN)
            return
        reply = pb.HelloReply()
        reply.CopyFrom(self.reply)
        for position in request.epochs:
            reply.marks.add(epoch=position.epoch, mark=self.marks.get(position.epoch, 0))
        done(Greeted(reply))

    def ship(self, request: pb.ShipRequest, done: Done) -> None:
        self.ships.append(request)
        if self.held is not None:
            self.held.append(lambda: done(self._answer(request)))
        else:
            done(self._answer(request))

    def close(self) -> None:
        return None

    def _answer(self, request: pb.ShipRequest) -> Outcome:
        if self.is_down:
            return DOWN
        if self.scripted:
            return self.scripted.pop(0)
        mark = self.marks.get(request.epoch, 0)
        if request.first_seq > mark + 1:
            return Rewind(mark + 1)
        self.marks[request.epoch] = max(mark, request.first_seq + len(request.frames) - 1)
        return Acknowledged(self.marks[request.epoch], self.reply.config_revision)


@dataclass
class Harbour:
    """A shipper and all that is around it."""

    root: Path
    clock: StandingClock
    collector: ScriptedCollector
    shipper: Shipper

    def steps(self, count: int = 6) -> float | None:
        delay: float | None = 0.0
        for _ in range(count):
            delay = self.shipper.step()
        return delay

    def wait(self, seconds: float) -> None:
        self.clock.now += seconds
        self.steps()


@pytest.fixture
def harbour(tmp_path: Path) -> Harbour:
    return moored(tmp_path / "root")


def moored(root: Path, **options: object) -> Harbour:
    root.mkdir(exist_ok=True)
    clock, collector = StandingClock(), ScriptedCollector()
    shipper = Shipper(root, collector.connect, clock=clock, rng=random.Random(1), version="1.2.3", **options)  # type: ignore[arg-type]
    return Harbour(root, clock, collector, shipper)


@pytest.fixture
def writer(harbour: Harbour) -> Iterator[SpoolWriter]:
    with SpoolWriter(harbour.root) as writer:
        yield writer


def seal(writer: SpoolWriter, *texts: str) -> None:
    for text in texts:
        frame = pb.Frame(deployment="shop", event=pb.Event(name="note", text=text))
        writer.append(FrameKind.EVENT, frame.SerializeToString())
    writer.commit()


def test_it_greets_before_it_ships(harbour: Harbour, writer: SpoolWriter) -> None:
    seal(writer, "a", "b")

    harbour.steps()

    (hello,) = harbour.collector.hellos
    assert hello.agent.agent_version == "1.2.3"
    assert [(one.epoch, one.last_seq) for one in hello.epochs] == [(writer.epoch.bytes, 2)]
    assert harbour.collector.marks == {writer.epoch.bytes: 2}


def test_it_greets_again_every_minute(harbour: Harbour, writer: SpoolWriter) -> None:
    harbour.steps()
    harbour.wait(59.0)
    before = len(harbour.collector.hellos)
    harbour.wait(2.0)

    assert (before, len(harbour.collector.hellos)) == (1, 2)


def test_it_greets_again_when_an_ack_tells_of_a_new_configuration(harbour: Harbour, writer: SpoolWriter) -> None:
    column = NumericBins("temp", True, 0.0, 2.0, (1.0,), (), False, 1.0, 0.5, ColumnKind.NUMERIC)
    bins = ReferenceBins({"temp": column})
    harbour.steps()
    harbour.collector.reply = pb.HelloReply(
        config_revision=7,
        configurations=[pb.VersionConfiguration(deployment="shop", version="v/1", bins=encode_bins(bins))],
    )
    seal(writer, "a")
    harbour.wait(2.0)

    read = read_bins(harbour.root, "shop", "v/1")
    assert read is not None
    assert read.bins_id == bins.bins_id
    harbour.wait(60.0)
    assert harbour.collector.hellos[-1].config_revision == 7


def test_the_first_greeting_names_the_deployments_whose_configuration_is_wanted(
    harbour: Harbour, writer: SpoolWriter
) -> None:
    seal(writer, "a")

    harbour.steps()

    (hello,) = harbour.collector.hellos
    assert list(hello.wanted.names) == list(hello.epochs[0].deployments) == ["shop"]


def test_who_serves_no_deployment_yet_wants_no_configuration(harbour: Harbour, writer: SpoolWriter) -> None:
    harbour.steps()

    (hello,) = harbour.collector.hellos
    assert hello.HasField("wanted")
    assert not hello.wanted.names


def test_the_configuration_is_asked_for_from_the_beginning_when_another_deployment_appears(
    harbour: Harbour, writer: SpoolWriter
) -> None:
    harbour.collector.reply = pb.HelloReply(config_revision=7)
    seal(writer, "a")
    harbour.steps()
    frame = pb.Frame(deployment="loans", event=pb.Event(name="note"))
    writer.append(FrameKind.EVENT, frame.SerializeToString())
    writer.commit()

    harbour.wait(2.0)
    harbour.wait(60.0)

    asked = [(list(one.wanted.names), one.config_revision) for one in harbour.collector.hellos]
    assert asked == [(["shop"], 0), (["loans", "shop"], 0), (["loans", "shop"], 7)]


def test_collector_that_is_down_is_tried_again_and_again_and_never_given_up(
    harbour: Harbour, writer: SpoolWriter
) -> None:
    seal(writer, "a")
    harbour.collector.is_down = True
    for _ in range(200):
        harbour.wait(301.0)
    harbour.collector.is_down = False
    harbour.wait(301.0)

    assert len(harbour.collector.hellos) > 200
    assert harbour.collector.marks == {writer.epoch.bytes: 1}


def test_nothing_is_sent_while_waiting_after_a_loss(harbour: Harbour, writer: SpoolWriter) -> None:
    harbour.steps()
    harbour.collector.is_down = True
    seal(writer, "a")

    harbour.steps(50)

    assert len(harbour.collector.ships) == 1
    assert len(harbour.collector.hellos) == 1


def test_batch_whose_reply_was_lost_is_sent_again_unchanged(harbour: Harbour, writer: SpoolWriter) -> None:
    seal(writer, "a", "b")
    harbour.collector.scripted = [DOWN]
    harbour.steps()
    harbour.wait(1.0)

    first, again = harbour.collector.ships
    assert (first.first_seq, list(first.frames)) == (again.first_seq, list(again.frames))
    assert harbour.collector.connections == 2


def test_overload_holds_everything_back_for_as_long_as_was_asked(harbour: Harbour, writer: SpoolWriter) -> None:
    seal(writer, "a")
    harbour.collector.scripted = [Overloaded("RESOURCE_EXHAUSTED: busy", 4.0)]
    harbour.steps()
    harbour.wait(3.9)
    before = len(harbour.collector.ships)
    harbour.wait(4.2)

    assert (before, len(harbour.collector.ships)) == (1, 2)


def test_overload_of_one_epoch_holds_no_other_back(harbour: Harbour, writer: SpoolWriter) -> None:
    with SpoolWriter(harbour.root) as other:
        seal(writer, "a")
        seal(other, "b")
        harbour.collector.scripted = [Overloaded("RESOURCE_EXHAUSTED: the quota", 60.0, epoch_only=True)]
        harbour.steps()

    first = harbour.collector.ships[0].epoch
    assert [one.epoch for one in harbour.collector.ships].count(first) == 1
    assert harbour.collector.marks.keys() == {writer.epoch.bytes, other.epoch.bytes} - {first}


def test_collector_that_lost_its_disk_gets_everything_that_is_left(harbour: Harbour, writer: SpoolWriter) -> None:
    seal(writer, "a", "b")
    harbour.steps()
    harbour.collector.marks.clear()
    harbour.wait(61.0)

    assert harbour.collector.marks == {writer.epoch.bytes: 2}


def test_answer_that_is_out_of_order_rewinds(harbour: Harbour, writer: SpoolWriter) -> None:
    seal(writer, "a", "b")
    harbour.steps()
    harbour.collector.marks.clear()
    seal(writer, "c")
    harbour.steps()

    assert [(one.first_seq, len(one.frames)) for one in harbour.collector.ships] == [(1, 2), (3, 1), (1, 3)]


def test_failure_of_one_epoch_does_not_hold_up_the_others(harbour: Harbour, writer: SpoolWriter) -> None:
    with SpoolWriter(harbour.root) as newer:
        seal(writer, "old")
        seal(newer, "new")
        harbour.collector.scripted = [Failed("INTERNAL: oops")]
        harbour.steps()

    assert harbour.collector.marks == {writer.epoch.bytes: 1}


def test_epoch_that_is_denied_waits_minutes_and_does_not_hold_up_the_others(
    harbour: Harbour, writer: SpoolWriter
) -> None:
    with SpoolWriter(harbour.root) as other:
        seal(writer, "a")
        seal(other, "b")
        harbour.collector.scripted = [Denied("PERMISSION_DENIED: not yours")]
        harbour.steps()
        shipped_at_once = len(harbour.collector.ships)
        harbour.wait(2)
        denied = dict((read_status(harbour.root) or pytest.fail("no status")).denied)
        harbour.wait(140)
        shipped_soon = len(harbour.collector.ships)
        harbour.wait(170)

    assert (shipped_at_once, shipped_soon, len(harbour.collector.ships)) == (2, 2, 3)
    assert denied == {other.directory.name: "PERMISSION_DENIED: not yours"}
    assert harbour.collector.marks == {writer.epoch.bytes: 1, other.epoch.bytes: 1}


def test_denied_epoch_is_tried_at_once_over_a_connection_made_anew(tmp_path: Path) -> None:
    changed: list[bool] = []
    harbour = moored(tmp_path / "root", has_changed=lambda: bool(changed and changed.pop()))
    with SpoolWriter(harbour.root) as writer:
        seal(writer, "a")
        harbour.collector.scripted = [Denied("PERMISSION_DENIED: not yours")]
        harbour.steps()

        changed.append(True)
        harbour.wait(2)
        harbour.wait(2)  # the status is written once a second
        status = read_status(harbour.root)

    assert harbour.collector.marks == {writer.epoch.bytes: 1}
    assert status is not None
    assert (dict(status.denied), harbour.collector.connections) == ({}, 2)


def test_newest_epoch_goes_first_and_at_most_four_are_under_way(harbour: Harbour) -> None:
    writers = [SpoolWriter(harbour.root) for _ in range(6)]
    for writer in writers:
        seal(writer, "x")
    harbour.collector.held = []

    harbour.steps()

    assert [one.epoch for one in harbour.collector.ships] == [one.epoch.bytes for one in writers[:1:-1]]
    for answer in harbour.collector.held:
        answer()
    harbour.steps()
    assert {one.epoch for one in harbour.collector.ships} == {one.epoch.bytes for one in writers}
    for writer in writers:
        writer.close()


def test_one_epoch_has_one_batch_under_way(harbour: Harbour, writer: SpoolWriter) -> None:
    harbour.collector.held = []
    seal(writer, "a")
    harbour.steps()
    seal(writer, "b")
    harbour.steps()

    assert len(harbour.collector.ships) == 1


def test_epoch_of_a_dead_writer_is_shipped_announced_and_removed(harbour: Harbour) -> None:
    writer = SpoolWriter(harbour.root)
    seal(writer, "a")
    writer.close()

    harbour.steps()

    assert harbour.collector.ships[-1].closed
    assert not writer.directory.exists()


def test_purged_epoch_is_kept_and_named(harbour: Harbour, writer: SpoolWriter) -> None:
    seal(writer, "a")
    harbour.collector.scripted = [Purged("FAILED_PRECONDITION: too old")]
    harbour.steps()
    harbour.wait(2.0)

    status = read_status(harbour.root)
    assert len(harbour.collector.ships) == 1
    assert status is not None
    assert status.blocked == {writer.directory.name: "FAILED_PRECONDITION: too old"}
    assert writer.directory.exists()


def test_status_tells_what_is_acknowledged_and_what_is_wrong(harbour: Harbour, writer: SpoolWriter) -> None:
    seal(writer, "a", "b")
    harbour.steps()
    harbour.wait(2.0)
    well = read_status(harbour.root)
    harbour.collector.is_down = True
    seal(writer, "c")
    harbour.wait(2.0)
    ill = read_status(harbour.root)

    assert well is not None
    assert ill is not None
    assert (well.connected, well.last_error, well.acknowledged_frames) == (True, None, 2)
    assert well.acknowledged == {writer.directory.name: 2}
    assert (ill.connected, ill.last_error) == (False, DOWN.message)


def test_it_ends_after_the_last_writer_has_gone_and_all_is_shipped(tmp_path: Path) -> None:
    harbour = moored(tmp_path / "root", linger_s=30.0)
    writer = SpoolWriter(harbour.root)
    seal(writer, "a")
    harbour.steps()
    harbour.wait(1_000.0)
    alive = harbour.steps(1)
    writer.close()
    harbour.wait(2.0)
    harbour.wait(27.0)
    lingering = harbour.steps(1)
    harbour.wait(5.0)

    assert alive is not None
    assert lingering is not None
    assert harbour.steps(1) is None


def test_without_a_writer_it_ends_after_half_a_minute_also_where_the_collector_is_away(tmp_path: Path) -> None:
    harbour = moored(tmp_path / "root", linger_s=30.0)
    writer = SpoolWriter(harbour.root)
    seal(writer, "a")
    writer.close()
    harbour.collector.is_down = True
    harbour.steps()
    harbour.wait(29.0)
    before = harbour.steps(1)
    harbour.wait(2.0)

    assert before is not None
    assert harbour.steps(1) is None
    assert not harbour.shipper.is_drained
    assert writer.directory.exists()


def test_without_a_writer_it_goes_on_as_long_as_the_collector_takes_what_is_left(tmp_path: Path) -> None:
    harbour = moored(tmp_path / "root", linger_s=30.0)
    writer = SpoolWriter(harbour.root)
    seal(writer, *["x" * 200_000] * 40)
    writer.close()
    harbour.collector.held = []
    harbour.steps()
    for _ in range(6):
        harbour.clock.now += 20.0
        harbour.collector.held.pop()()
        harbour.steps(2)

    assert harbour.steps(1) is not None


def test_a_sidecar_never_gives_up(tmp_path: Path) -> None:
    harbour = moored(tmp_path / "root", linger_s=None)
    writer = SpoolWriter(harbour.root)
    seal(writer, "a")
    writer.close()
    harbour.collector.is_down = True
    harbour.wait(86_400.0)

    assert harbour.steps(1) is not None


def test_an_epoch_that_was_closed_just_before_the_end_is_announced(harbour: Harbour) -> None:
    writer = SpoolWriter(harbour.root)
    seal(writer, "a")
    harbour.steps()
    writer.close()  # its liveness was looked at within the last second

    harbour.shipper.stop()
    harbour.steps()

    assert harbour.collector.ships[-1].closed
    assert not writer.directory.exists()


def test_an_epoch_that_came_and_went_between_two_looks_is_shipped_before_the_end(harbour: Harbour) -> None:
    harbour.steps()
    writer = SpoolWriter(harbour.root)
    seal(writer, "a")
    writer.close()

    harbour.shipper.stop()
    harbour.steps()

    assert harbour.collector.marks == {writer.epoch.bytes: 1}
    assert harbour.collector.ships[-1].closed


def test_draining_ends_when_everything_durable_is_acknowledged(tmp_path: Path) -> None:
    harbour = moored(tmp_path / "root", drain=True)
    with SpoolWriter(harbour.root) as writer:
        seal(writer, "a")
        delays = [harbour.shipper.step() for _ in range(6)]

    assert None in delays
    assert harbour.collector.marks == {writer.epoch.bytes: 1}
    assert harbour.shipper.is_drained


def test_told_to_stop_it_gives_a_collector_that_is_down_ten_seconds(harbour: Harbour, writer: SpoolWriter) -> None:
    seal(writer, "a")
    harbour.collector.is_down = True
    harbour.steps()
    harbour.shipper.stop()
    harbour.steps(1)
    harbour.wait(9.0)
    before = harbour.steps(1)
    harbour.wait(2.0)

    assert before is not None
    assert harbour.steps(1) is None
    assert not harbour.shipper.is_drained


def test_told_to_stop_with_nothing_to_ship_it_ends_at_once(harbour: Harbour, writer: SpoolWriter) -> None:
    harbour.steps()

    harbour.shipper.stop()

    assert harbour.shipper.step() is None


def test_it_ends_when_the_root_is_deleted(harbour: Harbour) -> None:
    harbour.steps()
    for path in harbour.root.iterdir():
        path.unlink()
    harbour.root.rmdir()

    assert harbour.shipper.step() is None


def test_idle_shipper_looks_ten_times_a_second_for_the_living_and_once_for_nobody(
    harbour: Harbour, writer: SpoolWriter
) -> None:
    living = harbour.steps()
    writer.close()
    harbour.wait(2.0)

    assert living == 0.1
    assert harbour.steps(1) == 1.0
