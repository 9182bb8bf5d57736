"""`/deployments/{name}/measurements`."""

from __future__ import annotations

from tidegauge.core.columns import ACTUAL, METRIC_PREFIX
from tidegauge.core.windows import Window
from tidegauge_collector.api.query import BadRequest, NotFound, check_known, read_choice, read_seconds, read_share
from tidegauge_collector.api.scope import Json, Query, Sources, find_deployment, read_scope
from tidegauge_collector.control import Deployment
from tidegauge_collector.measuring.accuracy import METRICS as ACCURACY_METRICS
from tidegauge_collector.measuring.accuracy import AccuracyMeter
from tidegauge_collector.measuring.baselines import ActiveBaseline
from tidegauge_collector.measuring.custom import METRICS as CUSTOM_METRICS
from tidegauge_collector.measuring.custom import custom_names, measure_custom
from tidegauge_collector.measuring.drift import METRICS as DRIFT_METRICS
from tidegauge_collector.measuring.drift import Scope, actual_drift, as_measurement, column_drift
from tidegauge_collector.measuring.drifted import METRICS as DRIFTED_METRICS
from tidegauge_collector.measuring.drifted import measure_drifted
from tidegauge_collector.measuring.fairness import METRICS as FAIRNESS_METRICS
from tidegauge_collector.measuring.fairness import SHARED, STATISTICS, Question, measure_fairness
from tidegauge_collector.measuring.labelled import THRESHOLD
from tidegauge_collector.measuring.measurement import Measurement
from tidegauge_collector.measuring.quality import METRICS as QUALITY_METRICS
from tidegauge_collector.measuring.quality import measure_quality
from tidegauge_collector.measuring.reconstruction import METRICS as RECONSTRUCTION_METRICS
from tidegauge_collector.measuring.reconstruction import measure_reconstruction
from tidegauge_collector.measuring.schema import METRICS as SCHEMA_METRICS
from tidegauge_collector.measuring.schema import measure_schema
from tidegauge_collector.measuring.service import METRICS as SERVICE_METRICS
from tidegauge_collector.measuring.service import SLOW_S, ServiceQuestion, measure_service, quantile_of
from tidegauge_collector.measuring.volumes import METRICS as VOLUME_METRICS
from tidegauge_collector.measuring.volumes import measure_volumes
from tidegauge_collector.telemetry.extent import known
from tidegauge_collector.telemetry.judgements import newest_judgements

ALL_COLUMNS = ("", "*")
PARAMETERS = (
    "metric",
    "column",
    "version",
    "segment",
    "start",
    "end",
    "step",
    "class",
    "threshold",
    "group",
    "statistic",
    "reference",
    "favourable",
    "q",
    "slow_s",
)
OF_COLUMNS = (*DRIFT_METRICS, *QUALITY_METRICS, *CUSTOM_METRICS)
"""Metrics of columns; the others are of the whole deployment."""
METRICS = (
    *DRIFT_METRICS,
    *DRIFTED_METRICS,
    *RECONSTRUCTION_METRICS,
    *QUALITY_METRICS,
    *SCHEMA_METRICS,
    *VOLUME_METRICS,
    *SERVICE_METRICS,
    *ACCURACY_METRICS,
    *FAIRNESS_METRICS,
    *CUSTOM_METRICS,
)


def list_measurements(sources: Sources, name: str, query: Query) -> Json:
    """Measurements of one metric over windows of a range."""
    check_known(query, *PARAMETERS)
    found = find_deployment(sources, name)
    metric = _read_metric(query)
    column = query.get("column", "")
    if metric not in OF_COLUMNS and column not in ALL_COLUMNS:
        raise BadRequest(f"column={column!r:.140}: {metric} is of the whole deployment; leave column away")
    scope = read_scope(sources, found, query, service=_is_service(metric))
    if scope is None:
        return {"items": [], "next": None}
    measured = _measure(sources, found, metric, scope, query)
    verdicts = _verdicts(sources, name, metric, scope)
    items = [one.as_json() | {"verdict": verdicts.get((one.column, one.window))} for one in measured]
    return {"items": items, "next": None}


def _read_metric(query: Query) -> str:
    """The metric asked for: one of METRICS, or a quantile of the latency by its name."""
    named = query.get("metric", "")
    if quantile_of(named) is not None:
        return named
    metric = read_choice(query, "metric", METRICS, None)
    if metric is None:
        raise BadRequest(f"metric is missing: write one of {', '.join(METRICS)}")
    return metric


