"""What a monitor consists of: a rule over what is measured, as plain values. And the monitors that every deployment starts with.

Files, JSON Schema and documentation are made from the fields: the type hint is the schema, `metadata["doc"]` says what a field means,
and a field whose name ends in `_s` holds seconds (files may write "1h" or "7d").
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Literal

from tidegauge_collector.core import monitor_problems

Kind = monitor_problems.Kind
Comparison = monitor_problems.Comparison
Learned = monitor_problems.Learned
Block = monitor_problems.Block
Severity = monitor_problems.Severity
Statistic = monitor_problems.Statistic
Limit = float | tuple[float, float] | None

HOUR_S = 3600
DAY_S = 24 * HOUR_S
CHAMPION = "champion"
CLOCK_STEP_S = 300
FLAP_SPAN_STEPS = 30  # of the monitor's step, where no span is stated


class Verdict(StrEnum):
    """What a monitor says of one series at one window end; only the first three are judgements of its health."""

    OK = "ok"
    WARNING = "warning"
    FAILING = "failing"
    NOT_ENOUGH_DATA = "not_enough_data"
    NOT_APPLICABLE = "not_applicable"
    ERROR = "error"


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasureLimit:
    """A measure of groups in a fairness policy; what is None is as the policy says it."""

    metric: str
    statistic: Statistic = "value"
    comparison: Comparison = "below"
    warning: Limit = None
    failing: Limit = None
    significance: float | None = None
    lag_s: int | None = None
    min_rows: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Monitor:
    """A rule over what is measured of deployments; raises ValueError naming every field that is wrong."""

    id: str = field(metadata={"doc": "What it is called in files, in the API and in alerts; the same for ever."})
    name: str = field(default="", metadata={"doc": "What people read; the id where it is empty."})
    kind: Kind = field(
        default="measurement",
        metadata={
            "doc": "`measurement`: one metric against limits; `composite`: the verdicts of other monitors; `burn_rate`: "
            "an objective and its error budget; `no_data`: silence, by the clock; `fairness`: a policy, of which each of "
            "`measures` becomes a monitor."
        },
    )
    metric: str = field(
        default="",
        metadata={
            "doc": "What is measured (docs/metrics.md). Of `burn_rate`: `error_rate`, `availability`, "
            "`slow_requests`, `throughput` or `freshness`; of `no_data`: `predictions`, `agents` or `labels`; of `composite` and "
            "`fairness` nothing."
        },
    )
    columns: str = field(
        default="",
        metadata={
            "doc": "Nothing: the deployment as a whole; `*`: every feature and the prediction; else names or shell "
            "patterns, separated by commas. Reserved columns (`_latency`, `_actual`, …) are watched only by name."
        },
    )
    exclude: str = field(
        default="", metadata={"doc": "Names or patterns of columns that are left out, separated by commas."}
    )
    important_only: float | None = field(
        default=None,
        metadata={
            "doc": "Only columns whose importance in the baseline is at least this share; all of them where the baseline"
            " has none."
        },
    )
    segments: str = field(
        default="",
        metadata={
            "doc": "Nothing: all traffic; `*`: every value of every segment column; else patterns such as `carrier=*`, "
            "separated by commas."
        },
    )
    groups: str = field(
        default="",
        metadata={
            "doc": "Of metrics of fairness: the protected attributes whose groups are compared, separated by commas: segment "
            "columns (`sex`), intersections (`sex&age`), one group (`sex=F`); `*`: every segment column."
        },
    )
    statistic: Statistic = field(
        default="value",
        metadata={
            "doc": "Of groups: the `value` itself, its `ratio` or `difference` to the reference group's, or the `p_value`."
        },
    )
    reference: str = field(
        default="",
        metadata={
            "doc": "Of groups: the reference groups, one of each attribute, separated by commas; nothing: the largest group of "
            "the baseline, where that does not know the attribute of the window."
        },
    )
    favourable: str = field(
        default="", metadata={"doc": "Of groups: the outcome that is good for people; nothing: the positive class."}
    )
    min_group_rows: int = field(
        default=100, metadata={"doc": "Of groups: smaller ones are marked, and left out of `…_min_ratio`."}
    )
    measures: tuple[MeasureLimit, ...] = field(
        default=(),
        metadata={
            "doc": "`fairness`: measures of groups with their limits (`metric`, `statistic`, `comparison`, `warning`, `failing`, "
            "`significance`, `lag_s`, `min_rows`); each becomes the monitor `ID.METRIC` (`ID.METRIC.STATISTIC`)."
        },
    )
    of_class: str = field(
        default="", metadata={"doc": "One class of a multiclass model against the rest; nothing: all of them."}
    )
    decision_threshold: float = field(default=0.5, metadata={"doc": "From where on a binary score is positive."})
    versions: str = field(
        default="*",
        metadata={
            "doc": "Names or patterns of model versions, separated by commas; `champion`: those whose role that is."
        },
    )
    block: Literal[""] | Block = field(
        default="", metadata={"doc": "The block of the deployment's health that it speaks for; nothing: by its metric."}
    )
    comparison: Comparison = field(
        default="above",
        metadata={
            "doc": "The value itself `above`, `below` or `outside` the limits; or its relative fall or rise, a fraction:"
            " from the baseline's value, or from the mean of the trailing windows."
        },
    )
    limits: Learned = field(
        default="stated",
        metadata={
            "doc": "`stated`: the limits are numbers in the unit of the metric (or fractions); `baseline`, `trailing`: "
            "they are standard deviations from the mean of the metric over windows of the same size of the "
            "baseline, or over the trailing windows."
        },
    )
    warning: Limit = field(
        default=None,
        metadata={
            "doc": "Beyond this (equal is not beyond) the verdict is warning. With `outside`: a pair, low and high, or "
            "one number for both sides of 0 (of the mean, where it is learned)."
        },
    )
    failing: Limit = field(
        default=None, metadata={"doc": "Beyond this the verdict is failing; the worse one of the two."}
    )
    window_s: int = field(
        default=DAY_S,
        metadata={
            "doc": "How long the window is that is looked at; of whole days, judged at midnight: local days, of 23 and 25 hours "
            "too."
        },
    )
    every_s: int = field(
        default=DAY_S,
        metadata={
            "doc": "How often it is judged; 24 hours: at midnight of the deployment's time zone. "
            "`no_data` and `burn_rate`: at least every 5 minutes."
        },
    )
    lag_s: int = field(
        default=0, metadata={"doc": "How long before the judgement the window ends (labels arrive late)."}
    )
    min_rows: int = field(
        default=50,
        metadata={
            "doc": "With fewer rows, requests or labelled rows (of drifted shares: features) in the window there is no verdict."
        },
    )
    significance: float | None = field(
        default=None,
        metadata={
            "doc": "A breach counts only where the chance of such a value without a breach, adjusted over all series "
            "judged together, is below this. Drift: the chance test; rates of requests and missing values: exact "
            "binomial against the limit; accuracy: its standard error; groups: the two-proportion test."
        },
    )
    hold: tuple[int, int] = field(
        default=(1, 1), metadata={"doc": "An alert opens when k of the last n deciding verdicts are bad."}
    )
    recover_after: int = field(
        default=2, metadata={"doc": "An alert falls or is resolved after so many better verdicts in a row."}
    )
    recover_margin: float = field(
        default=0.0,
        metadata={
            "doc": "While an alert fires a verdict counts as better only where the value is better than the limit by "
            "this fraction of it."
        },
    )
    cooldown_s: int = field(
        default=0,
        metadata={
            "doc": "So long after an alert was resolved none opens; what would have opened one is recorded as "
            "`cooling_down`."
        },
    )
    flap_changes: int = field(
        default=6,
        metadata={
            "doc": "An alert that opens or is resolved more often than this within `flap_span_s` stays open as flapping "
            "until it is calm; 0: never."
        },
    )
    flap_span_s: int = field(
        default=0, metadata={"doc": "See `flap_changes`; 0: 30 times `every_s`, of `no_data` and `burn_rate` a day."}
    )
    trailing_windows: int = field(
        default=14,
        metadata={"doc": "How many earlier windows, none of which overlaps the judged one, are the trailing ones."},
    )
    exclude_ranges: tuple[str, ...] = field(
        default=(),
        metadata={
            "doc": "Times that are left out of the trailing windows (a sale, an outage): pairs of RFC 3339 times as "
            "`START/END`."
        },
    )
    members: tuple[str, ...] = field(
        default=(), metadata={"doc": "`composite`: ids or patterns of the monitors whose verdicts are counted."}
    )
    member_columns: str = field(
        default="*", metadata={"doc": "`composite`: names or patterns of the columns whose verdicts are counted."}
    )
    at_least: int = field(
        default=1,
        metadata={
            "doc": "`composite`, `no_data` of `agents`: bad when so many members are bad, or so many agents silent; 0: all of them."
        },
    )
    objective: float = field(
        default=0.999, metadata={"doc": "`burn_rate`: the share of good requests that is promised."}
    )
    objective_window_s: int = field(
        default=30 * DAY_S, metadata={"doc": "`burn_rate`: over how long the objective is promised."}
    )
    slow_s: float = field(
        default=1.0,
        metadata={
            "doc": "`slow_requests`, `slow_share`: a call that takes longer is slow, and of `burn_rate` a bad one."
        },
    )
    at_least_per_minute: float = field(
        default=1.0, metadata={"doc": "`burn_rate` of `throughput`: a minute with fewer requests is a bad one."}
    )
    stale_after_s: int = field(
        default=900,
        metadata={"doc": "`burn_rate` of `freshness`: a minute at whose end the last answer is older is a bad one."},
    )
    silent_for_s: int = field(default=DAY_S, metadata={"doc": "`no_data`: how long nothing has come."})
    usual_week: bool = field(
        default=True,
        metadata={
            "doc": "`no_data` of `predictions`: only where in each of the last four weeks that are known something came in the "
            "same hours, and 10 or more on average."
        },
    )
    severity: Severity = field(default="failing", metadata={"doc": "`no_data`: the verdict when it is silent."})

    def __post_init__(self) -> None:
        """Report all problems together."""
        if not self.name:
            object.__setattr__(self, "name", self.id)
        problems = monitor_problems.problems(self)
        if problems:
            raise ValueError(f"monitor {self.id!r}: " + "; ".join(problems))

    def covers(self, column: str) -> bool:
        """Is this column watched? Reserved columns (`_latency`, `_actual`, …) are, but for the prediction, only by name."""
        return _covered(self.columns, column) and not (self.exclude and _covered(self.exclude, column))

    def names(self, column: str) -> bool:
        """Is this column named, not only met by a pattern?"""
        return column in _patterns(self.columns)

    def covers_importance(self, column: str, importance: Mapping[str, float]) -> bool:
        """Is it important enough? Where no importance is known everything is."""
        return self.important_only is None or not importance or importance.get(column, 0.0) >= self.important_only

    def covers_segment(self, segment: str) -> bool:
        """Is this segment ("" = all traffic), or this group or attribute, watched?"""
        if self.groups:
            return any(one in ("*", segment, attribute_of(segment)) for one in _patterns(self.groups))
        return segment == "" if not self.segments else segment != "" and _any_of(self.segments, segment)

    def groups_among(self, segments: Iterable[str]) -> list[str]:
        """The groups and attributes that are compared; `*` stands for the columns of these segments."""
        columns = {attribute_of(one): None for one in segments if "&" not in one}
        found = [one for name in _patterns(self.groups) for one in (columns if name == "*" else [name])]
        return list(dict.fromkeys(found))

    def reference_of(self, attribute: str) -> str | None:
        """The stated reference group of an attribute, or None."""
        return next((one for one in _patterns(self.reference) if attribute_of(one) == attribute), None)

    def covers_version(self, version: str, role: str) -> bool:
        """Is this version, of this role, watched?"""
        names = _patterns(self.versions)
        return (CHAMPION in names and role == CHAMPION) or any(fnmatchcase(version, name) for name in names)

    def rules(self) -> tuple["Monitor", ...]:
        """What is judged by it: itself, and of a fairness policy a monitor for each measure. Raises ValueError for a wrong measure."""
        if self.kind != "fairness":
            return (self,)
        return (self, *(self._of_measure(one) for one in self.measures))

    def _of_measure(self, one: MeasureLimit) -> "Monitor":
        name = one.metric if one.statistic == "value" else f"{one.metric}.{one.statistic}"
        return replace(
            self,
            id=f"{self.id}.{name}",
            name=f"{self.name}: {name}",
            kind="measurement",
            measures=(),
            metric=one.metric,
            statistic=one.statistic,
            comparison=one.comparison,
            warning=one.warning,
            failing=one.failing,
            significance=one.significance,
            lag_s=self.lag_s if one.lag_s is None else one.lag_s,
            min_rows=self.min_rows if one.min_rows is None else one.min_rows,
        )

    def leaving_out(self, ranges: Sequence[str]) -> "Monitor":
        """The same rule, with these times too left out of its trailing windows."""
        return replace(self, exclude_ranges=(*self.exclude_ranges, *ranges)) if ranges and self.uses_trailing else self

    @property
    def is_relative(self) -> bool:
        """Whether a relative change is compared, not the value."""
        return self.comparison.startswith(("drop_", "rise_"))

    @property
    def uses_trailing(self) -> bool:
        """Whether earlier windows are needed to judge one."""
        return self.limits == "trailing" or self.comparison.endswith("_trailing")

    @property
    def uses_baseline(self) -> bool:
        """Whether its limits or what it compares with come from the baseline."""
        return self.limits == "baseline" or self.comparison.endswith("_baseline")

    @property
    def is_by_clock(self) -> bool:
        """Whether it is judged by the clock alone, also when nothing arrives, and only as things stand now."""
        return self.kind in ("no_data", "burn_rate")

    @property
    def step_s(self) -> int:
        """How often it is really judged: what goes by the clock at least every 5 minutes."""
        return min(self.every_s, CLOCK_STEP_S) if self.is_by_clock else self.every_s

    @property
    def flaps_within_s(self) -> int:
        """The span in which changes are counted."""
        return self.flap_span_s or (DAY_S if self.is_by_clock else FLAP_SPAN_STEPS * self.every_s)


def attribute_of(group: str) -> str:
    """The attribute of a group: `sex` of `sex=F`, `sex&age` of `sex=F&age=old`; of an attribute itself."""
    return "&".join(part.split("=", 1)[0] for part in group.split("&"))


def _covered(patterns: str, column: str) -> bool:
    if column == patterns:
        return True
    return column != "" and any(_matches(pattern, column) for pattern in _patterns(patterns))


def _matches(pattern: str, column: str) -> bool:
    if pattern == "*":
        return column.startswith("_prediction") or not column.startswith("_")
    return column == pattern or fnmatchcase(column, pattern)


def _any_of(patterns: str, name: str) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in _patterns(patterns))


def _patterns(text: str) -> list[str]:
    return [part for one in text.split(",") if (part := one.strip())]
