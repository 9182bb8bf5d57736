"""Epochs of honest shippers in the test's process, and the oracle: what was acknowledged is stored, once.

Frame n of an epoch is, in turn, two rows of a profile, three predictions, and the truth of these three.
"""

import random
import time
import uuid
from dataclasses import dataclass, field

import grpc

from tidegauge.core.columns import numeric_values
from tidegauge.core.profile import profile_numeric
from tidegauge.spool.epoch import new_epoch
from tidegauge.wire import telemetry_pb2 as pb
from tidegauge.wire.codec import PROTOCOL_VERSION
from tidegauge.wire.telemetry_pb2_grpc import TelemetryStub
from tidegauge_collector.telemetry.extent import gap_summary, marks, stored_counts
from tidegauge_collector.telemetry.moments import column_moments
from tidegauge_collector.telemetry.store import TelemetryStore
from tidegauge_collector.telemetry.testing import (
    HOUR,
    Answers,
    Source,
    actuals_frame,
    profile_frame,
    records_frame,
)

NAME = "shop"
SOURCE = Source(NAME)
WAIT_S = 120.0
PAUSE_S = 0.01  # between batches: shippers that leave the collector some of the machine
GONE = {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED, grpc.StatusCode.DEADLINE_EXCEEDED}


def frame(epoch: uuid.UUID, seq: int) -> bytes:
    """Frame `seq` of an epoch: always the same."""
    if seq % 3 == 1:
        made = profile_frame([profile_numeric("temp", numeric_values([float(seq), None]))], source=SOURCE)
    else:
        group = (seq - 2) // 3
        ids = [f"{epoch}/{group}/{n}" for n in range(3)]
        times = [group * 1_000 + n for n in range(3)]
        made = (
            records_frame(ids, times, Answers([0.1, 0.2, 0.3]), source=SOURCE)
            if seq % 3 == 2
            else actuals_frame(ids, [0, 1, 0], times, source=SOURCE)
        )
    return made.SerializeToString()


@dataclass
class Epoch:
    """One shipper's numbers: how many there are, and how far they are acknowledged."""

    name: uuid.UUID = field(default_factory=new_epoch)
    made: int = 0
    acknowledged: int = 0


class Fleet:
    """Ships to whatever collector lives. `refusals`: delays that overload was answered with."""

    def __init__(self, draws: random.Random, epochs: int = 3) -> None:
        self._draws = draws
        self.epochs = [Epoch() for _ in range(epochs)]
        self.refusals: list[str] = []

    def ship(self, address: str, batches: int) -> bool:
        """Ship so many batches of new frames; False where the collector went away meanwhile."""
        with grpc.insecure_channel(address) as channel:
            stub = TelemetryStub(channel)
            try:
                self.greet(stub)
                for _ in range(batches):
                    time.sleep(PAUSE_S)
                    epoch = self._draws.choice(self.epochs)
                    epoch.made = max(epoch.made, epoch.acknowledged + self._draws.randint(1, 40))
                    self._send(stub, epoch)
            except grpc.RpcError as problem:
                if problem.code() not in GONE:
                    raise
                return False
            return True

    def finish(self, address: str) -> None:
        """Ship everything that was ever begun, or one frame where nothing was, and close all epochs."""
        if not any(one.made for one in self.epochs):
            self.epochs[0].made = 1  # whoever died before had no time to be shipped to
        with grpc.insecure_channel(address) as channel:
            stub = TelemetryStub(channel)
            self.greet(stub)
            for epoch in self.epochs:
                self._send(stub, epoch, closed=True)

    def greet(self, stub: TelemetryStub, *, may_forget: bool = False) -> None:
        """Ask for the marks: what was acknowledged is never taken back, unless bytes on the disk were damaged."""
        positions = [
            pb.EpochPosition(epoch=one.name.bytes, last_seq=one.made, acknowledged_seq=one.acknowledged)
            for one in self.epochs
        ]
        request = pb.HelloRequest(protocol_version=PROTOCOL_VERSION, epochs=positions)
        reply = stub.Hello(request, timeout=WAIT_S)
        found = {one.epoch: one.mark for one in reply.marks}
        for epoch in self.epochs:
            mark = found[epoch.name.bytes]
            assert may_forget or mark >= epoch.acknowledged, f"{mark} of {epoch.acknowledged} acknowledged are left"
            assert mark <= epoch.made
            epoch.acknowledged = mark

    def greet_after_damage(self, address: str) -> None:
        """Ask for the marks where some may have gone back."""
        with grpc.insecure_channel(address) as channel:
            self.greet(TelemetryStub(channel), may_forget=True)

    def _send(self, stub: TelemetryStub, epoch: Epoch, *, closed: bool = False) -> None:
        first = epoch.acknowledged + 1
        if self._draws.random() < 0.1:
            first = max(1, first - self._draws.randint(1, 5))  # a transport that repeats itself
        frames = [frame(epoch.name, seq) for seq in range(first, epoch.made + 1)]
        request = pb.ShipRequest(epoch=epoch.name.bytes, first_seq=first, frames=frames, closed=closed)
        deadline = time.monotonic() + WAIT_S
        while True:
            try:
                epoch.acknowledged = stub.Ship(request, timeout=WAIT_S).mark
            except grpc.RpcError as problem:
                if problem.code() != grpc.StatusCode.RESOURCE_EXHAUSTED or time.monotonic() > deadline:
                    raise
                self.refusals.append(problem.details())
                time.sleep(0.05)
            else:
                return

    def numbers(self, kind: int) -> int:
        """How many frames of a kind (seq modulo 3) there are in all epochs."""
        return sum(len(range(kind or 3, epoch.made + 1, 3)) for epoch in self.epochs)

    def stored_frames(self, store: TelemetryStore) -> float:
        """How many frames' rows are stored, whatever their kind; a fraction where one is there in part."""
        counts = stored_counts(store, NAME)
        assert counts.prediction_rows == counts.prediction_ids
        assert counts.actual_rows == counts.actual_ids
        moments = column_moments(store, NAME, version="1", segment="", window=HOUR).get("temp")
        return counts.prediction_rows / 3 + counts.actual_rows / 3 + (moments.rows if moments else 0) / 2

    def check(self, store: TelemetryStore) -> None:
        """Stored = acknowledged, and nothing twice."""
        found = marks(store)
        for epoch in self.epochs:
            assert epoch.acknowledged == epoch.made
            if epoch.made:
                assert found[epoch.name.bytes].mark == epoch.made, (found, epoch)
        counts = stored_counts(store, NAME)
        predictions, truths = 3 * self.numbers(2), 3 * self.numbers(0)
        assert (counts.prediction_rows, counts.prediction_ids) == (predictions, predictions)
        assert (counts.actual_rows, counts.actual_ids) == (truths, truths)
        moments = column_moments(store, NAME, version="1", segment="", window=HOUR).get("temp")
        assert (moments.rows if moments else 0) == 2 * self.numbers(1)
        assert gap_summary(store) == []
