"""Random conversations of the shipper's loop with a collector written from the protocol's text, over a link that keeps no promise.

The model of the collector: for each epoch a mark and what came under each number first. Requests and replies are lost, repeated,
late and out of order; the collector falls back to an older mark; frames are merged and dropped meanwhile; shippers die. At the end
all weather is calm: every number is there once, in order, and every row is in a frame or in a gap that knows of it.
"""

import random
import shutil
import tempfile
import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tidegauge.shipper import sender
from tidegauge.shipper.conversation import Done
from tidegauge.shipper.loop import Shipper
from tidegauge.shipper.outcomes import (
    Acknowledged,
    Failed,
    Greeted,
    Outcome,
    Overloaded,
    Refused,
    Rewind,
    Unavailable,
)
from tidegauge.shipper.outgoing import take_batch
from tidegauge.spool import Record, SpoolWriter, keep_quota, list_epochs
from tidegauge.wire import telemetry_pb2 as pb
from tidegauge.wire.codec import decode_frame
from tidegauge.wire.kinds import FrameKind, rows_of
from tidegauge.wire.merging import merge_frames

HOUR_US = 3_600_000_000
POISON = "poison"


def profile(hour: int, rows: int) -> bytes:
    body = pb.Profile(window_start_us=hour * HOUR_US, window_length_s=3600, time_basis=pb.TIME_BASIS_EVENT)
    body.columns.add(name="x", kind=pb.COLUMN_KIND_TEXT, rows=rows, minimum=float("nan"), maximum=float("nan"))
    return pb.Frame(deployment="shop", profile=body).SerializeToString()


def event(text: str) -> bytes:
    return pb.Frame(deployment="shop", event=pb.Event(name="note", text=text)).SerializeToString()


@dataclass
class Kept:
    """What the model collector has of one epoch: (first number, frame) by last number; a closed epoch takes nothing more."""

    frames: dict[int, tuple[int, bytes]] = field(default_factory=dict)
    is_closed: bool = False

    @property
    def mark(self) -> int:
        return max(self.frames, default=0)


class ModelCollector:
    """The contract of `Ship` and `Hello`, and nothing else."""

    def __init__(self) -> None:
        self.epochs: dict[bytes, Kept] = {}

    def hello(self, request: pb.HelloRequest) -> Outcome:
        reply = pb.HelloReply()
        for position in request.epochs:
            reply.marks.add(epoch=position.epoch, mark=self.epochs.setdefault(position.epoch, Kept()).mark)
        return Greeted(reply)

    def ship(self, request: pb.ShipRequest) -> Outcome:
        kept = self.epochs.setdefault(request.epoch, Kept())
        if request.first_seq > kept.mark + 1:
            return Rewind(kept.mark + 1)
        if any(decode_frame(one).event.text == POISON for one in request.frames):
            return Refused("INVALID_ARGUMENT: poison")
        seq = request.first_seq
        for payload in request.frames:
            frame = decode_frame(payload)
            first, last = (frame.gap.first_seq, frame.gap.last_seq) if frame.HasField("gap") else (seq, seq)
            assert first == seq, "a gap says another number than its place"
            if last > kept.mark:
                assert first == kept.mark + 1, "a gap begins within what is there"
                assert not kept.is_closed, "frames after the end"
                kept.frames[last] = (first, payload)
            seq = last + 1
        kept.is_closed = kept.is_closed or request.closed
        return Acknowledged(kept.mark, 0)


class Sea:
    """A link whose calls wait until the weather decides what becomes of them."""

    def __init__(self, collector: ModelCollector) -> None:
        self.collector = collector
        self.is_calm = False
        self.waiting: list[tuple[Callable[[], Outcome], Done]] = []
        self.old: list[Callable[[], Outcome]] = []

    def connect(self) -> "Sea":
        return self

    def close(self) -> None:
        waiting, self.waiting = self.waiting, []
        for _, done in waiting:
            done(Unavailable("CANCELLED: the link is closed"))

    def hello(self, request: pb.HelloRequest, done: Done) -> None:
        self._call(lambda: self.collector.hello(request), done)

    def ship(self, request: pb.ShipRequest, done: Done) -> None:
        self._call(lambda: self.collector.ship(request), done)

    def _call(self, call: Callable[[], Outcome], done: Done) -> None:
        if self.is_calm:
            done(call())
        else:
            self.waiting.append((call, done))

    def decide(self, which: int, fate: str) -> None:
        """One of the waiting calls meets its fate."""
        if not self.waiting:
            return
        call, done = self.waiting.pop(which % len(self.waiting))
        match fate:
            case "arrives":
                self.old = [*self.old[-6:], call]
                done(call())
            case "reply lost":
                self.old = [*self.old[-6:], call]
                call()
                done(Unavailable("DEADLINE_EXCEEDED", timed_out=True))
            case "request lost":
                done(Unavailable("UNAVAILABLE"))
            case "overloaded":
                done(Overloaded("RESOURCE_EXHAUSTED", 0.5))
            case "failed":
                done(Failed("INTERNAL"))


class Clock:
    now = 1_000.0

    def monotonic(self) -> float:
        return self.now

    def now_us(self) -> int:
        return int(self.now * 1e6)


