"""The front of all uploads: admits a request, receives its body into a file, knows its key again, has it profiled and sent."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import re
import shutil
import weakref
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self
from uuid import uuid4

import structlog

from tidegauge.wire.binsfile import is_deployment_name
from tidegauge_collector.control import ControlStore, StoreUnavailable
from tidegauge_collector.control.requests import TakenRequest
from tidegauge_collector.crash_points import crash_here
from tidegauge_collector.ingest.counters import IngestCounters
from tidegauge_collector.ingest.intake import Intake
from tidegauge_collector.ingest.refusals import Overloaded
from tidegauge_collector.measuring.baselines import Baselines
from tidegauge_collector.uploads.errors import KeyReused, TooLarge, UnknownFormat, UploadRefused
from tidegauge_collector.uploads.formats import OBJECTS, Body
from tidegauge_collector.uploads.meaning import ACTUALS, BASELINE, OBSERVATIONS, Meaning, read_meaning
from tidegauge_collector.uploads.redo import FrameBuffer
from tidegauge_collector.uploads.segments import KnownSegments
from tidegauge_collector.uploads.sending import Sending
from tidegauge_collector.uploads.working import Json, Known, Work, take_actuals, take_baseline, take_observations

MIB = 1024 * 1024
MAX_AT_ONCE = 16
MAX_WAITING = 64
WORKERS = 2
RESERVE_BYTES = 256 * MIB
LARGE_BYTES = 128 * MIB
"""Of a body the log tells how far it is, each time that so much more has come."""
BUSY_MS, DISK_MS = 1_000, 5_000
_KEY = re.compile(r"[\x21-\x7e]{1,200}")
_REASONS = {UploadRefused: "refused", TooLarge: "too_large", KeyReused: "key_reused", UnknownFormat: "format"}
_TAKERS = {OBSERVATIONS: take_observations, ACTUALS: take_actuals, BASELINE: take_baseline}

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Upload:
    """One request: `target` is what its path asks for, `key` its Idempotency-Key, `format` one of `formats`."""

    target: str
    deployment: str
    query: Mapping[str, str]
    format: str
    key: str | None = None


@dataclass(frozen=True)
class Answer:
    """What the sender is told; `digest` names target and body; `is_repeated`: the key came before."""

    content: Json
    digest: str
    is_repeated: bool = False


class Uploads:
    """All uploads of a running collector. Methods run in the event loop's thread, the work in two of its own."""

    def __init__(
        self,
        intake: Intake,
        control: ControlStore,
        baselines: Baselines,
        *,
        directory: Path,
        now_us: Callable[[], int],
        max_bytes: int,
        counters: IngestCounters,
    ) -> None:
        """`directory` is for bodies and redo files alone; `max_bytes` is the largest body."""
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._intake = intake
        self._control = control
        self._baselines = baselines
        self._directory = directory
        self._now_us = now_us
        self._max_bytes = max_bytes
        self._segments = KnownSegments()
        self._at_once = 0
        self._keys: weakref.WeakValueDictionary[tuple[str, str], asyncio.Lock] = weakref.WeakValueDictionary()
        self._workers = ThreadPoolExecutor(WORKERS, "tidegauge-uploads")
        self.sending = Sending(intake, control, directory, counters)
        self._counters = counters

    async def __aenter__(self) -> Self:
        """Look for what the last life of the collector has left, and send it from now on."""
        await self.sending.resume()
        self._sender = asyncio.create_task(self.sending.run())
        return self

    async def __aexit__(self, *_: object) -> None:
        """End the threads; what is taken and not sent waits for the next start."""
        self._sender.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._sender
        self._workers.shutdown()

    async def take(self, upload: Upload, body: AsyncIterator[bytes]) -> Answer:
        """Receive, profile and store; all of a request or nothing.

        Raises UploadRefused (mend it) or Overloaded (send the same again later).
        """
        self._admit(upload)
        self._at_once += 1
        path = self._directory / f"{uuid4().hex}.body"
        try:
            answer = await self._take(upload, body, path)
            is_large = path.stat().st_size >= LARGE_BYTES
        except (OSError, StoreUnavailable) as problem:
            self._count(upload, "disk")
            log.warning("upload.disk", problem=repr(problem))
            raise Overloaded(
                "the disk refuses: send the same again later", reason="disk", retry_after_ms=DISK_MS
            ) from problem
        except UploadRefused as problem:
            self._count(upload, _REASONS[type(problem)])
            raise
        finally:
            self._at_once -= 1
            path.unlink(missing_ok=True)
        self._count(upload, "repeated" if answer.is_repeated else "taken")
        if is_large:
            log.info("upload.taken", deployment=upload.deployment, target=upload.target, is_repeated=answer.is_repeated)
        return answer

    async def take_rows(self, deployment: str, query: Mapping[str, str], rows: Sequence[Mapping[str, Any]]) -> Json:
        """Store observations that are objects already; raises as `take` does."""
        path = self._directory / f"{uuid4().hex}.rows"
        upload = Upload(OBSERVATIONS, deployment, query, OBJECTS)
        try:
            answer = await self._work(upload, read_meaning(OBSERVATIONS, query), Body(path, OBJECTS, rows), b"")
        except (OSError, StoreUnavailable) as problem:
            raise Overloaded(
                "the disk refuses: send the same again later", reason="disk", retry_after_ms=DISK_MS
            ) from problem
        return answer.content

    def _count(self, upload: Upload, reason: str) -> None:
        self._counters.count(f"upload_{upload.target}", reason)

    def _admit(self, upload: Upload) -> None:
        if self._at_once >= MAX_AT_ONCE or self.sending.waiting >= MAX_WAITING:
            self._count(upload, "overload")
            message = f"{self._at_once} uploads are under way and {self.sending.waiting} wait: send again later"
            raise Overloaded(message, reason="overload", retry_after_ms=BUSY_MS)

    async def _take(self, upload: Upload, body: AsyncIterator[bytes], path: Path) -> Answer:
        if not is_deployment_name(upload.deployment):
            raise UploadRefused(
                f"deployment {upload.deployment!r:.140} is no slug: lower-case letters, digits, '.', '_' and '-', at most 128"
            )
        if upload.key is not None and not _KEY.fullmatch(upload.key):
            raise UploadRefused(f"Idempotency-Key {upload.key!r:.80}: 1 to 200 visible ASCII characters")
        meaning = read_meaning(upload.target, upload.query)
        digest = await self._receive(upload, body, path)
        crash_here("upload.received")
        if upload.key is None:
            return await self._work(upload, meaning, Body(path, upload.format), digest)
        lock = self._keys.setdefault((upload.deployment, upload.key), asyncio.Lock())
        async with lock:
            known = await asyncio.to_thread(
                self._control.requests.find, upload.deployment, upload.key, now_us=self._now_us()
            )
            if known is not None:
                return self._repeated(known, digest)
            return await self._work(upload, meaning, Body(path, upload.format), digest)

    def _repeated(self, known: TakenRequest, digest: bytes) -> Answer:
        if known.digest != digest:
            raise KeyReused(
                f"Idempotency-Key {known.key!r} came before with another body or target: use a new key for each request"
            )
        self.sending.expect(known)
        return Answer(known.answer, digest.hex(), is_repeated=True)

    async def _receive(self, upload: Upload, body: AsyncIterator[bytes], path: Path) -> bytes:
        """The digest of target and body, which lies in a file afterwards."""
        digest = hashlib.sha256(_target_bytes(upload))
        size, checked, told = 0, 0, LARGE_BYTES
        with path.open("xb") as file:
            async for chunk in body:
                size += len(chunk)
                if size > self._max_bytes:
                    raise TooLarge(f"the body is larger than {self._max_bytes} bytes: send it in several requests")
                if size >= checked:
                    self._check_room()
                    checked = size + 16 * MIB
                if size >= told:
                    log.info("upload.coming", deployment=upload.deployment, target=upload.target, bytes=size)
                    told = size + LARGE_BYTES
                digest.update(chunk)
                file.write(chunk)
        if not size:
            raise UploadRefused("the body is empty: send rows")
        if size >= LARGE_BYTES:
            log.info("upload.is_read", deployment=upload.deployment, target=upload.target, bytes=size)
        return digest.digest()

    def _check_room(self) -> None:
        free = shutil.disk_usage(self._directory).free
        if free < RESERVE_BYTES:
            message = f"{free} bytes free, {RESERVE_BYTES} are kept in reserve: free space"
            raise Overloaded(message, reason="disk", retry_after_ms=DISK_MS)

    async def _work(self, upload: Upload, meaning: Meaning, body: Body, digest: bytes) -> Answer:
        frames = FrameBuffer(body.path.with_suffix(".part"))
        loop = asyncio.get_running_loop()
        try:
            work = await loop.run_in_executor(self._workers, self._prepared, upload, meaning, body)
            told = await loop.run_in_executor(self._workers, _TAKERS[upload.target], work, frames)
            self._intake.admission.check_quotas({upload.deployment: frames.size_bytes})
            content = {"deployment": upload.deployment, "version": work.meaning.version, **told}
            if upload.key is None and frames.is_small:
                await self.sending.send_now(frames)
            else:
                request = TakenRequest(upload.deployment, upload.key, digest, b"", 0, content, self._now_us())
                # A sender that goes away must not leave a request half taken: it is finished without him.
                await asyncio.shield(self.sending.take(request, frames))
        finally:
            frames.discard()
        return Answer(content, digest.hex())

    def _prepared(self, upload: Upload, meaning: Meaning, body: Body) -> Work:
        version, known = meaning.version, Known(segment_names=self._segments.of(upload.deployment))
        found = self._control.deployment(upload.deployment)
        if found is not None and not version and meaning.target != ACTUALS:
            champions = [one for one in self._control.versions(found.name) if one.role == "champion"]
            version = champions[-1].name if champions else ""
        if not version and meaning.target != ACTUALS:
            raise UploadRefused(f"deployment {upload.deployment!r} has no version yet: say version=…")
        if found is not None:
            active = self._baselines.active(found.name, version)
            bins = None if active is None else active.baseline.bins
            known = replace(known, is_new=False, bins=bins, task=found.task or "", segments=found.segments)
        return Work(upload.deployment, body, replace(meaning, version=version), known, self._now_us())


def _target_bytes(upload: Upload) -> bytes:
    """Text that names the target of a request: the same body for another purpose is another request."""
    query = sorted(upload.query.items())
    return repr((upload.target, upload.deployment, upload.format, query)).encode() + b"\0"
