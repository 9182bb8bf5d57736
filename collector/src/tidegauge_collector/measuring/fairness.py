"""Fairness: the decisions of a window compared between the groups of a protected attribute, which is a segment column.

A group is written as a segment (`sex=F`, or `sex=F&age=old`), its attribute as the columns alone (`sex`, `sex&age`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from tidegauge.core.windows import Window
from tidegauge_collector.control import Deployment
from tidegauge_collector.core.fairness import (
    FOUR_FIFTHS,
    MIN_GROUP_ROWS,
    PROPORTIONS,
    Compared,
    Group,
    compare,
    group_of,
    is_small,
    largest,
    min_ratio,
)
from tidegauge_collector.core.metrics import FAIRNESS, RATIOS
from tidegauge_collector.core.monitors import attribute_of
from tidegauge_collector.core.outcomes import TRUE_TEXTS, Binary, binary, texts
from tidegauge_collector.measuring.baselines import ActiveBaseline
from tidegauge_collector.measuring.gauged import Scope
from tidegauge_collector.measuring.labelled import THRESHOLD
from tidegauge_collector.measuring.measurement import Measurement
from tidegauge_collector.measuring.singlerows import SingleRows
from tidegauge_collector.measuring.windows import check_many
from tidegauge_collector.telemetry.answered import AnsweredRows
from tidegauge_collector.telemetry.store import TelemetryStore

METRICS = FAIRNESS
STATISTICS = ("value", "ratio", "difference", "p_value")


@dataclass(frozen=True, slots=True)
class Reference:
    """The group that others are compared with, and where it is from."""

    group: str
    origin: Literal["stated", "baseline", "window"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Which group, or which attribute's groups, and how they are compared.

    `reference` is a group of the attribute, or its value (default the largest of the baseline). `favourable` is the outcome that is good
    for people (default the positive class).
    """

    group: str = ""
    statistic: str = "value"
    reference: str | None = None
    favourable: str | None = None
    threshold: float = THRESHOLD
    min_group_rows: int = MIN_GROUP_ROWS

    @property
    def attribute(self) -> str:
        return attribute_of(self.group)

    @property
    def stated_reference(self) -> str | None:
        """The stated reference as a group's name, where one value of the attribute was stated alone."""
        is_value = self.reference is not None and "=" not in self.reference
        return f"{self.attribute}={self.reference}" if is_value else self.reference

    def reference_group(self, active: ActiveBaseline | None) -> Reference | None:
        """The one that is stated, else the largest of the baseline; None where the baseline does not know the attribute (it is no column
        of it, or an intersection)."""
        if self.stated_reference is not None:
            return Reference(self.stated_reference, "stated")
        largest_value = active.most_frequent(self.attribute) if active is not None else None
        return None if largest_value is None else Reference(f"{self.attribute}={largest_value}", "baseline")


@dataclass(frozen=True)
class _Decisions:
    """Rows that were decided: their groups' numbers, the decision, the truth where known, and the score for the favourable outcome."""

    event_us: npt.NDArray[np.int64]
    group: npt.NDArray[np.int64]
    decided: npt.NDArray[np.bool_]
    truth: npt.NDArray[np.bool_]
    has_truth: npt.NDArray[np.bool_]
    scores: npt.NDArray[np.float64]
    names: tuple[str, ...]

    def groups(self, window: Window) -> dict[str, Group]:
        """The groups that have rows in a window."""
        inside = np.flatnonzero((self.event_us >= window.start_us) & (self.event_us < window.end_us))
        ordered = inside[np.argsort(self.group[inside], kind="stable")]
        numbers, starts = np.unique(self.group[ordered], return_index=True)
        return {
            self.names[number]: group_of(self.decided[here], self.truth[here], self.has_truth[here], self.scores[here])
            for number, here in zip(numbers.tolist(), np.split(ordered, starts[1:]), strict=bool(len(numbers)))
        }


def measure_fairness(
    store: TelemetryStore,
    scope: Scope,
    deployment: Deployment,
    metric: str,
    question: Question,
    active: ActiveBaseline | None = None,
    rows: SingleRows | None = None,
) -> Iterator[Measurement]:
    """A metric of METRICS (or SHARED): one item a window and group; of a summary one a window. `rows`: where reads are shared."""
    if not question.group or deployment.task == "regression":
        for window in scope.windows:
            yield _nothing(metric, "", scope, window, "not_applicable")
        return
    if not scope.windows:
        return
    found = (rows or SingleRows(store)).answered(scope)
    decisions = _decisions(found, deployment, question, scope.segment)
    if "=" not in question.group and metric not in RATIOS:
        check_many(len(scope.windows), len(decisions.names), "groups")
    reference = question.reference_group(active)
    for window in scope.windows:
        groups = decisions.groups(window)
        if metric in RATIOS:
            yield _summary(metric, groups, scope, window, question)
        else:
            yield from _by_group(metric, groups, scope, window, question, reference)


