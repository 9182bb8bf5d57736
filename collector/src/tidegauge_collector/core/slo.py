"""Service-level objectives: how fast the error budget burns, over a long window and a short one that says it still does.

The factors and windows are those of the Site Reliability Workbook (2018), chapter 5: 2 % of a month's budget in an hour, 5 % in six
hours, 10 % in three days.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tidegauge_collector.core.judging import Judgement, Observation, SeriesKey
from tidegauge_collector.core.limits import binomial_p
from tidegauge_collector.core.monitors import DAY_S, HOUR_S, Monitor, Verdict

SECOND_US = 1_000_000


@dataclass(frozen=True, slots=True)
class Burn:
    """A rule: the budget burns `factor` times as fast as it may over the long window and over the short one."""

    factor: float
    long_s: int
    short_s: int
    verdict: Verdict


BURNS = (
    Burn(14.4, HOUR_S, 5 * 60, Verdict.FAILING),
    Burn(6.0, 6 * HOUR_S, 30 * 60, Verdict.FAILING),
    Burn(1.0, 3 * DAY_S, 6 * HOUR_S, Verdict.WARNING),
)


@dataclass(frozen=True, slots=True)
class Tally:
    """Requests (or minutes) of a window that count, and how many of them were bad."""

    bad: int
    total: int


def reached(tally: Tally) -> float | None:
    """The share that was good; None of nothing."""
    return (tally.total - tally.bad) / tally.total if tally.total else None


def spans_s(monitor: Monitor) -> tuple[int, ...]:
    """The lengths of the windows that judging needs, the objective's own the longest."""
    found = {span for burn in BURNS for span in (burn.long_s, burn.short_s)} | {monitor.objective_window_s}
    return tuple(sorted(found))


def burn_rate(tally: Tally, objective: float) -> float | None:
    """Share of bad requests / share that may be bad: 1 uses the budget up exactly; None without requests.

    >>> round(burn_rate(Tally(bad=2, total=1_000), 0.999), 9)
    2.0
    """
    return tally.bad / tally.total / (1 - objective) if tally.total else None


def budget_left(tally: Tally, objective: float) -> float | None:
    """The share of the error budget that is left: 1 untouched, 0 used up, negative overdrawn; None without requests."""
    burnt = burn_rate(tally, objective)
    return None if burnt is None else 1 - burnt


def judge_burn(monitor: Monitor, end_us: int, tallies: Mapping[int, Tally]) -> Judgement:
    """By the tallies of `spans_s`, all of which end at `end_us`; the value is the share of the budget that is left.

    A rule counts where the long window has `min_rows` requests and chance alone does not explain its errors.
    """
    rates = {span: burn_rate(tally, monitor.objective) for span, tally in tallies.items()}
    over = tallies[monitor.objective_window_s]
    left = budget_left(over, monitor.objective)
    verdict, reason, p_value = _verdict(monitor, tallies)
    observation = Observation(
        series=SeriesKey(metric=f"budget_left_{monitor.metric}", column="", segment="", version=""),
        window_start_us=end_us - monitor.objective_window_s * SECOND_US,
        window_end_us=end_us,
        value=left,
        reason=None if left is not None else "no_rows",
        n=over.total,
    )
    grounds: dict[str, Any] = {
        "objective": monitor.objective,
        "budget_left": left,
        "burn_rates": {_length(span): rate for span, rate in rates.items()},
    }
    return Judgement(
        observation=observation, verdict=verdict, reason=reason, p_value=p_value, adjusted_p=p_value, grounds=grounds
    )


def _verdict(monitor: Monitor, tallies: Mapping[int, Tally]) -> tuple[Verdict, str | None, float | None]:
    if all(tallies[burn.long_s].total < monitor.min_rows for burn in BURNS):
        return Verdict.NOT_ENOUGH_DATA, "too_few_rows" if any(t.total for t in tallies.values()) else "no_rows", None
    said: tuple[Verdict, str | None, float | None] = (Verdict.OK, None, None)
    for burn in BURNS:
        if not _burns(monitor, burn, tallies):
            continue
        p_value = _chance(monitor, burn, tallies[burn.long_s])
        if monitor.significance is None or p_value < monitor.significance:
            return burn.verdict, None, p_value
        said = (Verdict.OK, "within_chance", p_value)
    return said


def _burns(monitor: Monitor, burn: Burn, tallies: Mapping[int, Tally]) -> bool:
    long, short = tallies[burn.long_s], tallies[burn.short_s]
    rates = burn_rate(long, monitor.objective), burn_rate(short, monitor.objective)
    return long.total >= monitor.min_rows and all(rate is not None and rate > burn.factor for rate in rates)


def _chance(monitor: Monitor, burn: Burn, long: Tally) -> float:
    return binomial_p(long.bad, long.total, (None, min(1.0, burn.factor * (1 - monitor.objective))))


def _length(seconds: int) -> str:
    """A window's length as people write it."""
    for unit, size in (("d", DAY_S), ("h", HOUR_S), ("min", 60)):
        if seconds % size == 0:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"
