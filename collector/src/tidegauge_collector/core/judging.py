"""From observations to verdicts: one monitor's limits, row minimum and significance over a family of series.

Everything stays in arrays with an entry for each observation until a judgement is asked for by its place.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from tidegauge_collector.core.drift import benjamini_hochberg
from tidegauge_collector.core.limits import NO_SIDES, binomial_ps, nearest, normal_p, pair_of, relative_error
from tidegauge_collector.core.monitors import Limit, Monitor, Severity, Verdict
from tidegauge_collector.core.observations import (
    NO_EVENTS,
    Flags,
    Floats,
    Objects,
    Observation,
    Observations,
    SeriesKey,
    floats,
    number,
    objects,
    observations,
)

__all__ = ["Judgement", "Judgements", "Observation", "SeriesKey", "judge", "judge_all", "judgements"]

# Why a value can be undefined, sorted by what follows from it; any other reason is an error to look into.
NOT_ENOUGH_REASONS = frozenset(
    {
        "no_rows",
        "no_moments",
        "too_few_rows",
        "too_few_bins",
        "too_few_windows",
        "one_class",
        "no_positive",
        "no_predicted_positive",
        "constant_actual",
    }
)
NOT_APPLICABLE_REASONS = frozenset({"no_baseline", "not_applicable", "out_of_domain", "auc_available", "too_old"})

VERDICTS = tuple(Verdict)
CODES: Mapping[Verdict, int] = {one: code for code, one in enumerate(VERDICTS)}
OK, WARNING, FAILING = (CODES[one] for one in (Verdict.OK, Verdict.WARNING, Verdict.FAILING))
NO_VERDICT = -1

Codes = npt.NDArray[np.int8]


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """A verdict with its grounds: the reason wherever it is not plain from the value, the p where one was used, learned limits.

    `while_firing`: what the verdict counts as for an alert that fires, where that differs (`recover_margin`).
    """

    observation: Observation
    verdict: Verdict
    reason: str | None = None
    p_value: float | None = None
    adjusted_p: float | None = None
    while_firing: Verdict | None = None
    grounds: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgements:
    """m judgements as arrays [m]: verdicts by their CODES (NO_VERDICT in `while_firing`), nan is no p, None no reason."""

    seen: Observations
    verdict: Codes
    reason: Objects
    p_value: Floats
    adjusted_p: Floats
    while_firing: Codes
    grounds: Objects

    def __len__(self) -> int:
        return len(self.verdict)

    @property
    def is_deciding(self) -> Flags:
        """Which say something of their series' health: ok, warning, failing."""
        found: Flags = self.verdict <= FAILING
        return found

    def __getitem__(self, i: int) -> Judgement:
        while_firing = self.while_firing[i]
        return Judgement(
            observation=self.seen[i],
            verdict=VERDICTS[self.verdict[i]],
            reason=self.reason[i],
            p_value=number(self.p_value[i]),
            adjusted_p=number(self.adjusted_p[i]),
            while_firing=None if while_firing == NO_VERDICT else VERDICTS[while_firing],
            grounds=self.grounds[i],
        )

    def __iter__(self) -> Iterator[Judgement]:
        return (self[i] for i in range(len(self)))


def judgements(judged: Sequence[Judgement]) -> Judgements:
    """The same as arrays."""
    firing = [NO_VERDICT if one.while_firing is None else CODES[one.while_firing] for one in judged]
    return Judgements(
        seen=observations([one.observation for one in judged]),
        verdict=np.array([CODES[one.verdict] for one in judged], dtype=np.int8),
        reason=objects([one.reason for one in judged]),
        p_value=floats(one.p_value for one in judged),
        adjusted_p=floats(one.adjusted_p for one in judged),
        while_firing=np.array(firing, dtype=np.int8),
        grounds=objects([one.grounds for one in judged]),
    )


