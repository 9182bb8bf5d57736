"""The last seven days of many deployments at once: predictions a day, and the worst verdict a day of each monitor."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import TypeVar

import numpy as np

from tidegauge.core.windows import DAY_US
from tidegauge_collector.telemetry.merge import texts
from tidegauge_collector.telemetry.store import TelemetryStore

DAYS = 7
VERDICTS = (None, "ok", "warning", "failing")
TOGETHER_US = 2 * DAY_US
MOST_READS = 8
K = TypeVar("K")


def daily_verdicts(
    store: TelemetryStore, ends: Mapping[tuple[str, str], int]
) -> dict[str, dict[str, tuple[str | None, ...]]]:
    """Of each deployment and monitor: the worst verdict of each of the seven days up to the end of the window that it judged last, which
    `ends` says; the newest last.
    """
    known = store.index.deployments.known
    found: dict[str, dict[str, list[str | None]]] = defaultdict(lambda: defaultdict(lambda: [None] * DAYS))
    for together in _of_one_time({key: at for key, at in ends.items() if key[0] in known}):
        asked = {
            "deployment": texts([name for name, _ in together]),
            "deployment_id": np.array([known[name] for name, _ in together], dtype=np.int32),
            "monitor": texts([monitor for _, monitor in together]),
            "last_us": np.array(list(together.values()), dtype=np.int64),
        }
        bounds = {"least_us": min(together.values()) - DAYS * DAY_US}
        for deployment, monitor, ago, rank in store.rows("daily_verdicts", bounds, tables={"asked": asked}):
            found[deployment][monitor][DAYS - 1 - ago] = VERDICTS[rank]
    return {name: {monitor: tuple(days) for monitor, days in some.items()} for name, some in found.items()}


def daily_rows(store: TelemetryStore, ends: Mapping[str, int]) -> dict[str, tuple[int, ...]]:
    """Predictions that profiles count in each of the seven times 24 hours before an end, of each deployment; the newest last."""
    found = {name: [0] * DAYS for name in ends}
    for together in _of_one_time(ends):
        table = {"deployment": texts(list(together)), "end_us": np.array(list(together.values()), dtype=np.int64)}
        bounds = {"least_us": min(together.values()) - DAYS * DAY_US}
        for deployment, ago, rows in store.rows("daily_rows", bounds, tables={"lasts": table}):
            found[deployment][DAYS - 1 - ago] = rows
    return {name: tuple(days) for name, days in found.items()}


def _of_one_time(ends: Mapping[K, int]) -> Iterator[dict[K, int]]:
    """Those of about one time, which are read together; the newest first, and what is left after a few reads at once."""
    waiting = dict(ends)
    for read in range(MOST_READS):
        if not waiting:
            return
        since = max(waiting.values()) - TOGETHER_US if read < MOST_READS - 1 else min(waiting.values()) - 1
        yield {key: at for key, at in waiting.items() if at > since}
        waiting = {key: at for key, at in waiting.items() if at <= since}
