"""How the telemetry store is kept: deltas merged, closed days settled, what is too old removed. Each call does a bounded amount."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import structlog

from tidegauge_collector.control import ControlStore
from tidegauge_collector.settings import CollectorSettings
from tidegauge_collector.telemetry.compact import compact
from tidegauge_collector.telemetry.expire import Retention, expire
from tidegauge_collector.telemetry.settle import settle
from tidegauge_collector.telemetry.store import TelemetryStore

CLOSED_AFTER_US = 2 * 3_600 * 1_000_000
"""Windows and days that ended so long ago get few more deltas."""
MOST_STEPS = 4
_DAY_US = 86_400 * 1_000_000

log = structlog.get_logger(__name__)


class Keeping:
    """Called from the jobs' thread; `removed` from any. `on_removed` hears of removals, after which extents and counts are other ones."""

    def __init__(
        self,
        control: ControlStore,
        telemetry: TelemetryStore,
        retention: Retention,
        *,
        now_us: Callable[[], int],
        on_removed: Callable[[set[str]], None],
    ) -> None:
        self._control = control
        self._telemetry = telemetry
        self._retention = retention
        self._now_us = now_us
        self._on_removed = on_removed
        self.removed: Counter[str] = Counter()

    def compact(self) -> None:
        """Merge the deltas of windows that have ended."""
        compact(self._telemetry, before_us=self._now_us() - CLOSED_AFTER_US)

    def settle_some(self) -> None:
        """Settle some of the windows whose local day has closed."""
        zones = {one.name: one.timezone for one in self._control.deployments()}
        before_us = self._now_us() - CLOSED_AFTER_US
        settle(self._telemetry, lambda name: zones.get(name, "UTC"), before_us=before_us, most_steps=MOST_STEPS)

    def expire_some(self) -> None:
        """Remove some of what is older than its kind is kept."""
        removed = expire(self._telemetry, self._retention, now_us=self._now_us())
        if removed:
            self.removed += removed
            self._on_removed(set(self._telemetry.index.deployments.known))
            log.info("retention.removed", **removed)


def retention_of(settings: CollectorSettings) -> Retention:
    """The settings `retention_…_days` in microseconds."""
    return Retention(
        minutes_us=_days(settings.retention_minutes_days),
        sketches_us=_days(settings.retention_sketches_days),
        hours_us=_days(settings.retention_hours_days),
        days_us=_days(settings.retention_days_days),
        records_us=_days(settings.retention_records_days),
        marks_us=_days(settings.retention_marks_days),
    )


def _days(count: float) -> int:
    return int(count * _DAY_US)
