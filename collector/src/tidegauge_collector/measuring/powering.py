"""What a deployment's drift monitor can see with the traffic that it has: each column's power against a ladder of shifts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from tidegauge.core.bins import NumericBins
from tidegauge.core.windows import DAY_US, HOUR_US, SECOND_US, Window, window_start
from tidegauge_collector.core.monitors import Monitor
from tidegauge_collector.core.power import Rule, Sides, moved_mass, power, shifted, windows_until
from tidegauge_collector.measuring.baselines import ActiveBaseline
from tidegauge_collector.measuring.drift import is_feature_or_prediction
from tidegauge_collector.telemetry.extent import reach
from tidegauge_collector.telemetry.moments import column_rows
from tidegauge_collector.telemetry.store import TelemetryStore

DEVIATIONS = (0.1, 0.2, 0.3, 0.5, 1.0)
MASSES = (0.02, 0.05, 0.1, 0.2)
CONFIDENCE = 0.95
TRAFFIC_DAYS = 28


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """How likely a window is bad after a shift, and within how many windows the alert opens with 95 % confidence (None: 10,000 do not do).

    `shift` is in population standard deviations of the baseline (the weaker of up and down), or the share of all rows that goes from the
    most frequent category to the next. `power` is None where a column has no such shift.
    """

    column: str
    shift: float
    unit: str
    rows: int
    baseline_rows: int
    power: float | None
    windows: int | None


def rows_per_window(
    store: TelemetryStore, deployment: str, version: str, columns: Sequence[str], window_s: int
) -> dict[str, int]:
    """Mean rows of each column in a window of this length, over the last 28 days that have data."""
    seen = reach(store, deployment)
    if seen.first_event_us is None or seen.last_event_us is None or not columns:
        return dict.fromkeys(columns, 0)
    end_us = window_start(seen.last_event_us, HOUR_US) + HOUR_US
    start_us = max(window_start(seen.first_event_us, HOUR_US), end_us - TRAFFIC_DAYS * DAY_US)
    found = column_rows(
        store, deployment, version=version, segment="", windows=[Window(start_us, end_us)], columns=columns
    )
    share = window_s * SECOND_US / (end_us - start_us)
    return {name: round(int(rows) * min(1.0, share)) for name, rows in zip(columns, found[:, 0], strict=True)}


def columns_of(active: ActiveBaseline) -> list[str]:
    """Features and predictions of a baseline, which drift can be measured of."""
    return [name for name in active.baseline.bins.columns if is_feature_or_prediction(name)]


def ladder(active: ActiveBaseline, monitor: Monitor, column: str, rows: int, *, judged_together: int) -> Iterator[Seen]:
    """Every shift of one column, by a PSI monitor that warns beyond its first limit."""
    counts = active.counts(column).astype(np.float64)
    baseline_rows = int(counts.sum())
    if not baseline_rows:
        return
    q = counts / baseline_rows
    bins, kinds = active.baseline.bins.columns[column], active.kinds(column)
    rule = rule_of(monitor, judged_together)
    numeric = isinstance(bins, NumericBins)
    for shift in DEVIATIONS if numeric else MASSES:
        found = None
        if rows:
            moved = (
                [
                    shifted(bins, active.baseline.profiles[column].sketch, q, sign * shift * bins.deviation)
                    for sign in (1, -1)
                ]
                if isinstance(bins, NumericBins)
                else [moved_mass(q[: len(bins.labels)], shift)]
            )
            sides = [Sides(np.append(one, q[len(one) :]), counts, kinds, rows) for one in moved if one is not None]
            found = min((power(one, rule) for one in sides), default=None)
        yield Seen(
            column=column,
            shift=shift,
            unit="standard_deviations" if numeric else "share_of_rows",
            rows=rows,
            baseline_rows=baseline_rows,
            power=found,
            windows=None if found is None else windows_until(found, hold=monitor.hold[0], confidence=CONFIDENCE),
        )


def rule_of(monitor: Monitor, judged_together: int) -> Rule:
    """What a PSI monitor with stated limits looks for. Raises ValueError for another."""
    limit = monitor.warning if monitor.warning is not None else monitor.failing
    if (
        monitor.metric != "psi"
        or monitor.limits != "stated"
        or monitor.comparison != "above"
        or not isinstance(limit, float)
    ):
        raise ValueError(f"monitor {monitor.id!r}: the power is known of psi above a stated limit; name such a monitor")
    return Rule(threshold=limit, alpha=monitor.significance, columns=judged_together, hold=monitor.hold[0])
