"""Who else computes our metrics: for each of them what an independent library says of the same rows.

A witness takes the rows as a user has them, never our counts or bins. `BY_HAND` names the test with a hand-computed value of a metric
that no library has. Every registered metric is in one of the two (`test_every_metric_has_a_witness.py`).
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from fairlearn import metrics as fair
from scipy import stats
from scipy.spatial import distance
from scipy.stats.contingency import association
from sklearn import metrics as sk
from sklearn.calibration import calibration_curve
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler

from . import shares


@dataclass(frozen=True, slots=True)
class Witness:
    """A library's value of a metric; `of` takes what the metrics of its kind take."""

    library: str
    of: Callable[..., Any]


def sklearn(of: Callable[..., Any]) -> Witness:
    return Witness("scikit-learn", of)


def scipy(of: Callable[..., Any]) -> Witness:
    return Witness("SciPy", of)


def fairlearn(of: Callable[..., Any]) -> Witness:
    return Witness("fairlearn", of)


def numpy(of: Callable[..., Any]) -> Witness:
    return Witness("NumPy", of)


def _reconstruction(window: np.ndarray, baseline: np.ndarray) -> float:
    """What the fewest components that explain 65 % of the baseline's variance leave of a standardised row, a feature on average."""
    scaler = StandardScaler().fit(baseline)
    explained = np.cumsum(PCA().fit(scaler.transform(baseline)).explained_variance_ratio_)
    kept = int(np.argmax(explained >= 0.65 - 1e-9)) + 1
    model, rows = PCA(kept).fit(scaler.transform(baseline)), scaler.transform(window)
    return float(np.square(rows - model.inverse_transform(model.transform(rows))).sum(axis=1).mean() / rows.shape[1])


# w, b: matrices of numbers of window and baseline
ROWS: dict[str, Witness] = {"multivariate_reconstruction": sklearn(_reconstruction)}

# y: whether each row is positive; s: its score; d: whether it was decided so
BINARY: dict[str, Witness] = {
    "auc": sklearn(lambda y, s, d: sk.roc_auc_score(y, s)),
    "gini": sklearn(lambda y, s, d: 2 * sk.roc_auc_score(y, s) - 1),
    "average_precision": sklearn(lambda y, s, d: sk.average_precision_score(y, s)),
    "log_loss": sklearn(lambda y, s, d: sk.log_loss(y, s)),
    "brier": sklearn(lambda y, s, d: sk.brier_score_loss(y, s)),
    "fve_binomial": sklearn(lambda y, s, d: sk.d2_log_loss_score(y, s)),
    "ks_score": scipy(lambda y, s, d: stats.ks_2samp(s[~y], s[y], alternative="greater", method="asymp").statistic),
    "ece": sklearn(lambda y, s, d: _ece(y, s)),
    "confusion_matrix": sklearn(lambda y, s, d: sk.confusion_matrix(y, d)),
    "accuracy": sklearn(lambda y, s, d: sk.accuracy_score(y, d)),
    "balanced_accuracy": sklearn(lambda y, s, d: sk.balanced_accuracy_score(y, d)),
    "precision": sklearn(lambda y, s, d: sk.precision_score(y, d)),
    "recall": sklearn(lambda y, s, d: sk.recall_score(y, d)),
    "f1": sklearn(lambda y, s, d: sk.f1_score(y, d)),
    "mcc": sklearn(lambda y, s, d: sk.matthews_corrcoef(y, d)),
    "specificity": fairlearn(lambda y, s, d: fair.true_negative_rate(y, d)),
    "fpr": fairlearn(lambda y, s, d: fair.false_positive_rate(y, d)),
    "fnr": fairlearn(lambda y, s, d: fair.false_negative_rate(y, d)),
}

