"""`/deployments`, `/deployments/{name}` and `/deployments/{name}/status`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tidegauge_collector.api.agents import shipper_of
from tidegauge_collector.api.query import check_known
from tidegauge_collector.api.scope import Json, Query, Sources, find_deployment, find_version
from tidegauge_collector.api.standings import Standing
from tidegauge_collector.control.overview import Overview
from tidegauge_collector.core.attributes import NAMES as ATTRIBUTES
from tidegauge_collector.measuring.drift import is_feature_or_prediction
from tidegauge_collector.measuring.measurement import finite, rfc3339
from tidegauge_collector.telemetry.extent import Extent, gap_summary, known

_RANK = {"ok": 1, "warning": 2, "failing": 3}


@dataclass(frozen=True, slots=True)
class Look:
    """One deployment, with all that lists say of it."""

    overview: Overview
    extent: Extent
    standing: Standing
    firing: Mapping[str, int]

    @property
    def name(self) -> str:
        return self.overview.deployment.name

    @property
    def verdict(self) -> str:
        """The worst severity that fires, else whether anything was judged."""
        healthy = "ok" if self.standing.is_judged else "not_enough_data"
        return max(self.firing, key=lambda severity: _RANK.get(severity, 0), default=healthy)


def look_at_all(sources: Sources) -> list[Look]:
    """All deployments, by name."""
    found = sources.control.overviews()
    names = list(found)
    revisions = {name: one.deployment.config_revision for name, one in found.items()}
    extents, standings = sources.extents.of_many(names), sources.standings.of_many(names, stamps=revisions)
    firing = sources.control.firing()
    return [
        Look(one, extents[name], standings.get(name, Standing()), firing.get(name, {})) for name, one in found.items()
    ]


def list_deployments(sources: Sources, query: Query) -> Json:
    """All deployments, by name."""
    check_known(query)
    return {"items": [_summary(one) for one in look_at_all(sources)], "next": None}


def show_deployment(sources: Sources, name: str, query: Query) -> Json:
    """One deployment with its columns, segments, baselines and monitors."""
    check_known(query, "version")
    found = find_deployment(sources, name)
    seen = known(sources.telemetry, name)
    active = sources.baselines.active(name, find_version(sources, found, query))
    importance = active.baseline.importance if active else {}
    look = Look(
        sources.control.overviews()[name],
        sources.extents.of(name),
        sources.standings.of(name, stamp=found.config_revision),
        sources.control.firing().get(name, {}),
    )
    return {
        **_summary(look),
        "segments": sorted(seen.segments),
        "columns": [
            {
                "name": column,
                "kind": kind.value,
                "role": _role(column),
                "importance": finite(importance.get(column)),
                "starred": column in found.starred,
                "excluded": found.leaves_out(column),
            }
            for column, kind in seen.columns.items()
        ],
        "baselines": [
            {
                "version": one.version,
                "origin": one.origin,
                "rows": one.rows,
                "status": one.status,
                "created_at": rfc3339(one.created_at_us),
            }
            for one in sources.control.baselines(name)
        ],
        "monitors": [
            {
                "id": one.id,
                "name": one.name,
                "metric": one.metric,
                "columns": one.columns,
                "comparison": one.comparison,
                "limits": one.limits,
                "warning": one.warning,
                "failing": one.failing,
                "window_s": one.window_s,
                "every_s": one.every_s,
            }
            for one in sources.control.monitors(name)
        ],
        "positive_class": found.positive_class,
    }


def _summary(look: Look) -> Json:
    about, seen = look.overview.deployment, look.extent
    return {
        "name": about.name,
        "task": about.task,
        "timezone": about.timezone,
        "created_at": rfc3339(about.created_at_us),
        "versions": [
            {"version": version.name, "role": version.role, "first_seen": rfc3339(version.first_seen_us)}
            for version in look.overview.versions
        ],
        "verdict": look.verdict,
        "open_alerts": sum(look.firing.values()),
        "first_prediction": rfc3339(seen.first_event_us),
        "last_prediction": rfc3339(seen.last_prediction_us),
        "predictions_last_day": seen.last_day_rows,
        **{name: getattr(about, name) for name in ATTRIBUTES},
        "health": look.standing.blocks,
    }


def show_status(sources: Sources, name: str, query: Query) -> Json:
    """How far the deployment is settled, who sends, what is stored and what was lost."""
    check_known(query)
    find_deployment(sources, name)
    progress = sources.progress.read(name)
    seen = sources.extents.of(name)
    stored = sources.stored.of(name)
    end, until = progress.data_end_us, progress.settled_until_us
    is_settled = (
        end is not None and not progress.live and sources.folding.caught_up and sources.judging.is_settled(name)
    )
    return {
        "settled": is_settled,
        "settled_until": rfc3339(until),
        "lag_s": None if end is None or until is None else max(0.0, (end - until) / 1e6),
        "agents": [
            {
                "epoch": one.epoch.hex(),
                "host": one.host,
                "version": one.agent_version,
                "last_contact": rfc3339(one.last_contact_us),
                "mark": one.mark,
                "closed": one.closed,
                "skew_s": finite(one.skew_s),
                "live": one.epoch in progress.live,
                **shipper_of(sources.roster, one.instance_id),
            }
            for one in progress.agents
        ],
        "data_start": rfc3339(progress.data_start_us),
        "data_end": rfc3339(end),
        "service_start": rfc3339(seen.first_arrival_us),
        "service_end": rfc3339(seen.last_arrival_us),
        "stored": {
            "predictions": stored.prediction_rows,
            "prediction_ids": stored.prediction_ids,
            "actuals": stored.actual_rows,
            "actual_ids": stored.actual_ids,
        },
        "ids_estimated": stored.estimated,
        "dropped": {one.reason: one.rows for one in gap_summary(sources.telemetry)},
    }


def _role(column: str) -> str:
    if column.startswith("_prediction"):
        return "prediction"
    if column == "_actual":
        return "actual"
    return "feature" if is_feature_or_prediction(column) else "service"
