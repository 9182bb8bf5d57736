"""Accuracy of one window's joined rows: each metric with its standard error and 95 % band.

`binary` scores a positive class, `decisions` counts what was decided, `multiclass` and `regression` are the other tasks. Where a metric is
undefined its value is None with a reason; where it is defined it equals scikit-learn's to 1e-9.
"""

from tidegauge_collector.core.accuracy.binary import (
    LOG_LOSS_CLIP,
    auc,
    average_precision,
    brier,
    ece,
    fve_binomial,
    gini,
    ks_score,
    lift_at_top,
    log_loss,
    rate_at_top,
)
from tidegauge_collector.core.accuracy.decisions import (
    DECISIONS,
    Cells,
    accuracy,
    accuracy_from_labels,
    cells,
    matthews,
)
from tidegauge_collector.core.accuracy.estimate import Z_95, Estimate, no_value, proportion
from tidegauge_collector.core.accuracy.regression import REGRESSION, interval_coverage

__all__ = [
    "DECISIONS",
    "LOG_LOSS_CLIP",
    "REGRESSION",
    "SCORED",
    "Z_95",
    "Cells",
    "Estimate",
    "accuracy",
    "accuracy_from_labels",
    "auc",
    "average_precision",
    "brier",
    "cells",
    "ece",
    "fve_binomial",
    "gini",
    "interval_coverage",
    "ks_score",
    "lift_at_top",
    "log_loss",
    "matthews",
    "no_value",
    "proportion",
    "rate_at_top",
]

SCORED = {
    "auc": auc,
    "log_loss": log_loss,
    "gini": gini,
    "average_precision": average_precision,
    "brier": brier,
    "ks_score": ks_score,
    "rate_at_top_5": lambda actual, score: rate_at_top(actual, score, percent=5),
    "rate_at_top_10": lambda actual, score: rate_at_top(actual, score, percent=10),
    "lift_at_top_10": lambda actual, score: lift_at_top(actual, score, percent=10),
    "ece": ece,
    "fve_binomial": fve_binomial,
}
"""What a binary task has of scores, by name."""
