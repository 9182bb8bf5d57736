"""Makes a baseline from a version's first production rows where nobody gave one, so that every deployment is served."""

from __future__ import annotations

from collections.abc import Callable

import structlog

from tidegauge.core.windows import DAY_US, Window
from tidegauge.wire.rows import encode_baseline
from tidegauge_collector.control import ControlStore
from tidegauge_collector.core.production import baseline_from_profiles
from tidegauge_collector.jobs.baselines import keep_part
from tidegauge_collector.measuring.drift import is_feature_or_prediction
from tidegauge_collector.telemetry.extent import Extent, extent, known
from tidegauge_collector.telemetry.moments import column_moments, merged_profiles
from tidegauge_collector.telemetry.store import TelemetryStore

MIN_ROWS = 100

log = structlog.get_logger(__name__)


class ProductionBaselines:
    """Freezes the first `rows` rows or `days` days of a version, whichever comes first (from 100 rows on)."""

    def __init__(
        self, control: ControlStore, telemetry: TelemetryStore, *, rows: int, days: float, now_us: Callable[[], int]
    ) -> None:
        self._control = control
        self._telemetry = telemetry
        self._rows = rows
        self._days_us = int(days * DAY_US)
        self._now_us = now_us
        self._served: set[tuple[str, str]] = set()

    def make_due(self) -> int:
        """Make the baselines that are due; how many."""
        made = 0
        for deployment in self._control.deployments():
            for version in self._control.versions(deployment.name):
                key = (deployment.name, version.name)
                if key not in self._served and self._is_due(*key):
                    made += self._make(*key)
        return made

    def _is_due(self, deployment: str, version: str) -> bool:
        if self._control.active_baseline(deployment, version) is not None:
            self._served.add((deployment, version))
            return False
        seen = extent(self._telemetry, deployment)
        if seen.first_event_us is None or seen.last_event_us is None:
            return False
        found = column_moments(
            self._telemetry,
            deployment,
            version=version,
            segment="",
            window=_whole(seen),
            columns=self._columns(deployment),
        )
        rows = max((one.rows for one in found.values()), default=0)
        if rows < MIN_ROWS:
            return False
        return rows >= self._rows or seen.last_event_us - seen.first_event_us >= self._days_us

    def _columns(self, deployment: str) -> list[str]:
        return [name for name in known(self._telemetry, deployment).columns if is_feature_or_prediction(name)]

    def _make(self, deployment: str, version: str) -> bool:
        window = _whole(extent(self._telemetry, deployment))
        profiles = merged_profiles(
            self._telemetry, deployment, version=version, segment="", window=window, columns=self._columns(deployment)
        )
        baseline = baseline_from_profiles(profiles)
        if not baseline.profiles:
            return False
        for part in encode_baseline(baseline):
            keep_part(self._control, deployment, version, part, now_us=self._now_us())
        self._served.add((deployment, version))
        log.info("baseline.from_production", deployment=deployment, version=version, rows=baseline.rows)
        return True


def _whole(seen: Extent) -> Window:
    return Window(seen.first_event_us or 0, (seen.last_event_us or 0) + 1)
