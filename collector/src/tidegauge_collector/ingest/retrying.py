"""Does what people ask of frames in quarantine, through the intake, so that each is counted once whatever dies in between.

A frame comes back as the only one of an epoch of its own, which follows from its old epoch and number: the intake's mark of that
epoch makes a second time a repeat without effect. A discarded one puts a gap `discarded` there, with its rows: after that it can
never be retried, and what was lost is counted.
"""

import asyncio
import hashlib
from collections.abc import Callable

from tidegauge.errors import WireError
from tidegauge.wire import telemetry_pb2 as pb
from tidegauge.wire.codec import decode_frame
from tidegauge_collector.ingest.batch import judge
from tidegauge_collector.ingest.intake import RETRIED_BY, Intake
from tidegauge_collector.ingest.quarantine import Quarantine
from tidegauge_collector.ingest.quarantined import Quarantined, State, end_request, read_requests
from tidegauge_collector.ingest.refusals import Overloaded, Refusal
from tidegauge_collector.telemetry.unpack import check_frame, unpack_actuals, unpack_profile, unpack_records

AT_ONCE = 100  # requests in one look; the next look takes the next


def epoch_of_retry(record: Quarantined) -> bytes:
    """The epoch in which a frame of the quarantine comes back: a UUIDv7 made of its old epoch and number, of the time it came."""
    told = hashlib.blake2b(f"tidegauge quarantine {record.id}".encode(), digest_size=10).digest()
    made = bytearray((max(0, record.received_us) // 1_000 & (1 << 48) - 1).to_bytes(6) + told)
    made[6] = made[6] & 0x0F | 0x70
    made[8] = made[8] & 0x3F | 0x80
    return bytes(made)


class Retrying:
    """Looks for requests when told to; one at a time."""

    def __init__(self, quarantine: Quarantine, intake: Intake, count: Callable[[str, str], None]) -> None:
        self._quarantine = quarantine
        self._intake = intake
        self._count = count

    async def step(self) -> int:
        """Deal with what is asked for now; the number of requests that were settled."""
        directory = self._quarantine.directory
        settled = 0
        for name, action in (await asyncio.to_thread(read_requests, directory))[:AT_ONCE]:
            try:
                await self._deal(name, action)
            except Overloaded:
                break  # the request stays, and is taken up again
            await asyncio.to_thread(end_request, directory, name, action)
            settled += 1
        await asyncio.to_thread(self._quarantine.tell_overflow)
        return settled

    async def _deal(self, name: str, action: str) -> None:
        record = self._quarantine.find(name)
        if record is None or record.state is not State.KEPT:
            return
        try:
            if action == "discard":
                await self._send(record, _gap_of(record))
                await asyncio.to_thread(self._quarantine.settle, name, State.DISCARDED)
            else:
                frame = await asyncio.to_thread(self._quarantine.frame, name)
                check_usable(frame)
                await self._send(record, frame)
                await asyncio.to_thread(self._quarantine.settle, name, State.RETRIED)
        except Overloaded:
            raise
        except (WireError, Refusal, OSError) as problem:
            await asyncio.to_thread(self._quarantine.note, name, f"{action}: {problem}")
            self._count("quarantined", "refused_again")
        else:
            self._count("quarantined", "discarded" if action == "discard" else "retried")

    async def _send(self, record: Quarantined, frame: bytes) -> None:
        await self._intake.accept(
            pb.ShipRequest(
                epoch=epoch_of_retry(record),
                first_seq=1,
                frames=[frame],
                closed=True,
                agent=pb.AgentIdentity(host=record.host, instance_id=RETRIED_BY),
            )
        )


def check_usable(payload: bytes) -> None:
    """WireError where this version cannot count a frame either, as far as that shows before it is folded."""
    judge(payload, 1)
    frame = decode_frame(payload)
    check_frame(frame)
    unpack = {"profile": unpack_profile, "records": unpack_records, "actuals": unpack_actuals}
    body = frame.WhichOneof("body")
    if body in unpack:
        unpack[body](frame)


def _gap_of(record: Quarantined) -> bytes:
    gap = pb.Gap(first_seq=1, last_seq=1, reason="discarded", rows=record.rows)
    return pb.Frame(gap=gap).SerializeToString()
