"""What a sender meets over a real connection when it sends too much, too fast, too late, or nonsense."""

import asyncio
import contextlib
import socket
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc import aio

from tidegauge.spool.epoch import new_epoch
from tidegauge.wire import telemetry_pb2 as pb
from tidegauge.wire.telemetry_pb2_grpc import TelemetryStub
from tidegauge_collector.ingest import service as service_module
from tidegauge_collector.ingest.framelog import FrameLog, LogPosition
from tidegauge_collector.ingest.versions import check_version

from .intakes import event, limited_intake, ship

EPOCH = new_epoch().bytes
NOW_US = int.from_bytes(EPOCH[:6]) * 1_000
WAIT_S = 120.0


class SlowLog(FrameLog):
    """A log whose disk takes its time."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory, reserve_bytes=0)
        self.may_commit = threading.Event()

    def commit(self) -> LogPosition:
        self.may_commit.wait(WAIT_S)
        return super().commit()


async def refusal(call: Any) -> aio.AioRpcError:
    with pytest.raises(aio.AioRpcError) as caught:
        await call
    return caught.value


def told(error: aio.AioRpcError) -> dict[str, str]:
    return dict(error.trailing_metadata() or ())


async def until(is_so: Any) -> None:
    async with asyncio.timeout(WAIT_S):
        while not is_so():  # noqa: ASYNC110 - nobody tells of it
            await asyncio.sleep(0)


@asynccontextmanager
async def deaf_proxy(address: str) -> AsyncIterator[str]:
    """Passes everything on to the server, and of what comes back only the greeting."""
    host, port = address.split(":")
    tasks: list[asyncio.Task[None]] = []

    async def forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, most_bytes: int) -> None:
        with contextlib.suppress(OSError):
            while most_bytes > 0 and (some := await reader.read(min(1 << 16, most_bytes))):
                most_bytes -= len(some)
                writer.write(some)
                await writer.drain()
            await asyncio.Event().wait()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        from_server, to_server = await asyncio.open_connection(host, int(port), limit=1024)
        tasks.append(asyncio.ensure_future(forward(reader, to_server, 1 << 30)))
        tasks.append(asyncio.ensure_future(forward(from_server, writer, 2_000)))
        try:
            await asyncio.gather(*tasks[-2:])
        finally:
            writer.close()
            to_server.close()

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    try:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def test_agent_beyond_its_rate_is_told_when_to_come_back_and_others_go_on(tmp_path: Path) -> None:
    now = [NOW_US]
    async with limited_intake(tmp_path, now_us=lambda: now[0], agent_frames_per_s=1.0) as intake:
        await intake.stub.Ship(ship(EPOCH, 1, *[event()] * 20))
        error = await refusal(intake.stub.Ship(ship(EPOCH, 21, event())))
        await intake.stub.Ship(ship(new_epoch().bytes, 1, event(), instance="b"))
        now[0] += int(told(error)["tidegauge-retry-after-ms"]) * 1_000

        ack = await intake.stub.Ship(ship(EPOCH, 21, event()))

    assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert "tidegauge-retry-scope" not in told(error)
    assert ack.mark == 21
    assert intake.value("ship", "rate_frames") == 1


async def test_deployment_over_its_quota_blocks_neither_others_nor_its_own_neighbours(tmp_path: Path) -> None:
    async with limited_intake(tmp_path, now_us=lambda: NOW_US, quotas={"greedy": 100}) as intake:
        await intake.stub.Ship(ship(EPOCH, 1, event("x" * 200, "greedy")))

        error = await refusal(intake.stub.Ship(ship(EPOCH, 2, event("x", "greedy"))))
        other = await intake.stub.Ship(ship(new_epoch().bytes, 1, event("x", "shop")))

    assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert told(error)["tidegauge-retry-scope"] == "epoch"
    assert "'greedy' has used its 100 bytes of today" in str(error.details())
    assert other.mark == 1
    assert intake.value("ship", "quota") == 1


async def test_calls_beyond_the_bound_are_answered_at_once_and_taken_later(tmp_path: Path) -> None:
    log = SlowLog(tmp_path / "log")
    async with limited_intake(tmp_path, now_us=lambda: NOW_US, log=log, max_calls=3) as intake:
        calls = [intake.stub.Ship(ship(new_epoch().bytes, 1, event())) for _ in range(3)]
        await until(lambda: intake.service.calls.under_way == 3)

        error = await refusal(intake.stub.Ship(ship(EPOCH, 1, event())))
        log.may_commit.set()
        acks = await asyncio.gather(*calls)
        late = await intake.stub.Ship(ship(EPOCH, 1, event()))

    assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert int(told(error)["tidegauge-retry-after-ms"]) >= 500
    assert [ack.mark for ack in (*acks, late)] == [1] * 4
    assert intake.value("calls", "too_many") == 1


async def test_one_connection_never_takes_all_calls(tmp_path: Path) -> None:
    log = SlowLog(tmp_path / "log")
    async with (
        limited_intake(tmp_path, now_us=lambda: NOW_US, log=log, max_calls_per_peer=2) as intake,
        aio.insecure_channel(intake.address, options=[("grpc.use_local_subchannel_pool", 1)]) as second,
    ):
        calls = [intake.stub.Ship(ship(new_epoch().bytes, 1, event())) for _ in range(2)]
        await until(lambda: intake.service.calls.under_way == 2)

        error = await refusal(intake.stub.Ship(ship(EPOCH, 1, event())))
        calls.append(TelemetryStub(second).Ship(ship(EPOCH, 1, event())))
        await until(lambda: intake.service.calls.under_way == 3)
        log.may_commit.set()
        await asyncio.gather(*calls)

    assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert intake.value("calls", "too_many_of_peer") == 1


async def test_call_whose_client_has_gone_is_not_begun(tmp_path: Path) -> None:
    log = SlowLog(tmp_path / "log")
    async with limited_intake(tmp_path, now_us=lambda: NOW_US, log=log) as intake:
        first = intake.stub.Ship(ship(EPOCH, 1, event("first")))
        await until(lambda: intake.service.calls.under_way == 1)
        waiting = intake.stub.Ship(ship(EPOCH, 1, event("first"), event("second")))
        await until(lambda: intake.service.calls.under_way == 2)
        waiting.cancel()
        await until(lambda: intake.service.calls.under_way == 1)
        log.may_commit.set()
        await first
        await until(lambda: intake.value("ship", "abandoned") == 1)

    assert [one.last_seq for one in intake.entries()] == [1]
    assert intake.service.intake.admission.in_flight_bytes == 0


async def test_call_whose_deadline_has_passed_is_not_begun(tmp_path: Path) -> None:
    log = SlowLog(tmp_path / "log")
    async with limited_intake(tmp_path, now_us=lambda: NOW_US, log=log) as intake:
        first = intake.stub.Ship(ship(EPOCH, 1, event("first")))
        await until(lambda: intake.service.calls.under_way == 1)
        waits = False
        while not waits:  # on a busy machine the deadline may pass on the way already
            late = intake.stub.Ship(ship(EPOCH, 1, event("first"), event("second")), timeout=1.0)
            await until(lambda late=late: late.done() or intake.service.calls.under_way == 2)
            waits = not late.done()
            error = await refusal(late)
        await until(lambda: intake.service.calls.under_way == 1)
        log.may_commit.set()
        await first
        await until(lambda: intake.value("ship", "abandoned") == 1)

    assert error.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    assert [one.last_seq for one in intake.entries()] == [1]


async def test_bomb_that_unpacks_beyond_the_message_limit_is_refused_and_the_service_goes_on(tmp_path: Path) -> None:
    async with (
        limited_intake(tmp_path, now_us=lambda: NOW_US) as intake,
        aio.insecure_channel(intake.address, compression=grpc.Compression.Gzip) as channel,
    ):
        bomb = ship(EPOCH, 1, b"\0" * (64 * 1024 * 1024))

        error = await refusal(TelemetryStub(channel).Ship(bomb))
        ack = await intake.stub.Ship(ship(EPOCH, 1, event()))

    assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert ack.mark == 1


async def test_connection_that_speaks_no_grpc_disturbs_nobody(tmp_path: Path) -> None:
    garbage = [
        b"GET / HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01" + b"\xff" * 400,
        b"\0" * 4096,
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\xff\xff",
    ]
    async with limited_intake(tmp_path, now_us=lambda: NOW_US) as intake:
        host, port = intake.address.split(":")
        strangers = [socket.create_connection((host, int(port)), timeout=WAIT_S) for _ in garbage]
        for stranger, some in zip(strangers, garbage, strict=True):
            stranger.sendall(some)

        ack = await intake.stub.Ship(ship(EPOCH, 1, event()))
        for stranger in strangers:
            stranger.close()

    assert ack.mark == 1


async def test_client_that_reads_no_answers_holds_nobody_up(tmp_path: Path) -> None:
    """Hellos with large answers go through a proxy that stops reading what comes back."""
    epochs = [pb.EpochPosition(epoch=new_epoch().bytes) for _ in range(2_000)]
    async with (
        limited_intake(tmp_path, now_us=lambda: NOW_US) as intake,
        deaf_proxy(intake.address) as address,
        aio.insecure_channel(address) as channel,
    ):
        slow = TelemetryStub(channel)
        unread = [slow.Hello(pb.HelloRequest(epochs=epochs)) for _ in range(20)]
        await until(lambda: intake.value("hello", "ok") == 20)
        acks = [await intake.stub.Ship(ship(EPOCH, seq, event())) for seq in range(1, 21)]
        answered = sum(call.done() for call in unread)
        for call in unread:
            call.cancel()

    assert [ack.mark for ack in acks] == list(range(1, 21))
    assert answered < 20


async def test_newer_agent_is_told_our_version_and_an_old_one_what_to_upgrade(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    agent = pb.AgentIdentity(host="web-1", agent_version="0.1", instance_id="a")
    async with limited_intake(tmp_path, now_us=lambda: NOW_US) as intake:
        newer = await intake.stub.Hello(pb.HelloRequest(protocol_version=9, agent=agent))
        monkeypatch.setattr(service_module, "check_version", lambda theirs, agent: check_version(theirs, agent, ours=7))
        error = await refusal(intake.stub.Hello(pb.HelloRequest(protocol_version=4, agent=agent)))

    assert newer.protocol_version == 1
    assert [one.protocol for one in intake.service.agents.roster.agents()] == [9]
    assert error.code() is grpc.StatusCode.UNIMPLEMENTED
    assert "this collector speaks 5 to 7; upgrade the package `tidegauge`" in str(error.details())
    assert intake.value("hello", "too_old") == 1
