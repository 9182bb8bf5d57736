"""Composite monitors of a deployment: what their members have said, read back in order, and judged at each instant."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from tidegauge.core.windows import SECOND_US, Window
from tidegauge_collector.core.composites import DECIDING, RECENT_STEPS, Voice, in_order, judge_composite, members_of
from tidegauge_collector.core.judging import Judgement
from tidegauge_collector.core.monitors import Monitor, Verdict
from tidegauge_collector.telemetry.judged import judged_until
from tidegauge_collector.telemetry.judgements import newest_judgements
from tidegauge_collector.telemetry.store import TelemetryStore


def composed(
    store: TelemetryStore, deployment: str, monitors: Sequence[Monitor], version: str, *, not_before_us: int
) -> Iterator[tuple[Monitor, list[Judgement]]]:
    """Each composite, behind those that it counts, with what it says of a version since it was judged last. What is yielded must be
    stored before the next is taken: it may count it."""
    for monitor in in_order(monitors):
        members = {one.id: one for one in members_of(monitor, monitors)}
        until = judged_until(store, deployment, monitor=monitor.id, version=version) or 0
        after_us = max(until, not_before_us)
        voices = _voices(store, deployment, members.values(), version, after_us)
        judged = judge_composite(monitor, members, voices, after_us=after_us, version=version)
        if judged:
            yield monitor, judged


def _voices(
    store: TelemetryStore, deployment: str, members: Iterable[Monitor], version: str, after_us: int
) -> list[Voice]:
    said: list[Voice] = []
    for member in members:
        lag_us = member.lag_s * SECOND_US
        since_us = after_us - lag_us - RECENT_STEPS * member.every_s * SECOND_US
        window = Window(since_us, (1 << 62))
        said += [
            Voice(member.id, one.column, one.segment, one.window_end_us + lag_us, Verdict(one.verdict))
            for one in newest_judgements(store, deployment, window=window, monitor=member.id)
            if one.version in (version, "") and one.verdict in DECIDING
        ]
    return sorted(said, key=lambda voice: voice.instant_us)
