"""How deployments stand: the state of each block of health now and on each of the last seven days; for many at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tidegauge_collector.control import ControlStore
from tidegauge_collector.control.verdicts import Verdicts
from tidegauge_collector.core.blocks import block_of
from tidegauge_collector.core.health import assess
from tidegauge_collector.core.monitors import Verdict
from tidegauge_collector.measuring.baselines import Baselines
from tidegauge_collector.telemetry.store import TelemetryStore
from tidegauge_collector.telemetry.trends import DAYS, VERDICTS, daily_verdicts


@dataclass(frozen=True, slots=True)
class Standing:
    """Of one deployment. `blocks`: block -> state; `week`: block -> its worst verdict of each day, the newest last. Of service-level
    objectives: how many were judged, and of how many the budget does not burn too fast.
    """

    is_judged: bool = False
    blocks: Mapping[str, str] = field(default_factory=dict)
    week: Mapping[str, Sequence[str | None]] = field(default_factory=dict)
    objectives_met: int = 0
    objectives_judged: int = 0


def standing_of(control: ControlStore, telemetry: TelemetryStore, baselines: Baselines, name: str) -> Standing:
    """Of one deployment; of one that does not exist, nothing."""
    return standings_of(control, telemetry, baselines, [name]).get(name, Standing())


def standings_of(
    control: ControlStore, telemetry: TelemetryStore, baselines: Baselines, names: Sequence[str]
) -> dict[str, Standing]:
    """Of those of the deployments that exist."""
    found = control.verdicts(names)
    days = daily_verdicts(telemetry, _ends(found))
    return {name: _standing(baselines, name, one, days.get(name, {})) for name, one in found.items()}


def _ends(found: Mapping[str, Verdicts]) -> dict[tuple[str, str], int]:
    """The end of the newest window of each deployment and monitor."""
    ends: dict[tuple[str, str], int] = {}
    for name, one in found.items():
        for said in one.said:
            key = (name, said.monitor)
            ends[key] = max(ends.get(key, said.window_end_us), said.window_end_us)
    return ends


def _standing(baselines: Baselines, name: str, found: Verdicts, days: Mapping[str, Sequence[str | None]]) -> Standing:
    burning = {one.id for one in found.monitors if one.kind == "burn_rate"}
    judged = [one for one in found.said if one.monitor in burning and one.verdict in _DECIDED]
    return Standing(
        is_judged=bool(found.said),
        blocks={
            one.block: one.state.value
            for one in assess(found.monitors, found.said, importance=_importance(baselines, name, found))
        },
        week=_by_block(found, days),
        objectives_met=sum(one.verdict is Verdict.OK for one in judged),
        objectives_judged=len(judged),
    )


def _importance(baselines: Baselines, name: str, found: Verdicts) -> Mapping[str, float]:
    """Asked for only where something fails."""
    failing = sorted({one.version for one in found.said if one.verdict == "failing" and one.column})
    active = baselines.active(name, failing[-1]) if failing else None
    return active.baseline.importance if active is not None else {}


def _by_block(found: Verdicts, days: Mapping[str, Sequence[str | None]]) -> dict[str, list[str | None]]:
    blocks: dict[str, list[str | None]] = {}
    for monitor in found.monitors:
        if monitor.id in days:
            block = block_of(stated=monitor.block, kind=monitor.kind, metric=monitor.metric)
            known = blocks.get(block, [None] * DAYS)
            blocks[block] = [max(pair, key=VERDICTS.index) for pair in zip(known, days[monitor.id], strict=True)]
    return blocks


_DECIDED = (Verdict.OK, Verdict.WARNING, Verdict.FAILING)
