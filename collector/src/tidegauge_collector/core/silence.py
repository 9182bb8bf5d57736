"""Whether a deployment has gone quiet: no predictions, no labels, or agents that are not heard of. Judged by the clock."""

from collections.abc import Sequence

from tidegauge_collector.core.judging import Judgement, Observation, SeriesKey
from tidegauge_collector.core.monitors import Monitor, Verdict

WEEKS = 4
USUAL_PREDICTIONS = 10  # on average: of 10 expected, none comes by chance once in 20,000 times
NAMED = 20  # agents in the grounds
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
    """By the agents that are not heard of, of those known and not ended; the value is how many. Bad from `at_least` on; 0: all."""
    if not known:
        return _judgement(monitor, now_us, None, (Verdict.NOT_APPLICABLE, "never_seen"))
    is_bad = len(silent) >= (monitor.at_least or known)
    said = (Verdict(monitor.severity) if is_bad else Verdict.OK, None)
    return _judgement(monitor, now_us, float(len(silent)), said, {"agents": list(silent)[:NAMED]} if silent else {})


def is_usual(earlier: Sequence[int]) -> bool | None:
    """From the predictions at these hours of the earlier weeks that are known: whether some came in each of them, and enough that none
    is no chance; None where no week is known.

    >>> is_usual([40, 31]), is_usual([40, 0]), is_usual([3, 2]), is_usual([])
    (True, False, False, None)
    """
    if not earlier:
        return None
    return min(earlier) > 0 and sum(earlier) >= USUAL_PREDICTIONS * len(earlier)


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
