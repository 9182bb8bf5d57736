"""Sends the frames of taken requests through the intake: at once, later where it refuses for now, and after a start what a kill left.

A request that one batch carries goes out in the epoch that all such share; a larger one has an epoch of its own, so that nobody waits
for it. A taken request that is sent twice counts once: its numbers are in its row of the control store. Epochs of uploads are closed with
each request: no window waits for what may never come.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from dataclasses import replace
from pathlib import Path

import structlog

from tidegauge.spool import new_epoch
from tidegauge.version import __version__ as wire_version
from tidegauge.wire import telemetry_pb2 as pb
from tidegauge_collector.control import ControlStore, StoreUnavailable
from tidegauge_collector.control.requests import TakenRequest
from tidegauge_collector.crash_points import crash_here
from tidegauge_collector.ingest.counters import IngestCounters
from tidegauge_collector.ingest.intake import Intake
from tidegauge_collector.ingest.refusals import Overloaded, Refusal
from tidegauge_collector.uploads.redo import ENDING, FrameBuffer, RedoDamaged, read_redo

AGAIN_S = 1.0

log = structlog.get_logger(__name__)


class Sending:
    """One sender for all uploads of a running collector. All methods run in the event loop's thread."""

    def __init__(self, intake: Intake, control: ControlStore, directory: Path, counters: IngestCounters) -> None:
        self._intake = intake
        self._control = control
        self._directory = directory
        self._lock = asyncio.Lock()  # guards the two below: numbers of the shared epoch go out in order
        self._epoch = new_epoch().bytes
        self._next_seq = 1
        self._later: dict[int, TakenRequest] = {}
        self._under_way: set[int] = set()
        self._marks: dict[int, int] = {}  # how far the intake is with a request that is being sent
        self._counters = counters

    @property
    def waiting(self) -> int:
        """Requests that are taken and not sent."""
        return len(self._later)

    async def send_now(self, frames: FrameBuffer) -> None:
        """Send a small request that nobody will repeat by a key: it counts when the intake has it. Raises a Refusal."""
        async with self._lock:
            await self._send_shared(frames.held())

    async def take(self, request: TakenRequest, frames: FrameBuffer) -> TakenRequest:
        """Make a request count: durable before it is sent, and sent if that can be now. Raises OSError, StoreUnavailable."""
        if not frames.is_small:
            taken = await self._commit(replace(request, epoch=new_epoch().bytes, first_seq=1), frames)
            await self._try(taken)
            return taken
        async with self._lock:
            taken = await self._commit(replace(request, epoch=self._epoch, first_seq=self._next_seq), frames)
            self._next_seq += frames.frames
            await self._try(taken)
            if taken.id in self._later:
                self._renew()  # later requests must not wait for this one
            return taken

    def expect(self, request: TakenRequest) -> None:
        """See to it that a request which is taken and not sent will be: its row may be all that a failing disk has left."""
        if request.status == "taken":
            self._later.setdefault(request.id, request)

    async def resume(self) -> None:
        """After a start: wait for nothing, but remember what is to be sent, and remove what never counted."""
        unsent = await asyncio.to_thread(self._control.requests.unsent)
        self._later = {one.id: one for one in unsent}
        await asyncio.to_thread(self._clear, {self._path(one) for one in unsent})

    async def run(self) -> None:
        """Send what is waiting, as long as the collector runs."""
        while True:
            for request in list(self._later.values()):
                try:
                    await self._try(request)
                except Exception:
                    log.exception("upload.failed", deployment=request.deployment)  # and tried again
            await asyncio.sleep(AGAIN_S)

    def _clear(self, wanted: set[Path]) -> None:
        for path in self._directory.iterdir():
            if path not in wanted:
                path.unlink(missing_ok=True)

    def _path(self, request: TakenRequest) -> Path:
        return self._directory / f"{request.epoch.hex()}-{request.first_seq}{ENDING}"

    async def _commit(self, request: TakenRequest, frames: FrameBuffer) -> TakenRequest:
        await asyncio.to_thread(frames.store, self._path(request))
        crash_here("upload.stored")
        try:
            number = await asyncio.to_thread(self._control.requests.add, request)
        except BaseException:
            # Whether the row is there is not known after an error of the disk: the numbers must not be used again.
            self._renew()
            raise
        crash_here("upload.taken")
        taken = replace(request, id=number)
        self._later[number] = taken
        return taken

    async def _try(self, request: TakenRequest) -> None:
        """Send a taken request, unless that is under way; where it cannot be now it stays among the later ones."""
        if request.id in self._under_way:
            return
        self._under_way.add(request.id)
        try:
            await self._settle(request, await self._outcome(request))
        except (Overloaded, StoreUnavailable) as problem:
            self._counters.count("upload_sending", "waited")
            log.info("upload.waits", deployment=request.deployment, problem=str(problem))
        finally:
            self._under_way.discard(request.id)

    async def _outcome(self, request: TakenRequest) -> str:
        """`sent`, or `refused` where no later time will help. Raises Overloaded."""
        try:
            await self._send(request)
        except Overloaded:
            raise
        except (Refusal, RedoDamaged, OSError):
            log.exception("upload.lost", deployment=request.deployment, epoch=request.epoch.hex())
            return "refused"
        crash_here("upload.sent")
        return "sent"

    async def _settle(self, request: TakenRequest, status: str) -> None:
        await asyncio.to_thread(self._control.requests.settle, request.id, status)
        self._counters.count("upload_sending", status)
        self._later.pop(request.id, None)
        self._marks.pop(request.id, None)
        path = self._path(request)
        if status == "refused":
            with contextlib.suppress(OSError):
                path.rename(path.with_suffix(".refused"))
        path.unlink(missing_ok=True)

    async def _send(self, request: TakenRequest) -> None:
        """Send the frames that the intake does not have; it tells with each acknowledgement how far it is."""
        seq, mark = request.first_seq, self._marks.get(request.id, 0)
        batches = read_redo(self._path(request))
        following = await asyncio.to_thread(next, batches, None)
        while following is not None:
            frames, following = following, await asyncio.to_thread(next, batches, None)
            if seq + len(frames) - 1 > mark:
                shipment = _shipment(request.epoch, seq, frames, closed=following is None)
                mark = self._marks[request.id] = await self._accepted(shipment)
            seq += len(frames)

    async def _accepted(self, shipment: pb.ShipRequest) -> int:
        """The intake's mark, after as long a wait as the rate of senders asks for. Raises a Refusal."""
        while True:
            try:
                return await self._intake.accept(shipment)
            except Overloaded as problem:
                if not problem.reason.startswith("rate_"):
                    raise
                self._counters.count("upload_sending", "slowed")
                await asyncio.sleep(problem.retry_after_ms / 1_000)

    async def _send_shared(self, frames: list[bytes]) -> None:
        try:
            self._next_seq = await self._accepted(_shipment(self._epoch, self._next_seq, frames, closed=True)) + 1
        except BaseException:
            self._renew()  # whether these numbers were taken is not known
            raise

    def _renew(self) -> None:
        self._epoch, self._next_seq = new_epoch().bytes, 1


def _shipment(epoch: bytes, first_seq: int, frames: list[bytes], *, closed: bool) -> pb.ShipRequest:
    return pb.ShipRequest(
        epoch=epoch,
        first_seq=first_seq,
        frames=frames,
        agent=pb.AgentIdentity(host="http", pid=os.getpid(), agent_version=wire_version),
        closed=closed,
    )
