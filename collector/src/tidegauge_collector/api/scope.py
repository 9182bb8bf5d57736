"""What a request is about: the deployment, version, segment and windows that path and query name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from tidegauge.core.windows import HOUR_US, MINUTE_US, window_start
from tidegauge_collector.api.query import BadRequest, NotFound, read_choice, read_time
from tidegauge_collector.api.standings import Standing
from tidegauge_collector.control import ControlStore, Deployment
from tidegauge_collector.core.routing import Routing
from tidegauge_collector.ingest.quarantine import Quarantine
from tidegauge_collector.ingest.roster import Roster
from tidegauge_collector.jobs.folding import Folding
from tidegauge_collector.jobs.judging import Judging
from tidegauge_collector.measuring.baselines import Baselines
from tidegauge_collector.measuring.drift import Scope
from tidegauge_collector.measuring.explaining import Explaining
from tidegauge_collector.measuring.kept import Kept
from tidegauge_collector.measuring.progress import ProgressReader
from tidegauge_collector.measuring.windows import STEPS, range_windows
from tidegauge_collector.notify.attending import Attendant
from tidegauge_collector.telemetry.extent import Extent, StoredCounts
from tidegauge_collector.telemetry.store import TelemetryStore

ALL_VERSIONS = "*"
Json = dict[str, Any]
Query = Mapping[str, str]


@dataclass(frozen=True)
class Sources:
    """Where answers come from."""

    control: ControlStore
    telemetry: TelemetryStore
    extents: Kept[Extent]
    stored: Kept[StoredCounts]
    standings: Kept[Standing]
    baselines: Baselines
    progress: ProgressReader
    judging: Judging
    folding: Folding
    roster: Roster
    quarantine: Quarantine
    explaining: Explaining
    attendant: Attendant
    routing: Routing
    now_us: Callable[[], int]


def find_deployment(sources: Sources, name: str) -> Deployment:
    """The deployment of that name; raises NotFound."""
    found = sources.control.deployment(name)
    if found is None:
        raise NotFound(f"deployment {name!r} does not exist: it appears when an agent first names it")
    return found


def find_version(sources: Sources, found: Deployment, query: Query) -> str:
    """The version asked for, else the newest champion."""
    versions = sources.control.versions(found.name)
    asked = query.get("version")
    if asked:
        if asked not in {one.name for one in versions}:
            raise NotFound(
                f"version {asked!r} of {found.name!r} was never seen; seen are {', '.join(v.name for v in versions)}"
            )
        return asked
    champions = [one for one in versions if one.role == "champion"] or versions
    return champions[-1].name if champions else ""


def read_scope(sources: Sources, found: Deployment, query: Query, *, service: bool) -> Scope | None:
    """The windows asked for; the whole extent of the data where the range is not given, None where there is nothing to measure.

    Raises BadRequest or NotFound.
    """
    step = read_choice(query, "step", STEPS, "total") or "total"
    if step == "minute" and not service:
        raise BadRequest("step=minute: features and predictions are kept by the hour; write step=hour, day or total")
    version = "" if service and query.get("version") == ALL_VERSIONS else find_version(sources, found, query)
    span = _read_range(sources, found, query, service=service)
    if span is None:
        return None
    try:
        windows = range_windows(*span, step, ZoneInfo(found.timezone))
    except ValueError as problem:
        raise BadRequest(str(problem)) from problem
    return Scope(deployment=found.name, version=version, segment=query.get("segment", ""), windows=windows)


def _read_range(sources: Sources, found: Deployment, query: Query, *, service: bool) -> tuple[int, int] | None:
    """First and last microsecond (exclusive); None where no end was given and the data ends before the start."""
    start, end = read_time(query, "start"), read_time(query, "end")
    if start is not None and end is not None:
        return start, end
    seen = sources.extents.of(found.name)
    first, last = (
        (seen.first_arrival_us, seen.last_arrival_us) if service else (seen.first_event_us, seen.last_event_us)
    )
    if first is None or last is None:
        return None
    if start is None:
        start = window_start(first, MINUTE_US if service else HOUR_US)  # profiles count where their window begins
    end = last + 1 if end is None else end
    return (start, end) if start < end else None
