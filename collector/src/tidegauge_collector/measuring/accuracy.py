"""Accuracy of predictions whose truth has arrived, by the time of the prediction, beside the baseline's own value."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tidegauge.core.windows import Window
from tidegauge_collector.control import Deployment
from tidegauge_collector.core.accuracy import Estimate, accuracy, accuracy_from_labels, auc, log_loss
from tidegauge_collector.core.outcomes import actual_texts, binary, encoded, texts
from tidegauge_collector.core.spread import Spread, blocks_spread
from tidegauge_collector.measuring.baselines import ActiveBaseline
from tidegauge_collector.measuring.drift import Scope
from tidegauge_collector.measuring.measurement import Measurement
from tidegauge_collector.telemetry.joined import joined, predicted_ids
from tidegauge_collector.telemetry.store import TelemetryStore

METRICS = ("auc", "log_loss", "accuracy")
THRESHOLD = 0.5

Floats = npt.NDArray[np.float64]
Objects = npt.NDArray[np.object_]


@dataclass(frozen=True)
class LabelledRows:
    """Rows of a window (or baseline) with predictions and truth: scores (NaN = none), labels as text (None = none)."""

    score: Floats
    label: Objects
    actual_value: Floats
    actual_label: Objects

    def part(self, start: int, end: int) -> LabelledRows:
        """Rows start to end."""
        rows = slice(start, end)
        return LabelledRows(self.score[rows], self.label[rows], self.actual_value[rows], self.actual_label[rows])

    def pick(self, places: npt.NDArray[np.int64]) -> LabelledRows:
        """Some of the rows."""
        return LabelledRows(
            self.score[places], self.label[places], self.actual_value[places], self.actual_label[places]
        )


class AccuracyMeter:
    """Measures accuracy of one deployment's version against its active baseline."""

    def __init__(self, store: TelemetryStore, deployment: Deployment, active: ActiveBaseline | None) -> None:
        self._store = store
        self._positive = deployment.positive_class
        self._is_binary = deployment.task in {None, "", "binary"}
        self._is_classification = deployment.task != "regression"
        self._baseline = _outcomes(active)

    def measure(self, scope: Scope, metrics: Sequence[str], *, judged: bool = False) -> Iterator[Measurement]:
        """Each metric in each window. `judged`: accuracy stands back where there is an AUC, as the default monitors want it."""
        if not scope.windows:
            return
        start = min(window.start_us for window in scope.windows)
        end = max(window.end_us for window in scope.windows)
        found = joined(
            self._store, scope.deployment, version=scope.version, segment=scope.segment, start_us=start, end_us=end
        )
        order = np.argsort(found.event_us, kind="stable")
        event_us = found.event_us[order]
        rows = LabelledRows(
            found.score[order], texts(found.label)[order], found.actual_value[order], texts(found.actual_label)[order]
        )
        predicted = predicted_ids(
            self._store, scope.deployment, version=scope.version, segment=scope.segment, windows=scope.windows
        )
        for metric in metrics:
            baseline = self._estimate(metric, self._baseline) if self._baseline is not None else None
            for i, window in enumerate(scope.windows):
                first, last = np.searchsorted(event_us, [window.start_us, window.end_us])
                part = rows.part(int(first), int(last))
                estimate = self._estimate(metric, part)
                if (
                    judged
                    and metric == "accuracy"
                    and self._is_binary
                    and self._estimate("auc", part).value is not None
                ):
                    estimate = Estimate(None, None, None, None, estimate.method, "auc_available", estimate.n)
                coverage = estimate.n / int(predicted[i]) if predicted[i] else None
                yield _measurement(metric, estimate, scope, window, baseline, coverage)

    def spread(self, metric: str, n: int) -> Spread | None:
        """How the metric spreads over windows of n labelled rows like the baseline's; None where the baseline has none."""
        rows = self._baseline
        if rows is None:
            return None
        return blocks_spread(len(rows.score), n, lambda places: self._estimate(metric, rows.pick(places)).value)

    def _estimate(self, metric: str, rows: LabelledRows) -> Estimate:
        if not self._is_classification:
            return Estimate(None, None, None, None, "", "not_applicable", 0)
        if self._is_binary and not np.isnan(rows.score).all():
            chosen = binary(rows.actual_value, rows.actual_label, rows.score, self._positive)
            return _BINARY[metric](chosen.actual, chosen.score)
        if metric != "accuracy":
            reason = "no_rows" if not len(rows.score) else "not_applicable"
            return Estimate(None, None, None, None, "", reason, 0)
        truth = actual_texts(rows.actual_value, rows.actual_label)
        both = encoded(np.concatenate([truth, rows.label]))
        actual, answer = both[: len(truth)], both[len(truth) :]
        used = (actual >= 0) & (answer >= 0)
        return accuracy_from_labels(actual[used], answer[used])


_BINARY: dict[str, Callable[[npt.ArrayLike, npt.ArrayLike], Estimate]] = {
    "auc": auc,
    "log_loss": log_loss,
    "accuracy": lambda actual, score: accuracy(actual, score, threshold=THRESHOLD),
}


def _outcomes(active: ActiveBaseline | None) -> LabelledRows | None:
    outcomes = active.baseline.outcomes if active is not None else None
    if outcomes is None or outcomes.actual is None or outcomes.predicted is None:
        return None
    values = outcomes.actual.values
    score = outcomes.outputs.get("", np.full(len(values), np.nan))
    return LabelledRows(score, texts(outcomes.predicted), values, texts(outcomes.actual.labels))


def _measurement(
    metric: str, estimate: Estimate, scope: Scope, window: Window, baseline: Estimate | None, coverage: float | None
) -> Measurement:
    parameters = {"standard_error": estimate.standard_error, "low": estimate.low, "high": estimate.high}
    if metric == "accuracy":
        parameters["threshold"] = THRESHOLD
    if baseline is not None and baseline.standard_error is not None:
        parameters["baseline_standard_error"] = baseline.standard_error
    return Measurement(
        metric=metric,
        column="",
        segment=scope.segment,
        version=scope.version,
        window=window,
        value=estimate.value,
        reason=estimate.reason,
        n=estimate.n,
        baseline_n=baseline.n if baseline is not None else None,
        baseline_value=baseline.value if baseline is not None else None,
        coverage=coverage,
        method=estimate.method,
        parameters=parameters,
        error_bound=0.0 if estimate.value is not None else None,
    )
