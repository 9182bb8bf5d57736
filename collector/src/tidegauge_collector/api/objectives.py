"""`/objectives`, and how those of a deployment stand: `/deployments/{name}/objectives`."""

from __future__ import annotations

from collections.abc import Iterable
from zoneinfo import ZoneInfo

from tidegauge_collector.api.query import check_known, read_int, read_time
from tidegauge_collector.api.scope import Json, Query, Sources, find_deployment
from tidegauge_collector.core.definitions import Definition
from tidegauge_collector.core.monitors import Monitor
from tidegauge_collector.core.objectives import BY_MINUTE, PARAMETERS, is_plain, objective_of
from tidegauge_collector.core.shapes import plain
from tidegauge_collector.core.slo import Tally, budget_left, reached
from tidegauge_collector.measuring.measurement import rfc3339
from tidegauge_collector.measuring.objectives import MAX_HISTORY_DAYS, Burning, Day, Standing, standing

HISTORY_DAYS = 30


def list_objectives(sources: Sources, query: Query) -> Json:
    """All objectives that are defined: every key of a file, where it comes from, for how many deployments it stands."""
    check_known(query)
    items = [
        {
            **definition_json(one.definition),
            "updated_at": rfc3339(one.updated_at_us),
            "matched": one.matched,
        }
        for one in sources.control.definitions.listed()
        if one.definition.monitor.kind == "burn_rate"
    ]
    return {"items": items, "next": None}


def definition_json(definition: Definition) -> Json:
    """An objective as a table of a file, every key."""
    own = {
        "deployments": list(definition.deployments),
        "labels": dict(definition.labels),
        "enabled": definition.enabled,
    }
    objective = plain(objective_of(definition.monitor))
    own["whole"] = is_plain(definition.monitor)
    return {**objective, **own, "origin": definition.origin, "source": definition.source}


def list_standing(sources: Sources, name: str, query: Query) -> Json:
    """How each objective of a deployment stands at an instant, with its last days."""
    check_known(query, "end", "days")
    found = find_deployment(sources, name)
    end_us = read_time(query, "end")
    at_us = sources.now_us() if end_us is None else min(end_us, sources.now_us())
    days = read_int(query, "days", HISTORY_DAYS, most=MAX_HISTORY_DAYS)
    firing = {one.monitor: one.id for one in sources.control.alerts(name, "firing", limit=1_000)}
    items = []
    for monitor in objectives_of(sources.control.monitors(name)):
        seen = standing(sources.telemetry, monitor, name, ZoneInfo(found.timezone), at_us=at_us, history_days=days)
        items.append(standing_json(monitor, seen, alert=firing.get(monitor.id)))
    return {"items": items, "next": None}


def objectives_of(monitors: Iterable[Monitor]) -> list[Monitor]:
    """The monitors that judge objectives."""
    return [one for one in monitors if one.kind == "burn_rate"]


def promise_json(monitor: Monitor) -> Json:
    """What is promised."""
    objective = objective_of(monitor)
    parameter = PARAMETERS.get(objective.indicator)
    return {
        "id": objective.id,
        "name": objective.name,
        "indicator": objective.indicator,
        "target": objective.target,
        "window_s": objective.window_s,
        "parameters": {} if parameter is None else {parameter: getattr(objective, parameter)},
        "unit": "minutes" if monitor.metric in BY_MINUTE else "requests",
    }


def standing_json(monitor: Monitor, seen: Standing, *, alert: int | None) -> Json:
    """How an objective stands."""
    return {
        **promise_json(monitor),
        "status": status_of(monitor, seen),
        "alert": alert,
        "window": {"start": rfc3339(seen.window.start_us), "end": rfc3339(seen.window.end_us)},
        **tally_json(monitor, seen.tally),
        "burn_rates": [_burning_json(one) for one in seen.burning],
        "history": [_day_json(monitor, one) for one in seen.history],
    }


def tally_json(monitor: Monitor, tally: Tally) -> Json:
    """What was counted, and what became of the budget; `reached` and `budget.left` are null where nothing was."""
    allowed = (1 - monitor.objective) * tally.total
    share = reached(tally)
    return {
        "total": tally.total,
        "bad": tally.bad,
        "reached": share,
        "reason": "no_rows" if share is None else None,
        "budget": {"allowed": allowed, "used": tally.bad, "left": budget_left(tally, monitor.objective)},
    }


def status_of(monitor: Monitor, seen: Standing) -> str:
    """`missed`: more than the budget is used; `at_risk`: it burns by one of the rules; `met`; `no_data`."""
    left = budget_left(seen.tally, monitor.objective)
    if left is None:
        return "no_data"
    if left < 0:
        return "missed"
    return "at_risk" if any(one.burns for one in seen.burning) else "met"


def _burning_json(one: Burning) -> Json:
    return {
        "factor": one.burn.factor,
        "long_s": one.burn.long_s,
        "short_s": one.burn.short_s,
        "long": one.long,
        "short": one.short,
        "burning": one.burns,
        "verdict": one.burn.verdict.value,
    }


def _day_json(monitor: Monitor, one: Day) -> Json:
    return {
        "start": rfc3339(one.window.start_us),
        "end": rfc3339(one.window.end_us),
        "total": one.tally.total,
        "bad": one.tally.bad,
        "reached": reached(one.tally),
        "budget_left": budget_left(one.rolling, monitor.objective),
    }
