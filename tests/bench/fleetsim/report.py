"""What a run of the fleet showed, as lines of text."""

import gzip
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from fleetsim.agents import Tally
from fleetsim.collector import Usage
from fleetsim.watching import Sample, fold_lags

MIB = 1024 * 1024
ACK_LIMIT_S = 0.25
LAG_LIMIT_S = 60.0


@dataclass(frozen=True, slots=True)
class Phase:
    """A stretch of a run: `samples` of the collector, what the simulator used, how late its own clock was at worst."""

    seconds: float
    frames: int
    tally: Tally
    samples: Sequence[Sample]
    simulator: Usage
    late_s: float

    @property
    def lags(self) -> list[float]:
        """The fold's lag, look by look."""
        return fold_lags(self.samples)

    @property
    def ack_p99_s(self) -> float:
        """From call to acknowledgement."""
        return quantile(self.tally.ack_s, 0.99)

    def grown(self, name: str) -> float:
        """By how much a figure of the collector's went up."""
        return float(getattr(self.samples[-1], name) - getattr(self.samples[0], name))


def quantile(values: Sequence[float], q: float) -> float:
    """A quantile, NaN of nothing."""
    return float(np.quantile(values, q)) if len(values) else float("nan")


def phase_lines(phase: Phase) -> Iterator[str]:
    """Throughput, latency, lag, bytes, cost."""
    tally, lags = phase.tally, phase.lags
    first, last = phase.samples[0], phase.samples[-1]
    folded = (last.folded - first.folded) / (last.at - first.at)
    yield (
        f"  acknowledged        {phase.frames / phase.seconds:10,.0f} frames/s   {phase.frames:,} frames "
        f"in {tally.calls:,} calls, {phase.seconds:.0f} s"
    )
    yield f"  folded meanwhile    {folded:10,.0f} frames/s"
    for name, values in (("call to ack", tally.ack_s), ("sealed to ack", tally.sealed_to_ack_s)):
        p50, p99, most = (quantile(values, q) * 1e3 for q in (0.5, 0.99, 1.0))
        yield f"  {name:<17} p50 {p50:8,.1f} ms   p99 {p99:,.1f} ms   longest {most:,.0f} ms"
    yield f"  fold lag, longest   {max(lags):10,.1f} s          {' '.join(f'{lag:.0f}' for lag in thinned(lags))}  (over time)"
    yield from _wire_lines(phase)
    cpu = (last.cpu_s - first.cpu_s) / (last.at - first.at)
    peak = max(one.rss_bytes for one in phase.samples)
    yield f"  collector           {cpu:10.2f} cores      {peak / MIB:,.0f} MiB at most, {first.rss_bytes / MIB:,.0f} at the beginning"
    yield (
        f"  simulator           {phase.simulator.cpu_s / phase.seconds:10.2f} cores      {phase.simulator.rss_bytes / MIB:,.0f} MiB, "
        f"{phase.simulator.threads} threads, late by {phase.late_s * 1e3:.0f} ms at most"
    )
    for what, n in phase.tally.refusals.most_common(5):
        yield f"  not acknowledged    {n:10,} x {what}"


def _wire_lines(phase: Phase) -> Iterator[str]:
    sample, sent = phase.tally.sample, phase.tally.payload_bytes
    if sample:
        share = len(gzip.compress(sample, 6)) / len(sample)
        yield (
            f"  on the wire         {sent / phase.seconds / MIB:10.2f} MiB/s      {sent / max(1, phase.frames):,.0f} bytes a frame "
            f"as sent (not compressed); gzip would make {share * 100:.0f} % of it"
        )


def disk_lines(before: Mapping[str, int], after: Mapping[str, int], frames: int) -> Iterator[str]:
    """Growth on disk by part."""
    for name in sorted(after):
        grown = after[name] - before.get(name, 0)
        if grown > MIB:
            yield f"  on disk, {name:<20} {after[name] / MIB:8,.0f} MiB, {grown / max(1, frames):8,.0f} bytes a frame of this run"


def verdict_line(phase: Phase) -> str:
    """Whether the limits hold."""
    worst = max(phase.lags)
    holds = phase.ack_p99_s <= ACK_LIMIT_S and worst <= LAG_LIMIT_S
    return (
        f"  {'holds' if holds else 'DOES NOT HOLD'}: ack p99 {phase.ack_p99_s * 1e3:,.0f} ms (at most {ACK_LIMIT_S * 1e3:.0f}), "
        f"fold lag {worst:,.1f} s (at most {LAG_LIMIT_S:.0f})"
    )


def thinned(values: Sequence[float], most: int = 12) -> Sequence[float]:
    """About `most` of the values, evenly, the last with them."""
    step = max(1, len(values) // most)
    return [*values[::step], values[-1]]
