"""Several drift metrics in one question: what each says alone, read once."""

from collections import Counter
from typing import Any

import pytest
from collector_harbour import Harbour

from tidegauge_collector.core.metrics import DISTANCES, DRIFT
from tidegauge_collector.telemetry.store import TelemetryStore

MEASUREMENTS = "/deployments/shop/measurements"


@pytest.mark.parametrize("query", [{"column": "price"}, {"column": "*", "step": "day"}, {"against": "trailing:1d"}])
def test_metrics_together_are_what_each_is_alone(shop: Harbour, query: dict[str, str]) -> None:
    alone = [one for metric in DRIFT for one in shop.get(MEASUREMENTS, metric=metric, **query)["items"]]
    together = shop.get(MEASUREMENTS, metric=",".join(DRIFT), **query)["items"]

    def key(one: dict[str, Any]) -> tuple[str, ...]:
        return one["metric"], one["column"], one["window"]["start"]

    assert len(together) >= len(DRIFT)
    assert sorted(together, key=key) == sorted(alone, key=key)


def test_counts_are_read_once_however_many_metrics_are_asked_for(
    shop: Harbour, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads: Counter[str] = Counter()
    real = TelemetryStore.arrays

    def counted(store: TelemetryStore, name: str, *some: Any, **named: Any) -> Any:
        reads[name] += 1
        return real(store, name, *some, **named)

    monkeypatch.setattr(TelemetryStore, "arrays", counted)
    asked = []
    for metrics in (["psi"], [one for one in DRIFT if one not in DISTANCES]):
        reads.clear()
        shop.get(MEASUREMENTS, metric=",".join(metrics), column="price")
        asked.append(Counter(reads))

    assert asked[0] == asked[1]
    assert sum(asked[0].values()) > 0


@pytest.mark.parametrize(
    ("metric", "words"),
    [
        ("psi,auc", "auc is not read with others"),
        ("auc,psi", "auc is not read with others"),
        ("error_rate,requests", "is not read with others"),
        ("psi,psy", "'psy' is no metric"),
        ("psi,", "'' is no metric"),
    ],
)
def test_what_is_not_read_together_is_refused(shop: Harbour, metric: str, words: str) -> None:
    answer = shop.client.get(f"/api/v1{MEASUREMENTS}", params={"metric": metric})

    assert (answer.status_code, words in answer.json()["error"]) == (400, True), answer.text
