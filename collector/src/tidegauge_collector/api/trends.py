"""`/trends`: the last seven days of every deployment, and `/summary`: what a head of department asks of all of them."""

from __future__ import annotations

from tidegauge_collector.api.deployments import look_at_all
from tidegauge_collector.api.query import check_known, read_time
from tidegauge_collector.api.scope import Json, Query, Sources
from tidegauge_collector.measuring.measurement import finite


def list_trends(sources: Sources, query: Query) -> Json:
    """Seven days of every deployment, by name."""
    check_known(query)
    items = [
        {
            "name": one.name,
            "predictions": list(one.extent.daily.week),
            "blocks": one.standing.week,
            "objectives": {"met": one.standing.objectives_met, "judged": one.standing.objectives_judged},
        }
        for one in look_at_all(sources)
    ]
    return {"items": items, "next": None}


def show_summary(sources: Sources, query: Query) -> Json:
    """Figures of all deployments together; those of alerts over what opened since a time."""
    check_known(query, "since")
    found = look_at_all(sources)
    alerts = sources.control.alert_times(read_time(query, "since") or 0)
    verdicts = [one.verdict for one in found]
    return {
        "deployments": len(found),
        "by_verdict": {word: verdicts.count(word) for word in sorted(set(verdicts))},
        "predictions_last_day": sum(one.extent.last_day_rows for one in found),
        "predictions_last_week": sum(sum(one.extent.daily.week) for one in found),
        "predictions_last_30_days": sum(one.extent.daily.month for one in found),
        "predictions_last_90_days": sum(one.extent.daily.quarter for one in found),
        "alerts_open": sum(sum(one.firing.values()) for one in found),
        "alerts_opened": alerts.opened,
        "acknowledged": {"n": alerts.acknowledged, "median_s": finite(alerts.median_to_acknowledge_s)},
        "resolved": {"n": alerts.resolved, "median_s": finite(alerts.median_to_resolve_s)},
        "objectives": {
            "met": sum(one.standing.objectives_met for one in found),
            "judged": sum(one.standing.objectives_judged for one in found),
        },
    }
