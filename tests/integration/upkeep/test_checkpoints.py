"""A long write-ahead log goes into the file at once, where there is room for that."""

from pathlib import Path

import pytest

from tidegauge.core.columns import numeric_values
from tidegauge.core.profile import profile_numeric
from tidegauge.core.windows import HOUR_US, Window
from tidegauge_collector.ingest.framelog import FrameLog
from tidegauge_collector.settings import CollectorSettings
from tidegauge_collector.telemetry import store as stores
from tidegauge_collector.telemetry.fold import LogPosition, fold
from tidegauge_collector.telemetry.store import TelemetryStore
from tidegauge_collector.telemetry.testing import Sender, profile_frame
from tidegauge_collector.upkeep import housekeeping


@pytest.mark.parametrize(
    ("long_bytes", "has_room", "is_moved"), [(1, True, True), (1 << 40, True, False), (1, False, False)]
)
def test_a_long_log_is_checkpointed_where_there_is_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, long_bytes: int, has_room: bool, is_moved: bool
) -> None:
    monkeypatch.setattr(housekeeping, "LONG_LOG_BYTES", long_bytes)
    monkeypatch.setattr(stores, "_has_room", lambda _path: has_room)
    frame_log = FrameLog(tmp_path / "log")
    with TelemetryStore.open(tmp_path / "telemetry.duckdb") as store:
        keeping = housekeeping.Housekeeping(CollectorSettings(data=tmp_path), store, frame_log, lambda: 1)
        profile = profile_numeric("temp", numeric_values([1.0]))
        fold(store, [Sender().send(profile_frame([profile], Window(0, HOUR_US)))], LogPosition(b"log", 1))
        assert store.log_bytes() > 0

        keeping.checkpoint_if_long()

        assert (store.log_bytes() == 0) is is_moved
        assert keeping.checkpoints_postponed == 0
    frame_log.close()
