"""Predictions with their truth, of windows and of baselines, and which metrics of accuracy a task has of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from tidegauge_collector.core.accuracy import (
    DECISIONS,
    REGRESSION,
    SCORED,
    Estimate,
    accuracy,
    accuracy_from_labels,
    auc,
    cells,
    interval_coverage,
    matthews,
    no_value,
)
from tidegauge_collector.core.accuracy import multiclass as many
from tidegauge_collector.core.metrics import AVERAGED, BINARY, MULTICLASS, OF_ONE_CLASS
from tidegauge_collector.core.outcomes import Multiclass, actual_texts, binary, encoded, multiclass, regression, texts
from tidegauge_collector.measuring.baselines import ActiveBaseline
from tidegauge_collector.telemetry.joined import JoinedRows

Floats = npt.NDArray[np.float64]
Objects = npt.NDArray[np.object_]

THRESHOLD = 0.5
THRESHOLDED = frozenset({"accuracy", "confusion_matrix", *DECISIONS})
MOST_CLASSES = 100
"""Classes up to which a confusion matrix is given out."""


@dataclass(frozen=True)
class LabelledRows:
    """Rows of a window (or baseline) with predictions and truth: scores (NaN = none), labels as text (None = none).

    `lag_s` is how long the truth took.
    """

    score: Floats
    label: Objects
    actual_value: Floats
    actual_label: Objects
    class_scores: Mapping[str, Floats] = field(default_factory=dict)
    lag_s: Floats | None = None

    def __len__(self) -> int:
        return len(self.score)

    def part(self, start: int, end: int) -> LabelledRows:
        """Rows start to end."""
        return self.pick(slice(start, end))

    def pick(self, rows: slice | npt.NDArray[np.int64]) -> LabelledRows:
        """Some of the rows."""
        return LabelledRows(
            self.score[rows],
            self.label[rows],
            self.actual_value[rows],
            self.actual_label[rows],
            {name: values[rows] for name, values in self.class_scores.items()},
            None if self.lag_s is None else self.lag_s[rows],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """How a deployment's rows are read; `of_class`: one class against the rest."""

    kind: str | None
    positive_class: str | None
    classes: tuple[str, ...] | None
    threshold: float = THRESHOLD
    of_class: str | None = None

    def has_scores(self, rows: LabelledRows) -> bool:
        """Whether the rows are of a binary task with scores."""
        return self.kind in {None, "", "binary"} and not bool(np.isnan(rows.score).all())

    def is_multiclass(self, rows: LabelledRows) -> bool:
        return self.kind == "multiclass" or (self.kind in {None, ""} and bool(rows.class_scores))


def labelled_rows(found: JoinedRows) -> tuple[npt.NDArray[np.int64], LabelledRows]:
    """Joined rows in order of their time, and these times."""
    order = np.argsort(found.event_us, kind="stable")
    return found.event_us[order], LabelledRows(
        found.score[order],
        texts(found.label)[order],
        found.actual_value[order],
        texts(found.actual_label)[order],
        {name: values[order] for name, values in found.class_scores.items()},
        (found.actual_us - found.event_us)[order] / 1e6,
    )


def baseline_rows(active: ActiveBaseline | None) -> LabelledRows | None:
    """The baseline's scored rows, None where it has none."""
    outcomes = active.baseline.outcomes if active is not None else None
    if outcomes is None or outcomes.actual is None or outcomes.predicted is None:
        return None
    values = outcomes.actual.values
    score = outcomes.outputs.get("", np.full(len(values), np.nan))
    by_class = {name: found for name, found in outcomes.outputs.items() if name}
    return LabelledRows(score, texts(outcomes.predicted), values, texts(outcomes.actual.labels), by_class)


def baseline_classes(active: ActiveBaseline | None) -> tuple[str, ...] | None:
    """The classes that a baseline tells of: those that were scored, else those that were true."""
    outcomes = active.baseline.outcomes if active is not None else None
    if outcomes is None:
        return None
    scored = tuple(sorted(name for name in outcomes.outputs if name))
    if scored or outcomes.actual is None:
        return scored or None
    truth = actual_texts(outcomes.actual.values, texts(outcomes.actual.labels))
    return tuple(sorted({one for one in truth if one is not None})) or None


@dataclass(frozen=True, slots=True)
class Found:
    """An estimate, and what else is to be said of it."""

    estimate: Estimate
    extra: Mapping[str, object] = field(default_factory=dict)


def estimate(metric: str, rows: LabelledRows, task: Task) -> Found:
    """One of ESTIMATED of some rows; `not_applicable` where the task has no such metric."""
    with np.errstate(over="ignore", invalid="ignore"):
        if task.kind == "regression":
            return _of_regression(metric, rows)
        if task.is_multiclass(rows):
            return _of_multiclass(metric, rows, task)
        if task.has_scores(rows):
            return _of_scores(metric, rows, task)
        return _of_labels(metric, rows, task)


def usable_rows(rows: LabelledRows, task: Task) -> int:
    """How many rows have an answer and a truth that the task can read: what coverage counts, whichever of them a metric speaks of."""
    metric = "mae" if task.kind == "regression" else "accuracy"
    return estimate(metric, rows, replace(task, of_class=None)).estimate.n


def _not_applicable() -> Found:
    return Found(no_value("", "not_applicable", 0))


