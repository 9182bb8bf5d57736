"""`/deployments/{name}/curves` and `/moments`: what only charts ask for."""

from __future__ import annotations

from tidegauge.core.columns import ColumnKind
from tidegauge.core.windows import Window
from tidegauge_collector.api.query import BadRequest, NotFound, check_known
from tidegauge_collector.api.scope import Json, Query, Sources, find_deployment, find_version, read_scope
from tidegauge_collector.measuring.curves import measure_curves
from tidegauge_collector.measuring.measurement import rfc3339
from tidegauge_collector.telemetry.extent import known
from tidegauge_collector.telemetry.moments import ColumnMoments, windowed_moments


def show_curves(sources: Sources, name: str, query: Query) -> Json:
    """Curves of the predictions of a range whose truth is known."""
    check_known(query, "version", "segment", "start", "end")
    found = find_deployment(sources, name)
    scope = read_scope(sources, found, query, service=False)
    version = find_version(sources, found, query)
    if scope is None:
        return {"kind": None, "n": 0, "window": None}
    window = Window(scope.windows[0].start_us, scope.windows[-1].end_us)
    curves = measure_curves(sources.telemetry, found, version=version, segment=scope.segment, window=window)
    return {**curves, "window": {"start": rfc3339(window.start_us), "end": rfc3339(window.end_us)}}


def list_moments(sources: Sources, name: str, query: Query) -> Json:
    """Rows, mean, minimum and maximum of one column, window by window; of a boolean one the share that is true."""
    check_known(query, "column", "version", "segment", "start", "end", "step")
    found = find_deployment(sources, name)
    column = query.get("column", "")
    kinds = known(sources.telemetry, name).columns
    if not column:
        raise BadRequest("column is missing: write the name of one column")
    if column not in kinds:
        raise NotFound(f"column {column!r:.140} of {name!r} was never seen; seen are {', '.join(list(kinds)[:30])}")
    scope = read_scope(sources, found, query, service=False)
    if scope is None:
        return {"items": [], "next": None}
    measured = windowed_moments(
        sources.telemetry,
        name,
        column,
        version=scope.version,
        segment=scope.segment,
        windows=scope.windows,
    )
    items = [_moments(one, window) for one, window in zip(measured, scope.windows, strict=True)]
    return {"items": items, "next": None}


def _moments(found: tuple[ColumnMoments, int] | None, window: Window) -> Json:
    span = {"start": rfc3339(window.start_us), "end": rfc3339(window.end_us)}
    if found is None:
        nothing = dict.fromkeys(("mean", "std", "minimum", "maximum", "share_true"))
        return {"window": span, "n": 0, "missing": 0, **nothing}
    one, true = found
    usable = one.rows - one.missing - one.non_finite - one.invalid
    numeric = one.kind.is_numeric
    return {
        "window": span,
        "n": one.rows,
        "missing": one.missing,
        "mean": one.mean if numeric else None,
        "std": one.deviation if numeric else None,
        "minimum": one.minimum if numeric else None,
        "maximum": one.maximum if numeric else None,
        "share_true": true / usable if one.kind is ColumnKind.BOOLEAN and usable else None,
    }
