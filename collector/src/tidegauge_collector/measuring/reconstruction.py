"""Multivariate drift: how badly the baseline's leading components rebuild the rows of a window, exactly from their second moments."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from tidegauge.core.moments import BLOCKS, SecondMoments
from tidegauge_collector.core.metrics import RECONSTRUCTION
from tidegauge_collector.core.reconstruction import DEVIATIONS, SHARE_OF_VARIANCE, Components, reconstruction_error
from tidegauge_collector.core.spread import Spread, spread_of
from tidegauge_collector.measuring.baselines import ActiveBaseline
from tidegauge_collector.measuring.gauged import Scope
from tidegauge_collector.measuring.measurement import Measurement
from tidegauge_collector.telemetry.moments import column_rows
from tidegauge_collector.telemetry.second_moments import second_moments
from tidegauge_collector.telemetry.store import TelemetryStore

METRICS = (RECONSTRUCTION,)


def measure_reconstruction(store: TelemetryStore, scope: Scope, active: ActiveBaseline | None) -> Iterator[Measurement]:
    """The error in each window. `n` are the rows whose second moments came, `parameters.rows` all of them.

    None with `no_baseline`; `not_applicable` (the baseline carries no moments, or the rows of the segment do not); `no_rows`;
    `no_moments` (rows, but without moments by this baseline); `out_of_domain` (sums beyond a double).
    """
    known = active.components if active is not None else None
    if active is None or known is None:
        why = "no_baseline" if active is None else "not_applicable"
        yield from (_measurement(scope, i, None, active, why) for i in range(len(scope.windows)))
        return
    found = second_moments(
        store,
        scope.deployment,
        version=scope.version,
        segment=scope.segment,
        bins_id=active.baseline.bins.bins_id,
        features=known.columns,
        windows=scope.windows,
        batch=scope.batch,
    )
    rows = _rows(store, scope, known)
    for i, moments in enumerate(found):
        value = reconstruction_error(moments, known) if moments is not None else None
        reason = None if value is not None else _reason(scope, moments, rows[i])
        yield _measurement(scope, i, value, active, reason, moments=moments, rows=rows[i])


def spread_of_blocks(active: ActiveBaseline) -> Spread | None:
    """How the error spreads over the baseline's blocks: its mean and three deviations make the threshold."""
    return spread_of(active.components.block_errors, "baseline_blocks") if active.components is not None else None


def _rows(store: TelemetryStore, scope: Scope, known: Components) -> list[int]:
    by_column = column_rows(
        store,
        scope.deployment,
        version=scope.version,
        segment=scope.segment,
        windows=scope.windows,
        columns=known.columns,
        batch=scope.batch,
    )
    return list(np.max(by_column, axis=0).tolist())


def _reason(scope: Scope, moments: SecondMoments | None, rows: int) -> str:
    if moments is not None:
        return "out_of_domain"
    if not rows:
        return "no_rows"
    return "not_applicable" if scope.segment else "no_moments"


def _measurement(
    scope: Scope,
    i: int,
    value: float | None,
    active: ActiveBaseline | None,
    reason: str | None,
    *,
    moments: SecondMoments | None = None,
    rows: int = 0,
) -> Measurement:
    known = active.components if active is not None else None
    return Measurement(
        metric=RECONSTRUCTION,
        column="",
        segment=scope.segment,
        version=scope.version,
        window=scope.windows[i],
        value=value,
        reason=reason,
        n=moments.rows if moments is not None else 0,
        baseline_n=active.rows if active is not None else None,
        baseline_value=known.baseline_error if known is not None else None,
        method="second_moments",
        parameters=_parameters(known, rows) if known is not None else {},
        error_bound=None if value is None else 0.0,
    )


def _parameters(known: Components, rows: int) -> dict[str, Any]:
    return {
        "d": len(known.columns),
        "components": known.vectors.shape[1],
        "share_of_variance": SHARE_OF_VARIANCE,
        "threshold": known.threshold,
        "deviations": DEVIATIONS,
        "blocks": BLOCKS,
        "rows": rows,
    }
