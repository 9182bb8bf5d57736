"""Judged measurements: appended as often as they are judged; the newest judgement of a measurement holds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tidegauge.core.windows import Window
from tidegauge_collector.telemetry.dictionaries import staged_tables
from tidegauge_collector.telemetry.store import Table, TelemetryStore


@dataclass(frozen=True, slots=True)
class Judgement:
    """One judged measurement of `[window_start_us, window_end_us)`. What is undefined is None; `reason` says why `value` is."""

    version: str
    monitor: str
    metric: str
    column: str
    segment: str
    window_start_us: int
    window_end_us: int
    value: float | None
    reason: str | None
    n: int
    baseline_n: int | None
    coverage: float | None
    verdict: str
    p_value: float | None
    adjusted_p: float | None
    judged_at_us: int


COLUMNS: Mapping[str, type] = {
    "version": str,
    "monitor": str,
    "metric": str,
    "column_name": str,
    "segment": str,
    "window_start_us": np.int64,
    "window_end_us": np.int64,
    "value": np.float64,
    "reason": str,
    "n": np.int64,
    "baseline_n": np.int64,
    "coverage": np.float64,
    "verdict": str,
    "p_value": np.float64,
    "adjusted_p": np.float64,
    "judged_at_us": np.int64,
}
"""What a judgement is stored as, in this order; "", -1 and nan stand for none."""


def append_judgements(store: TelemetryStore, deployment: str, parts: Sequence[Table]) -> None:
    """Store judgements given as arrays by COLUMNS, all or none."""
    parts = [one for one in parts if len(one["n"])]
    if not parts:
        return
    with store.folding() as index:
        number = index.deployments.number(deployment)
        for name, table in staged_tables(index).items():
            store.execute(f"write_{name}", tables={f"new_{name}": table})
        for one in parts:
            store.execute("write_judgements", [number], tables={"new_judgements": one})


def newest_judgements(
    store: TelemetryStore, deployment: str, *, window: Window | None = None, monitor: str | None = None
) -> list[Judgement]:
    """The newest judgement of every measurement whose window ends within (`window.start_us`, `window.end_us`], by window and monitor."""
    asked = window or Window(-(1 << 63), (1 << 63) - 1)
    parameters = {
        "deployment_id": store.index.deployments.known.get(deployment, -1),
        "after_us": asked.start_us,
        "until_us": asked.end_us,
        "monitor": monitor,
    }
    return [Judgement(*row) for row in store.rows("newest_judgements", parameters)]
