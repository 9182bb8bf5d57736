"""The health of a deployment, block by block, from the newest verdicts of its monitors, with the rule and the members that made it so.

A composite monitor that names a block makes that block's rule. Else, where many columns are watched (drift, quality, fairness), one minor
column alone does not fail a block: it takes two, or an important one, or the prediction. Other blocks are as their worst member.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from tidegauge_collector.core.blocks import BLOCKS, block_of
from tidegauge_collector.core.monitors import Block, Monitor, Verdict

BY_COLUMN: tuple[Block, ...] = ("drift", "quality", "fairness")
IMPORTANT = 0.1  # share of importance
RECENT_STEPS = 2
SECOND_US = 1_000_000
RULES = {
    "worst": "as the worst of its members",
    "columns": "failing when two columns fail, or the prediction or an important column (share of importance 0.1 or more); "
    "warning when any is bad",
    "composite": "as its composite monitors say",
}

_RANK = {Verdict.OK: 0, Verdict.WARNING: 1, Verdict.FAILING: 2}


@dataclass(frozen=True, slots=True)
class Said:
    """The newest deciding verdict of one series of one monitor."""

    monitor: str
    metric: str
    column: str
    segment: str
    version: str
    verdict: Verdict
    window_end_us: int


@dataclass(frozen=True, slots=True)
class BlockHealth:
    """A block: ok, warning, failing; not_enough_data where its monitors have not said anything, not_applicable where it has none.

    `rule`: a key of RULES; `because`: the members whose verdicts are bad, the worst first.
    """

    block: Block
    state: Verdict
    rule: str
    because: tuple[Said, ...] = ()


def assess(
    monitors: Sequence[Monitor],
    said: Iterable[Said],
    *,
    importance: Mapping[str, float] | None = None,
) -> list[BlockHealth]:
    """Every block, in the order of `BLOCKS`."""
    by_id = {one.id: one for one in monitors}
    belongs = {one.id: block_of(stated=one.block, kind=one.kind, metric=one.metric) for one in monitors}
    recent = _recent([one for one in said if one.monitor in by_id and one.verdict in _RANK], by_id)
    found = []
    for block in BLOCKS:
        members = [one for one in monitors if belongs[one.id] == block]
        composites = {one.id for one in members if one.kind == "composite" and one.block}
        heard = [one for one in recent if belongs[one.monitor] == block]
        if composites:
            heard = [one for one in heard if one.monitor in composites]
            found.append(_worst(block, members, heard, "composite"))
        elif block in BY_COLUMN:
            found.append(_by_column(block, members, heard, importance or {}))
        else:
            found.append(_worst(block, members, heard, "worst"))
    return found


def overall(health: Iterable[BlockHealth]) -> Verdict:
    """The worst block that has a state; not_enough_data where none has."""
    states = [one.state for one in health if one.state in _RANK]
    return max(states, key=_RANK.__getitem__, default=Verdict.NOT_ENOUGH_DATA)


def _recent(said: Sequence[Said], by_id: Mapping[str, Monitor]) -> list[Said]:
    """What is within two steps of its monitor's newest window: columns and versions that are gone say nothing any more."""
    newest: dict[str, int] = {}
    for one in said:
        newest[one.monitor] = max(one.window_end_us, newest.get(one.monitor, one.window_end_us))
    return [
        one
        for one in said
        if by_id[one.monitor].is_by_clock
        or newest[one.monitor] - one.window_end_us < RECENT_STEPS * by_id[one.monitor].every_s * SECOND_US
    ]


def _worst(block: Block, members: Sequence[Monitor], heard: Sequence[Said], rule: str) -> BlockHealth:
    if not heard:
        return BlockHealth(block, _unheard(members), rule)
    return BlockHealth(block, max((one.verdict for one in heard), key=_RANK.__getitem__), rule, _bad(heard))


def _by_column(
    block: Block, members: Sequence[Monitor], heard: Sequence[Said], importance: Mapping[str, float]
) -> BlockHealth:
    if not heard:
        return BlockHealth(block, _unheard(members), "columns")
    failing = {one.column for one in heard if one.verdict is Verdict.FAILING}
    weighty = [
        one for one in failing if one == "" or one.startswith("_prediction") or importance.get(one, 0) >= IMPORTANT
    ]
    bad = _bad(heard)
    watched = {one.column for one in heard}
    if weighty or len(failing) >= min(2, len(watched)) > 0:
        return BlockHealth(block, Verdict.FAILING, "columns", bad)
    return BlockHealth(block, Verdict.WARNING if bad else Verdict.OK, "columns", bad)


def _bad(heard: Iterable[Said]) -> tuple[Said, ...]:
    bad = [one for one in heard if one.verdict is not Verdict.OK]
    return tuple(sorted(bad, key=lambda one: (-_RANK[one.verdict], one.monitor, one.column, one.segment, one.version)))


def _unheard(members: Sequence[Monitor]) -> Verdict:
    return Verdict.NOT_ENOUGH_DATA if members else Verdict.NOT_APPLICABLE
