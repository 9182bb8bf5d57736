"""`/deployments/{name}/profiles`."""

from __future__ import annotations

from tidegauge.core.bins import UNUSABLE
from tidegauge.core.columns import ColumnKind
from tidegauge.core.windows import Window
from tidegauge_collector.api.query import BadRequest, NotFound, check_known
from tidegauge_collector.api.scope import Json, Query, Sources, find_deployment, find_version, read_scope
from tidegauge_collector.measuring.measurement import finite, rfc3339
from tidegauge_collector.telemetry.counts import column_counts
from tidegauge_collector.telemetry.extent import known
from tidegauge_collector.telemetry.moments import ColumnMoments, column_moments, unknown_names

NO_WINDOW = Window(0, 0)


def show_profile(sources: Sources, name: str, query: Query) -> Json:
    """One column's bins in a range beside the baseline's."""
    check_known(query, "column", "start", "end", "segment", "version")
    found = find_deployment(sources, name)
    column = query.get("column")
    kinds = known(sources.telemetry, name).columns
    if not column:
        raise BadRequest("column is missing: write the name of one column")
    if column not in kinds:
        raise NotFound(f"column {column!r:.140} of {name!r} was never seen; seen are {', '.join(list(kinds)[:30])}")
    scope = read_scope(sources, found, query, service=False)
    window = scope.windows[0] if scope is not None else NO_WINDOW
    version = find_version(sources, found, query)
    segment = query.get("segment", "")
    with sources.telemetry.snapshot():
        moments = column_moments(
            sources.telemetry, name, version=version, segment=segment, window=window, columns=[column]
        ).get(column)
        bins, baseline_n, approximate = _bins(sources, name, version, segment, column, window)
        unknown = (
            unknown_names(sources.telemetry, name, column, version=version, segment=segment, window=window)
            if baseline_n is not None
            else []
        )
    return {
        "column": column,
        "kind": kinds[column].value,
        "window": _window(window),
        "n": moments.rows if moments is not None else 0,
        "baseline_n": baseline_n,
        "bins": bins,
        "moments": _moments(moments, kinds[column]),
        "new_categories": [{"name": text, "count": count} for text, count in unknown],
        "approximate": approximate,
    }


def _bins(
    sources: Sources, name: str, version: str, segment: str, column: str, window: Window
) -> tuple[list[Json], int | None, bool]:
    active = sources.baselines.active(name, version)
    if active is None or column not in active.baseline.bins.columns:
        return [], None, False
    counted = column_counts(
        sources.telemetry,
        name,
        version=version,
        segment=segment,
        bins=active.baseline.bins,
        windows=[window],
        columns=[column],
    ).get(column)
    baseline = active.counts(column)
    labels = (*active.baseline.bins.columns[column].labels, *UNUSABLE)
    items = [
        {
            "label": one.label,
            "kind": one.kind.value,
            "lower": finite(one.lower),
            "upper": finite(one.upper),
            "baseline_count": int(baseline[i]),
            "window_count": int(counted.counts[0][i]) if counted is not None else 0,
        }
        for i, one in enumerate(labels)
    ]
    return items, int(baseline.sum()), bool(counted.approximate[0]) if counted is not None else False


def _window(window: Window) -> Json:
    if window == NO_WINDOW:
        return {"start": None, "end": None}
    return {"start": rfc3339(window.start_us), "end": rfc3339(window.end_us)}


def _moments(moments: ColumnMoments | None, kind: ColumnKind) -> Json | None:
    if moments is None or not kind.is_numeric:
        return None
    return {"mean": moments.mean, "std": moments.deviation, "min": moments.minimum, "max": moments.maximum}