def judge(monitor: Monitor, seen: Sequence[Observation]) -> list[Judgement]:
    """Verdicts in the order of the observations: those of one deployment.

    With a significance, the p-values of one window end are one Benjamini-Hochberg family, undefined ones left out.
    """
    return list(judge_all(monitor, observations(seen)))


def judge_all(monitor: Monitor, seen: Observations) -> Judgements:
    """`judge` of arrays."""
    compared = _Compared(monitor, seen)
    chances = _chances(compared)
    verdict, reason = _by_limits_and_chance(compared, chances)
    _decide_undecided(compared, verdict, reason)
    warns = monitor.warning if monitor.warning is not None else monitor.failing
    at_warning, at_failing = chances[warns], chances[monitor.failing]
    fails = verdict == FAILING
    return Judgements(
        seen=seen,
        verdict=verdict,
        reason=reason,
        p_value=np.where(fails, at_failing.p_value, at_warning.p_value),
        adjusted_p=np.where(fails, at_failing.adjusted, at_warning.adjusted),
        while_firing=_while_firing(compared, verdict),
        grounds=_all_grounds(monitor, seen),
    )


def compared_value(monitor: Monitor, observation: Observation) -> float | None:
    """What is held against the limits: the value itself, or its relative fall or rise (a fraction)."""
    value, reference = observation.value, _reference(monitor, observation)
    if not monitor.is_relative or value is None:
        return value
    if reference is None or reference <= 0:
        return None
    change = (value - reference) / reference
    return change if monitor.comparison.startswith("rise") else -change


def crossed_limit(monitor: Monitor, observation: Observation, severity: Severity) -> float | None:
    """The limit of a severity in the unit of the value: a relative change as the value that it leads to, of a band the side at hand.

    Of silence: how long it may last, in seconds."""
    if monitor.kind == "no_data":
        return None if monitor.metric == "agents" else float(monitor.silent_for_s)
    limit = monitor.failing if severity == "failing" else monitor.warning
    compared = compared_value(monitor, observation)
    found = nearest(compared or 0.0, pair_of(monitor, limit, observation.spread))
    if found is None or not monitor.is_relative:
        return found
    reference = _reference(monitor, observation)
    sign = 1 if monitor.comparison.startswith("rise") else -1
    return None if reference is None else reference * (1 + sign * found)


def _reference(monitor: Monitor, seen: Observation) -> float | None:
    if monitor.comparison.endswith("_trailing"):
        return None if seen.spread is None else seen.spread.mean
    return seen.baseline_value


# ---------------------------------------------------------------------- many at once


class _Compared:
    """What is held against a monitor's limits, and where that is possible at all; `value` is nan where it is not."""

    def __init__(self, monitor: Monitor, seen: Observations) -> None:
        self.monitor = monitor
        self.seen = seen
        self.value, self.is_known = seen.value, seen.has_value
        if not monitor.is_relative:
            return
        trailing = monitor.comparison.endswith("_trailing")
        self.reference = (
            floats(None if one is None else one.mean for one in seen.spread) if trailing else seen.baseline_value
        )
        self.is_known = seen.has_value & (self.reference > 0)
        with np.errstate(divide="ignore", invalid="ignore"):
            change = (seen.value - self.reference) / self.reference
        self.value = np.where(self.is_known, change if monitor.comparison.startswith("rise") else -change, np.nan)

    def sides(self, limit: Limit, *, margin: float = 0.0) -> tuple[Floats, Floats]:
        """Low and high of a limit for each entry, infinite where there is none."""
        if self.monitor.limits == "stated":
            pairs = [pair_of(self.monitor, limit, None, margin=margin)]
        else:
            pairs = [pair_of(self.monitor, limit, spread, margin=margin) for spread in self.seen.spread]
        low, high = (
            np.array([otherwise if pair[which] is None else pair[which] for pair in pairs], dtype=np.float64)
            for which, otherwise in enumerate(NO_SIDES)
        )
        return np.broadcast_to(low, len(self.seen)), np.broadcast_to(high, len(self.seen))

    def is_beyond(self, limit: Limit, *, margin: float = 0.0) -> Flags:
        """Which lie outside a limit; on it is not."""
        low, high = self.sides(limit, margin=margin)
        beyond: Flags = (self.value < low) | (self.value > high)
        return beyond


