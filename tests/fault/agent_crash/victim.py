"""An agent's spool and shipper, living by a plan until the plan or something worse ends them: `victim.py PLAN`.

Every call is written to a ledger before it is sealed, and once it is sealed:  begin CALL ROWS | sealed CALL | end
"""

import errno
import json
import os
import random
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tidegauge.errors import SpoolError
from tidegauge.shipper import sender
from tidegauge.shipper.destination import Destination
from tidegauge.shipper.link import GrpcLink
from tidegauge.shipper.lock import Holder, ShipperLock
from tidegauge.shipper.loop import Shipper
from tidegauge.shipper.outcomes import Outcome, Unavailable
from tidegauge.shipper.outgoing import take_batch
from tidegauge.spool import Record, SpoolWriter, segment
from tidegauge.wire import telemetry_pb2 as pb
from tidegauge.wire.kinds import FrameKind, rows_of
from tidegauge.wire.merging import merge_frames

HOUR_US = 3_600_000_000
TOO_LONG = 259 * 1024  # a record holds it, a collector refuses it
HABITS = ("cccccscssw", "ccccccccsw", "ccccccccccccccccccsw")  # c: calls, s: ships, w: may end its writer
HOURS = 3
HURRY = 40.0  # the shipper's seconds pass so much faster
YEAR_NS = 365 * 86_400 * 10**9


@dataclass(frozen=True)
class Plan:
    """What one victim does, and what befalls it."""

    name: str
    root: str
    collector: str
    ledger: str
    seed: int
    steps: int
    quota_bytes: int
    faults: tuple[str, ...] = ()


class HurriedClock:
    """Time in a hurry; a wall clock that can be set."""

    def monotonic(self) -> float:
        return time.monotonic() * HURRY

    def now_us(self) -> int:
        return time.time_ns() // 1_000


class Weather:
    """A link that loses requests and replies as the draws say; down for as long as it is told."""

    def __init__(self, link: GrpcLink, draws: random.Random, is_down: Callable[[], bool]) -> None:
        self._link, self._draws, self._is_down = link, draws, is_down

    def hello(self, request: pb.HelloRequest, done: Callable[[Outcome], None]) -> None:
        self._call(self._link.hello, request, done)

    def ship(self, request: pb.ShipRequest, done: Callable[[Outcome], None]) -> None:
        self._call(self._link.ship, request, done)

    def close(self) -> None:
        self._link.close()

    def _call(self, call: Callable[..., None], request: object, done: Callable[[Outcome], None]) -> None:
        fate = self._draws.random()
        if self._is_down() or fate < 0.05:
            done(Unavailable("the request is lost"))
        elif fate < 0.15:
            call(request, lambda _: done(Unavailable("the reply is lost")))
        else:
            call(request, done)


class BadDisk:
    """Refuses to write or to sync in this process, for as long as it is told."""

    def __init__(self) -> None:
        self.refuses_writes = self.refuses_syncs = False
        self._write, self._fsync, self._sync_data = os.write, os.fsync, segment.sync_data
        os.write, os.fsync, segment.sync_data = self.write, self.fsync, self.sync_data  # type: ignore[assignment]

    def write(self, descriptor: int, data: bytes) -> int:
        if self.refuses_writes:
            if len(data) > 40:
                self._write(descriptor, memoryview(data)[:33])  # the disk is full in the middle
            raise OSError(errno.ENOSPC, "No space left on device")
        return self._write(descriptor, data)

    def fsync(self, descriptor: int) -> None:
        self._refuse_sync()
        self._fsync(descriptor)

    def sync_data(self, descriptor: int) -> None:
        self._refuse_sync()
        self._sync_data(descriptor)

    def _refuse_sync(self) -> None:
        if self.refuses_syncs:
            raise OSError(errno.EIO, "Input/output error")


