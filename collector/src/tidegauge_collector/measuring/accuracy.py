"""Accuracy of predictions whose truth has arrived, by the time of the prediction, beside the baseline's own value."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from tidegauge.core.sketch import rank_of
from tidegauge.core.windows import Window
from tidegauge_collector.control import Deployment
from tidegauge_collector.core.accuracy import Estimate, no_value, proportion
from tidegauge_collector.core.accuracy.multiclass import TOP
from tidegauge_collector.core.metrics import ACCURACY, ESTIMATED, LAG_QUANTILES
from tidegauge_collector.core.spread import Spread, blocks_spread
from tidegauge_collector.measuring.baselines import ActiveBaseline
from tidegauge_collector.measuring.gauged import Scope
from tidegauge_collector.measuring.labelled import (
    THRESHOLD,
    THRESHOLDED,
    Found,
    LabelledRows,
    Task,
    baseline_classes,
    baseline_rows,
    estimate,
    labelled_rows,
    usable_rows,
)
from tidegauge_collector.measuring.measurement import Measurement
from tidegauge_collector.measuring.singlerows import SingleRows
from tidegauge_collector.telemetry.store import TelemetryStore

METRICS = ACCURACY


class AccuracyMeter:
    """Measures accuracy of one deployment's version against its active baseline.

    `of_class` measures one class of a multiclass model against the rest; `threshold` is where a binary score becomes positive.
    """

    def __init__(
        self,
        store: TelemetryStore,
        deployment: Deployment,
        active: ActiveBaseline | None,
        *,
        of_class: str | None = None,
        threshold: float = THRESHOLD,
        rows: SingleRows | None = None,
    ) -> None:
        """`rows`: where what is read is shared with others."""
        self._rows = rows or SingleRows(store)
        self._task = Task(
            kind=deployment.task,
            positive_class=deployment.positive_class,
            classes=deployment.classes or baseline_classes(active),
            threshold=threshold,
            of_class=of_class,
        )
        self._baseline = baseline_rows(active)

    def measure(self, scope: Scope, metrics: Sequence[str], *, judged: bool = False) -> Iterator[Measurement]:
        """Each metric in each window. `judged`: accuracy stands back where there is an AUC, as the default monitors want it."""
        if not scope.windows:
            return
        event_us, rows = labelled_rows(self._rows.joined(scope))
        predicted = self._rows.predicted_ids(scope)
        parts = [rows.part(*np.searchsorted(event_us, [one.start_us, one.end_us]).tolist()) for one in scope.windows]
        usable = [usable_rows(part, self._task) for part in parts]
        for metric in metrics:
            of_baseline = self._of_baseline(metric)
            for i, window in enumerate(scope.windows):
                found = self._found(metric, parts[i], predicted[i], judged=judged)
                measured = _measurement(metric, found, scope, window, of_baseline)
                yield replace(
                    measured,
                    coverage=min(1.0, usable[i] / predicted[i]) if predicted[i] else None,
                    parameters={**measured.parameters, **self._stated(metric, rows)},
                )

    def spread(self, metric: str, n: int) -> Spread | None:
        """How the metric spreads over windows of n labelled rows like the baseline's; None where the baseline has none."""
        rows = self._baseline
        if rows is None or metric not in ESTIMATED:
            return None
        return blocks_spread(
            len(rows), n, lambda places: estimate(metric, rows.pick(places), self._task).estimate.value
        )

    def _of_baseline(self, metric: str) -> Estimate | None:
        if self._baseline is None or metric not in ESTIMATED:
            return None
        return estimate(metric, self._baseline, self._task).estimate

    def _found(self, metric: str, rows: LabelledRows, predicted: int, *, judged: bool) -> Found:
        if metric == "label_ratio":
            n = min(len(rows), predicted)
            return Found(proportion(n, predicted) if predicted else no_value("wilson", "no_rows", 0))
        if metric in LAG_QUANTILES:
            return Found(_lag(rows, LAG_QUANTILES[metric]), {"unit": "s"})
        found = estimate(metric, rows, self._task)
        if judged and metric == "accuracy" and self._task.kind in {None, "", "binary"}:
            has_auc = estimate("auc", rows, self._task).estimate.value is not None
            if has_auc:
                return Found(no_value(found.estimate.method, "auc_available", found.estimate.n))
        return found

    def _stated(self, metric: str, rows: LabelledRows) -> dict[str, object]:
        if metric == "top_k_accuracy":
            return {"k": TOP}
        if metric in THRESHOLDED and self._task.kind in {None, "", "binary"} and not self._task.is_multiclass(rows):
            return {"threshold": self._task.threshold}
        return {}


def _lag(rows: LabelledRows, q: float) -> Estimate:
    """A quantile of how long the truth took, seconds: the ⌈q·n⌉-th smallest."""
    if rows.lag_s is None or not len(rows):
        return no_value("exact", "no_rows", 0)
    value = float(np.sort(rows.lag_s)[rank_of(q, len(rows)) - 1])
    return Estimate(value, None, None, None, "exact", None, len(rows))


def _measurement(metric: str, found: Found, scope: Scope, window: Window, baseline: Estimate | None) -> Measurement:
    one = found.estimate
    parameters: dict[str, object] = {"standard_error": one.standard_error, "low": one.low, "high": one.high}
    parameters["percent_change"] = _percent_change(one.value, baseline.value if baseline is not None else None)
    if baseline is not None and baseline.standard_error is not None:
        parameters["baseline_standard_error"] = baseline.standard_error
    if one.left_out:
        parameters["left_out"] = one.left_out
    return Measurement(
        metric=metric,
        column="",
        segment=scope.segment,
        version=scope.version,
        window=window,
        value=one.value,
        reason=one.reason,
        n=one.n,
        baseline_n=baseline.n if baseline is not None else None,
        baseline_value=baseline.value if baseline is not None else None,
        method=one.method,
        parameters=parameters | dict(found.extra),
        error_bound=0.0 if one.value is not None else None,
    )


def _percent_change(value: float | None, baseline: float | None) -> float | None:
    """By how many percent of the baseline's size the value lies above it."""
    return None if value is None or not baseline else 100.0 * (value - baseline) / abs(baseline)
