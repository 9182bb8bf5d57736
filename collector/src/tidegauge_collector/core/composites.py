"""Monitors over the verdicts of other monitors: bad when at least k members are, by the newest windows at each instant.

A member is a series (a column, say) of a monitor that a pattern names. It counts with the verdict of its newest window as long as that
is recent: within two steps of its monitor's newest. Undecided verdicts are no verdicts.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from tidegauge_collector.core.judging import Judgement, Observation, SeriesKey
from tidegauge_collector.core.monitors import Monitor, Verdict

SECOND_US = 1_000_000
RECENT_STEPS = 2
DECIDING = (Verdict.OK, Verdict.WARNING, Verdict.FAILING)
NAMED = 20  # members in the grounds


@dataclass(frozen=True, slots=True)
class Voice:
    """A deciding verdict of a monitor's series at an instant: window end and lag."""

    monitor: str
    column: str
    segment: str
    instant_us: int
    verdict: Verdict


def members_of(monitor: Monitor, others: Iterable[Monitor]) -> list[Monitor]:
    """The monitors that a composite counts; never itself."""
    return [
        one
        for one in others
        if one.id != monitor.id and any(fnmatchcase(one.id, pattern) for pattern in monitor.members)
    ]


def in_order(monitors: Sequence[Monitor]) -> list[Monitor]:
    """The composites, each behind those that it counts; those that count each other are left out: `problems` names them."""
    waiting = [one for one in monitors if one.kind == "composite"]
    found: list[Monitor] = []
    while True:
        names = {one.id for one in waiting}
        ready = [one for one in waiting if not any(other.id in names for other in members_of(one, monitors))]
        if not ready:
            return found
        found += ready
        waiting = [one for one in waiting if one not in ready]


def problems(monitors: Sequence[Monitor]) -> list[str]:
    """Composites that nothing can be said of: whose patterns name nobody, or that count themselves by way of others."""
    composites = [one for one in monitors if one.kind == "composite"]
    found = [
        f"monitor {one.id!r}: members {', '.join(one.members)} name no monitor of these: {', '.join(m.id for m in monitors)}"
        for one in composites
        if not members_of(one, monitors)
    ]
    ordered = {one.id for one in in_order(monitors)}
    circle = [one.id for one in composites if one.id not in ordered]
    if circle:
        found.append(
            f"monitors {', '.join(circle)} count each other in a circle: take one out of the members of another"
        )
    return found


def judge_composite(
    monitor: Monitor, members: Mapping[str, Monitor], voices: Sequence[Voice], *, after_us: int, version: str
) -> list[Judgement]:
    """A verdict at every instant after `after_us` at which a member spoke; `voices` in order of their instants, earlier ones too."""
    newest: dict[tuple[str, str, str], Voice] = {}
    judged = []
    heard = [one for one in voices if one.monitor in members and (not one.column or _counts(monitor, one.column))]
    for place, voice in enumerate(heard):
        newest[voice.monitor, voice.column, voice.segment] = voice
        is_last = place + 1 == len(heard) or heard[place + 1].instant_us > voice.instant_us
        if is_last and voice.instant_us > after_us:
            judged.append(_judgement(monitor, _recent(newest.values(), members), voice.instant_us, version))
    return judged


def _counts(monitor: Monitor, column: str) -> bool:
    patterns = [part.strip() for part in monitor.member_columns.split(",")]
    return any(fnmatchcase(column, pattern) for pattern in patterns)


def _recent(voices: Iterable[Voice], members: Mapping[str, Monitor]) -> list[Voice]:
    said = list(voices)
    newest: dict[str, int] = {}
    for one in said:
        newest[one.monitor] = max(one.instant_us, newest.get(one.monitor, one.instant_us))
    return [
        one
        for one in said
        if newest[one.monitor] - one.instant_us < RECENT_STEPS * members[one.monitor].every_s * SECOND_US
    ]


def _judgement(monitor: Monitor, voices: Sequence[Voice], at_us: int, version: str) -> Judgement:
    failing = [one for one in voices if one.verdict is Verdict.FAILING]
    bad = [one for one in voices if one.verdict is not Verdict.OK]
    least = monitor.at_least or len(voices)
    verdict = Verdict.FAILING if len(failing) >= least else Verdict.WARNING if len(bad) >= least else Verdict.OK
    observation = Observation(
        series=SeriesKey(metric="bad_members", column="", segment="", version=version),
        window_start_us=at_us - monitor.window_s * SECOND_US,
        window_end_us=at_us,
        value=float(len(failing) if verdict is Verdict.FAILING else len(bad)),
        reason=None,
        n=len(voices),
    )
    named = [f"{one.monitor}/{one.column}" if one.column else one.monitor for one in bad]
    return Judgement(
        observation=observation, verdict=verdict, grounds={"members": sorted(named)[:NAMED], "least": least}
    )
