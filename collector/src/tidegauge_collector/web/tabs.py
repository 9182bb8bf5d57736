"""The pages of one deployment: their order, and which of them shows a metric. Pure."""

from collections.abc import Mapping, Sequence
from urllib.parse import quote, urlencode

TABS = (
    "overview",
    "service",
    "drift",
    "accuracy",
    "fairness",
    "quality",
    "segments",
    "humility",
    "metrics",
    "versions",
    "agents",
    "monitors",
    "alerts",
    "settings",
)
DRAWN = frozenset(
    {"overview", "service", "drift", "accuracy", "fairness", "quality", "segments", "humility", "metrics", "versions"}
)
"""Those with charts, over which the pickers stand."""

CARRIED = (
    "range",
    "start",
    "end",
    "segment",
    "version",
    "metric",
    "feature",
    "statistic",
    "custom",
    "attribute",
    "measure",
    "lang",
)
"""What the address keeps from page to page."""

_OF_BLOCK = {
    "service": "service",
    "drift": "drift",
    "accuracy": "accuracy",
    "fairness": "fairness",
    "quality": "quality",
    "freshness": "agents",
    "custom": "metrics",
}
_SERVICE = frozenset(
    {
        "requests", "predictions", "errors", "error_rate", "user_error_rate", "availability", "slow_requests", "slow_share",
        "throughput_median", "throughput_peak", "consumers", "cache_hits", "cache_hit_rate", "activity", "freshness",
    }
)  # fmt: skip
_DRIFT = frozenset(
    {
        "psi", "kl", "js_distance", "js_divergence", "hellinger", "total_variation", "l_infinity", "chi_square", "cramers_v", "ks",
        "wasserstein", "wasserstein_norm", "drifted_share", "drifted_share_weighted", "multivariate_reconstruction",
    }
)  # fmt: skip
_QUALITY = frozenset(
    {
        "unseen_rate", "out_of_range_rate", "non_finite_rate", "invalid_rate", "type_change_rate", "constant_column", "schema_changes",
        "duplicate_rate", "traffic_to_usual",
    }
)  # fmt: skip
_FAIRNESS = frozenset({"selection_rate", "favourable_share", "tpr", "tnr", "ppv", "npv"})


def tab_of_block(block: str) -> str:
    """Where a block of a deployment's health is shown."""
    return _OF_BLOCK.get(block, "monitors")


def tab_of_metric(metric: str) -> str:
    """Where a metric is shown; monitors for what has no page of its own."""
    if metric in _SERVICE or metric.startswith("latency"):
        return "service"
    if metric in _DRIFT:
        return "drift"
    if metric in _QUALITY or metric.startswith("missing_"):
        return "quality"
    if metric in _FAIRNESS or metric.endswith("_min_ratio") or metric.startswith("balance_"):
        return "fairness"
    if metric in ("agents", "labels"):
        return "agents"
    if metric.startswith("custom_"):
        return "metrics"
    return "accuracy" if metric else "monitors"


def tab_path(name: str, tab: str, wishes: Mapping[str, str] | Sequence[tuple[str, str]] = ()) -> str:
    """The address of a tab; empty wishes are left out."""
    path = f"/deployments/{quote(name, safe='')}" + ("" if tab == "overview" else f"/{tab}")
    wished = {key: value for key, value in dict(wishes).items() if value}
    return f"{path}?{urlencode(wished)}" if wished else path


def carried(query: Mapping[str, str]) -> dict[str, str]:
    """What of an address goes along to another tab."""
    return {name: query[name] for name in CARRIED if query.get(name)}
