"""Which metrics the pages offer, by task, in the order of their lists; docs/metrics.md says what each means."""

ACCURACY = {
    "binary": (
        "auc", "log_loss", "accuracy", "gini", "average_precision", "brier", "balanced_accuracy", "precision", "recall", "specificity",
        "fpr", "fnr", "f1", "mcc", "ks_score", "rate_at_top_5", "rate_at_top_10", "lift_at_top_10", "ece", "fve_binomial",
    ),
    "multiclass": (
        "accuracy", "log_loss", "balanced_accuracy", "mcc", "precision_macro", "precision_weighted", "recall_macro", "recall_weighted",
        "f1_macro", "f1_micro", "f1_weighted", "auc_ovr_macro", "top_k_accuracy",
    ),
    "regression": (
        "rmse", "mae", "median_ae", "max_error", "bias", "mape", "smape", "r2", "rmsle", "poisson_deviance", "gamma_deviance",
        "tweedie_deviance", "fve_poisson", "fve_gamma", "fve_tweedie", "interval_coverage",
    ),
}  # fmt: skip
FAIRNESS = (
    "selection_rate",
    "favourable_share",
    "tpr",
    "fpr",
    "tnr",
    "fnr",
    "ppv",
    "npv",
    "balance_favourable",
    "balance_unfavourable",
)
PERCENTS = frozenset(
    {
        "error_rate", "user_error_rate", "availability", "slow_share", "cache_hit_rate", "missing_rate", "missing_delta", "coverage",
        "drifted_share", "drifted_share_weighted", "total_variation", "l_infinity", "unseen_rate", "out_of_range_rate",
        "non_finite_rate", "invalid_rate", "type_change_rate", "duplicate_rate", "traffic_to_usual", "labels_to_usual",
        "accuracy", "balanced_accuracy", "precision", "precision_macro", "precision_micro", "precision_weighted", "recall",
        "recall_macro", "recall_micro", "recall_weighted", "specificity", "fpr", "fnr", "tpr", "tnr", "ppv", "npv",
        "selection_rate", "favourable_share", "rate_at_top_5", "rate_at_top_10", "top_k_accuracy", "label_ratio",
        "interval_coverage", "mape", "smape", "budget_left_error_rate",
        "budget_left_availability", "budget_left_slow_requests", "budget_left_throughput", "budget_left_freshness",
    }
)  # fmt: skip
"""Metrics that are shares, which people read in percent: here and, sent along with a page, in the browser."""
STATISTICS = (
    "psi", "js_distance", "hellinger", "total_variation", "l_infinity", "kl", "chi_square", "cramers_v", "ks", "wasserstein",
    "wasserstein_norm", "missing_rate", "missing_delta",
)  # fmt: skip


CUSTOM = ("mean", "sum", "count", "min", "max", "p50", "p95")
"""Statistics of the numbers of a metric of the user's own: `custom_mean` and so on."""


def accuracy_metrics(task: str | None) -> tuple[str, ...]:
    """Those of a task; a task that was never said is taken for binary, as the API does."""
    return ACCURACY.get(task or "binary", ())
