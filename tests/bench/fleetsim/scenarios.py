"""What a fleet can do: ship steadily, come back all at once after an outage, ship faster and faster; and the count at the end."""

import asyncio
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psutil

from fleetsim.agents import Tally
from fleetsim.collector import CollectorProcess, Usage, usage_of
from fleetsim.fleet import Fleet
from fleetsim.frames import ROWS
from fleetsim.report import ACK_LIMIT_S, LAG_LIMIT_S, Phase, disk_lines, phase_lines, verdict_line
from fleetsim.watching import Watch

OUTAGE_S = 20.0
WARM_S = 10.0
STEP = 1.3  # from one rate to the next
STEP_S = 40.0
BEHIND = 0.95  # a fold that does a smaller part of what comes in is falling behind
ASKED_AT_ONCE = 4


@dataclass(frozen=True, slots=True)
class Run:
    """A fleet, its collector, and who watches it."""

    fleet: Fleet
    watch: Watch
    collector: CollectorProcess


class Stopwatch:
    """Begins a phase when made; `phase` ends it."""

    def __init__(self, run: Run) -> None:
        self._run = run
        run.fleet.tally = Tally()
        run.fleet.late_s = 0.0
        run.watch.samples.clear()
        self._acknowledged = run.fleet.acknowledged
        self._cpu_s = usage_of(psutil.Process()).cpu_s
        self.begun = time.monotonic()

    async def phase(self) -> Phase:
        """What happened since; the tally goes on with a fresh one."""
        run = self._run
        await run.watch.look()
        seconds, used = time.monotonic() - self.begun, usage_of(psutil.Process())
        tally, run.fleet.tally = run.fleet.tally, Tally()
        return Phase(
            seconds=seconds,
            frames=run.fleet.acknowledged - self._acknowledged,
            tally=tally,
            samples=tuple(run.watch.samples),
            simulator=Usage(used.cpu_s - self._cpu_s, used.rss_bytes, used.threads),
            late_s=run.fleet.late_s,
        )


async def steady(run: Run, rate: float, seconds: float) -> None:
    """Ship at a rate; the figures, the limits, what it took on disk."""
    before = run.collector.sizes()
    print(f"steady, {rate:,.0f} frames/s", flush=True)
    phase = await _shipped(run, rate, seconds)
    acknowledged_s, folded_s = await run.fleet.settled(), await run.watch.caught_up()
    print("\n".join([*phase_lines(phase), verdict_line(phase)]))
    print(
        f"  after the last was sealed all were acknowledged in {acknowledged_s:.1f} s, all folded {folded_s:.1f} s later"
    )
    print("\n".join(disk_lines(before, run.collector.sizes(), phase.frames)), flush=True)


async def herd(run: Run, rate: float, _: float) -> None:
    """Everybody ships, the collector is killed, everybody goes on sealing, it is there again and all come at once."""
    fleet = run.fleet
    with _sealing(fleet, rate):
        await _passed(fleet, WARM_S)
        run.collector.stop(signal.SIGKILL)
        await _passed(fleet, OUTAGE_S)
        waiting = fleet.sealed - fleet.acknowledged
        watch = Stopwatch(run)
        started_s = await asyncio.to_thread(run.collector.start)
        print(
            f"herd: killed; after {OUTAGE_S:.0f} s {waiting:,} frames of {len(fleet.agents)} agents wait; started in {started_s:.1f} s",
            flush=True,
        )
        while not all(one.is_connected for one in fleet.agents) or fleet.sealed - fleet.acknowledged > rate:
            await _passed(fleet, 0.1)
        phase = await watch.phase()
    await fleet.settled()
    print("\n".join(phase_lines(phase)))
    print(
        f"  {phase.seconds - started_s:.1f} s after that all were back and no more waited than in a second's flow; "
        f"all folded {await run.watch.caught_up():.1f} s later",
        flush=True,
    )


async def search(run: Run, rate: float, _: float) -> None:
    """Raise the rate until acknowledgements or the fold do not keep up; the highest that held."""
    best, holds = 0.0, True
    while holds:
        phase = await _shipped(run, rate, STEP_S)
        arrived, folded = (phase.grown(name) for name in ("taken_in", "folded"))
        lag = max(phase.lags)
        holds = phase.ack_p99_s <= ACK_LIMIT_S and lag <= LAG_LIMIT_S and folded >= BEHIND * arrived
        print(
            f"search, {rate:7,.0f} frames/s: {'held' if holds else 'DID NOT HOLD'}: {phase.frames / phase.seconds:,.0f} acknowledged/s, "
            f"{folded / phase.seconds:,.0f} folded/s, ack p99 {phase.ack_p99_s * 1e3:,.0f} ms, fold lag {lag:.1f} s, "
            f"collector {phase.grown('cpu_s') / phase.seconds:.2f} cores, simulator {phase.simulator.cpu_s / phase.seconds:.2f}",
            flush=True,
        )
        best, rate = (rate, rate * STEP) if holds else (best, rate)
        await run.fleet.settled()
        await run.watch.caught_up()
    print(f"  highest sustained: {best:,.0f} frames/s")


async def is_all_there(run: Run) -> bool:
    """Compare what was sealed with what the API says is stored: rows of one column, deployment by deployment."""
    await run.fleet.settled()
    await run.watch.caught_up()
    gate = asyncio.Semaphore(ASKED_AT_ONCE)

    async def stored(deployment: str) -> int:
        async with gate:
            return int((await run.watch.json(f"/deployments/{deployment}/profiles?column=feature_000"))["n"])

    begun = [agent for agent in run.fleet.agents if agent.minutes]
    found = await asyncio.gather(*(stored(agent.deployment) for agent in begun))
    wrong = [
        (agent.deployment, agent.minutes * ROWS, n)
        for agent, n in zip(begun, found, strict=True)
        if n != agent.minutes * ROWS
    ]
    sealed = sum(agent.minutes for agent in begun)
    rows = sealed * ROWS
    print(
        f"{'LOST OR DOUBLED' if wrong else 'no loss'}: {sealed:,} frames of profiles sealed, {rows:,} rows expected, "
        f"{sum(found):,} stored; {len(begun) - len(wrong)} of {len(begun)} deployments agree {wrong[:3] or ''}"
    )
    return not wrong


async def _shipped(run: Run, rate: float, seconds: float) -> Phase:
    watch = Stopwatch(run)
    await run.watch.look()
    with _sealing(run.fleet, rate):
        await _passed(run.fleet, seconds)
        return await watch.phase()


@contextmanager
def _sealing(fleet: Fleet, rate: float) -> Iterator[None]:
    fleet.rate = rate
    try:
        yield
    finally:
        fleet.rate = 0.0


async def _passed(fleet: Fleet, seconds: float) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        fleet.check()
        await asyncio.sleep(min(0.2, seconds))