@dataclass(frozen=True, slots=True)
class _Chances:
    """The p of each entry, and adjusted over all of its window end; nan where there is none."""

    p_value: Floats
    adjusted: Floats


def _chances(compared: _Compared) -> dict[Limit, _Chances]:
    monitor, none = compared.monitor, np.full(len(compared.seen), np.nan)
    found: dict[Limit, _Chances] = {None: _Chances(none, none)}
    for limit in (monitor.warning, monitor.failing):
        if monitor.significance is None or limit is None:
            found[limit] = found[None]
            continue
        p_values = _p_values(compared, limit)
        known = next((one for one in found.values() if np.array_equal(one.p_value, p_values, equal_nan=True)), None)
        found[limit] = known or _Chances(p_values, _adjusted(p_values, compared.seen.window_end_us))
    return found


def _adjusted(p_values: Floats, ends_us: npt.NDArray[np.int64]) -> Floats:
    adjusted = np.full(len(p_values), np.nan)
    for end_us in np.unique(ends_us):
        family = ends_us == end_us
        adjusted[family] = benjamini_hochberg(p_values[family])
    return adjusted


def _p_values(compared: _Compared, limit: Limit) -> Floats:
    """Those that were measured; else by the test that the observation has what it takes for: of a rate, or of a value with a
    standard error."""
    monitor, seen, found = compared.monitor, compared.seen, compared.seen.p_value.copy()
    open_ = np.isnan(found) & compared.is_known & np.isfinite(compared.value) & (seen.n >= monitor.min_rows)
    if not open_.any():
        return found
    counted = open_ & (seen.events != NO_EVENTS) & (not monitor.is_relative)
    low, high = compared.sides(limit)
    found[counted] = binomial_ps(seen.events[counted], seen.n[counted], low[counted], high[counted])
    for i in np.flatnonzero(open_ & ~counted & ~np.isnan(seen.standard_error)):
        one = seen[int(i)]
        found[i] = normal_p(
            float(compared.value[i]), _compared_error(monitor, one), pair_of(monitor, limit, one.spread)
        )
    return found


def _compared_error(monitor: Monitor, seen: Observation) -> float:
    """The standard error of what is compared, of an observation that has a value with one."""
    value, error, reference = seen.value or 0.0, seen.standard_error or 0.0, _reference(monitor, seen)
    if not monitor.is_relative or reference is None:
        return error
    of_baseline = seen.baseline_standard_error or 0.0
    return relative_error(value, error, reference, of_baseline if monitor.comparison.endswith("_baseline") else 0.0)


def _by_limits_and_chance(compared: _Compared, chances: Mapping[Limit, _Chances]) -> tuple[Codes, Objects]:
    """The worst limit that is passed, by more than chance; where chance alone explains it, ok and said so."""
    monitor, m = compared.monitor, len(compared.seen)
    verdict, reason = np.full(m, OK, dtype=np.int8), np.full(m, None, dtype=object)
    undecided = np.ones(m, dtype=np.bool_)
    for limit, code in ((monitor.failing, FAILING), (monitor.warning, WARNING)):
        beyond = compared.is_beyond(limit) & undecided
        if not beyond.any():
            continue
        sure, unknown = beyond, np.zeros(m, dtype=np.bool_)
        if monitor.significance is not None:
            adjusted = chances[limit].adjusted
            sure, unknown = beyond & (adjusted < monitor.significance), beyond & np.isnan(adjusted)
        verdict[sure], reason[sure] = code, None
        verdict[unknown], reason[unknown] = CODES[Verdict.NOT_ENOUGH_DATA], "no_p_value"
        reason[beyond & ~sure & ~unknown] = "within_chance"
        undecided &= ~(sure | unknown)
    return verdict, reason


