"""Reads what explains an alert: the newest judgements of its deployment's drift monitor, and the importance of its columns."""

from __future__ import annotations

from tidegauge.core.windows import Window
from tidegauge_collector.control import ControlStore
from tidegauge_collector.core.explaining import Explanation, Moved, explain
from tidegauge_collector.measuring.baselines import Baselines
from tidegauge_collector.telemetry.judged import judged_until
from tidegauge_collector.telemetry.judgements import newest_judgements
from tidegauge_collector.telemetry.store import TelemetryStore

DRIFT = "psi"


class Explaining:
    """From any thread."""

    def __init__(self, control: ControlStore, telemetry: TelemetryStore, baselines: Baselines) -> None:
        self._control = control
        self._telemetry = telemetry
        self._baselines = baselines

    def of(self, deployment: str, version: str) -> Explanation:
        """What explains the alerts of a version now; empty where its drift is not judged."""
        for monitor in self._control.monitors(deployment):
            if monitor.metric != DRIFT:
                continue
            end_us = judged_until(self._telemetry, deployment, monitor=monitor.id, version=version)
            if end_us is not None:
                return self._explain(deployment, version, monitor.id, end_us)
        return Explanation()

    def _explain(self, deployment: str, version: str, monitor: str, end_us: int) -> Explanation:
        judged = newest_judgements(self._telemetry, deployment, window=Window(end_us - 1, end_us), monitor=monitor)
        moved = [
            Moved(one.column, one.segment, one.value)
            for one in judged
            if one.version == version and one.value is not None
        ]
        active = self._baselines.active(deployment, version)
        return explain(moved, active.baseline.importance if active is not None else {})