def _by_group(
    metric: str,
    groups: Mapping[str, Group],
    scope: Scope,
    window: Window,
    question: Question,
    known: Reference | None,
) -> Iterator[Measurement]:
    asked = question.group if "=" in question.group else None
    if not groups or (asked is not None and asked not in groups):
        yield _nothing(metric, question.group, scope, window, "no_rows")
        return
    reference = known or Reference(largest(groups), "window")
    if reference.group not in groups:
        yield _nothing(metric, question.group, scope, window, "no_rows")
        return
    compared = compare(groups, reference.group)[metric]
    for name in [asked] if asked is not None else sorted(groups):
        yield _of_group(metric, name, groups[name], compared[name], scope, window, question, reference)


def _of_group(
    metric: str,
    name: str,
    group: Group,
    found: Compared,
    scope: Scope,
    window: Window,
    question: Question,
    reference: Reference,
) -> Measurement:
    value = getattr(found, question.statistic)
    reason = None
    if value is None:
        reason = found.rate.reason if found.value is None else "not_applicable"
    return Measurement(
        metric=metric,
        column="",
        segment=name,
        version=scope.version,
        window=window,
        value=value,
        reason=reason,
        n=found.rate.n if metric != "favourable_share" else group.rows,
        method="two_proportion_z" if metric in PROPORTIONS else "groups",
        parameters={
            "statistic": question.statistic,
            "reference": reference.group,
            "reference_from": reference.origin,
            "rows": group.rows,
            "labelled": group.labelled,
            "small": is_small(group, found.rate, question.min_group_rows),
            "min_group_rows": question.min_group_rows,
            "p_value": found.p_value,
            "raw_p_value": found.raw_p_value,
        },
        error_bound=0.0 if value is not None else None,
    )


def _summary(metric: str, groups: Mapping[str, Group], scope: Scope, window: Window, question: Question) -> Measurement:
    found = min_ratio(groups, RATIOS[metric], question.min_group_rows)
    return Measurement(
        metric=metric,
        column="",
        segment=question.attribute,
        version=scope.version,
        window=window,
        value=found.value,
        reason=found.reason,
        n=sum(group.rows for group in groups.values()),
        method="min_over_max",
        parameters={
            "groups": found.groups,
            "groups_seen": len(groups),
            "min_group_rows": question.min_group_rows,
            "four_fifths": None if found.value is None else found.value >= FOUR_FIFTHS,
            "p_value": found.p_value,
        },
        error_bound=0.0 if found.value is not None else None,
    )


def _nothing(metric: str, group: str, scope: Scope, window: Window, reason: str) -> Measurement:
    return Measurement(
        metric=metric,
        column="",
        segment=group,
        version=scope.version,
        window=window,
        value=None,
        reason=reason,
        method="groups",
    )


def _decisions(rows: AnsweredRows, deployment: Deployment, question: Question, segment: str) -> _Decisions:
    positive = deployment.positive_class or "1"
    favourable = question.favourable or positive
    names, numbers = _groups(rows, question.attribute, segment)
    nothing = np.full(len(rows.score), np.nan)
    here = np.zeros(len(rows.score))  # a score for everyone: which rows have a label or a truth is what is asked
    said = binary(nothing, texts(rows.label), here, favourable)
    true = binary(rows.actual_value, texts(rows.actual_label), here, favourable)
    is_positive = favourable == positive or {favourable, positive} <= TRUE_TEXTS
    scored = ~np.isnan(rows.score)
    by_score = (rows.score >= question.threshold) == is_positive
    decided = np.where(scored, by_score, _spread(said)).astype(np.bool_)
    used = (scored | said.used) & (numbers >= 0)
    score = rows.score if is_positive else 1.0 - rows.score
    return _Decisions(
        rows.event_us[used],
        numbers[used],
        decided[used],
        _spread(true)[used],
        true.used[used],
        score[used],
        names,
    )


def _spread(rows: Binary) -> npt.NDArray[np.bool_]:
    """What the used rows say, False for the others."""
    out = np.zeros(len(rows.used), dtype=np.bool_)
    out[rows.used] = rows.actual
    return out


def _groups(rows: AnsweredRows, attribute: str, segment: str) -> tuple[tuple[str, ...], npt.NDArray[np.int64]]:
    """The groups' names, and each row's number among them: -1 where the attribute is not known of it, or it is of another segment."""
    wanted = attribute.split("&")
    names: dict[str, int] = {}
    by_set: dict[int, int] = {}
    for number in np.unique(rows.segment_set).tolist():
        parts = rows.segments.get(number, ())
        values = dict(part.split("=", 1) for part in parts if "=" in part and "&" not in part)
        inside = not segment or set(segment.split("&")) <= set(parts) or segment in parts
        if inside and all(column in values for column in wanted):
            name = "&".join(f"{column}={values[column]}" for column in wanted)
            by_set[number] = names.setdefault(name, len(names))
    numbers = np.array([by_set.get(number, -1) for number in rows.segment_set.tolist()], dtype=np.int64)
    return tuple(names), numbers
