"""Composite monitors of a deployment: what their members have said, read back in order, and judged at each instant."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from tidegauge.core.windows import SECOND_US, Window
from tidegauge_collector.core.composites import DECIDING, RECENT_STEPS, Voice, in_order, judge_composite, members_of
from tidegauge_collector.core.judging import Judgement
from tidegauge_collector.core.monitors import Monitor, Verdict
from tidegauge_collector.telemetry.judged import judged_until, next_judged
from tidegauge_collector.telemetry.judgements import newest_judgements
from tidegauge_collector.telemetry.store import TelemetryStore

STEPS_AT_ONCE = 64
"""Steps of the quickest member whose verdicts are read at once: of years that were judged before there was a composite, too."""


def composed(
    store: TelemetryStore, deployment: str, monitors: Sequence[Monitor], version: str, *, not_before_us: int
) -> Iterator[tuple[Monitor, list[Judgement]]]:
    """Each composite, behind those that it counts, with what it says of a version since it was judged last, piece by piece. What is
    yielded must be stored before the next is taken: it may count it."""
    for monitor in in_order(monitors):
        members = {one.id: one for one in members_of(monitor, monitors)}
        until = judged_until(store, deployment, monitor=monitor.id, version=version) or 0
        from_us = max(until, not_before_us)
        for after_us, voices in _pieces(store, deployment, members.values(), version, from_us):
            judged = judge_composite(monitor, members, voices, after_us=after_us, version=version)
            if judged:
                yield monitor, judged


def _pieces(
    store: TelemetryStore, deployment: str, members: Collection[Monitor], version: str, after_us: int
) -> Iterator[tuple[int, list[Voice]]]:
    """What members said after an instant, in pieces, in order. Before the voices of each stand those that hold until then: of the
    members' last steps, and later the newest of each series."""
    if not members:
        return
    lags_us = {one.id: one.lag_s * SECOND_US for one in members}
    width_us = STEPS_AT_ONCE * min(one.every_s for one in members) * SECOND_US
    said = [
        voice
        for one in members
        for voice in _voices(
            store, deployment, one, version, Window(after_us - RECENT_STEPS * one.every_s * SECOND_US, after_us)
        )
    ]
    while (first_us := next_judged(store, deployment, lags_us, after_us)) is not None:
        piece = Window(after_us, first_us + width_us)
        said += [voice for one in members for voice in _voices(store, deployment, one, version, piece)]
        said.sort(key=lambda voice: voice.instant_us)
        yield after_us, said
        said = list({(voice.monitor, voice.column, voice.segment): voice for voice in said}.values())
        after_us = piece.end_us


def _voices(store: TelemetryStore, deployment: str, member: Monitor, version: str, instants: Window) -> Iterator[Voice]:
    """What a member said at instants in (start, end]."""
    lag_us = member.lag_s * SECOND_US
    window = Window(instants.start_us - lag_us, instants.end_us - lag_us)
    for one in newest_judgements(store, deployment, window=window, monitor=member.id):
        if one.version in (version, "") and one.verdict in DECIDING:
            yield Voice(member.id, one.column, one.segment, one.window_end_us + lag_us, Verdict(one.verdict))
