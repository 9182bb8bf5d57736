"""Whether a deployment has gone quiet: no predictions, no labels, or agents that are not heard of. Judged by the clock."""

from collections.abc import Sequence

from tidegauge_collector.core.judging import Judgement, Observation, SeriesKey
from tidegauge_collector.core.monitors import Monitor, Verdict

WEEKS = 4
SECOND_US = 1_000_000
WEEK_US = 7 * 24 * 3600 * SECOND_US


def silence_key(monitor: Monitor) -> SeriesKey:
    """The series of a monitor of silence: the deployment as a whole."""
    return SeriesKey(metric=f"silent_{monitor.metric}", column="", segment="", version="")


def judge_silence(monitor: Monitor, *, now_us: int, last_us: int | None, usual: bool | None = None) -> Judgement:
    """By when something came last (None: never, which is no silence); `usual`: whether something came at these hours of most earlier
    weeks, None where there is no earlier week to tell. The value is in seconds."""
    if last_us is None:
        return _judgement(monitor, now_us, None, (Verdict.NOT_APPLICABLE, "never_seen"))
    silent_s = max(0.0, (now_us - last_us) / SECOND_US)
    if silent_s < monitor.silent_for_s:
        return _judgement(monitor, now_us, silent_s, (Verdict.OK, None))
    if monitor.usual_week and monitor.metric == "predictions" and not usual:
        said = (Verdict.OK, "unusual_hours") if usual is False else (Verdict.NOT_ENOUGH_DATA, "no_earlier_week")
        return _judgement(monitor, now_us, silent_s, said)
    return _judgement(monitor, now_us, silent_s, (Verdict(monitor.severity), None))


def judge_agents(monitor: Monitor, *, now_us: int, silent: Sequence[str], known: int) -> Judgement:
    """By the agents that are not heard of, of those known; the value is how many."""
    if not known:
        return _judgement(monitor, now_us, None, (Verdict.NOT_APPLICABLE, "never_seen"))
    said = (Verdict(monitor.severity) if silent else Verdict.OK, None)
    return _judgement(monitor, now_us, float(len(silent)), said, {"agents": list(silent)} if silent else {})


def is_usual(had_traffic: Sequence[bool]) -> bool | None:
    """Whether something came at these hours in most of the earlier weeks that are known; None where none is."""
    return sum(had_traffic) * 2 > len(had_traffic) if had_traffic else None


def _judgement(
    monitor: Monitor,
    now_us: int,
    value: float | None,
    said: tuple[Verdict, str | None],
    grounds: dict[str, object] | None = None,
) -> Judgement:
    verdict, reason = said
    observation = Observation(
        series=silence_key(monitor),
        window_start_us=now_us - monitor.silent_for_s * SECOND_US,
        window_end_us=now_us,
        value=value,
        reason=reason if value is None else None,
        n=0,
    )
    return Judgement(observation=observation, verdict=verdict, reason=reason, grounds=grounds or {})