# y: the actual class, p: the predicted one, s: scores [rows, classes]
MULTICLASS: dict[str, Witness] = {
    "accuracy": sklearn(lambda y, p, s: sk.accuracy_score(y, p)),
    "balanced_accuracy": sklearn(lambda y, p, s: sk.balanced_accuracy_score(y, p)),
    "mcc": sklearn(lambda y, p, s: sk.matthews_corrcoef(y, p)),
    "confusion_matrix": sklearn(lambda y, p, s: sk.confusion_matrix(y, p)),
    "log_loss": sklearn(lambda y, p, s: sk.log_loss(y, s)),
    "auc_ovr_macro": sklearn(lambda y, p, s: sk.roc_auc_score(y, s, multi_class="ovr", average="macro")),
    "top_k_accuracy": sklearn(lambda y, p, s: sk.top_k_accuracy_score(y, s, k=3) if s.shape[1] > 3 else 1.0),
    **{
        f"{part}_{average}": sklearn(
            lambda y, p, s, of=of, average=average: of(y, p, average=average, zero_division=0.0)
        )
        for part, of in {"precision": sk.precision_score, "recall": sk.recall_score, "f1": sk.f1_score}.items()
        for average in ("macro", "micro", "weighted")
    },
}

# y: the actual number, x: the predicted one
REGRESSION: dict[str, Witness] = {
    "rmse": sklearn(sk.root_mean_squared_error),
    "mae": sklearn(sk.mean_absolute_error),
    "median_ae": sklearn(sk.median_absolute_error),
    "max_error": sklearn(sk.max_error),
    "mape": sklearn(sk.mean_absolute_percentage_error),
    "r2": sklearn(sk.r2_score),
    "rmsle": sklearn(sk.root_mean_squared_log_error),
    "poisson_deviance": sklearn(sk.mean_poisson_deviance),
    "gamma_deviance": sklearn(sk.mean_gamma_deviance),
    "tweedie_deviance": sklearn(lambda y, x: sk.mean_tweedie_deviance(y, x, power=1.5)),
    "fve_poisson": sklearn(lambda y, x: sk.d2_tweedie_score(y, x, power=1)),
    "fve_gamma": sklearn(lambda y, x: sk.d2_tweedie_score(y, x, power=2)),
    "fve_tweedie": sklearn(lambda y, x: sk.d2_tweedie_score(y, x, power=1.5)),
}

# p, q: shares of window and baseline in the bins of docs/metrics.md
SHARES: dict[str, Witness] = {
    "psi": scipy(lambda p, q: sum(stats.entropy(*pair) for pair in _floored_both_ways(p, q))),
    "kl": scipy(lambda p, q: stats.entropy(*shares.floored(p, q))),
    "js_distance": scipy(lambda p, q: distance.jensenshannon(p, q, base=2)),
    "js_divergence": scipy(lambda p, q: distance.jensenshannon(p, q, base=2) ** 2),
    "hellinger": scipy(lambda p, q: distance.euclidean(np.sqrt(p), np.sqrt(q)) / math.sqrt(2)),
    "total_variation": scipy(lambda p, q: distance.cityblock(p, q) / 2),
    "l_infinity": scipy(distance.chebyshev),
}

# table: the pooled 2×k counts of docs/metrics.md
TABLES: dict[str, Witness] = {
    "chi_square": scipy(lambda table: stats.chi2_contingency(table, correction=False).statistic),
    "cramers_v": scipy(lambda table: association(table, method="cramer", correction=False)),
}
P_VALUE = scipy(
    lambda table: (
        stats.fisher_exact(table).pvalue
        if table.shape[1] == 2
        else stats.chi2_contingency(table, correction=False).pvalue
    )
)

# w, b: finite values of window and baseline
VALUES: dict[str, Witness] = {
    "ks": scipy(lambda w, b: stats.ks_2samp(w, b, method="asymp").statistic),
    "wasserstein": scipy(stats.wasserstein_distance),
    "wasserstein_norm": scipy(lambda w, b: stats.wasserstein_distance(w, b) / np.std(b)),
}

