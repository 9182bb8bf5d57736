"""200 shippers that come back at once after an outage: bounded memory, nothing lost, nothing twice, no pile-up of timeouts."""

import asyncio
import random
import threading
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from grpc import StatusCode, aio

from tidegauge.spool.epoch import new_epoch
from tidegauge.wire import telemetry_pb2 as pb
from tidegauge.wire.telemetry_pb2_grpc import TelemetryStub
from tidegauge_collector.ingest import admission
from tidegauge_collector.ingest.framelog import NO_FRAME, FrameLog, LogEntry, LogPosition
from tidegauge_collector.ingest.grpcserver import start_grpc
from tidegauge_collector.ingest.limits import IntakeLimits
from tidegauge_collector.ingest.logreader import LogReader
from tidegauge_collector.ingest.marks import Marks
from tidegauge_collector.ingest.service import RETRY_AFTER_MS, TelemetryService

SHIPPERS, BATCHES, FRAMES = 200, 3, 4
FRAME_BYTES = 4_000
LIMITS = IntakeLimits(max_calls=40, max_in_flight_bytes=256 * 1024)
GREATEST_BATCH = FRAMES * (FRAME_BYTES + 200) + 200
DEADLINE_S = 60.0


class SlowLog(FrameLog):
    """A log on a disk that makes nothing durable before somebody was told to come later."""

    def __init__(self, directory: Path, refused: threading.Event) -> None:
        super().__init__(directory, reserve_bytes=0)
        self._refused = refused

    def commit(self) -> LogPosition:
        assert self._refused.wait(DEADLINE_S / 2), "nobody was refused"
        return super().commit()


@asynccontextmanager
async def collector(
    directory: Path, port: int, *, refused: threading.Event | None = None
) -> AsyncIterator[tuple[TelemetryService, int]]:
    """An intake on a port (0: any), on the log that it finds; with `refused`, on a disk that waits for it."""
    marks = Marks({}, entries(directory))
    log = SlowLog(directory / "log", refused) if refused else FrameLog(directory / "log", reserve_bytes=0)
    service = TelemetryService(
        log,
        marks,
        quarantine=directory / "quarantine",
        configurations=lambda _known, _wanted: (0, []),
        on_frames=lambda: None,
        now_us=lambda: int.from_bytes(new_epoch().bytes[:6]) * 1_000,
        limits=LIMITS,
    )
    server, bound = await start_grpc(service, "127.0.0.1", port)
    try:
        yield service, bound
    finally:
        await server.stop(None)
        service.close()
        log.close()


def entries(directory: Path) -> list[LogEntry]:
    reader, found = LogReader(directory / "log"), list[LogEntry]()
    while more := reader.read():
        found += [entry for _, entry in more if entry.kind != NO_FRAME]
    return found


class Gull:
    """A simulated shipper: what the wire's text asks of one, and nothing else."""

    def __init__(self, number: int, refused: threading.Event) -> None:
        self.epoch = new_epoch().bytes
        self.agent = pb.AgentIdentity(host=f"host-{number}", pid=number, instance_id=f"gull-{number}")
        self.frames = [event(number, seq) for seq in range(1, BATCHES * FRAMES + 1)]
        self.acknowledged = 0
        self.answers: Counter[str] = Counter()
        self._refused = refused
        self._rng = random.Random(number)

    async def deliver(self, address: str) -> None:
        """Ship until everything is acknowledged."""
        while self.acknowledged < len(self.frames):
            async with aio.insecure_channel(address, options=[("grpc.use_local_subchannel_pool", 1)]) as channel:
                await self._converse(TelemetryStub(channel))

    async def _converse(self, stub: Any) -> None:
        try:
            position = pb.EpochPosition(epoch=self.epoch, last_seq=len(self.frames))
            await stub.Hello(
                pb.HelloRequest(protocol_version=1, agent=self.agent, epochs=[position]), timeout=DEADLINE_S
            )
            while self.acknowledged < len(self.frames):
                first = self.acknowledged
                request = pb.ShipRequest(
                    epoch=self.epoch, first_seq=first + 1, frames=self.frames[first : first + FRAMES], agent=self.agent
                )
                self.acknowledged = (await stub.Ship(request, timeout=DEADLINE_S)).mark
                self.answers["ok"] += 1
        except aio.AioRpcError as error:
            self.answers[error.code().name] += 1
            if error.code() is StatusCode.RESOURCE_EXHAUSTED:
                self._refused.set()
            delay_ms = dict(error.trailing_metadata() or ()).get(RETRY_AFTER_MS, "50")
            await asyncio.sleep(int(str(delay_ms)) / 1_000 * self._rng.uniform(1, 2))  # what a shipper is asked to do


def event(number: int, seq: int) -> bytes:
    body = pb.Event(name=f"{number}-{seq}", text="x" * FRAME_BYTES)
    return pb.Frame(deployment="shop", event=body).SerializeToString()


async def test_herd_after_an_outage_settles_within_bounds_and_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(admission, "BUSY_MS", 25)
    refused_one = threading.Event()
    herd = [Gull(number, refused_one) for number in range(SHIPPERS)]
    async with collector(tmp_path, 0) as (first, port):
        address = f"127.0.0.1:{port}"
        await asyncio.gather(*(gull.deliver(address) for gull in herd[:20]))  # the others come too late
    flying = [asyncio.ensure_future(gull.deliver(address)) for gull in herd]
    async with asyncio.timeout(2 * DEADLINE_S):
        while not all(gull.answers["UNAVAILABLE"] for gull in herd[20:]):  # noqa: ASYNC110 - nobody tells of it
            await asyncio.sleep(0)
        async with collector(tmp_path, port, refused=refused_one) as (service, _):
            await asyncio.gather(*flying)

    answers = sum((gull.answers for gull in herd), Counter[str]())
    logged: dict[bytes, list[tuple[int, bytes]]] = {}
    for entry in entries(tmp_path):
        logged.setdefault(entry.epoch, []).append((entry.first_seq, entry.frame))
    assert logged == {gull.epoch: list(enumerate(gull.frames, 1)) for gull in herd}
    assert answers["RESOURCE_EXHAUSTED"] > 0
    assert answers.keys() == {"ok", "UNAVAILABLE", "RESOURCE_EXHAUSTED"}
    assert service.calls.most_at_once <= LIMITS.max_calls
    assert service.intake.admission.most_in_flight_bytes <= LIMITS.max_in_flight_bytes + GREATEST_BATCH
    assert (service.intake.admission.in_flight_bytes, service.calls.under_way) == (0, 0)
    counts = Counter(first.counters.snapshot()) + Counter(service.counters.snapshot())
    refused = sum(n for (_, reason), n in counts.items() if reason in {"overload", "too_many"})
    assert refused > 0
