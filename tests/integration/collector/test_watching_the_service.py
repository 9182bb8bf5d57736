"""Monitors over service levels: any quantile by its name, load, slow requests, rates of segments' own traffic."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from collector_harbour import Harbour, agent_at, harbour
from collector_rows import amounts

from tidegauge_collector.telemetry.judgements import newest_judgements

NAME = "shop"
RULE = {"window_s": "1d", "every_s": "1h", "min_rows": 10, "recover_after": 1}


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Harbour]:
    """A hundred calls of this moment: one in ten took two seconds, the others a tenth; and an hour that passes."""
    folder = tmp_path_factory.mktemp("service")
    with harbour(folder / "data") as running, agent_at(running, folder / "spool", NAME) as agent:
        for row in amounts(90):
            agent.record([row], latency_s=0.1)
        for row in amounts(10):
            agent.record([row], latency_s=2.0)
        running.ship(agent, end=True)
        running.settle()
        yield running


@pytest.mark.parametrize(
    ("metric", "rule", "verdict"),
    [
        ("latency_p90", {"failing": 1.0}, "ok"),
        ("latency_p90.5", {"failing": 1.0}, "failing"),
        ("slow_share", {"failing": 0.05, "slow_s": 1.0, "significance": 0.2}, "failing"),
        ("slow_share", {"failing": 0.05, "slow_s": 5.0}, "ok"),
        ("slow_requests", {"warning": 9, "failing": 11}, "warning"),
        ("throughput_peak", {"failing": 100}, "ok"),
        ("availability", {"failing": 0.999, "comparison": "below"}, "ok"),
        ("user_error_rate", {"failing": 0.01}, "ok"),
        ("consumers", {"failing": 1, "comparison": "below"}, "failing"),
        ("cache_hit_rate", {"failing": 0.1, "comparison": "below"}, "not_enough_data"),
    ],
)
def test_a_service_level_is_watched_by_its_name(port: Harbour, metric: str, rule: dict[str, Any], verdict: str) -> None:
    monitor = f"{metric}-{verdict}"
    answer = port.client.put(f"/api/v1/monitors/{monitor}", json={**RULE, **rule, "metric": metric})
    assert answer.status_code == 200, answer.text
    port.clock.turn(minutes=70)
    port.settle()

    *_, newest = newest_judgements(port.collector.telemetry, NAME, monitor=monitor)
    assert (newest.verdict, newest.n) == (verdict, 100)


def test_a_metric_that_is_none_is_said_to_be(port: Harbour, tmp_path: Path) -> None:
    assert "metric='latency_p101'" in port.refused(f"/deployments/{NAME}/measurements", metric="latency_p101")[1]
    assert "slow_s=0" in port.refused(f"/deployments/{NAME}/measurements", metric="slow_share", slow_s="0")[1]
    assert port.values(NAME, "latency", q="0.905", version="*")[0]["value"] == pytest.approx(2, rel=1 / 128)
