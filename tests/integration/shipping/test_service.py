"""The gRPC service over a real connection: codes, metadata, limits, configuration."""

import asyncio
from collections.abc import AsyncIterator, Container
from pathlib import Path
from typing import Any, Self

import grpc
import pytest
from grpc import aio

from tidegauge.spool.epoch import new_epoch
from tidegauge.wire import telemetry_pb2 as pb
from tidegauge.wire.telemetry_pb2_grpc import TelemetryStub
from tidegauge_collector.errors import CollectorError
from tidegauge_collector.ingest.framelog import FrameLog
from tidegauge_collector.ingest.grpcserver import start_grpc
from tidegauge_collector.ingest.logreader import LogReader
from tidegauge_collector.ingest.marks import Marks
from tidegauge_collector.ingest.service import TelemetryService

NOW_US = int.from_bytes(new_epoch().bytes[:6]) * 1_000


class Pier:
    """A collector's intake on a port, and a client."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.revision, self.configurations = 0, list[pb.VersionConfiguration]()
        self.fault: Exception | None = None
        self.is_free = asyncio.Event()
        self.is_free.set()
        self.wanted: list[Container[str] | None] = []
        self.log = FrameLog(directory / "log", reserve_bytes=0)
        self.service = TelemetryService(
            self.log,
            Marks({}),
            quarantine=directory / "quarantine",
            configurations=self._configurations,
            on_frames=lambda: None,
            now_us=lambda: NOW_US,
        )

    async def __aenter__(self) -> Self:
        self.server, self.port = await start_grpc(self.service, "127.0.0.1", 0)
        self.channel = aio.insecure_channel(f"127.0.0.1:{self.port}")
        self.stub: Any = TelemetryStub(self.channel)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.channel.close()
        await self.server.stop(None)
        self.service.close()
        self.log.close()

    async def _configurations(
        self, known: int, wanted: Container[str] | None
    ) -> tuple[int, list[pb.VersionConfiguration]]:
        self.wanted.append(wanted)
        await self.is_free.wait()
        if self.fault:
            raise self.fault
        return self.revision, self.configurations if known != self.revision else []

    def logged(self) -> list[int]:
        reader, found = LogReader(self.directory / "log"), list[int]()
        while more := reader.read():
            found += [entry.last_seq for _, entry in more]
        return found


@pytest.fixture
async def pier(tmp_path: Path) -> AsyncIterator[Pier]:
    async with Pier(tmp_path) as pier:
        yield pier


EPOCH = new_epoch().bytes


def event(text: str = "x") -> bytes:
    return pb.Frame(deployment="shop", event=pb.Event(text=text)).SerializeToString()


def ship(first_seq: int, *frames: bytes) -> pb.ShipRequest:
    return pb.ShipRequest(epoch=EPOCH, first_seq=first_seq, frames=frames)


async def refusal(call: Any) -> aio.AioRpcError:
    with pytest.raises(aio.AioRpcError) as caught:
        await call
    return caught.value


async def test_hello_tells_marks_and_hands_out_configuration_once(pier: Pier) -> None:
    pier.revision, pier.configurations = 3, [pb.VersionConfiguration(deployment="shop", version="v1")]
    await pier.stub.Ship(ship(1, event(), event()))
    unknown = new_epoch().bytes
    epochs = [pb.EpochPosition(epoch=EPOCH, last_seq=9), pb.EpochPosition(epoch=unknown)]

    reply = await pier.stub.Hello(pb.HelloRequest(epochs=epochs))
    again = await pier.stub.Hello(pb.HelloRequest(epochs=epochs, config_revision=3))

    assert [(one.epoch, one.mark, one.refused) for one in reply.marks] == [(EPOCH, 2, False), (unknown, 0, False)]
    assert (reply.config_revision, [one.version for one in reply.configurations]) == (3, ["v1"])
    assert (again.config_revision, list(again.configurations)) == (3, [])
    assert reply.received_at_us == NOW_US


async def test_ack_carries_mark_and_revision(pier: Pier) -> None:
    pier.revision = 8

    ack = await pier.stub.Ship(ship(1, event(), event()))

    assert (ack.mark, ack.config_revision) == (2, 8)


async def test_an_ack_does_not_wait_for_a_control_store_that_is_busy(pier: Pier) -> None:
    pier.revision = 8
    pier.is_free.clear()

    ack = await pier.stub.Ship(ship(1, event()))
    pier.is_free.set()
    reply = await pier.stub.Hello(pb.HelloRequest())
    later = await pier.stub.Ship(ship(2, event()))

    assert (ack.mark, ack.config_revision) == (1, 0)
    assert (reply.config_revision, later.config_revision) == (8, 8)


async def test_the_deployments_that_an_agent_wants_are_asked_for_and_all_where_it_says_none(pier: Pier) -> None:
    await pier.stub.Hello(pb.HelloRequest(wanted=pb.Deployments(names=["shop"])))
    await pier.stub.Hello(pb.HelloRequest(wanted=pb.Deployments()))
    await pier.stub.Hello(pb.HelloRequest())

    assert pier.wanted == [{"shop"}, set(), None]


async def test_frames_are_taken_while_configuration_cannot_be_had(pier: Pier) -> None:
    pier.fault = RuntimeError("the control store is locked")

    ack = await pier.stub.Ship(ship(1, event()))
    reply = await pier.stub.Hello(pb.HelloRequest(config_revision=5))

    assert ack.mark == 1
    assert (reply.config_revision, list(reply.configurations)) == (5, [])
    assert pier.service.counters.value("configuration", "RuntimeError") == 2


async def test_out_of_order_tells_the_expected_number(pier: Pier) -> None:
    error = await refusal(pier.stub.Ship(ship(4, event())))

    assert error.code() is grpc.StatusCode.FAILED_PRECONDITION
    assert dict(error.trailing_metadata())["tidegauge-expected-seq"] == "1"


async def test_full_disk_is_an_overload_with_a_delay(pier: Pier) -> None:
    pier.log._reserve_bytes = 2**62

    error = await refusal(pier.stub.Ship(ship(1, event())))

    assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert int(dict(error.trailing_metadata())["tidegauge-retry-after-ms"]) > 0
    assert "free space" in str(error.details())
    pier.log._reserve_bytes = 0
    assert (await pier.stub.Ship(ship(1, event()))).mark == 1
    assert pier.logged() == [1]


async def test_oversize_frame_is_refused_and_counted_and_the_stream_goes_on(pier: Pier) -> None:
    error = await refusal(pier.stub.Ship(ship(1, b"x" * 300_000)))
    ack = await pier.stub.Ship(ship(1, event()))

    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert ack.mark == 1
    assert pier.service.counters.value("ship", "invalid") == 1


async def test_message_over_four_mebibytes_is_refused_and_the_stream_goes_on(pier: Pier) -> None:
    error = await refusal(pier.stub.Ship(ship(1, b"x" * (5 * 1024 * 1024))))

    assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert (await pier.stub.Ship(ship(1, event()))).mark == 1


async def test_request_that_does_not_decode_is_an_error_and_the_service_goes_on(pier: Pier) -> None:
    raw = pier.channel.unary_unary("/tidegauge.v1.Telemetry/Ship")

    error = await refusal(raw(b"\xff\xff\xff\xff"))

    assert error.code() is not grpc.StatusCode.OK
    assert (await pier.stub.Ship(ship(1, event()))).mark == 1


async def test_strange_epochs_in_a_hello_are_refused(pier: Pier) -> None:
    error = await refusal(pier.stub.Hello(pb.HelloRequest(epochs=[pb.EpochPosition(epoch=b"short")])))

    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT


async def test_old_epoch_without_a_mark_is_refused_loudly(pier: Pier) -> None:
    old = (NOW_US // 1_000 - 401 * 86_400_000).to_bytes(6) + EPOCH[6:]

    reply = await pier.stub.Hello(pb.HelloRequest(epochs=[pb.EpochPosition(epoch=old)]))
    error = await refusal(pier.stub.Ship(pb.ShipRequest(epoch=old, first_seq=1, frames=[event()])))

    assert reply.marks[0].refused
    assert error.code() is grpc.StatusCode.FAILED_PRECONDITION
    assert "tidegauge-expected-seq" not in dict(error.trailing_metadata())


async def test_port_in_use_is_an_error_that_names_it(pier: Pier, tmp_path: Path) -> None:
    other = Pier(tmp_path / "other")

    with pytest.raises(CollectorError, match=f"127.0.0.1:{pier.port} cannot be bound"):
        await start_grpc(other.service, "127.0.0.1", pier.port)

    other.service.close()
    other.log.close()