def _is_service(metric: str) -> bool:
    return metric in SERVICE_METRICS or quantile_of(metric) is not None


def _service_question(sources: Sources, query: Query) -> ServiceQuestion:
    q = query.get("q") or "0.5"
    read_share(query, "q", 0.5)
    return ServiceQuestion(q=q, slow_s=read_seconds(query, "slow_s", SLOW_S), now_us=sources.now_us())


def _measure(sources: Sources, found: Deployment, metric: str, scope: Scope, query: Query) -> list[Measurement]:
    column = query.get("column", "")
    if _is_service(metric):
        return list(measure_service(sources.telemetry, scope, [metric], _service_question(sources, query)))
    if metric in FAIRNESS_METRICS or (metric in SHARED and query.get("group")):
        question = _question(query)
        return list(measure_fairness(sources.telemetry, scope, found, metric, question))
    if metric in CUSTOM_METRICS:
        names = _custom_names(sources, found, column)
        return list(measure_custom(sources.telemetry, scope, found, metric, names))
    active = sources.baselines.active(found.name, scope.version)
    if metric in ACCURACY_METRICS:
        try:
            return list(_meter(sources, found, active, query).measure(scope, [metric]))
        except ValueError as problem:  # windows on no grid, as local days before there were time zones
            raise BadRequest(f"{metric} cannot be measured over this range: {problem}") from problem
    kinds = known(sources.telemetry, found.name).columns
    if metric in DRIFTED_METRICS:
        return list(measure_drifted(sources.telemetry, scope, active, [metric], kinds=kinds))
    if metric in RECONSTRUCTION_METRICS:
        return list(measure_reconstruction(sources.telemetry, scope, active))
    if metric in SCHEMA_METRICS:
        return list(measure_schema(sources.telemetry, scope, active))
    if metric in VOLUME_METRICS:
        return list(measure_volumes(sources.telemetry, scope, found, metric))
    if column == ACTUAL and metric in DRIFT_METRICS:
        drifts = actual_drift(sources.telemetry, scope, active, found, [metric])
        return [as_measurement(one, metric, scope) for one in drifts]
    if column not in ALL_COLUMNS and column not in kinds:
        raise NotFound(
            f"column {column!r:.140} of {found.name!r} was never seen; seen are {', '.join(list(kinds)[:30])}"
        )
    columns = None if column in ALL_COLUMNS else [column]
    if metric in QUALITY_METRICS:
        return list(measure_quality(sources.telemetry, scope, active, metric, kinds=kinds, columns=columns))
    drifts = column_drift(sources.telemetry, scope, active, kinds=kinds, columns=columns, metrics=[metric])
    return [as_measurement(one, metric, scope) for one in drifts]


def _custom_names(sources: Sources, found: Deployment, column: str) -> list[str]:
    """The custom metrics that a column names, with or without what its stored column begins with."""
    names = custom_names(sources.telemetry, found.name)
    name = column.removeprefix(METRIC_PREFIX)
    if column in ALL_COLUMNS:
        return names
    if name not in names:
        seen = ", ".join(names[:30]) or "none"
        raise NotFound(f"custom metric {name!r:.140} of {found.name!r} was never reported; reported are {seen}")
    return [name]


def _question(query: Query) -> Question:
    return Question(
        group=query.get("group", ""),
        statistic=read_choice(query, "statistic", STATISTICS, "value") or "value",
        reference=query.get("reference") or None,
        favourable=query.get("favourable") or None,
        threshold=read_share(query, "threshold", THRESHOLD),
    )


def _meter(sources: Sources, found: Deployment, active: ActiveBaseline | None, query: Query) -> AccuracyMeter:
    threshold = read_share(query, "threshold", THRESHOLD)
    return AccuracyMeter(sources.telemetry, found, active, of_class=query.get("class") or None, threshold=threshold)


def _verdicts(sources: Sources, name: str, metric: str, scope: Scope) -> dict[tuple[str, Window], str]:
    """What monitors have said of the metric, by column and window; they judge all traffic only."""
    if not scope.windows or scope.segment:
        return {}
    whole = Window(scope.windows[0].start_us, scope.windows[-1].end_us)
    return {
        (one.column, Window(one.window_start_us, one.window_end_us)): one.verdict
        for monitor in sources.control.monitors(name)
        if monitor.metric == metric
        for one in newest_judgements(sources.telemetry, name, window=whole, monitor=monitor.id)
        if one.version == scope.version
    }
