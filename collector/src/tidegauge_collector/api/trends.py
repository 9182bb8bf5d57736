"""`/trends`: the last seven days of every deployment, and `/summary`: what a head of department asks of all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tidegauge_collector.api.query import NotFound, check_known, read_time
from tidegauge_collector.api.scope import Json, Query, Sources
from tidegauge_collector.control import ControlStore
from tidegauge_collector.control.verdicts import Verdicts
from tidegauge_collector.core.blocks import block_of
from tidegauge_collector.core.monitors import Verdict
from tidegauge_collector.measuring.measurement import finite
from tidegauge_collector.telemetry.store import TelemetryStore
from tidegauge_collector.telemetry.trends import DAYS, VERDICTS, daily_rows, daily_verdicts


def list_trends(sources: Sources, query: Query) -> Json:
    """Seven days of every deployment, by name."""
    check_known(query)
    names = [one.name for one in sources.control.deployments()]
    found = sources.trends.of_many(names)
    return {"items": [{"name": name, **found[name]} for name in names if name in found], "next": None}


def show_summary(sources: Sources, query: Query) -> Json:
    """Figures of all deployments together; those of alerts over what opened since a time."""
    check_known(query, "since")
    names = [one.name for one in sources.control.deployments()]
    listed = sources.summaries.of_many(names, stamp=sources.control.config_revision())
    trends = sources.trends.of_many(names)
    alerts = sources.control.alert_times(read_time(query, "since") or 0)
    verdicts = [one["verdict"] for one in listed.values()]
    return {
        "deployments": len(listed),
        "by_verdict": {word: verdicts.count(word) for word in sorted(set(verdicts))},
        "predictions_last_day": sum(one["predictions_last_day"] for one in listed.values()),
        "predictions_last_week": sum(sum(one["predictions"]) for one in trends.values()),
        "alerts_open": sum(one["open_alerts"] for one in listed.values()),
        "alerts_opened": alerts.opened,
        "acknowledged": {"n": alerts.acknowledged, "median_s": finite(alerts.median_to_acknowledge_s)},
        "resolved": {"n": alerts.resolved, "median_s": finite(alerts.median_to_resolve_s)},
        "objectives": {
            "met": sum(one["objectives"]["met"] for one in trends.values()),
            "judged": sum(one["objectives"]["judged"] for one in trends.values()),
        },
    }


def trend_of(control: ControlStore, telemetry: TelemetryStore, name: str) -> Json:
    """What `/trends` says of one deployment; raises NotFound."""
    found = trends_of(control, telemetry, [name]).get(name)
    if found is None:
        raise NotFound(f"deployment {name!r} does not exist")
    return found


def trends_of(control: ControlStore, telemetry: TelemetryStore, names: Sequence[str]) -> dict[str, Json]:
    """The same of those of the deployments that exist, for many at once."""
    ruled = control.verdicts(names)
    days, rows = daily_verdicts(telemetry, names), daily_rows(telemetry, names)
    return {
        name: {
            "predictions": list(rows.get(name, (0,) * DAYS)),
            "blocks": _by_block(found, days.get(name, {})),
            "objectives": _objectives(found),
        }
        for name, found in ruled.items()
    }


def _by_block(found: Verdicts, days: Mapping[str, Sequence[str | None]]) -> dict[str, list[str | None]]:
    blocks: dict[str, list[str | None]] = {}
    for monitor in found.monitors:
        if monitor.id in days:
            block = block_of(stated=monitor.block, kind=monitor.kind, metric=monitor.metric)
            known = blocks.get(block, [None] * DAYS)
            blocks[block] = [max(pair, key=VERDICTS.index) for pair in zip(known, days[monitor.id], strict=True)]
    return blocks


def _objectives(found: Verdicts) -> dict[str, int]:
    """Service-level objectives that were judged, and those whose budget does not burn too fast."""
    burning = {one.id for one in found.monitors if one.kind == "burn_rate"}
    said = [one for one in found.said if one.monitor in burning and one.verdict in _DECIDED]
    return {"met": sum(one.verdict is Verdict.OK for one in said), "judged": len(said)}


_DECIDED = (Verdict.OK, Verdict.WARNING, Verdict.FAILING)
