"""The name of every metric, by what is measured alike, and the block of a deployment's health that it speaks for: the one table.

How a family is measured stands in `measuring`; custom metrics have names of their own before their statistic.
"""

from collections.abc import Mapping
from typing import get_args

from tidegauge_collector.core.accuracy import DECISIONS, REGRESSION, SCORED
from tidegauge_collector.core.accuracy.multiclass import AVERAGES, PARTS
from tidegauge_collector.core.custom import Statistic
from tidegauge_collector.core.drift import DIVERGENCES
from tidegauge_collector.core.fairness import MEASURES
from tidegauge_collector.core.monitor_problems import Block

TESTS = ("chi_square", "cramers_v")
DISTANCES = ("ks", "wasserstein", "wasserstein_norm")
MISSING = ("missing_rate", "missing_delta")
DRIFT = (*DIVERGENCES, *TESTS, *DISTANCES, *MISSING)
DRIFTED = ("drifted_share", "drifted_share_weighted")
RECONSTRUCTION = "multivariate_reconstruction"
SHARES = ("unseen_rate", "out_of_range_rate", "non_finite_rate", "invalid_rate")
QUALITY = (*SHARES, "type_change_rate", "constant_column")
SCHEMA = "schema_changes"
VOLUMES = REPEATED, TRAFFIC, LABELS = "duplicate_rate", "traffic_to_usual", "labels_to_usual"
BY_MINUTE = ("throughput_median", "throughput_peak")
FRESHNESS = "freshness"
LATENCY_QUANTILES: Mapping[str, str] = {
    "latency_p50": "0.5",
    "latency_p90": "0.9",
    "latency_p95": "0.95",
    "latency_p99": "0.99",
}
SERVICE = (
    "requests",
    "predictions",
    "errors",
    "error_rate",
    "user_error_rate",
    "availability",
    "latency",
    "slow_requests",
    "slow_share",
    *BY_MINUTE,
    "consumers",
    "cache_hits",
    "cache_hit_rate",
    "activity",
    FRESHNESS,
    *LATENCY_QUANTILES,
)
BINARY = ("accuracy", "confusion_matrix", *SCORED, *DECISIONS)
AVERAGED = tuple(f"{part}_{average}" for part in PARTS for average in AVERAGES)
MULTICLASS = (
    "accuracy",
    "confusion_matrix",
    "log_loss",
    "balanced_accuracy",
    "mcc",
    *AVERAGED,
    "auc_ovr_macro",
    "top_k_accuracy",
)
OF_ONE_CLASS = ("precision", "recall", "specificity", "fpr", "fnr", "f1", "auc")
"""What a multiclass model has of one class against the rest."""
OF_REGRESSION = (*REGRESSION, "interval_coverage")
ESTIMATED = tuple(dict.fromkeys((*BINARY, *MULTICLASS, *OF_REGRESSION)))
LAG_QUANTILES: Mapping[str, float] = {"label_lag_p50": 0.5, "label_lag_p90": 0.9, "label_lag_p99": 0.99}
ACCURACY = (*ESTIMATED, "label_ratio", *LAG_QUANTILES)
SHARED = ("fpr", "fnr")
"""Of all rows they are metrics of accuracy; of groups, of fairness."""
RATIOS: Mapping[str, str] = {f"{measure}_min_ratio": measure for measure in MEASURES}
FAIRNESS = (*(name for name in MEASURES if name not in SHARED), *RATIOS)
CUSTOM = tuple(f"custom_{name}" for name in get_args(Statistic))

_BY_BLOCK: Mapping[Block, tuple[str, ...]] = {
    "service": tuple(name for name in SERVICE if name != FRESHNESS),
    "freshness": (FRESHNESS,),
    "drift": (*(name for name in DRIFT if name not in MISSING), *DRIFTED, RECONSTRUCTION),
    "accuracy": ACCURACY,
    "fairness": FAIRNESS,
    "quality": (*MISSING, *QUALITY, SCHEMA, *VOLUMES),
    "custom": CUSTOM,
}
BLOCKS_OF_METRICS: Mapping[str, Block] = {name: block for block, names in _BY_BLOCK.items() for name in names}
