"""Baselines from production are made a few at a time, so that the fold waits for none of hundreds."""

from itertools import count
from pathlib import Path

import numpy as np

from tidegauge.core.columns import numeric_values
from tidegauge.core.profile import profile_numeric
from tidegauge.core.windows import HOUR_US, Window
from tidegauge_collector.control import ControlStore
from tidegauge_collector.jobs.production import ProductionBaselines
from tidegauge_collector.telemetry.fold import LogPosition, fold
from tidegauge_collector.telemetry.store import TelemetryStore
from tidegauge_collector.telemetry.testing import Sender, Source, profile_frame

NAMES = ["flights", "loans", "shop"]


def test_one_pass_ends_when_its_time_is_over_and_the_next_goes_on(tmp_path: Path) -> None:
    control, clock = ControlStore.open(tmp_path / "control.sqlite"), count()
    column = profile_numeric("temp", numeric_values(np.arange(200.0)), None)
    sender = Sender()
    with TelemetryStore.open(None, memory_limit="500MB") as store:
        for name in NAMES:
            control.ensure_deployment(name, proposal={}, now_us=1)
            control.ensure_version(name, "1", role="champion", now_us=1)
            frame = profile_frame([column], Window(0, HOUR_US), source=Source(deployment=name))
            fold(store, [sender.send(frame)], LogPosition(b"log", 1))
        production = ProductionBaselines(
            control, store, rows=100, days=7, now_us=lambda: HOUR_US, monotonic=lambda: float(next(clock))
        )

        passes = [(production.make_due(NAMES), production.has_work)]
        while production.has_work:
            passes.append((production.make_due([]), production.has_work))

    control.close()
    assert passes == [(["flights"], True), (["loans"], True), (["shop"], False)]
