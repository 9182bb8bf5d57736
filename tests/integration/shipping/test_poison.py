"""Frames that cannot be used, through a whole collector: nothing stops, nothing is lost silently, what comes back counts once."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from grpc import aio
from structlog.testing import capture_logs

from tidegauge.errors import WireError
from tidegauge.spool.epoch import new_epoch
from tidegauge.wire import telemetry_pb2 as pb
from tidegauge.wire.telemetry_pb2_grpc import TelemetryStub
from tidegauge_collector.app import Collector
from tidegauge_collector.cli import main
from tidegauge_collector.settings import Address, CollectorSettings
from tidegauge_collector.telemetry import batch as fold_batch
from tidegauge_collector.telemetry.extent import gap_summary, stored_counts

WAIT_S = 120.0
ANY_PORT = Address("127.0.0.1", 0)
ROWS = 3
AGENT = pb.AgentIdentity(host="web-1", pid=7, agent_version="9.9", instance_id="a")


@asynccontextmanager
async def running(data: Path) -> AsyncIterator[Collector]:
    collector = Collector(CollectorSettings(data=data, http=ANY_PORT, grpc=ANY_PORT))
    await collector.start()
    try:
        yield collector
    finally:
        await collector.close()


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(WAIT_S):
        while not is_so():  # noqa: ASYNC110 - nobody tells of it
            await asyncio.sleep(0.02)


def records(first: int) -> bytes:
    """A frame of ROWS predictions with ids of their own."""
    ids = b"".join(number.to_bytes(16) for number in range(first, first + ROWS))
    times = (1_700_000_000_000_000).to_bytes(8, "little") * ROWS
    body = pb.Records(rows=ROWS, prediction_ids=ids, event_times_us=times, arrival_times_us=times)
    body.outputs.add(values=bytes(8 * ROWS))
    body.segment_sets.add()
    body.label_codes, body.segment_set_codes = b"\xff" * (4 * ROWS), bytes(4 * ROWS)
    return pb.Frame(deployment="shop", version="v1", records=body).SerializeToString()


async def ship(collector: Collector, *frames: bytes) -> int:
    async with aio.insecure_channel(collector.grpc_url.removeprefix("grpc://")) as channel:
        stub: Any = TelemetryStub(channel)
        await stub.Hello(pb.HelloRequest(protocol_version=1, agent=AGENT))
        request = pb.ShipRequest(epoch=new_epoch().bytes, first_seq=1, frames=frames, agent=AGENT)
        return int((await stub.Ship(request)).mark)


def accounts(collector: Collector) -> dict[str, int]:
    """Where the rows are: stored, in quarantine, or lost for a reason."""
    dropped = {one.reason: one.rows for one in gap_summary(collector.telemetry) if one.rows}
    held = collector.service.quarantine.holding()
    return {"stored": stored_counts(collector.telemetry, "shop").prediction_rows, "quarantined": held.rows, **dropped}


async def operate(*arguments: str) -> int:
    """A command line beside the running collector."""
    return await asyncio.to_thread(main, [*arguments])


@pytest.fixture(autouse=True)
def silent_logs() -> Iterator[None]:
    """What is logged is no matter here, and would mix with what commands print."""
    with capture_logs():
        yield


@pytest.fixture
def poisoned(monkeypatch: pytest.MonkeyPatch) -> Callable[[BaseException], pytest.MonkeyPatch]:
    """A fold that fails at frames whose first id is 100; `undo` is the upgrade that mends it."""

    def poison(problem: BaseException) -> pytest.MonkeyPatch:
        take = fold_batch.Batch.take

        def failing(self: Any, entry: Any) -> None:
            if entry.frame.records.prediction_ids[:16] == (100).to_bytes(16):
                raise problem
            take(self, entry)

        monkeypatch.setattr(fold_batch.Batch, "take", failing)
        return monkeypatch

    return poison


async def test_frame_that_makes_the_fold_fail_costs_only_itself_and_comes_back_once(
    tmp_path: Path, poisoned: Callable[[BaseException], pytest.MonkeyPatch]
) -> None:
    fault = poisoned(RuntimeError("a bug of ours"))
    data = ["--data", str(tmp_path / "data")]
    async with running(tmp_path / "data") as collector:
        assert await ship(collector, records(1), records(100), records(200)) == 3
        await until(lambda: accounts(collector)["stored"] == 2 * ROWS)
        before = accounts(collector)
        fault.undo()
        exit_codes = [await operate("quarantine", "retry", "all", *data) for _ in range(2)]
        await collector.catch_up()
        after = accounts(collector)

    async with running(tmp_path / "data") as collector:
        await collector.catch_up()
        again = accounts(collector)

    assert before == {"stored": 2 * ROWS, "quarantined": ROWS}
    assert exit_codes == [0, 0]  # the second time there is nothing left to retry
    assert after == again == {"stored": 3 * ROWS, "quarantined": 0}


async def test_log_folded_again_by_a_mended_version_counts_a_retried_frame_once(
    tmp_path: Path, poisoned: Callable[[BaseException], pytest.MonkeyPatch]
) -> None:
    fault = poisoned(WireError("of a newer version"))
    async with running(tmp_path / "data") as collector:
        await ship(collector, records(100))
        await until(lambda: collector.service.quarantine.holding().frames == 1)
        fault.undo()
        assert await operate("quarantine", "retry", "all", "--data", str(tmp_path / "data")) == 0
    for lost in (tmp_path / "data").glob("telemetry.duckdb*"):
        lost.unlink()

    async with running(tmp_path / "data") as collector:
        await collector.catch_up()
        healed = accounts(collector)

    assert healed == {"stored": ROWS, "quarantined": 0}


async def test_discarded_frame_is_counted_as_lost_with_its_rows(
    tmp_path: Path, poisoned: Callable[[BaseException], pytest.MonkeyPatch], capsys: pytest.CaptureFixture[str]
) -> None:
    poisoned(WireError("of a newer version"))
    data = ["--data", str(tmp_path / "data")]
    async with running(tmp_path / "data") as collector:
        await ship(collector, records(100))
        await until(lambda: collector.service.quarantine.holding().frames == 1)
        capsys.readouterr()
        assert await operate("quarantine", "list", "--json", *data) == 0
        (listed,) = json.loads(capsys.readouterr().out)["items"]
        exit_code = await operate("quarantine", "discard", listed["id"], *data)
        await collector.catch_up()
        after = accounts(collector)

    assert (listed["flaw"], listed["rows"], listed["deployment"]) == ("unfoldable", ROWS, "shop")
    assert exit_code == 0
    assert after == {"stored": 0, "quarantined": 0, "discarded": ROWS}


async def test_request_made_without_a_collector_is_taken_by_the_next(
    tmp_path: Path, poisoned: Callable[[BaseException], pytest.MonkeyPatch], capsys: pytest.CaptureFixture[str]
) -> None:
    fault = poisoned(WireError("of a newer version"))
    async with running(tmp_path / "data") as collector:
        await ship(collector, records(100))
        await until(lambda: collector.service.quarantine.holding().frames == 1)
    fault.undo()
    assert await operate("quarantine", "retry", "all", "--data", str(tmp_path / "data")) == 0
    said = capsys.readouterr().out

    async with running(tmp_path / "data") as collector:
        await until(lambda: collector.service.quarantine.holding().frames == 0)
        await collector.catch_up()
        after = accounts(collector)

    assert "when it starts next" in said
    assert after == {"stored": ROWS, "quarantined": 0}


async def test_a_batch_full_of_poison_is_acknowledged_and_kept(tmp_path: Path) -> None:
    garbage = [bytes([255, number % 256]) for number in range(200)]
    async with running(tmp_path / "data") as collector:
        mark = await ship(collector, *garbage, records(1))
        await collector.catch_up()
        found = accounts(collector)
        held = collector.service.quarantine.holding()

    assert mark == 201
    assert (held.frames, held.size_bytes) == (200, 400)
    assert found["stored"] == ROWS