def _decide_undecided(compared: _Compared, verdict: Codes, reason: Objects) -> None:
    """Where limits cannot say anything: nothing to compare with, too few rows, no value; the later weighs more."""
    monitor, seen = compared.monitor, compared.seen
    for where, said, why in _without_reference(compared):
        verdict[where], reason[where] = CODES[said], why
    thin = seen.n < monitor.min_rows
    verdict[thin], reason[thin] = CODES[Verdict.NOT_ENOUGH_DATA], "too_few_rows"
    strange = seen.has_value & ~np.isfinite(seen.value)
    verdict[strange], reason[strange] = CODES[Verdict.ERROR], "not_finite"
    for i in np.flatnonzero(~seen.has_value):
        why = reason[i] = seen.reason[i] or "value_without_reason"
        verdict[i] = CODES[_without_value(why)]


def _without_value(reason: str) -> Verdict:
    if reason in NOT_ENOUGH_REASONS:
        return Verdict.NOT_ENOUGH_DATA
    return Verdict.NOT_APPLICABLE if reason in NOT_APPLICABLE_REASONS else Verdict.ERROR


def _without_reference(compared: _Compared) -> Iterator[tuple[Flags, Verdict, str]]:
    """Entries with nothing to be compared with; the later weighs more."""
    monitor = compared.monitor
    if monitor.uses_trailing:
        yield ~compared.is_known, Verdict.NOT_APPLICABLE, "trailing_not_positive"
        yield ~compared.seen.has_spread, Verdict.NOT_ENOUGH_DATA, "too_few_windows"
        return
    yield ~compared.is_known, Verdict.NOT_APPLICABLE, "baseline_not_positive"
    yield ~compared.is_known & np.isnan(compared.seen.baseline_value), Verdict.NOT_APPLICABLE, "no_baseline"
    if monitor.limits == "baseline":
        yield ~compared.seen.has_spread, Verdict.NOT_APPLICABLE, "no_baseline"


def _while_firing(compared: _Compared, verdict: Codes) -> Codes:
    """By the limits alone, drawn in: an alert is resolved by better values, not by windows too thin to be sure of worse ones."""
    monitor = compared.monitor
    found = np.full(len(verdict), NO_VERDICT, dtype=np.int8)
    if not monitor.recover_margin:
        return found
    drawn = np.full(len(verdict), OK, dtype=np.int8)
    drawn[compared.is_beyond(monitor.warning, margin=monitor.recover_margin)] = WARNING
    drawn[compared.is_beyond(monitor.failing, margin=monitor.recover_margin)] = FAILING
    differs = ((verdict == OK) | (verdict == WARNING)) & (drawn != verdict)
    found[differs] = drawn[differs]
    return found


_NO_GROUNDS: Mapping[str, Any] = {}


def _all_grounds(monitor: Monitor, seen: Observations) -> Objects:
    found = np.full(len(seen), _NO_GROUNDS, dtype=object)
    for i in np.flatnonzero(seen.has_spread):
        found[i] = _grounds(monitor, seen[int(i)])
    return found


def _grounds(monitor: Monitor, seen: Observation) -> dict[str, Any]:
    """What learned limits were learned from, and where they lie."""
    if seen.spread is None:
        return {}
    found: dict[str, Any] = {
        "learned_from": seen.spread.method,
        "mean": seen.spread.mean,
        "deviation": seen.spread.deviation,
        "windows": seen.spread.windows,
    }
    if monitor.limits != "stated":
        pairs = {"warning": monitor.warning, "failing": monitor.failing}
        found |= {f"{name}_limit": list(pair_of(monitor, limit, seen.spread)) for name, limit in pairs.items()}
    return found
