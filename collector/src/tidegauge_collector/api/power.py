"""`/deployments/{name}/power`: what the drift monitor can see with the traffic that there is."""

from __future__ import annotations

from tidegauge_collector.api.query import BadRequest, NotFound, check_known, read_int
from tidegauge_collector.api.scope import Json, Query, Sources, find_deployment, find_version
from tidegauge_collector.core.default_monitors import DRIFT
from tidegauge_collector.core.monitors import Monitor
from tidegauge_collector.measuring.measurement import finite
from tidegauge_collector.measuring.powering import CONFIDENCE, Seen, columns_of, ladder, rows_per_window, rule_of

PARAMETERS = ("version", "column", "monitor", "rows", "limit", "after")
COLUMNS, MOST_COLUMNS = 50, 500
MAX_ROWS = 1_000_000_000


def show_power(sources: Sources, name: str, query: Query) -> Json:
    """Each column's power against a ladder of shifts."""
    check_known(query, *PARAMETERS)
    found = find_deployment(sources, name)
    version = find_version(sources, found, query)
    active = sources.baselines.active(name, version)
    if active is None:
        raise NotFound(
            f"version {version!r:.140} of {name!r} has no baseline yet: what cannot be compared has no power"
        )
    monitor = _monitor(sources, name, query)
    everything = [one for one in columns_of(active) if monitor.covers(one)]
    asked = query.get("column")
    if asked and asked not in columns_of(active):
        raise NotFound(f"column {asked!r:.140} is not in the baseline; there are {', '.join(columns_of(active)[:30])}")
    columns, following = [asked] if asked else everything, None
    if not asked:
        first, limit = read_int(query, "after", 0, least=0), read_int(query, "limit", COLUMNS, most=MOST_COLUMNS)
        columns, following = everything[first : first + limit], first + limit
    try:
        rule_of(monitor, 1)
    except ValueError as problem:
        raise BadRequest(str(problem)) from problem
    stated = read_int(query, "rows", 0, least=1, most=MAX_ROWS)
    rows = rows_per_window(sources.telemetry, name, version, columns, monitor.window_s)
    items = [
        _json(one)
        for column in columns
        for one in ladder(active, monitor, column, stated or rows[column], judged_together=max(1, len(everything)))
    ]
    return {
        "items": items,
        "next": str(following) if following is not None and following < len(everything) else None,
        "version": version,
        "monitor": monitor.id,
        "window_s": monitor.window_s,
        "every_s": monitor.every_s,
        "hold": list(monitor.hold),
        "judged_together": len(everything),
        "confidence": CONFIDENCE,
    }


def _monitor(sources: Sources, name: str, query: Query) -> Monitor:
    """The one asked for, else the first that watches PSI, else the built-in one."""
    standing = sources.control.monitors(name)
    asked = query.get("monitor")
    if not asked:
        return next((one for one in standing if one.metric == "psi" and one.kind == "measurement"), DRIFT)
    chosen = next((one for one in standing if one.id == asked), None)
    if chosen is None:
        raise NotFound(
            f"monitor {asked!r:.140} does not stand for {name!r}: there are {', '.join(m.id for m in standing)}"
        )
    return chosen


def _json(one: Seen) -> Json:
    return {
        "column": one.column,
        "shift": one.shift,
        "unit": one.unit,
        "rows": one.rows,
        "baseline_rows": one.baseline_rows,
        "power": finite(one.power),
        "windows": one.windows,
    }
