"""Where a metric is shown, and how addresses are written."""

import pytest

from tidegauge_collector.measuring.families import METRICS
from tidegauge_collector.web.catalogue import load_text
from tidegauge_collector.web.metrics import ACCURACY, FAIRNESS, STATISTICS
from tidegauge_collector.web.tabs import TABS, carried, tab_of_metric, tab_path


def test_every_metric_of_the_api_has_a_page() -> None:
    assert {tab_of_metric(metric) for metric in METRICS} == {
        "service",
        "drift",
        "quality",
        "accuracy",
        "fairness",
        "metrics",
    }


@pytest.mark.parametrize(
    ("metric", "tab"),
    [
        ("latency_p95", "service"),
        ("ks", "drift"),
        ("missing_delta", "quality"),
        ("tpr_min_ratio", "fairness"),
        ("f1", "accuracy"),
        ("", "monitors"),
    ],
)
def test_a_metric_is_shown_where_it_belongs(metric: str, tab: str) -> None:
    assert tab_of_metric(metric) == tab


def test_the_pages_offer_only_metrics_that_the_api_has_and_all_have_names() -> None:
    offered = {*FAIRNESS, *STATISTICS, *(metric for some in ACCURACY.values() for metric in some)}

    assert offered <= set(METRICS)
    for language in ("en", "ja"):
        assert {f"metric.{metric}" for metric in offered} <= set(load_text(language).entries)


def test_addresses_escape_names_and_leave_out_what_is_not_wished() -> None:
    assert (
        tab_path("a/b é", "drift", {"feature": "x&y", "segment": ""})
        == "/deployments/a%2Fb%20%C3%A9/drift?feature=x%26y"
    )
    assert tab_path("a", "overview") == "/deployments/a"
    assert carried({"range": "7d", "other": "x", "feature": ""}) == {"range": "7d"}
    assert TABS[0] == "overview"
