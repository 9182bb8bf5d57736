"""A data directory with something in both stores and in the frame log, as a stopped collector leaves it."""

import os
import shutil
from pathlib import Path

import pytest

from tidegauge.spool.epoch import new_epoch
from tidegauge.wire.kinds import FrameKind
from tidegauge_collector.control import ControlStore
from tidegauge_collector.ingest.framelog import FrameLog, LogEntry
from tidegauge_collector.place import occupy
from tidegauge_collector.telemetry.fold import FoldEntry, LogPosition, fold
from tidegauge_collector.telemetry.store import TelemetryStore
from tidegauge_collector.telemetry.testing import Answers, records_frame

NOW_US = 1_700_000_000_000_000
FOLDED, FRAMES, ROWS = 4, 6, 50


@pytest.fixture
def data(made: Path, tmp_path: Path) -> Path:
    """A copy of it, for one test to break."""
    return Path(shutil.copytree(made, tmp_path / "data"))


@pytest.fixture(scope="package")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six frames of fifty rows in the log, four of them folded."""
    folder = tmp_path_factory.mktemp("made") / "data"
    os.close(occupy(folder))
    frames = [
        records_frame([f"{n}-{i}" for i in range(ROWS)], range(ROWS), Answers([0.5] * ROWS)) for n in range(FRAMES)
    ]
    epoch, log = new_epoch().bytes, FrameLog(folder / "log", reserve_bytes=0)
    for seq, frame in enumerate(frames, 1):
        log.append(LogEntry(epoch, seq, seq, NOW_US + seq, False, FrameKind.RECORDS, frame.SerializeToString()))
    log.commit()
    log.close()
    control = ControlStore.open(folder / "control.sqlite")
    control.ensure_deployment("flights", proposal={}, now_us=NOW_US + 1)
    control.close()
    with TelemetryStore.open(folder / "telemetry.duckdb") as store:
        entries = [FoldEntry(epoch, seq, seq, NOW_US + seq, False, frames[seq - 1]) for seq in range(1, FOLDED + 1)]
        fold(store, entries, LogPosition(log.log_epoch, FOLDED))
        store.checkpoint()
    return folder
