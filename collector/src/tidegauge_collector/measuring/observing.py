"""What monitors look at: a monitor's metric in given windows, as observations of every series that it covers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from tidegauge.core.columns import ColumnKind
from tidegauge.core.windows import Window
from tidegauge_collector.control import Deployment
from tidegauge_collector.core.judging import Observation, SeriesKey
from tidegauge_collector.core.monitors import Monitor
from tidegauge_collector.measuring.accuracy import AccuracyMeter
from tidegauge_collector.measuring.baselines import Baselines
from tidegauge_collector.measuring.drift import ColumnDrift, Scope, column_drift
from tidegauge_collector.measuring.measurement import Measurement
from tidegauge_collector.measuring.service import METRICS as SERVICE_METRICS
from tidegauge_collector.measuring.service import measure_service
from tidegauge_collector.telemetry.store import TelemetryStore

DRIFT_METRICS = ("psi", "missing_rate")


class Observer:
    """Measures for judging."""

    def __init__(self, store: TelemetryStore, baselines: Baselines) -> None:
        self._store = store
        self._baselines = baselines

    def observe(
        self,
        monitor: Monitor,
        deployment: Deployment,
        version: str,
        windows: Sequence[Window],
        kinds: Mapping[str, ColumnKind],
    ) -> dict[int, list[Observation]]:
        """Observations by window end, of all traffic; windows of a monitor may overlap."""
        scope = Scope(deployment=deployment.name, version=version, segment="", windows=windows)
        found: dict[int, list[Observation]] = {window.end_us: [] for window in windows}
        for observation in self._observations(monitor, deployment, scope, kinds):
            found[observation.window_end_us].append(observation)
        return found

    def _observations(
        self, monitor: Monitor, deployment: Deployment, scope: Scope, kinds: Mapping[str, ColumnKind]
    ) -> Iterator[Observation]:
        active = self._baselines.active(scope.deployment, scope.version)
        if monitor.metric in DRIFT_METRICS:
            covered = [name for name in kinds if monitor.covers(name)]
            for one in column_drift(self._store, scope, active, kinds=kinds, columns=covered):
                yield _of_drift(monitor.metric, one, scope)
        elif monitor.metric in SERVICE_METRICS:
            for measured in measure_service(self._store, scope, [monitor.metric]):
                yield _of_measurement(measured)
        else:
            meter = AccuracyMeter(self._store, deployment, active)
            for measured in meter.measure(scope, [monitor.metric], judged=True):
                yield _of_measurement(measured)


def _of_drift(metric: str, one: ColumnDrift, scope: Scope) -> Observation:
    psi = metric == "psi"
    value = one.psi if psi else one.missing_rate
    reason = one.reason if psi else "no_rows"
    return Observation(
        series=SeriesKey(metric, one.column, scope.segment, scope.version),
        window_start_us=one.window.start_us,
        window_end_us=one.window.end_us,
        value=value,
        reason=None if value is not None else reason,
        n=one.rows,
        baseline_value=0.0 if psi else one.baseline_missing_rate,
        p_value=one.chance.p_value if psi and one.chance is not None else None,
    )


def _of_measurement(measured: Measurement) -> Observation:
    return Observation(
        series=SeriesKey(measured.metric, measured.column, measured.segment, measured.version),
        window_start_us=measured.window.start_us,
        window_end_us=measured.window.end_us,
        value=measured.value,
        reason=measured.reason,
        n=measured.n,
        baseline_value=measured.baseline_value,
    )
