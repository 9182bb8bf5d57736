"""What the read side of the REST API answers, as plain functions from path and query to JSON values; run in a thread."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from tidegauge.core.bins import UNUSABLE
from tidegauge.core.columns import ColumnKind
from tidegauge.core.windows import Window
from tidegauge_collector.api.query import BadRequest, NotFound, check_known, read_choice, read_int, read_time
from tidegauge_collector.control import AlertRow, ControlStore, Deployment
from tidegauge_collector.jobs.folding import Folding
from tidegauge_collector.jobs.judging import Judging
from tidegauge_collector.measuring.accuracy import METRICS as ACCURACY_METRICS
from tidegauge_collector.measuring.accuracy import AccuracyMeter
from tidegauge_collector.measuring.baselines import Baselines
from tidegauge_collector.measuring.drift import Scope, as_measurement, column_drift, is_feature_or_prediction
from tidegauge_collector.measuring.measurement import Measurement, finite, rfc3339
from tidegauge_collector.measuring.observing import DRIFT_METRICS
from tidegauge_collector.measuring.progress import ProgressReader
from tidegauge_collector.measuring.service import METRICS as SERVICE_METRICS
from tidegauge_collector.measuring.service import measure_service
from tidegauge_collector.measuring.windows import STEPS, range_windows
from tidegauge_collector.telemetry import (
    TelemetryStore,
    column_counts,
    extent,
    gap_rows,
    known,
    merged_profiles,
    newest_judgements,
    prediction_page,
)

Json = dict[str, Any]
Query = Mapping[str, str]
METRICS = (*DRIFT_METRICS, *SERVICE_METRICS, *ACCURACY_METRICS)
_RANK = {"ok": 1, "warning": 2, "failing": 3}


class Reads:
    """Answers of the read side."""

    def __init__(
        self, control: ControlStore, telemetry: TelemetryStore, *, baselines: Baselines, progress: ProgressReader, judging: Judging, folding: Folding
    ) -> None:
        self._control = control
        self._telemetry = telemetry
        self.baselines = baselines
        self._progress = progress
        self._judging = judging
        self._folding = folding

    # ------------------------------------------------------------------ deployments

    def deployments(self, query: Query) -> Json:
        """All deployments, by name."""
        check_known(query)
        return {"items": [self._summary(one) for one in self._control.deployments()], "next": None}

    def deployment(self, name: str, query: Query) -> Json:
        """One deployment with its columns, segments, baselines and monitors."""
        check_known(query)
        found = self._deployment(name)
        seen = known(self._telemetry, name)
        active = self.baselines.active(name, self._version(found, query))
        importance = active.baseline.importance if active else {}
        return {
            **self._summary(found),
            "segments": sorted(seen.segments),
            "columns": [
                {"name": column, "kind": kind.value, "role": _role(column), "importance": importance.get(column)}
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
                for one in self._control.baselines(name)
            ],
            "monitors": [
                {
                    "id": one.id,
                    "name": one.name,
                    "metric": one.metric,
                    "columns": one.columns,
                    "comparison": one.comparison,
                    "warning": one.warning,
                    "failing": one.failing,
                    "window_s": one.window_s,
                    "every_s": one.every_s,
                }
                for one in self._control.monitors(name)
            ],
            "positive_class": found.positive_class,
        }

    def _summary(self, found: Deployment) -> Json:
        seen = extent(self._telemetry, found.name)
        firing = self._control.alerts(found.name, "firing", limit=1_000)
        states = self._control.series_states(found.name).values()
        worst = max((one.severity for one in firing), key=lambda s: _RANK.get(s, 0), default=None)
        healthy = "ok" if any(state.recent for state in states) else "not_enough_data"
        return {
            "name": found.name,
            "task": found.task,
            "timezone": found.timezone,
            "created_at": rfc3339(found.created_at_us),
            "versions": [
                {"version": one.name, "role": one.role, "first_seen": rfc3339(one.first_seen_us)}
                for one in self._control.versions(found.name)
            ],
            "verdict": worst or healthy,
            "open_alerts": len(firing),
            "first_prediction": rfc3339(seen.first_event_us),
            "last_prediction": rfc3339(seen.last_event_us),
            "predictions_last_day": seen.rows_last_day,
        }

    def status(self, name: str, query: Query) -> Json:
        """How far the deployment is settled, who sends, what is stored and what was lost."""
        check_known(query)
        self._deployment(name)
        progress = self._progress.read(name)
        seen = extent(self._telemetry, name)
        end, until = progress.data_end_us, progress.settled_until_us
        is_settled = (
            end is not None
            and not progress.live
            and self._folding.caught_up
            and self._judging.is_caught_up(name)
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
                    "live": one in progress.live,
                }
                for one in progress.agents
            ],
            "data_start": rfc3339(progress.data_start_us),
            "data_end": rfc3339(end),
            "service_start": rfc3339(seen.first_service_us),
            "service_end": rfc3339(seen.last_service_us),
            "stored": {
                "rows": seen.rows,
                "predictions": seen.predictions,
                "prediction_ids": seen.prediction_ids,
                "actuals": seen.actuals,
                "actual_ids": seen.actual_ids,
            },
            "dropped": gap_rows(self._telemetry),
        }

    # ------------------------------------------------------------------ measurements and profiles

    def measurements(self, name: str, query: Query) -> Json:
        """Measurements of one metric over windows of a range."""
        check_known(query, "metric", "column", "version", "segment", "start", "end", "step")
        found = self._deployment(name)
        metric = read_choice(query, "metric", METRICS, None)
        if metric is None:
            raise BadRequest(f"metric is missing: write one of {', '.join(METRICS)}")
        scope = self._scope(found, query, service=metric in SERVICE_METRICS)
        if scope is None:
            return {"items": [], "next": None}
        items = [one.as_json() for one in self._measure(found, metric, scope, query.get("column", ""))]
        self._add_verdicts(name, metric, scope, items)
        return {"items": items, "next": None}

    def _measure(self, found: Deployment, metric: str, scope: Scope, column: str) -> list[Measurement]:
        active = self.baselines.active(found.name, scope.version)
        if metric in SERVICE_METRICS:
            return list(measure_service(self._telemetry, scope, [metric]))
        if metric in ACCURACY_METRICS:
            return list(AccuracyMeter(self._telemetry, found, active).measure(scope, [metric]))
        kinds = known(self._telemetry, found.name).columns
        if column not in {"", "*"} and column not in kinds:
            raise NotFound(f"column {column!r} of {found.name!r} was never seen; seen are {', '.join(list(kinds)[:30])}")
        columns = None if column in {"", "*"} else [column]
        drifts = column_drift(self._telemetry, scope, active, kinds=kinds, columns=columns)
        return [as_measurement(one, metric, scope) for one in drifts]

    def _add_verdicts(self, name: str, metric: str, scope: Scope, items: list[Json]) -> None:
        if not scope.windows or scope.segment:
            return
        bounds = (scope.windows[0].start_us, scope.windows[-1].end_us)
        judged = {
            (one.column, rfc3339(one.window_start_us), rfc3339(one.window_end_us)): one.verdict
            for one in newest_judgements(self._telemetry, name, metric=metric, version=scope.version, bounds_us=bounds)
        }
        for item in items:
            item["verdict"] = judged.get((item["column"], item["window"]["start"], item["window"]["end"]))

    def profiles(self, name: str, query: Query) -> Json:
        """One column's bins in a range beside the baseline's."""
        check_known(query, "column", "start", "end", "segment", "version")
        found = self._deployment(name)
        column = query.get("column")
        kinds = known(self._telemetry, name).columns
        if not column or column not in kinds:
            raise NotFound(f"column {column!r} of {name!r} was never seen; seen are {', '.join(list(kinds)[:30])}")
        scope = self._scope(found, {**query, "step": "total"}, service=False)
        window = scope.windows[0] if scope is not None else Window(0, 0)
        version = self._version(found, query)
        segment = query.get("segment", "")
        merged = merged_profiles(
            self._telemetry,
            name,
            version=version,
            segment=segment,
            start_us=window.start_us,
            end_us=window.end_us,
            columns=[column],
        ).get(column)
        bins, baseline_n, approximate = self._bins(name, version, segment, column, window)
        return {
            "column": column,
            "kind": kinds[column].value,
            "window": {"start": rfc3339(window.start_us), "end": rfc3339(window.end_us)},
            "n": merged.rows if merged is not None else 0,
            "baseline_n": baseline_n,
            "bins": bins,
            "moments": _moments(merged, kinds[column]),
            "new_categories": _new_names(merged, known_by_baseline=baseline_n is not None),
            "approximate": approximate,
        }

    def _bins(self, name: str, version: str, segment: str, column: str, window: Window) -> tuple[list[Json], int | None, bool]:
        active = self.baselines.active(name, version)
        if active is None or column not in active.baseline.bins.columns:
            return [], None, False
        counted = column_counts(
            self._telemetry,
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

    # ------------------------------------------------------------------ alerts and predictions

    def alerts(self, query: Query) -> Json:
        """Alerts, newest first, with their history and deliveries."""
        check_known(query, "deployment", "status", "limit", "before")
        limit = read_int(query, "limit", 100, most=1_000)
        before = read_int(query, "before", 0, least=0, most=2**62) or None
        status = read_choice(query, "status", ("firing", "resolved"), None)
        rows = self._control.alerts(query.get("deployment") or None, status, limit=limit, before=before)
        following = str(rows[-1].id) if len(rows) == limit else None
        return {"items": [self._alert(one) for one in rows], "next": following}

    def _alert(self, row: AlertRow) -> Json:
        start = row.details.get("window_start_us", row.opened_window_start_us)
        end = row.details.get("window_end_us", row.opened_window_end_us)
        return {
            "id": row.id,
            "key": row.key,
            "deployment": row.deployment,
            "monitor": row.monitor,
            "metric": row.metric,
            "column": row.column,
            "segment": row.segment,
            "version": row.version,
            "severity": row.severity,
            "status": row.status,
            "value": finite(row.value),
            "threshold": finite(row.threshold),
            "window": {"start": rfc3339(start), "end": rfc3339(end)},
            "opened_window": {"start": rfc3339(row.opened_window_start_us), "end": rfc3339(row.opened_window_end_us)},
            "opened_at": rfc3339(row.opened_at_us),
            "resolved_at": rfc3339(row.resolved_at_us),
            "events": [
                {"kind": one.kind, "at": rfc3339(one.at_us), **_plain_times(one.details)}
                for one in self._control.alert_events(row.id)
            ],
            "deliveries": [
                {
                    "id": one.delivery_id,
                    "channel": one.channel,
                    "event_type": one.event_type,
                    "status": one.status,
                    "attempts": one.attempts,
                    "delivered_at": rfc3339(one.delivered_at_us),
                    "last_error": one.last_error,
                }
                for one in self._control.deliveries(row.id)
            ],
        }

    def predictions(self, name: str, query: Query) -> Json:
        """Stored predictions with their actuals, in a stable order, a page at a time."""
        check_known(query, "limit", "after")
        self._deployment(name)
        page = prediction_page(self._telemetry, name, after=query.get("after") or None, limit=read_int(query, "limit", 1_000))
        items = [
            {
                "prediction_id": one.id_hex,
                "event_time": rfc3339(one.event_us),
                "version": one.version,
                "score": finite(one.score),
                "label": one.label,
                "actual": one.actual_label if one.actual_label is not None else finite(one.actual_value),
                "segments": list(one.segments),
            }
            for one in page.items
        ]
        return {"items": items, "next": page.next}

    # ------------------------------------------------------------------ shared

    def _deployment(self, name: str) -> Deployment:
        found = self._control.deployment(name)
        if found is None:
            raise NotFound(f"deployment {name!r} does not exist: it appears when an agent first names it")
        return found

    def _version(self, found: Deployment, query: Query) -> str:
        """The version asked for, else the newest champion."""
        versions = self._control.versions(found.name)
        asked = query.get("version")
        if asked:
            if asked not in {one.name for one in versions}:
                raise NotFound(f"version {asked!r} of {found.name!r} was never seen; seen are {', '.join(v.name for v in versions)}")
            return asked
        champions = [one for one in versions if one.role == "champion"] or versions
        return champions[-1].name if champions else ""

    def _scope(self, found: Deployment, query: Query, *, service: bool) -> Scope | None:
        """The windows asked for; the whole extent of the data where the range is not given, None where there is none."""
        seen = extent(self._telemetry, found.name)
        first, last = (seen.first_service_us, seen.last_service_us) if service else (seen.first_event_us, seen.last_event_us)
        start = read_time(query, "start")
        end = read_time(query, "end")
        start = first if start is None else start
        end = (last + 1 if last is not None else None) if end is None else end
        if start is None or end is None:
            return None
        step = read_choice(query, "step", STEPS, "total") or "total"
        if step == "minute" and not service:
            raise BadRequest("step=minute: features and predictions are kept by the hour; write step=hour, day or total")
        try:
            windows = range_windows(start, end, step, ZoneInfo(found.timezone))
        except ValueError as problem:
            raise BadRequest(str(problem)) from problem
        return Scope(
            deployment=found.name, version=self._version(found, query), segment=query.get("segment", ""), windows=windows
        )


def _role(column: str) -> str:
    if column.startswith("_prediction"):
        return "prediction"
    if column == "_actual":
        return "actual"
    return "feature" if is_feature_or_prediction(column) else "service"


def _moments(merged: Any, kind: ColumnKind) -> Json | None:
    if merged is None or not kind.is_numeric:
        return None
    return {
        "mean": finite(merged.mean),
        "std": finite(merged.deviation),
        "min": finite(merged.minimum),
        "max": finite(merged.maximum),
    }


def _new_names(merged: Any, *, known_by_baseline: bool) -> list[Json]:
    if merged is None or not known_by_baseline:
        return []
    ranked = sorted(merged.names.items(), key=lambda item: (-item[1], item[0]))
    return [{"name": name, "count": count} for name, count in ranked[:100]]


def _plain_times(details: Mapping[str, Any]) -> Json:
    """Details with times as text."""
    return {
        name.removesuffix("_us"): rfc3339(value) if name.endswith("_us") and isinstance(value, int) else value
        for name, value in details.items()
    }