# w, b: the columns as pandas holds them
COLUMNS: dict[str, Witness] = {
    "missing_rate": Witness("pandas", lambda w, b: w.isna().mean()),
    "missing_delta": Witness("pandas", lambda w, b: w.isna().mean() - b.isna().mean()),
}

# y: whether favourable, d: whether decided so, g: the group of each row; by group, or one number
GROUPS: dict[str, Witness] = {
    "selection_rate": fairlearn(lambda y, d, g: _by_group(fair.selection_rate, y, d, g)),
    "tpr": fairlearn(lambda y, d, g: _by_group(fair.true_positive_rate, y, d, g)),
    "fpr": fairlearn(lambda y, d, g: _by_group(fair.false_positive_rate, y, d, g)),
    "tnr": fairlearn(lambda y, d, g: _by_group(fair.true_negative_rate, y, d, g)),
    "fnr": fairlearn(lambda y, d, g: _by_group(fair.false_negative_rate, y, d, g)),
    "ppv": sklearn(lambda y, d, g: _by_group(sk.precision_score, y, d, g)),
    "npv": sklearn(lambda y, d, g: _by_group(lambda a, b: sk.precision_score(~a, ~b), y, d, g)),
    "selection_rate_min_ratio": fairlearn(lambda y, d, g: fair.demographic_parity_ratio(y, d, sensitive_features=g)),
    "tpr_min_ratio": fairlearn(lambda y, d, g: _min_ratio(fair.true_positive_rate, y, d, g)),
    "fpr_min_ratio": fairlearn(lambda y, d, g: _min_ratio(fair.false_positive_rate, y, d, g)),
    "tnr_min_ratio": fairlearn(lambda y, d, g: _min_ratio(fair.true_negative_rate, y, d, g)),
    "fnr_min_ratio": fairlearn(lambda y, d, g: _min_ratio(fair.false_negative_rate, y, d, g)),
    "ppv_min_ratio": fairlearn(lambda y, d, g: _min_ratio(sk.precision_score, y, d, g)),
    "npv_min_ratio": fairlearn(lambda y, d, g: _min_ratio(lambda a, b: sk.precision_score(~a, ~b), y, d, g)),
}

# seconds of calls or of labels
QUANTILES: dict[str, Witness] = {
    f"{name}_p{percent}": numpy(lambda seconds, percent=percent: np.percentile(seconds, percent, method="inverted_cdf"))
    for name, percents in {"label_lag": (50, 90, 99), "latency": (50, 90, 95, 99)}.items()
    for percent in percents
}

SERVICE_BY_HAND = (
    "activity",
    "availability",
    "cache_hit_rate",
    "cache_hits",
    "consumers",
    "freshness",
    "latency",
    "slow_requests",
    "slow_share",
    "throughput_median",
    "throughput_peak",
    "user_error_rate",
)
QUALITY_BY_HAND = {
    "constant_column": "test_columns_that_stand_still",
    "duplicate_rate": "test_ids_that_come_again_in_a_window_are_duplicates",
    "invalid_rate": "test_shares_are_of_all_rows_of_the_column",
    "labels_to_usual": "test_labels_are_held_against_their_usual_week",
    "non_finite_rate": "test_shares_are_of_all_rows_of_the_column",
    "out_of_range_rate": "test_shares_are_of_all_rows_of_the_column",
    "schema_changes": "test_features_that_came_and_went",
    "traffic_to_usual": "test_traffic_is_held_against_the_same_hours_of_the_weeks_before",
    "type_change_rate": "test_numbers_that_come_as_text_are_a_new_type",
    "unseen_rate": "test_shares_are_of_all_rows_of_the_column",
}

