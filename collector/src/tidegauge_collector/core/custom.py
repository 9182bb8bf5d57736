"""Metrics of the user's own: what is measured of the numbers reported in a window, which way is better, and what it is compared with."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from tidegauge_collector.core.shapes import Field, fields_of, plain, read

Direction = Literal["", "higher_is_better", "lower_is_better"]
Statistic = Literal["mean", "sum", "count", "min", "max", "p50", "p95"]
ADDING = frozenset({"sum", "count"})
"""Statistics that grow with the length of the window."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomMetric:
    """What people say of a metric of their own; raises ValueError naming what is wrong. The baseline is a number or a range, or neither."""

    direction: Direction = field(
        default="", metadata={"doc": "`higher_is_better` or `lower_is_better`; nothing: neither."}
    )
    unit: str = field(default="", metadata={"doc": "What it is counted in, such as `EUR`."})
    description: str = field(default="", metadata={"doc": "What people read."})
    baseline: float | None = field(default=None, metadata={"doc": "The value that it is compared with."})
    baseline_of: Statistic = field(default="mean", metadata={"doc": "Which statistic that value is of."})
    baseline_start: str = field(default="", metadata={"doc": "Instead: RFC 3339, from when on it was as it should be."})
    baseline_end: str = field(default="", metadata={"doc": "RFC 3339, exclusive: until when."})

    def __post_init__(self) -> None:
        problems = []
        if len(self.unit) > 40 or len(self.description) > 1_000:
            problems.append("unit is at most 40 characters, description at most 1,000")
        if self.baseline is not None and (self.baseline_start or self.baseline_end):
            problems.append("baseline and a range are both given: give one")
        if bool(self.baseline_start) != bool(self.baseline_end):
            problems.append("baseline_start and baseline_end belong together: give both")
        elif self.baseline_start:
            problems += self._range_problems()
        if problems:
            raise ValueError("; ".join(problems))

    def _range_problems(self) -> list[str]:
        try:
            start, end = (datetime.fromisoformat(one) for one in (self.baseline_start, self.baseline_end))
        except ValueError:
            return ["baseline_start, baseline_end: write times such as 2026-11-23T13:00:00Z"]
        if start.tzinfo is None or end.tzinfo is None:
            return ["baseline_start, baseline_end: write times with their offset, such as 2026-11-23T13:00:00Z"]
        return [] if start < end else ["the range is empty: baseline_end must be after baseline_start"]

    def range_us(self) -> tuple[int, int] | None:
        """The range that the baseline is measured over, None where there is none."""
        if not self.baseline_start:
            return None
        times = (datetime.fromisoformat(one).timestamp() for one in (self.baseline_start, self.baseline_end))
        start, end = (round(one * 1e6) for one in times)
        return start, end


FIELDS: Mapping[str, Field] = {one.name: one for one in fields_of(CustomMetric)}


def read_custom(said: Mapping[str, Any]) -> CustomMetric:
    """From JSON; raises ValueError with every problem."""
    problems = [f"{name!s:.80}: unknown; known are {', '.join(FIELDS)}" for name in said if name not in FIELDS]
    values = {}
    for name, one in FIELDS.items():
        if name not in said:
            continue
        try:
            values[name] = read(one, said[name])
        except ValueError as problem:
            problems.append(f"{name} = {said[name]!r:.140}: {problem}")
    if problems:
        raise ValueError("; ".join(problems))
    return CustomMetric(**values)


def custom_json(metric: CustomMetric) -> dict[str, Any]:
    """As JSON, which `read_custom` takes back."""
    return dict(plain(metric))


@dataclass(frozen=True, slots=True)
class Numbers:
    """The finite values of a window: how many, their sum, their population standard deviation, least and greatest."""

    n: int
    sum: float
    deviation: float
    minimum: float
    maximum: float

    def standard_error(self) -> float | None:
        """Of the mean; None of fewer than two."""
        return None if self.n < 2 else self.deviation / math.sqrt(self.n - 1)


def change(value: float, baseline: float, direction: Direction) -> tuple[float | None, str | None]:
    """The change from the baseline in percent of it (None from 0), and whether that is `better`, `worse` or the `same`.

    >>> change(38.0, 40.0, "higher_is_better")
    (-5.0, 'worse')
    """
    percent = None if baseline == 0 else 100 * (value - baseline) / abs(baseline)
    if not direction:
        return percent, None
    if value == baseline:
        return percent, "same"
    return percent, "better" if (value > baseline) == (direction == "higher_is_better") else "worse"
