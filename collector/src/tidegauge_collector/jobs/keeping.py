"""How the telemetry store is kept: deltas merged, closed days settled, what is too old removed. Each call does a bounded amount."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

import structlog

from tidegauge.core.windows import DAY_US, HOUR_US, SECOND_US
from tidegauge_collector.control import ControlStore
from tidegauge_collector.core.monitors import Monitor
from tidegauge_collector.core.objectives import BY_MINUTE
from tidegauge_collector.measuring.objectives import MINUTES_OF
from tidegauge_collector.settings import CollectorSettings
from tidegauge_collector.telemetry.compact import compact
from tidegauge_collector.telemetry.expire import KeptMinutes, Retention, expire
from tidegauge_collector.telemetry.settle import settle
from tidegauge_collector.telemetry.store import TelemetryStore

CLOSED_AFTER_US = 2 * HOUR_US
"""Windows and days that ended so long ago get few more deltas."""
MOST_STEPS = 4
SPARE_US = 2 * DAY_US
"""What minutes are kept for beyond an objective's window: a day is settled whole, and in its time zone."""

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
        self._longer: tuple[int, list[KeptMinutes]] | None = None  # as of a generation of the control store
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
        removed = expire(self._telemetry, self._retention, now_us=self._now_us(), longer=self._kept_minutes())
        if removed:
            self.removed += removed
            self._on_removed(set(self._telemetry.index.deployments.known))
            log.info("retention.removed", **removed)

    def _kept_minutes(self) -> Sequence[KeptMinutes]:
        """Asked again only where something of the control store has changed."""
        generation = self._control.generation
        if self._longer is None or self._longer[0] != generation:
            self._longer = generation, kept_minutes(self._control.monitors_of_all())
        return self._longer[1]


def kept_minutes(monitors: Mapping[str, Iterable[Monitor]]) -> list[KeptMinutes]:
    """The minutes that objectives of throughput and freshness count, by deployment: as long as these reach back, and to spare."""
    return [
        KeptMinutes(deployment, MINUTES_OF[one.metric], one.objective_window_s * SECOND_US + SPARE_US)
        for deployment, some in monitors.items()
        for one in some
        if one.kind == "burn_rate" and one.metric in BY_MINUTE
    ]


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
    return int(count * DAY_US)