BY_HAND: dict[str, str] = {
    "rate_at_top_5": "unit/core/test_binary_accuracy.py::test_values_of_ten_rows_are_those_computed_by_hand",
    "rate_at_top_10": "unit/core/test_binary_accuracy.py::test_ties_at_the_cut_are_shared_in_proportion",
    "lift_at_top_10": "unit/core/test_binary_accuracy.py::test_values_of_ten_rows_are_those_computed_by_hand",
    "bias": "unit/core/test_regression_accuracy.py::test_values_of_three_rows_are_those_computed_by_hand",
    "smape": "unit/core/test_regression_accuracy.py::test_values_of_three_rows_are_those_computed_by_hand",
    "interval_coverage": "unit/core/test_regression_accuracy.py::test_interval_coverage_counts_bounds_as_inside",
    "label_ratio": "contract/peers/test_over_rest.py::test_what_is_counted_is_what_was_sent",
    "drifted_share": "unit/core/test_drifted.py::test_shares_count_features_over_the_limit_that_chance_does_not_explain",
    "drifted_share_weighted": "unit/core/test_drifted.py::"
    "test_shares_count_features_over_the_limit_that_chance_does_not_explain",
    "requests": "contract/peers/test_over_rest.py::test_what_is_counted_is_what_was_sent",
    "predictions": "contract/peers/test_over_rest.py::test_what_is_counted_is_what_was_sent",
    "errors": "contract/peers/test_over_rest.py::test_what_is_counted_is_what_was_sent",
    "error_rate": "contract/peers/test_over_rest.py::test_what_is_counted_is_what_was_sent",
    **{
        f"custom_{name}": "integration/collector/test_custom_metrics.py::test_statistics_are_those_of_the_values"
        for name in ("mean", "sum", "count", "min", "max", "p50", "p95")
    },
    **{
        name: "unit/core/test_fairness.py::test_shares_and_balances_of_two_groups_are_those_computed_by_hand"
        for measure in ("favourable_share", "balance_favourable", "balance_unfavourable")
        for name in (measure, f"{measure}_min_ratio")
    },
    **dict.fromkeys(
        SERVICE_BY_HAND, "integration/measuring/test_service_levels.py::test_every_metric_is_what_the_calls_say"
    ),
    **{
        f"custom_{of}": "integration/collector/test_custom_metrics.py::test_statistics_are_those_of_the_values"
        for of in ("count", "sum", "mean", "min", "max", "p50", "p95")
    },
    **{name: f"integration/measuring/test_quality.py::{test}" for name, test in QUALITY_BY_HAND.items()},
}

TABLES_OF_WITNESSES: tuple[Mapping[str, Witness], ...] = (
    BINARY,
    MULTICLASS,
    REGRESSION,
    SHARES,
    TABLES,
    VALUES,
    COLUMNS,
    GROUPS,
    ROWS,
    QUANTILES,
)


def libraries() -> dict[str, set[str]]:
    """The metrics that each library bears witness to."""
    found: dict[str, set[str]] = {}
    for table in TABLES_OF_WITNESSES:
        for name, one in table.items():
            found.setdefault(one.library, set()).add(name)
    return found


def _ece(y: np.ndarray, s: np.ndarray) -> float:
    """The gaps of the reliability diagram, weighted by rows."""
    edges = np.linspace(0, 1, 11)
    share, score = calibration_curve(y, s, n_bins=10)
    rows = np.bincount(np.searchsorted(edges[1:-1], s), minlength=10)  # as calibration_curve puts them
    return float(np.abs(share - score) @ rows[rows > 0] / len(s))


def _floored_both_ways(p: np.ndarray, q: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    p, q = shares.floored(p, q)
    return [(p, q), (q, p)]


def _by_group(of: Callable[..., float], y: np.ndarray, d: np.ndarray, g: np.ndarray) -> dict[str, float]:
    frame = fair.MetricFrame(metrics=of, y_true=y, y_pred=d, sensitive_features=g)
    return {str(name): float(value) for name, value in frame.by_group.items()}


def _min_ratio(of: Callable[..., float], y: np.ndarray, d: np.ndarray, g: np.ndarray) -> float:
    frame = fair.MetricFrame(metrics=of, y_true=y, y_pred=d, sensitive_features=g)
    return float(frame.ratio(method="between_groups"))
