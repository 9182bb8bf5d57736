"""What a monitor consists of: a rule over measurements, as plain values, and the monitors every deployment starts with."""

import math
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Literal

Comparison = Literal["above", "below", "drop_from_baseline"]
Severity = Literal["warning", "failing"]

HOUR_S = 3600
DAY_S = 24 * HOUR_S


class Verdict(StrEnum):
    """What a monitor says of one series at one window end; only the first three are judgements of its health."""

    OK = "ok"
    WARNING = "warning"
    FAILING = "failing"
    NOT_ENOUGH_DATA = "not_enough_data"
    NOT_APPLICABLE = "not_applicable"
    ERROR = "error"


@dataclass(frozen=True, slots=True, kw_only=True)
class Monitor:
    """A rule over measurements of one metric; raises ValueError naming every field that is wrong.

    `columns`: "" the deployment as a whole, "*" every feature and the prediction, else a name or a shell pattern (`temp_*`).
    `comparison`: the value itself `above` or `below` a threshold, or `drop_from_baseline`: its relative fall below the
    baseline's value, a fraction. Only a value beyond a threshold breaches it; None switches a threshold off.
    `window_s` is judged every `every_s`, ending `lag_s` before now (labels arrive late). `hold` = (k, n): an alert opens when
    k of the last n judgements are bad; it falls or resolves after `recover_after` consecutive better ones. `significance`:
    a breach counts only if the series' adjusted p-value is below it.
    """

    id: str
    name: str
    metric: str
    columns: str
    comparison: Comparison
    warning: float | None
    failing: float | None
    window_s: int
    every_s: int
    min_rows: int
    hold: tuple[int, int] = (1, 1)
    recover_after: int = 2
    significance: float | None = None
    lag_s: int = 0

    def __post_init__(self) -> None:
        """Report all problems together."""
        problems = [*self._threshold_problems(), *self._timing_problems()]
        if problems:
            raise ValueError(f"monitor {self.id!r}: " + "; ".join(problems))

    def covers(self, column: str) -> bool:
        """Is this column watched? Reserved columns (`_latency`, `_actual`, …) are, but for the prediction, only by name."""
        if self.columns == "*":
            return column.startswith("_prediction") or (not column.startswith("_") and column != "")
        return column == self.columns or (column != "" and fnmatchcase(column, self.columns))

    def _threshold_problems(self) -> list[str]:
        problems = []
        limits = [limit for limit in (self.warning, self.failing) if limit is not None]
        if not limits:
            problems.append("has neither warning nor failing: state at least one threshold")
        if any(not math.isfinite(limit) for limit in limits):
            problems.append(f"thresholds {limits} must be finite")
        if self.comparison not in ("above", "below", "drop_from_baseline"):
            problems.append(f"comparison is {self.comparison!r}: use above, below or drop_from_baseline")
        ordered = sorted(limits, reverse=self.comparison == "below")
        if limits != ordered:
            problems.append(f"warning {self.warning} lies beyond failing {self.failing}: failing must be the worse one")
        if self.significance is not None and not 0 < self.significance < 1:
            problems.append(f"significance is {self.significance}: use a probability between 0 and 1, or None")
        return problems

    def _timing_problems(self) -> list[str]:
        problems = [
            f"{name} is {value}: use at least 1"
            for name, value in (
                ("window_s", self.window_s),
                ("every_s", self.every_s),
                ("recover_after", self.recover_after),
            )
            if value < 1
        ]
        problems += [
            f"{name} is {value}: use at least 0"
            for name, value in (("min_rows", self.min_rows), ("lag_s", self.lag_s))
            if value < 0
        ]
        k, n = self.hold
        if not 1 <= k <= n:
            problems.append(f"hold is {k} of {n}: use 1 ≤ k ≤ n")
        return problems


DRIFT = Monitor(
    id="drift",
    name="Data drift",
    metric="psi",
    columns="*",
    comparison="above",
    warning=0.1,
    failing=0.25,
    window_s=DAY_S,
    every_s=DAY_S,
    min_rows=50,
    significance=0.01,
)
ERROR_RATE = Monitor(
    id="error_rate",
    name="Error rate",
    metric="error_rate",
    columns="",
    comparison="above",
    warning=0.01,
    failing=0.05,
    window_s=HOUR_S,
    every_s=HOUR_S,
    min_rows=50,
)
AUC = Monitor(
    id="auc",
    name="AUC against the baseline",
    metric="auc",
    columns="",
    comparison="drop_from_baseline",
    warning=0.05,
    failing=0.10,
    window_s=7 * DAY_S,
    every_s=DAY_S,
    min_rows=30,
    lag_s=7 * DAY_S,
)
ACCURACY = Monitor(
    id="accuracy",
    name="Accuracy against the baseline",
    metric="accuracy",
    columns="",
    comparison="drop_from_baseline",
    warning=0.05,
    failing=0.10,
    window_s=7 * DAY_S,
    every_s=DAY_S,
    min_rows=30,
    lag_s=7 * DAY_S,
)

# `accuracy` stands in for `auc`: whoever measures gives its observations the reason `auc_available` where there is an AUC.
DEFAULT_MONITORS: tuple[Monitor, ...] = (DRIFT, ERROR_RATE, AUC, ACCURACY)
