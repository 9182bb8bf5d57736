"""Makes the telemetry store's file as small as what it holds: space of deleted rows is used again, never given back by DuckDB itself."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from tidegauge_collector.crash_points import crash_here
from tidegauge_collector.errors import CollectorError, ConfigError
from tidegauge_collector.telemetry.copying import rewrite
from tidegauge_collector.telemetry.damage import sync_directory
from tidegauge_collector.upkeep.manifest import TELEMETRY


class ShrinkFailed(CollectorError):  # noqa: N818 - says what is the case, like its siblings
    """The file was not made smaller; it is as it was."""


@dataclass(frozen=True, slots=True)
class Shrunk:
    """What came of it: sizes before and after, rows by table (the same before and after, each row compared)."""

    before_bytes: int
    after_bytes: int
    rows: dict[str, int]


def shrink(data: Path) -> Shrunk:
    """Rewrite the store of a data directory whose lock is held. Killed anywhere, the old file or the new one is in place.

    Raises ConfigError, ShrinkFailed, StoreDamaged or StoreRefused (the copy differs).
    """
    path, small = data / TELEMETRY, data / f"{TELEMETRY}.shrunk"
    if not path.exists():
        raise ConfigError(f"{path} does not exist: give the --data of a collector")
    for left in (small, small.with_name(f"{small.name}.wal")):
        left.unlink(missing_ok=True)  # of a killed attempt
    before, free = path.stat().st_size, shutil.disk_usage(data).free
    if free < before:
        raise ShrinkFailed(f"{data}: {free} bytes free, up to {before} are needed for the copy: free space")
    try:
        contents = rewrite(path, small)
        log = path.with_name(f"{path.name}.wal")
        if log.exists() and log.stat().st_size:
            raise ShrinkFailed(f"{log} is not empty after a checkpoint: start the collector once, then try again")
        crash_here("shrink.verified")
        after = _put_in_place(small, path)
    finally:
        small.unlink(missing_ok=True)
    return Shrunk(before, after, {name: rows for name, (rows, _) in contents.items()})


def _put_in_place(small: Path, path: Path) -> int:
    with small.open("rb") as file:
        os.fsync(file.fileno())
    size = small.stat().st_size
    small.replace(path)
    sync_directory(path.parent)
    crash_here("shrink.swapped")
    return size