def _of_regression(metric: str, rows: LabelledRows) -> Found:
    if metric == "interval_coverage":
        bounds = [rows.class_scores.get(name) for name in ("lower", "upper")]
        if bounds[0] is None or bounds[1] is None:
            return _not_applicable()
        used = ~(np.isnan(rows.actual_value) | np.isnan(bounds[0]) | np.isnan(bounds[1]))
        return Found(interval_coverage(rows.actual_value[used], bounds[0][used], bounds[1][used]))
    if metric not in REGRESSION:
        return _not_applicable()
    return Found(REGRESSION[metric](*regression(rows.actual_value, rows.score)))


def _of_scores(metric: str, rows: LabelledRows, task: Task) -> Found:
    if metric not in BINARY:
        return _not_applicable()
    chosen = binary(rows.actual_value, rows.actual_label, rows.score, task.positive_class)
    if metric in SCORED:
        return Found(SCORED[metric](chosen.actual, chosen.score))
    if metric == "accuracy":
        return Found(accuracy(chosen.actual, chosen.score, threshold=task.threshold))
    if not np.isfinite(chosen.score).all():
        return Found(no_value("wilson", "out_of_domain", len(chosen.score)))
    counted = cells(chosen.actual, chosen.score >= task.threshold)
    if metric == "confusion_matrix":
        table = np.array([[counted.tn, counted.fp], [counted.fn, counted.tp]])
        return _matrix(table, ("rest", task.positive_class or "1"))
    return Found(DECISIONS[metric](counted))


def _of_labels(metric: str, rows: LabelledRows, task: Task) -> Found:
    """A task without scores, or one that nobody has named: labels can be equal, or the positive class's."""
    if not len(rows):
        return Found(no_value("", "no_rows" if metric in BINARY else "not_applicable", 0))
    if metric not in ("accuracy", "confusion_matrix", *DECISIONS):
        return _not_applicable()
    truth = actual_texts(rows.actual_value, rows.actual_label)
    if metric == "accuracy":
        both = encoded(np.concatenate([truth, rows.label]))
        actual, answer = both[: len(truth)], both[len(truth) :]
        used = (actual >= 0) & (answer >= 0)
        return Found(accuracy_from_labels(actual[used], answer[used]))
    said = np.where(rows.label == None, np.nan, 0.0)  # noqa: E711 - element by element
    answers = binary(np.full(len(rows), np.nan), rows.label, said, task.positive_class)
    chosen = binary(rows.actual_value, rows.actual_label, said, task.positive_class)
    both_used = chosen.used & answers.used
    counted = cells(chosen.actual[both_used[chosen.used]], answers.actual[both_used[answers.used]])
    if metric == "confusion_matrix":
        table = np.array([[counted.tn, counted.fp], [counted.fn, counted.tp]])
        return _matrix(table, ("rest", task.positive_class or "1"))
    return Found(DECISIONS[metric](counted))


def _of_multiclass(metric: str, rows: LabelledRows, task: Task) -> Found:
    if metric not in (*MULTICLASS, *OF_ONE_CLASS):
        return _not_applicable()
    truth = actual_texts(rows.actual_value, rows.actual_label)
    chosen = multiclass(truth, rows.label, rows.class_scores, task.classes)
    extra: dict[str, object] = {"invalid": chosen.invalid} if chosen.invalid else {}
    table = many.confusion(chosen.actual, chosen.predicted, len(chosen.classes))
    if metric == "confusion_matrix":
        return Found(_matrix(table, chosen.classes).estimate, {**_matrix(table, chosen.classes).extra, **extra})
    if task.of_class is not None:
        return Found(_of_one_class(metric, chosen, table, task.of_class), extra | {"class": task.of_class})
    if metric in AVERAGED:
        part, average = metric.rsplit("_", 1)
        return Found(many.averaged(table, part, average), extra)
    plain = {"accuracy": many.right, "balanced_accuracy": many.balanced, "mcc": matthews}
    if metric in plain:
        return Found(plain[metric](table), extra)
    return Found(_of_class_scores(metric, chosen), extra)


def _of_one_class(metric: str, chosen: Multiclass, table: npt.NDArray[np.int64], name: str) -> Estimate:
    if name not in chosen.classes or metric not in OF_ONE_CLASS:
        return no_value("", "not_applicable", 0)
    place = chosen.classes.index(name)
    if metric == "auc":
        if chosen.scores is None:
            return no_value("delong", "not_applicable", 0)
        shares, reason = many.normalised_scores(chosen.scores)
        return no_value("delong", reason, len(shares)) if reason else auc(chosen.actual == place, shares[:, place])
    return DECISIONS[metric](many.one_against_rest(table, place))


def _of_class_scores(metric: str, chosen: Multiclass) -> Estimate:
    of_scores = {
        "log_loss": many.log_loss,
        "auc_ovr_macro": many.auc_ovr_macro,
        "top_k_accuracy": many.top_k_accuracy,
    }
    if metric not in of_scores:
        return no_value("", "not_applicable", 0)  # of one class only
    if not len(chosen.actual):
        return no_value("", "no_rows", 0)
    return (
        no_value("", "not_applicable", 0) if chosen.scores is None else of_scores[metric](chosen.actual, chosen.scores)
    )


def _matrix(table: npt.NDArray[np.int64], classes: Sequence[str]) -> Found:
    """The number of rows, and the table itself beside it."""
    n = int(table.sum())
    if not n:
        return Found(no_value("count", "no_rows", 0))
    extra = {"classes": list(classes), "matrix": table.tolist()} if len(classes) <= MOST_CLASSES else {}
    return Found(Estimate(float(n), None, None, None, "count", None, n), extra)
