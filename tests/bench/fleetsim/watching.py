"""Looks at the collector once a second from outside: what came in, what is folded, memory and processor time."""

import asyncio
import contextlib
import time
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import aiohttp

from fleetsim.collector import CollectorProcess, figures

EVERY_S = 1.0


@dataclass(frozen=True, slots=True)
class Sample:
    """One look."""

    at: float
    taken_in: int
    folded: int
    rss_bytes: int
    cpu_s: float


class Watch:
    """Samples while it runs; a collector that is away is left out. Use as an asynchronous context."""

    def __init__(self, collector: CollectorProcess) -> None:
        self._collector = collector
        self.samples: list[Sample] = []
        self._session: aiohttp.ClientSession
        self._task: asyncio.Task[None]

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(30))
        self._task = asyncio.create_task(self._look_for_ever())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        await self._session.close()

    async def figures(self) -> Mapping[str, float]:
        """What /metrics says now."""
        return await figures(self._session, self._collector.http)

    async def json(self, path: str) -> dict[str, object]:
        """An answer of the API."""
        async with self._session.get(f"{self._collector.http}/api/v1{path}") as answer:
            answer.raise_for_status()
            return dict(await answer.json())

    async def caught_up(self, timeout_s: float = 600.0) -> float:
        """Return once the collector has folded everything; seconds that it took."""
        begun = time.monotonic()
        while (await self.figures())["tidegauge_fold_caught_up"] != 1:
            if time.monotonic() - begun > timeout_s:
                raise TimeoutError(f"not everything folded after {timeout_s:.0f} s")
            await asyncio.sleep(0.2)
        return time.monotonic() - begun

    async def look(self) -> Sample:
        """One sample, kept."""
        found = await self.figures()
        used = self._collector.usage()
        sample = Sample(time.monotonic(), taken_in(found), folded(found), used.rss_bytes, used.cpu_s)
        self.samples.append(sample)
        return sample

    async def _look_for_ever(self) -> None:
        while True:
            with contextlib.suppress(aiohttp.ClientError, TimeoutError, ProcessLookupError):  # it is away
                await self.look()
            await asyncio.sleep(EVERY_S)


def taken_in(found: Mapping[str, float]) -> int:
    """Frames acknowledged since the collector's start."""
    return int(sum(n for name, n in found.items() if name.startswith('tidegauge_ingest_total{thing="frames"')))


def folded(found: Mapping[str, float]) -> int:
    """Frames folded since the collector's start; those that it knew already are among them."""
    prefix = 'tidegauge_fold_total{outcome="'
    return int(sum(found.get(f'{prefix}{name}"}}', 0) for name in ("folded", "skipped", "rejected")))


def fold_lags(samples: Sequence[Sample], behind: int = 0) -> list[float]:
    """For each sample, for how many seconds the oldest frame that is not folded has been in the frame log.

    `behind`: how much the counters differ where nothing waits (closing entries, frames folded again after a start).
    """
    lags = []
    arrivals = [sample.taken_in for sample in samples]
    for sample in samples:
        done = sample.folded + behind
        if done >= sample.taken_in:
            lags.append(0.0)
            continue
        first = bisect_right(arrivals, done)  # the first look at which a frame was there that is not folded now
        before = samples[max(0, first - 1)]
        share = (done - before.taken_in) / max(1, samples[first].taken_in - before.taken_in)
        lags.append(sample.at - (before.at + max(0.0, share) * (samples[first].at - before.at)))
    return lags
