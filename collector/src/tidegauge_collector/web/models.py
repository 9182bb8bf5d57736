"""What the pages show, derived from the API's JSON: pure functions from answers to what a template prints."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

from .formats import moment, zone_of
from .ranges import CHOICES, Range, choose_range
from .reader import Json

VERDICT_ORDER = ("failing", "error", "warning", "ok", "not_enough_data", "not_applicable")
_ACCURACY_METRICS = {
    "binary": ("auc", "log_loss", "accuracy"),
    "multiclass": ("accuracy", "log_loss"),
    "regression": ("rmse", "mae", "r2"),
}
_ALERTS_SHOWN = 100
_AROUND_ALERT = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Alerts:
    """The newest alerts, open ones first, and how many there are in all."""

    shown: Sequence[Json]
    total: int


@dataclass(frozen=True, slots=True)
class Selection:
    """What the pickers of a deployment's page stand on, and what they offer."""

    range: Range
    zone: ZoneInfo
    segment: str
    version: str
    feature: str
    metric: str
    segments: Sequence[str]
    versions: Sequence[Json]
    metrics: Sequence[str]

    @property
    def choices(self) -> Sequence[str]:
        return CHOICES

    @property
    def first_day(self) -> str:
        return self.range.start.astimezone(self.zone).date().isoformat()

    @property
    def last_day(self) -> str:
        return (self.range.end - timedelta(seconds=1)).astimezone(self.zone).date().isoformat()


def sorted_fleet(items: Sequence[Json]) -> list[Json]:
    """Deployments with the worst verdict first, then by name."""
    return sorted(items, key=lambda item: (_rank(item["verdict"]), item["name"]))


def _rank(verdict: str) -> int:
    return VERDICT_ORDER.index(verdict) if verdict in VERDICT_ORDER else len(VERDICT_ORDER)


def champion(item: Json) -> str:
    """The version that answers, else the newest one; an empty string before any was seen."""
    versions: Sequence[Mapping[str, Any]] = item["versions"]
    answering = [version["version"] for version in versions if version["role"] == "champion"]
    newest = sorted(versions, key=lambda version: str(version["first_seen"]))
    return str(answering[-1]) if answering else str(newest[-1]["version"]) if newest else ""


def select(deployment: Json, status: Json, query: Mapping[str, str]) -> Selection | None:
    """The selection of a deployment's page; None while there is no data that a range could be chosen from."""
    if status["data_start"] is None or status["data_end"] is None:
        return None
    zone = zone_of(deployment["timezone"])
    start, end = (moment(status[key]).astimezone(UTC) for key in ("data_start", "data_end"))
    segment, version = query.get("segment", ""), query.get("version", "")
    metrics = _ACCURACY_METRICS.get(deployment["task"], ())
    metric = query.get("metric", "")
    return Selection(
        range=choose_range(query, start, end, zone=zone),
        zone=zone,
        segment=segment,
        version=version,
        feature=query.get("feature", ""),
        metric=metric if metric in metrics else next(iter(metrics), ""),
        segments=_with(segment, deployment["segments"]),
        versions=_versions_with(version, deployment["versions"]),
        metrics=metrics,
    )


def _with(picked: str, offered: Sequence[str]) -> list[str]:
    """A permanent link's segment stays picked even when it is no longer offered: never show other traffic in its place."""
    return [*offered, picked] if picked and picked not in offered else list(offered)


def _versions_with(picked: str, offered: Sequence[Json]) -> list[Json]:
    known = {version["version"] for version in offered}
    unknown = [{"version": picked, "role": "", "first_seen": None}] if picked and picked not in known else []
    return [*offered, *unknown]


def charted_columns(deployment: Json) -> list[Json]:
    """The columns that can drift: features and predictions."""
    return [column for column in deployment["columns"] if column["role"] in ("feature", "prediction")]


def has_baseline(deployment: Json, version: str) -> bool:
    """Whether `version` (any version when empty) has something to be measured against."""
    return any(version in ("", baseline["version"]) for baseline in deployment["baselines"])


def newest_alerts(items: Sequence[Json]) -> Alerts:
    """Open alerts first, the newest on top, at most 100: the API has the rest."""
    newest = sorted(items, key=lambda item: str(item["opened_at"]), reverse=True)
    ordered = sorted(newest, key=lambda item: item["status"] != "firing")
    return Alerts(ordered[:_ALERTS_SHOWN], len(ordered))


def alert_link(alert: Json, zone: ZoneInfo, language: str | None) -> str:
    """The deployment's page around the alert's window, on its column, segment and version."""
    start = moment(alert["window"]["start"]) - _AROUND_ALERT
    end = moment(alert["window"]["end"])
    wishes = {"range": "custom", "start": _day(start, zone), "end": _day(end, zone)}
    column = alert["column"]
    optional = {
        "feature": "" if column in (None, "*") else column,
        "segment": alert["segment"],
        "version": alert["version"],
        "lang": language,
    }
    wishes.update({name: value for name, value in optional.items() if value})
    return f"/deployments/{quote(alert['deployment'], safe='')}?{urlencode(wishes)}"


def _day(value: datetime, zone: ZoneInfo) -> str:
    return (value - timedelta(seconds=1)).astimezone(zone).date().isoformat()
