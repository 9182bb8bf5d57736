"""Makes a baseline from a version's first production rows where nobody gave one, so that every deployment is served."""

from __future__ import annotations

import time
from bisect import bisect_left
from collections.abc import Callable, Collection, Sequence

import numpy as np
import numpy.typing as npt
import structlog

from tidegauge.core.windows import DAY_US, HOUR_US, Window, window_start
from tidegauge.wire.rows import encode_baseline
from tidegauge_collector.control import ControlStore
from tidegauge_collector.core.production import baseline_from_profiles
from tidegauge_collector.errors import StoreFatal
from tidegauge_collector.jobs.baselines import keep_part
from tidegauge_collector.measuring.drift import is_feature_or_prediction
from tidegauge_collector.telemetry.extent import known, reach
from tidegauge_collector.telemetry.moments import column_moments, column_rows, merged_profiles
from tidegauge_collector.telemetry.store import TelemetryStore

MIN_ROWS = 100
PASS_S = 1.0
MAX_HOURS = 24 * 366

log = structlog.get_logger(__name__)


class ProductionBaselines:
    """Freezes the first `rows` rows or `days` days of a version, whichever comes first (from 100 rows on), in whole hours."""

    def __init__(
        self,
        control: ControlStore,
        telemetry: TelemetryStore,
        *,
        rows: int,
        days: float,
        now_us: Callable[[], int],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._control = control
        self._telemetry = telemetry
        self._rows = rows
        self._length_us = int(days * DAY_US)
        self._now_us = now_us
        self._monotonic = monotonic
        self._served: set[tuple[str, str]] = set()
        self._waiting: dict[str, None] = {}  # deployments to look at, the longest waiting first

    @property
    def has_work(self) -> bool:
        """Whether deployments wait for another call of `make_due`."""
        return bool(self._waiting)

    def make_due(self, deployments: Collection[str]) -> list[str]:
        """Make the baselines that are due in some deployments, or the first of them in `PASS_S`; those that got one.

        One takes a second where there is much data: after an upgrade, with hundreds due, the fold must not wait for all of them.
        """
        self._waiting.update(dict.fromkeys(deployments))
        deadline, made = self._monotonic() + PASS_S, []
        while self._waiting:
            name = next(iter(self._waiting))
            if self._try(name):
                made.append(name)
            del self._waiting[name]
            if self._monotonic() >= deadline:
                break
        return made

    def _try(self, deployment: str) -> bool:
        """Serve a deployment; one that cannot be served holds up nobody else."""
        try:
            return self._serve(deployment)
        except StoreFatal:
            raise
        except Exception:
            log.exception("baseline.failed", deployment=deployment)
            return False

    def _serve(self, deployment: str) -> bool:
        made = False
        for version in self._control.versions(deployment):
            key = (deployment, version.name)
            if key not in self._served:
                if self._control.active_baseline(*key) is not None:
                    self._served.add(key)
                elif (window := self._due(*key)) is not None and self._make(*key, window):
                    self._served.add(key)
                    made = True
        return made

    def _due(self, deployment: str, version: str) -> Window | None:
        """The hours that the baseline is made of, None as long as there are too few rows."""
        seen = reach(self._telemetry, deployment)
        if seen.first_event_us is None or seen.last_event_us is None:
            return None
        start_us = window_start(seen.first_event_us, HOUR_US)
        hours = range((seen.last_event_us - start_us) // HOUR_US + 1)
        columns = self._columns(deployment)

        least, last = min(MIN_ROWS, self._rows), hours[-1]
        rows = self._count(deployment, version, Window(start_us, start_us + len(hours) * HOUR_US), columns)
        if rows < least:
            return None
        by_hour = self._rows_by_hour(deployment, version, start_us, columns, len(hours))

        def rows_until(hour: int) -> int:
            if by_hour[-1] == rows:
                return int(by_hour[min(hour, len(by_hour) - 1)])
            window = Window(
                start_us, start_us + (hour + 1) * HOUR_US
            )  # some hours have expired, and only their days are left
            return self._count(deployment, version, window, columns)

        first = bisect_left(hours, 1, key=rows_until)
        aged = first + self._length_us // HOUR_US - 1  # the last hour of the first `days` days
        enough = bisect_left(hours, self._rows, key=rows_until)
        if enough > last and last <= aged:
            return None
        end = max(bisect_left(hours, least, key=rows_until), min(enough, aged))
        return Window(start_us + first * HOUR_US, start_us + (end + 1) * HOUR_US)

    def _count(self, deployment: str, version: str, window: Window, columns: Collection[str]) -> int:
        found = column_moments(self._telemetry, deployment, version=version, segment="", window=window, columns=columns)
        return max((one.rows for one in found.values()), default=0)

    def _rows_by_hour(
        self, deployment: str, version: str, start_us: int, columns: Sequence[str], hours: int
    ) -> npt.NDArray[np.int64]:
        """How many rows there are up to each hour's end, as `_count` says it."""
        windows = [Window(start_us + i * HOUR_US, start_us + (i + 1) * HOUR_US) for i in range(min(hours, MAX_HOURS))]
        rows = column_rows(self._telemetry, deployment, version=version, segment="", windows=windows, columns=columns)
        counted: npt.NDArray[np.int64] = np.cumsum(rows, axis=1).max(axis=0)
        return counted

    def _columns(self, deployment: str) -> list[str]:
        return [name for name in known(self._telemetry, deployment).columns if is_feature_or_prediction(name)]

    def _make(self, deployment: str, version: str, window: Window) -> bool:
        profiles = merged_profiles(
            self._telemetry, deployment, version=version, segment="", window=window, columns=self._columns(deployment)
        )
        baseline = baseline_from_profiles(profiles)
        if not baseline.profiles:
            return False
        for part in encode_baseline(baseline):
            keep_part(self._control, deployment, version, part, now_us=self._now_us())
        log.info("baseline.from_production", deployment=deployment, version=version, rows=baseline.rows)
        return True
