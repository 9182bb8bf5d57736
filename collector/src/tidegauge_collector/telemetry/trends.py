"""The last seven days of many deployments at once: predictions a day, and the worst verdict a day of each monitor; predictions also of
longer ranges."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from tidegauge.core.windows import DAY_US
from tidegauge_collector.telemetry.merge import texts
from tidegauge_collector.telemetry.store import TelemetryStore

DAYS = 7
MONTH, QUARTER = 30, 90
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


@dataclass(frozen=True, slots=True)
class DailyRows:
    """Predictions of a deployment. `week`: of each of the seven times 24 hours before its end, the newest last; `month`, `quarter`: of the
    local days that began at most 30 and 90 days before it."""

    week: tuple[int, ...] = (0,) * DAYS
    month: int = 0
    quarter: int = 0


def daily_rows(store: TelemetryStore, ends: Mapping[str, int]) -> dict[str, DailyRows]:
    """Predictions that profiles count before an end, of each deployment."""
    found: dict[str, dict[int, int]] = {name: {} for name in ends}
    for together in _of_one_time(ends):
        table = {"deployment": texts(list(together)), "end_us": np.array(list(together.values()), dtype=np.int64)}
        first = min(together.values())
        bounds = {"least_us": first - DAYS * DAY_US, "least_day_us": first - QUARTER * DAY_US}
        for deployment, ago, rows in store.rows("daily_rows", bounds, tables={"lasts": table}):
            found[deployment][ago] = rows
    return {name: _daily(rows) for name, rows in found.items()}


def _daily(rows: Mapping[int, int]) -> DailyRows:
    week = tuple(rows.get(ago, 0) for ago in reversed(range(DAYS)))
    month = rows.get(-MONTH, 0)
    return DailyRows(week, month, month + rows.get(-QUARTER, 0))


def _of_one_time(ends: Mapping[K, int]) -> Iterator[dict[K, int]]:
    """Those of about one time, which are read together; the newest first, and what is left after a few reads at once."""
    waiting = dict(ends)
    for read in range(MOST_READS):
        if not waiting:
            return
        since = max(waiting.values()) - TOGETHER_US if read < MOST_READS - 1 else min(waiting.values()) - 1
        yield {key: at for key, at in waiting.items() if at > since}
        waiting = {key: at for key, at in waiting.items() if at <= since}
