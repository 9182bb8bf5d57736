"""Which block of a deployment's health a monitor speaks for, and with it each of its alerts: for health, routes and silences alike."""

from collections.abc import Mapping
from typing import Literal, get_args

from tidegauge_collector.core.metrics import BLOCKS_OF_METRICS
from tidegauge_collector.core.monitor_problems import Block

BLOCKS: tuple[Block, ...] = get_args(Block)
_BY_KIND: Mapping[str, Block] = {"no_data": "freshness", "burn_rate": "service", "fairness": "fairness"}


def block_of(*, stated: Literal[""] | Block, kind: str, metric: str) -> Block:
    """The block that a monitor names (`stated`), else that of its kind, else of its metric; one that nobody knows is custom."""
    named = "latency" if metric.startswith("latency_p") else metric  # whatever quantile
    return stated or _BY_KIND.get(kind) or BLOCKS_OF_METRICS.get(named, "custom")
