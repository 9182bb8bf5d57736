"""Which block of a deployment's health a monitor speaks for, and with it each of its alerts: for health, routes and silences alike."""

from collections.abc import Mapping
from typing import Literal, get_args

from tidegauge_collector.core.monitor_problems import Block

BLOCKS: tuple[Block, ...] = get_args(Block)
_BY_KIND: Mapping[str, Block] = {"no_data": "freshness", "burn_rate": "service", "fairness": "fairness"}
_METRICS: Mapping[Block, str] = {
    "service": "requests predictions errors error_rate user_error_rate availability latency slow_requests slow_share throughput_median "
    "throughput_peak consumers cache_hits cache_hit_rate activity",
    "freshness": "freshness",
    "drift": "psi kl js_distance js_divergence hellinger total_variation l_infinity chi_square cramers_v ks wasserstein wasserstein_norm "
    "drifted_share drifted_share_weighted multivariate_reconstruction",
    "accuracy": "accuracy confusion_matrix auc log_loss gini average_precision brier ks_score rate_at_top_5 rate_at_top_10 lift_at_top_10 "
    "ece fve_binomial balanced_accuracy precision recall specificity fpr fnr f1 mcc precision_macro precision_micro "
    "precision_weighted recall_macro recall_micro recall_weighted f1_macro f1_micro f1_weighted auc_ovr_macro top_k_accuracy "
    "rmse mae median_ae max_error bias mape smape r2 rmsle poisson_deviance gamma_deviance tweedie_deviance fve_poisson fve_gamma "
    "fve_tweedie interval_coverage label_ratio label_lag_p50 label_lag_p90 label_lag_p99",
    "fairness": "selection_rate tpr tnr ppv npv favourable_share balance_favourable balance_unfavourable selection_rate_min_ratio "
    "tpr_min_ratio fpr_min_ratio tnr_min_ratio fnr_min_ratio ppv_min_ratio npv_min_ratio favourable_share_min_ratio "
    "balance_favourable_min_ratio balance_unfavourable_min_ratio",
    "quality": "missing_rate missing_delta unseen_rate out_of_range_rate non_finite_rate invalid_rate type_change_rate constant_column "
    "schema_changes duplicate_rate traffic_to_usual labels_to_usual",
}
_BY_METRIC: Mapping[str, Block] = {name: block for block, names in _METRICS.items() for name in names.split()}


def block_of(*, stated: Literal[""] | Block, kind: str, metric: str) -> Block:
    """The block that a monitor names (`stated`), else that of its kind, else of its metric; one that nobody knows is custom."""
    named = "latency" if metric.startswith("latency_p") else metric  # whatever quantile
    return stated or _BY_KIND.get(kind) or _BY_METRIC.get(named, "custom")
