"""A collector's intake on a port with stated limits, and what lies in its log."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from grpc import aio

from tidegauge.wire import telemetry_pb2 as pb
from tidegauge.wire.telemetry_pb2_grpc import TelemetryStub
from tidegauge_collector.ingest.framelog import NO_FRAME, FrameLog, LogEntry
from tidegauge_collector.ingest.grpcserver import start_grpc
from tidegauge_collector.ingest.limits import IntakeLimits
from tidegauge_collector.ingest.logreader import LogReader
from tidegauge_collector.ingest.marks import Marks
from tidegauge_collector.ingest.service import TelemetryService


class LimitedIntake:
    """The service, its address, and a stub of a first connection."""

    def __init__(self, directory: Path, log: FrameLog, service: TelemetryService, port: int) -> None:
        self.directory = directory
        self.log = log
        self.service = service
        self.address = f"127.0.0.1:{port}"
        self.stub: Any = None

    def entries(self) -> list[LogEntry]:
        reader, found = LogReader(self.directory / "log"), list[LogEntry]()
        while more := reader.read():
            found += [one for _, one in more if one.kind != NO_FRAME]
        return found

    def value(self, thing: str, reason: str = "") -> int:
        return self.service.counters.value(thing, reason)


@asynccontextmanager
async def limited_intake(
    directory: Path, *, now_us: Callable[[], int], log: FrameLog | None = None, **limits: Any
) -> AsyncIterator[LimitedIntake]:
    """Serve on a free port for the time of a block."""
    log = log or FrameLog(directory / "log", reserve_bytes=0)
    service = TelemetryService(
        log,
        Marks({}),
        quarantine=directory / "quarantine",
        configurations=lambda _known, _wanted: (0, []),
        on_frames=lambda: None,
        now_us=now_us,
        limits=IntakeLimits(**limits),
    )
    server, port = await start_grpc(service, "127.0.0.1", 0)
    intake = LimitedIntake(directory, log, service, port)
    try:
        async with aio.insecure_channel(intake.address) as channel:
            intake.stub = TelemetryStub(channel)
            yield intake
    finally:
        await server.stop(None)
        service.close()
        log.close()


def event(text: str = "x", deployment: str = "shop") -> bytes:
    return pb.Frame(deployment=deployment, event=pb.Event(text=text)).SerializeToString()


def ship(epoch: bytes, first_seq: int, *frames: bytes, instance: str = "a") -> pb.ShipRequest:
    agent = pb.AgentIdentity(host="web-1", pid=7, instance_id=instance)
    return pb.ShipRequest(epoch=epoch, first_seq=first_seq, frames=frames, agent=agent)
