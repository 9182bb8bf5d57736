"""`/deployments/{name}/measurements`."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from tidegauge.core.columns import ACTUAL, METRIC_PREFIX
from tidegauge.core.windows import Window
from tidegauge_collector.api.against import read_against
from tidegauge_collector.api.query import (
    BadRequest,
    NotFound,
    UnknownName,
    check_known,
    read_choice,
    read_seconds,
    read_share,
    read_time,
)
from tidegauge_collector.api.scope import Json, Query, Sources, find_deployment, read_scope
from tidegauge_collector.control import Deployment
from tidegauge_collector.core.metrics import SHARED
from tidegauge_collector.core.monitors import Monitor
from tidegauge_collector.measuring.against import Against, measure_against
from tidegauge_collector.measuring.fairness import STATISTICS, Question
from tidegauge_collector.measuring.families import (
    FAMILIES,
    METRICS,
    Family,
    Inquiry,
    block_of_metric,
    family_of,
    unknown_metric,
)
from tidegauge_collector.measuring.gauged import Scope
from tidegauge_collector.measuring.labelled import THRESHOLD
from tidegauge_collector.measuring.measurement import Measurement
from tidegauge_collector.measuring.service import SLOW_S, ServiceQuestion
from tidegauge_collector.measuring.windows import check_many
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
    "against",
    "exclude",
    "batch",
    "as_of",
)


def list_metrics(_: Sources, query: Query) -> Json:
    """Every metric that is measured, with what it can be asked for and judged by."""
    check_known(query)
    items = [
        {
            "metric": metric,
            "block": block_of_metric(metric),
            "of_columns": family.of_columns,
            "by_group": family.by_group or metric in SHARED,
            "by_arrival": family.by_arrival,
            "by_batch": family.by_batch,
            "by_rows": family.by_rows,
            "against_baseline": family.against_baseline,
            "needs_baseline": metric in family.needs_baseline,
            "has_chance_test": metric in family.tested,
            "learns_from_baseline": metric in family.learned,
        }
        for family in FAMILIES
        for metric in family.metrics
    ]
    return {"items": items, "next": None}


def list_measurements(sources: Sources, name: str, query: Query) -> Json:
    """Measurements of one metric, or of several that are read together, over windows of a range."""
    check_known(query, *PARAMETERS)
    found = find_deployment(sources, name)
    metric = query.get("metric")
    if not metric:
        raise BadRequest(f"metric is missing: write one of {', '.join(METRICS)}")
    metrics = list(dict.fromkeys(metric.split(",")))
    family = _family(metrics, by_group=bool(query.get("group")))
    column = query.get("column", "")
    if not family.of_columns and column not in ALL_COLUMNS:
        raise BadRequest(f"column={column!r:.140}: {metric} is of the whole deployment; leave column away")
    scope = read_scope(sources, found, query, service=family.by_arrival)
    if scope is None:
        return {"items": [], "next": None}
    scope = replace(scope, batch=query.get("batch") or None, known_us=read_time(query, "as_of"))
    if scope.known_us is not None and not (family.by_rows or column == ACTUAL):
        raise BadRequest(
            f"as_of: profiles are merged as they come, so what {metric} was then is not known; leave as_of away"
        )
    if scope.batch is not None and not family.by_batch:
        raise BadRequest(f"batch={scope.batch!r:.140}: {metric} is of all batches; leave batch away")
    against = read_against(sources, found, query)
    if against is not None and not family.against_baseline:
        raise BadRequest(f"against={against.text!r:.140}: {metric} is not laid beside a baseline; leave it away")
    items: list[Json] = []
    for asked in _inquiries(sources, family, found, scope, query):
        is_plain = against is None and scope.batch is None and scope.known_us is None
        verdicts = {one: _verdicts(sources, asked, one) if is_plain else {} for one in metrics}
        items += [
            one.as_json() | {"verdict": verdicts[one.metric].get((one.column, one.segment, one.window))}
            for one in _measure(family, asked, metrics, against)
        ]
    return {"items": items, "next": None}


def _family(metrics: Sequence[str], *, by_group: bool) -> Family:
    """The one that all of them are of."""
    found = []
    for one in metrics:
        family = family_of(one, by_group=by_group)
        if family is None:
            raise UnknownName(f"metric={unknown_metric(one)}")
        found.append(family)
        if len(metrics) > 1 and (family.together is None or family is not found[0]):
            raise BadRequest(f"metric={','.join(metrics)!r:.140}: {one} is not read with others; ask for it alone")
    return found[0]


def _inquiries(sources: Sources, family: Family, found: Deployment, scope: Scope, query: Query) -> list[Inquiry]:
    """One; of groups, where none is named, one for each attribute that a policy protects. What is not asked is as a policy says it."""
    asked = _inquiry(sources, family, found, scope, query)
    if not family.by_group:
        return [asked]
    segments = known(sources.telemetry, found.name).segments
    policies = [one for one in sources.control.monitors(found.name) if one.kind == "fairness"]
    protected = {name: one for one in reversed(policies) for name in reversed(one.groups_among(segments))}
    group = asked.question.group
    if not group:
        chosen = [_by_policy(asked, query, name, policy) for name, policy in protected.items()]
        return chosen or [asked]
    fitting = protected.get(group) or protected.get(asked.question.attribute)
    return [asked if fitting is None else _by_policy(asked, query, group, fitting)]


def _by_policy(asked: Inquiry, query: Query, group: str, policy: Monitor) -> Inquiry:
    question = replace(asked.question, group=group, min_group_rows=policy.min_group_rows)
    stated = replace(
        question,
        reference=question.reference or policy.reference_of(question.attribute),
        favourable=question.favourable or policy.favourable or None,
        threshold=question.threshold if query.get("threshold") else policy.decision_threshold,
    )
    return replace(asked, question=stated, threshold=stated.threshold)


def _measure(family: Family, asked: Inquiry, metrics: Sequence[str], against: Against | None) -> list[Measurement]:
    metric = ",".join(metrics)
    try:
        if family.of_columns and asked.columns is None:
            check_many(len(asked.scope.windows), len(asked.kinds) * len(metrics), "columns")
        if against is not None:
            return [one for name in metrics for one in measure_against(family, asked, name, against)]
        if family.together is not None:
            return list(family.together(asked, metrics))
        return list(family.measure(asked, metric))
    except ValueError as problem:  # too many, or windows on no grid, as local days before there were time zones
        raise BadRequest(f"{metric} cannot be measured over this range: {problem}") from problem


def _inquiry(sources: Sources, family: Family, found: Deployment, scope: Scope, query: Query) -> Inquiry:
    kinds = known(sources.telemetry, found.name).columns
    threshold = read_share(query, "threshold", THRESHOLD)
    read_share(query, "q", 0.5)
    return Inquiry(
        store=sources.telemetry,
        deployment=found,
        scope=scope,
        active=sources.baselines.active(found.name, scope.version),
        kinds=kinds,
        columns=_columns(sources, family, found, query, kinds),
        of_class=query.get("class") or None,
        threshold=threshold,
        service=ServiceQuestion(
            q=query.get("q") or "0.5", slow_s=read_seconds(query, "slow_s", SLOW_S), now_us=sources.now_us()
        ),
        question=Question(
            group=query.get("group", ""),
            statistic=read_choice(query, "statistic", STATISTICS, "value") or "value",
            reference=query.get("reference") or None,
            favourable=query.get("favourable") or None,
            threshold=threshold,
        ),
    )


def _columns(
    sources: Sources, family: Family, found: Deployment, query: Query, kinds: Collection[str]
) -> list[str] | None:
    """The column that is named, None for all of them; of a custom metric also with what its stored column begins with."""
    column = query.get("column", "")
    if column in ALL_COLUMNS:
        return None
    if family.columns is None:
        if column != ACTUAL and column not in kinds:
            raise NotFound(
                f"column {column!r:.140} of {found.name!r} was never seen; seen are {', '.join(list(kinds)[:30])}"
            )
        return [column]
    names, name = family.columns(sources.telemetry, found.name), column.removeprefix(METRIC_PREFIX)
    if name not in names:
        seen = ", ".join(names[:30]) or "none"
        raise NotFound(f"custom metric {name!r:.140} of {found.name!r} was never reported; reported are {seen}")
    return [name]


def _verdicts(sources: Sources, asked: Inquiry, metric: str) -> dict[tuple[str, str, Window], str]:
    """What monitors have said of exactly this, by column, segment (or group) and window."""
    scope, name = asked.scope, asked.deployment.name
    if not scope.windows:
        return {}
    whole = Window(scope.windows[0].start_us, scope.windows[-1].end_us)
    return {
        (one.column, one.segment, Window(one.window_start_us, one.window_end_us)): one.verdict
        for monitor in sources.control.monitors(name)
        if monitor.metric == metric and _asks_the_same(monitor, asked)
        for one in newest_judgements(sources.telemetry, name, window=whole, monitor=monitor.id)
        if one.version == scope.version
    }


def _asks_the_same(monitor: Monitor, asked: Inquiry) -> bool:
    """Whether a monitor reads class, threshold and groups as the question does."""
    question = asked.question
    read = (monitor.of_class or None, monitor.decision_threshold, bool(monitor.groups))
    if read != (asked.of_class, asked.threshold, bool(question.group)):
        return False
    if not question.group:
        return True
    compared = (monitor.statistic, monitor.favourable or None, monitor.reference_of(question.attribute))
    return compared == (question.statistic, question.favourable, question.stated_reference)
