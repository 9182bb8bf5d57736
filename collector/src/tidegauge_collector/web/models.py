"""What the pages show, derived from the API's JSON: pure functions from answers to what a template prints."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from .formats import moment, zone_of
from .metrics import CUSTOM, FAIRNESS, STATISTICS, accuracy_metrics
from .ranges import CHOICES, Range, choose_range
from .reader import Json
from .service_range import ServiceRange, choose_service_range

VERDICT_ORDER = ("failing", "error", "warning", "ok", "not_enough_data", "not_applicable")


@dataclass(frozen=True, slots=True)
class Selection:
    """What the pickers of a deployment's page stand on, and what they offer."""

    range: Range
    service: ServiceRange | None
    zone: ZoneInfo
    segment: str
    version: str
    feature: str
    statistic: str
    custom: str
    metric: str
    segments: Sequence[str]
    versions: Sequence[Json]
    metrics: Sequence[str]
    attribute: str
    attributes: Sequence[str]
    groups: int
    measure: str

    @property
    def choices(self) -> Sequence[str]:
        return CHOICES

    @property
    def first_minute(self) -> str:
        return self._local(self.range.start)

    @property
    def end_minute(self) -> str:
        return self._local(self.range.end)

    def _local(self, value: datetime) -> str:
        """As a browser's input of date and time writes it."""
        return value.astimezone(self.zone).strftime("%Y-%m-%dT%H:%M")


def verdict_rank(verdict: str) -> int:
    """The worse, the lower; words from elsewhere come last."""
    return VERDICT_ORDER.index(verdict) if verdict in VERDICT_ORDER else len(VERDICT_ORDER)


def champion(item: Json) -> str:
    """The newest champion, else the newest version: what the API measures where none is named; empty before any was seen."""
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
    chosen = choose_range(query, start, end, zone=zone)
    segment, version = query.get("segment", ""), query.get("version", "")
    metrics = accuracy_metrics(deployment["task"])
    metric, attribute, measure, statistic, custom = (
        query.get(name, "") for name in ("metric", "attribute", "measure", "statistic", "custom")
    )
    attributes = segment_columns(deployment["segments"])
    attribute = attribute if attribute in attributes else next(iter(attributes), "")
    return Selection(
        range=chosen,
        service=_service(status, chosen, end),
        zone=zone,
        segment=segment,
        version=version,
        feature=query.get("feature", ""),
        statistic=statistic if statistic in STATISTICS else STATISTICS[0],
        custom=custom if custom in CUSTOM else CUSTOM[0],
        metric=metric if metric in metrics else next(iter(metrics), ""),
        segments=_with(segment, deployment["segments"]),
        versions=_versions_with(version, deployment["versions"]),
        metrics=metrics,
        attribute=attribute,
        attributes=attributes,
        groups=sum(_column_of(one) == attribute for one in deployment["segments"]),
        measure=measure if measure in FAIRNESS else FAIRNESS[0],
    )


def segment_columns(segments: Sequence[str]) -> list[str]:
    """The columns that segments are of: `sex` of `sex=F`, `sex&age` of an intersection."""
    return sorted({_column_of(one) for one in segments if "=" in one})


def _column_of(segment: str) -> str:
    return "&".join(part.split("=", 1)[0] for part in segment.split("&"))


def _service(status: Json, chosen: Range, data_end: datetime) -> ServiceRange | None:
    if status["service_start"] is None or status["service_end"] is None:
        return None
    first, last = (moment(status[key]).astimezone(UTC) for key in ("service_start", "service_end"))
    return choose_service_range(chosen, first, last, data_end=data_end)


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


def drawn_columns(deployment: Json) -> dict[str, float | None]:
    """What charts need of them: name -> importance, to four digits. A page of thousands stays small."""
    return {
        str(one["name"]): None if one["importance"] is None else float(f"{one['importance']:.4g}")
        for one in charted_columns(deployment)
    }


def rules(deployment: Json) -> list[str]:
    """The columns of its humility rules."""
    return [str(column["name"]) for column in deployment["columns"] if column["name"].startswith("_rule.")]


def baseline_of(deployment: Json, version: str) -> Json | None:
    """The active baseline that `version` (the newest champion when empty) is measured against; None before there is one."""
    wanted = version or champion(deployment)
    active = [one for one in deployment["baselines"] if one["status"] == "active" and one["version"] == wanted]
    return active[-1] if active else None


def is_known_version(deployment: Json, version: str) -> bool:
    """Whether a link's version is one that this deployment has; no version at all is the newest champion."""
    return not version or version in {one["version"] for one in deployment["versions"]}
