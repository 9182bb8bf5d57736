"""Schema change: features that came or went against the baseline, or, where there is none, against the four weeks before."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tidegauge.core.windows import DAY_US, Window
from tidegauge_collector.core.metrics import SCHEMA
from tidegauge_collector.core.quality import SchemaChange, schema_change
from tidegauge_collector.measuring.baselines import ActiveBaseline
from tidegauge_collector.measuring.gauged import Scope
from tidegauge_collector.measuring.measurement import Measurement
from tidegauge_collector.telemetry.contents import present_columns
from tidegauge_collector.telemetry.store import TelemetryStore

METRICS = (SCHEMA,)
TRAILING_US = 28 * DAY_US
MOST_NAMES = 50


def measure_schema(store: TelemetryStore, scope: Scope, active: ActiveBaseline | None) -> Iterator[Measurement]:
    """How many features came or went, in each window. A feature all of whose values are missing is not there."""
    now = _present(store, scope, scope.windows, batch=scope.batch)
    before = _reference(store, scope, active)
    for window, present, known in zip(scope.windows, now, before, strict=True):
        change = schema_change(known, present) if known and present else None
        yield Measurement(
            metric=SCHEMA,
            column="",
            segment=scope.segment,
            version=scope.version,
            window=window,
            value=float(change.count) if change is not None else None,
            reason=None if change is not None else "no_rows" if known else "no_baseline",
            n=max(present.values(), default=0),
            baseline_n=active.rows if active is not None else None,
            baseline_value=0.0 if known else None,
            method="columns_with_values",
            parameters=_parameters(change, "baseline" if active is not None else "trailing_28_days"),
            error_bound=0.0 if change is not None else None,
        )


def _present(
    store: TelemetryStore, scope: Scope, windows: Sequence[Window], *, batch: str | None = None
) -> list[dict[str, int]]:
    found = present_columns(
        store, scope.deployment, version=scope.version, segment=scope.segment, windows=windows, batch=batch
    )
    return [{name: rows for name, rows in one.items() if not name.startswith("_")} for one in found]


def _reference(store: TelemetryStore, scope: Scope, active: ActiveBaseline | None) -> list[set[str]]:
    if active is None:
        trailing = [Window(one.start_us - TRAILING_US, one.start_us) for one in scope.windows]
        return [set(one) for one in _present(store, scope, trailing)]
    profiles = active.baseline.profiles
    held = {name for name, one in profiles.items() if one.rows > one.missing and not name.startswith("_")}
    return [held] * len(scope.windows)


def _parameters(change: SchemaChange | None, reference: str) -> dict[str, object]:
    if change is None:
        return {"reference": reference}
    return {"reference": reference, "came": list(change.came[:MOST_NAMES]), "went": list(change.went[:MOST_NAMES])}
