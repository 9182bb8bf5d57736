"""All ways by which rows come over HTTP, begun and ended together."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Self

from tidegauge_collector.control import ControlStore
from tidegauge_collector.ingest.counters import IngestCounters
from tidegauge_collector.ingest.intake import Intake
from tidegauge_collector.measuring.baselines import Baselines
from tidegauge_collector.uploads.kserve import KServeIntake
from tidegauge_collector.uploads.receiving import Uploads


class UploadDoors:
    """The uploads and the KServe intake of a running collector."""

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
        self.uploads = Uploads(
            intake, control, baselines, directory=directory, now_us=now_us, max_bytes=max_bytes, counters=counters
        )
        self.kserve = KServeIntake(self.uploads, now_us, counters)

    async def __aenter__(self) -> Self:
        await self.uploads.__aenter__()
        self._task = asyncio.create_task(self.kserve.run())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task
        await self.kserve.flush()
        await self.uploads.__aexit__()
