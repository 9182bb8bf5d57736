"""Curves of accuracy over one window: the rows that accuracy is measured on, as drawings need them."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np

from tidegauge.core.windows import Window
from tidegauge_collector.control import Deployment
from tidegauge_collector.core import curves
from tidegauge_collector.core.outcomes import binary, regression
from tidegauge_collector.measuring.labelled import labelled_rows
from tidegauge_collector.telemetry.joined import joined
from tidegauge_collector.telemetry.store import TelemetryStore


def measure_curves(
    store: TelemetryStore, deployment: Deployment, *, version: str, segment: str, window: Window
) -> dict[str, Any]:
    """`kind` binary: roc, calibration, lift; regression: deciles, scatter; else (and of multiclass models) no curves, kind None."""
    found = joined(
        store, deployment.name, version=version, segment=segment, start_us=window.start_us, end_us=window.end_us
    )
    _, rows = labelled_rows(found)
    if deployment.task == "regression":
        actual, predicted = regression(rows.actual_value, rows.score)
        used = np.isfinite(actual) & np.isfinite(predicted)
        actual, predicted = actual[used], predicted[used]
        return {
            "kind": "regression",
            "n": len(actual),
            "deciles": [asdict(one) for one in curves.deciles(actual, predicted)],
            "scatter": [{"predicted": x, "actual": y} for x, y in curves.scattered(actual, predicted)],
        }
    if deployment.task == "multiclass" or rows.class_scores:
        return {"kind": None, "n": len(rows)}
    decided = binary(rows.actual_value, rows.actual_label, rows.score, deployment.positive_class)
    finite = np.isfinite(decided.score)
    truth, score = decided.actual[finite], decided.score[finite]
    return {
        "kind": "binary",
        "n": len(truth),
        "positives": int(truth.sum()),
        "roc": [{"fpr": x, "tpr": y, "threshold": at} for x, y, at in curves.roc(truth, score)],
        "calibration": [asdict(one) for one in curves.calibration(truth, score)],
        "lift": [asdict(one) for one in curves.lift(truth, score)],
    }
