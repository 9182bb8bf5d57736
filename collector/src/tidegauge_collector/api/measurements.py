"""`/deployments/{name}/measurements`."""

from __future__ import annotations

from tidegauge.core.windows import Window
from tidegauge_collector.api.query import BadRequest, NotFound, check_known, read_choice
from tidegauge_collector.api.scope import Json, Query, Sources, find_deployment, read_scope
from tidegauge_collector.control import Deployment
from tidegauge_collector.measuring.accuracy import METRICS as ACCURACY_METRICS
from tidegauge_collector.measuring.accuracy import AccuracyMeter
from tidegauge_collector.measuring.drift import Scope, as_measurement, column_drift
from tidegauge_collector.measuring.measurement import Measurement, rfc3339
from tidegauge_collector.measuring.observing import DRIFT_METRICS
from tidegauge_collector.measuring.service import METRICS as SERVICE_METRICS
from tidegauge_collector.measuring.service import measure_service
from tidegauge_collector.telemetry.extent import known
from tidegauge_collector.telemetry.judgements import newest_judgements

ALL_COLUMNS = ("", "*")
METRICS = (*DRIFT_METRICS, *SERVICE_METRICS, *ACCURACY_METRICS)


def list_measurements(sources: Sources, name: str, query: Query) -> Json:
    """Measurements of one metric over windows of a range."""
    check_known(query, "metric", "column", "version", "segment", "start", "end", "step")
    found = find_deployment(sources, name)
    metric = read_choice(query, "metric", METRICS, None)
    if metric is None:
        raise BadRequest(f"metric is missing: write one of {', '.join(METRICS)}")
    column = query.get("column", "")
    if metric not in DRIFT_METRICS and column not in ALL_COLUMNS:
        raise BadRequest(f"column={column!r:.140}: {metric} is of the whole deployment; leave column away")
    scope = read_scope(sources, found, query, service=metric in SERVICE_METRICS)
    if scope is None:
        return {"items": [], "next": None}
    items = [one.as_json() for one in _measure(sources, found, metric, scope, column)]
    _add_verdicts(sources, name, metric, scope, items)
    return {"items": items, "next": None}


def _measure(sources: Sources, found: Deployment, metric: str, scope: Scope, column: str) -> list[Measurement]:
    active = sources.baselines.active(found.name, scope.version)
    if metric in SERVICE_METRICS:
        return list(measure_service(sources.telemetry, scope, [metric]))
    if metric in ACCURACY_METRICS:
        try:
            return list(AccuracyMeter(sources.telemetry, found, active).measure(scope, [metric]))
        except ValueError as problem:  # windows on no grid, as local days before there were time zones
            raise BadRequest(f"{metric} cannot be measured over this range: {problem}") from problem
    kinds = known(sources.telemetry, found.name).columns
    if column not in ALL_COLUMNS and column not in kinds:
        raise NotFound(
            f"column {column!r:.140} of {found.name!r} was never seen; seen are {', '.join(list(kinds)[:30])}"
        )
    columns = None if column in ALL_COLUMNS else [column]
    drifts = column_drift(sources.telemetry, scope, active, kinds=kinds, columns=columns)
    return [as_measurement(one, metric, scope) for one in drifts]


def _add_verdicts(sources: Sources, name: str, metric: str, scope: Scope, items: list[Json]) -> None:
    if not scope.windows or scope.segment:
        return
    window = Window(scope.windows[0].start_us, scope.windows[-1].end_us)
    judged = {
        (one.column, rfc3339(one.window_start_us), rfc3339(one.window_end_us)): one.verdict
        for one in newest_judgements(sources.telemetry, name, window=window)
        if one.metric == metric and one.version == scope.version
    }
    for item in items:
        item["verdict"] = judged.get((item["column"], item["window"]["start"], item["window"]["end"]))
