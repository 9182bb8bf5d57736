"""The last seven days of many deployments at once: predictions a day, and the worst verdict a day of each monitor."""

from collections import defaultdict
from collections.abc import Collection

import numpy as np

from tidegauge.core.windows import DAY_US
from tidegauge_collector.telemetry.merge import texts
from tidegauge_collector.telemetry.store import TelemetryStore
from tidegauge_collector.telemetry.unpack import EVENT_TIME

DAYS = 7
VERDICTS = (None, "ok", "warning", "failing")


def daily_verdicts(store: TelemetryStore, deployments: Collection[str]) -> dict[str, dict[str, tuple[str | None, ...]]]:
    """Of each deployment and monitor: the worst verdict of each of the last seven days that it judged, the newest last."""
    numbers = {
        name: store.index.deployments.known[name] for name in deployments if name in store.index.deployments.known
    }
    if not numbers:
        return {}
    asked = {
        "deployment": texts(list(numbers)),
        "deployment_id": np.array(list(numbers.values()), dtype=np.int32),
    }
    found: dict[str, dict[str, list[str | None]]] = defaultdict(lambda: defaultdict(lambda: [None] * DAYS))
    for deployment, monitor, ago, rank in store.rows("daily_verdicts", tables={"asked": asked}):
        found[deployment][monitor][DAYS - 1 - ago] = VERDICTS[rank]
    return {name: {monitor: tuple(days) for monitor, days in some.items()} for name, some in found.items()}


def daily_rows(store: TelemetryStore, deployments: Collection[str]) -> dict[str, tuple[int, ...]]:
    """Predictions in each of the newest seven times 24 hours of event time of each deployment, the newest last; by profiles only."""
    spans = store.index.spans.windows
    ends = {name: spans[name, EVENT_TIME].last.end_us for name in deployments if (name, EVENT_TIME) in spans}
    found = {name: [0] * DAYS for name in ends}
    waiting = dict(ends)
    while waiting:  # those of about one time are read together
        newest = max(waiting.values())
        together = {name: at for name, at in waiting.items() if at > newest - 2 * DAY_US}
        waiting = {name: at for name, at in waiting.items() if name not in together}
        table = {"deployment": texts(list(together)), "end_us": np.array(list(together.values()), dtype=np.int64)}
        least = {"least_us": min(together.values()) - DAYS * DAY_US}
        for deployment, ago, rows in store.rows("daily_rows", least, tables={"lasts": table}):
            found[deployment][DAYS - 1 - ago] = rows
    return {name: tuple(days) for name, days in found.items()}