class ShipModel(RuleBasedStateMachine):
    """Several writers, one shipper at a time, one collector."""

    def __init__(self) -> None:
        super().__init__()
        self.root = Path(tempfile.mkdtemp())
        self.clock = Clock()
        self.collector = ModelCollector()
        self.sea = Sea(self.collector)
        self.writers: list[SpoolWriter] = []
        self.sealed: Counter[bytes] = Counter()  # rows by epoch
        self.last_seq: dict[bytes, int] = {}
        self.restored: set[bytes] = set()  # epochs of which the collector has lost something once
        self.real_take_batch = sender.take_batch
        sender.take_batch = lambda waiting, size, frames: take_batch(waiting, size, min(frames, 3))

    @initialize()
    def start(self) -> None:
        self.begin_writer()
        self.begin_writer()
        self.shipper = self._new_shipper()

    def begin_writer(self) -> None:
        self.writers.append(SpoolWriter(self.root, segment_size_bytes=400, quota_bytes=None))

    def _new_shipper(self) -> Shipper:
        return Shipper(self.root, self.sea.connect, clock=self.clock, rng=random.Random(1), version="1", linger_s=None)

    @rule(which=st.integers(0, 1), rows=st.lists(st.integers(1, 9), min_size=6, max_size=24), hour=st.integers(1, 2))
    def seal(self, which: int, rows: list[int], hour: int) -> None:
        writer = self.writers[-1 - which]
        for count in rows:
            writer.append(FrameKind.PROFILE, profile(hour, count))
        self._commit(writer, sum(rows))

    @rule(which=st.integers(0, 1), text=st.sampled_from(["a", "b", POISON]))
    def seal_an_event(self, which: int, text: str) -> None:
        writer = self.writers[-1 - which]
        writer.append(FrameKind.EVENT, event(text))
        self._commit(writer, 0)

    def _commit(self, writer: SpoolWriter, rows: int) -> None:
        self.last_seq[writer.epoch.bytes] = writer.commit()
        self.sealed[writer.epoch.bytes] += rows

    @rule()
    def end_a_writer(self) -> None:
        self.writers[-2].close()
        self.begin_writer()

    @rule(wait_s=st.sampled_from([0.01, 0.5, 2.0, 400.0]), steps=st.integers(1, 4))
    def ship(self, wait_s: float, steps: int) -> None:
        for _ in range(steps):
            self.clock.now += wait_s
            self.shipper.step()

    @rule(
        which=st.integers(0, 5),
        fate=st.sampled_from(["arrives"] * 4 + ["reply lost", "request lost", "overloaded", "failed"]),
    )
    def weather(self, which: int, fate: str) -> None:
        self.sea.decide(which, fate)

    @rule(which=st.integers(0, 6))
    def an_old_request_arrives_again(self, which: int) -> None:
        if self.sea.old:
            self.sea.old[which % len(self.sea.old)]()

    @rule(calls=st.integers(1, 5))
    def fair_weather(self, calls: int) -> None:
        """Some calls in a row go well."""
        for _ in range(calls):
            self.ship(0.5, 1)
            while self.sea.waiting:
                self.weather(0, "arrives")

    @rule()
    def shipper_dies(self) -> None:
        self.sea.waiting.clear()
        self.shipper = self._new_shipper()

    @rule(quota_bytes=st.integers(0, 1_500))
    def keep_quota(self, quota_bytes: int) -> None:
        keep_quota(self.root, quota_bytes, _rows_of, merge=merge_frames)

    @rule(excess=st.integers(1, 600))
    def quota_between_two_batches(self, excess: int) -> None:
        """What was read but not sent is merged; the shipper sends on, and dies."""
        self.fair_weather(2)
        self.keep_quota(sum(epoch.size_bytes for epoch in list_epochs(self.root)) - excess)
        self.fair_weather(1)
        self.shipper_dies()

    @rule(which=st.integers(0, 9), lost=st.integers(1, 3))
    def collector_is_restored_to_an_older_mark(self, which: int, lost: int) -> None:
        """It has lost the last frames of an epoch; the shipper sends them again as far as it still has them."""
        if not self.collector.epochs:
            return
        epoch, kept = list(self.collector.epochs.items())[which % len(self.collector.epochs)]
        if uuid.UUID(bytes=epoch) not in {one.epoch for one in list_epochs(self.root)}:
            return  # its writer is gone and it was told that all is there: nobody can send it again
        self.restored.add(epoch)
        kept.is_closed = False
        for last in sorted(kept.frames)[-lost:]:
            del kept.frames[last]

    @invariant()
    def what_the_collector_has_is_without_holes(self) -> None:
        for kept in self.collector.epochs.values():
            expected = 1
            for last in sorted(kept.frames):
                assert kept.frames[last][0] == expected
                expected = last + 1

    def teardown(self) -> None:
        for writer in self.writers:
            writer.close()
        self.sea.is_calm = True
        self.sea.close()
        for _ in range(400):
            self.clock.now += 400.0
            self.shipper.step()
            if not list_epochs(self.root):
                break
        left = [epoch.path.name for epoch in list_epochs(self.root)]
        shutil.rmtree(self.root)
        sender.take_batch = self.real_take_batch
        assert not left, "not everything was shipped"
        for epoch, rows in self.sealed.items():
            kept = self.collector.epochs[epoch]
            frames = [decode_frame(payload) for _, payload in kept.frames.values()]
            assert kept.mark == self.last_seq[epoch]
            assert kept.is_closed
            told = sum(rows_of(0, payload) for _, payload in kept.frames.values())
            if epoch in self.restored:
                assert told <= rows
            else:
                assert {frame.gap.reason for frame in frames} <= {"", "merged", "quota", "refused"}
                assert told == rows


def _rows_of(record: Record) -> int:
    return rows_of(record.kind, record.payload)


ShipModel.TestCase.settings = settings(max_examples=60, stateful_step_count=50, deadline=None)
TestShipModel = ShipModel.TestCase