class Victim:
    """One process's life."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._draws = random.Random(plan.seed)
        self._root = Path(plan.root)
        self._ledger = os.open(plan.ledger, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._note_down = os.write  # the ledger's disk is well
        self._disk = BadDisk()
        self._is_down = False
        self._jump_ns = 0
        self._calls = 0
        self._habit = self._draws.choice(HABITS)
        self._unsealed: list[str] = []
        self._writer: SpoolWriter | None = None
        self._shipper: Shipper | None = None
        self._lock: ShipperLock | None = None

    def live(self) -> None:
        """Do all steps."""
        troubles = {self._draws.randrange(self._plan.steps // 2): fault for fault in self._plan.faults}
        calm_at = -1
        for step in range(self._plan.steps):
            if step in troubles:
                self._begin_trouble(troubles[step])
                calm_at = step + self._draws.randint(5, self._plan.steps // 2)
            elif step == calm_at:
                self._end_troubles()
            self._step()
        self._end_troubles()
        self._end()

    def _begin_trouble(self, fault: str) -> None:
        match fault:
            case "full disk":
                self._disk.refuses_writes = True
            case "fsync error":
                self._disk.refuses_syncs = True
            case "partition":
                self._is_down = True
            case "clock jump":
                self._jump_ns = self._draws.choice([YEAR_NS, -3_600 * 10**9])
                now = time.time_ns
                time.time_ns = lambda: now() + self._jump_ns
            case "poison":
                self._seal([(FrameKind.EVENT, pb.Event(name="note", text="x" * TOO_LONG))], 0)

    def _end_troubles(self) -> None:
        self._disk.refuses_writes = self._disk.refuses_syncs = self._is_down = False

    def _step(self) -> None:
        match self._draws.choice(self._habit):
            case "c":
                for _ in range(self._draws.randint(1, 4)):
                    self._call()
            case "w" if self._draws.random() < 0.3:
                self._end_writer()
            case _:
                self._ship()

    def _call(self) -> None:
        """Seal some rows: a profile that counts them all, and for some of them a record."""
        self._calls += 1
        call = f"{self._plan.name}-{self._calls}"
        rows, records = self._draws.randint(1, 9), self._draws.choice([0, 0, 0, 1, 2])
        column = pb.ColumnProfile(
            name="call",
            kind=pb.COLUMN_KIND_CATEGORICAL,
            rows=rows,
            category_names=[call],
            category_counts=rows.to_bytes(8, "little"),
            minimum=float("nan"),
            maximum=float("nan"),
        )
        hour_us = self._draws.randint(1, HOURS) * HOUR_US
        body = pb.Profile(window_start_us=hour_us, window_length_s=3600, time_basis=pb.TIME_BASIS_EVENT)
        body.columns.append(column)
        ids = [f"{call}/{n}".encode().ljust(16) for n in range(records)]
        frames: list[tuple[FrameKind, object]] = [(FrameKind.PROFILE, body)]
        frames += [(FrameKind.RECORDS, pb.Records(rows=1, prediction_ids=one)) for one in ids]
        self._note(f"begin {call} {rows + records}")
        self._unsealed.append(call)
        self._seal(frames, rows)

    def _seal(self, frames: list[tuple[FrameKind, object]], rows: int) -> None:
        try:
            writer = self._writer = self._writer or self._new_writer()
            for kind, body in frames:
                frame = pb.Frame(deployment="shop", version="1", **{kind.name.lower(): body})
                payload = frame.SerializeToString()
                writer.append(kind, payload, rows=rows if kind is FrameKind.PROFILE else rows_of(kind, payload))
            writer.commit()
        except SpoolError:
            if self._writer is None and rows:  # nothing took the call: it was never in the spool
                self._note(f"refused {self._unsealed.pop()}")
            return  # the writer keeps it for the next commit
        self._confirm()

    def _confirm(self) -> None:
        for call in self._unsealed:
            self._note(f"sealed {call}")
        self._unsealed.clear()

    def _new_writer(self) -> SpoolWriter:
        return SpoolWriter(
            self._root,
            segment_size_bytes=1_000,
            quota_bytes=self._plan.quota_bytes,
            max_pending_bytes=4_000,
            rows_of=_rows_of,
            merge=merge_frames,
        )

    def _end_writer(self) -> None:
        writer, self._writer = self._writer, None
        if writer is None:
            return
        try:
            writer.close()
        except SpoolError:
            self._unsealed.clear()  # lost with its writer, which says so by raising
        self._confirm()

    def _ship(self) -> None:
        if self._shipper is None and not self._take_up():
            return
        assert self._shipper is not None
        if self._shipper.step() is not None:
            self._shipper._wait(0.002)

    def _take_up(self) -> bool:
        """Become the root's shipper, unless another is."""
        self._root.mkdir(exist_ok=True)
        try:
            self._lock = ShipperLock.acquire(self._root, Holder(os.getpid(), "1", "thread"))
        except OSError:
            return False
        if self._lock is None:
            return False
        destination, draws = Destination(self._plan.collector), random.Random(self._plan.seed + 1)
        self._shipper = Shipper(
            self._root,
            lambda: Weather(GrpcLink(destination), draws, lambda: self._is_down),
            clock=HurriedClock(),
            rng=random.Random(1),
            version="1",
            linger_s=None,
        )
        return True

    def _end(self) -> None:
        self._end_writer()
        if self._shipper is not None:
            self._shipper.stop(drain_s=self._draws.choice([0.0, 40.0]))
            self._shipper.run()
        self._note("end")

    def _note(self, line: str) -> None:
        self._note_down(self._ledger, f"{line}\n".encode())


def _small_batches() -> None:
    """Let much be read that is not announced yet when the quota comes along."""
    sender.take_batch = lambda waiting, max_bytes, max_frames: take_batch(waiting, max_bytes, min(max_frames, 4))


def _rows_of(record: Record) -> int:
    return rows_of(record.kind, record.payload)


if __name__ == "__main__":
    _small_batches()
    fields = json.loads(sys.argv[1])
    Victim(Plan(**{**fields, "faults": tuple(fields["faults"])})).live()
