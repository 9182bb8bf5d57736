"""A backup of both stores, beside a running collector or of a stopped one: copied, made durable, read back, and only then named.

The analytical store is copied before the transactional one: what its frames brought there (deployments, versions, baselines) was
committed before, so it is in the later copy. What happened between the two is judged again.
"""

import shutil
from collections.abc import Callable
from pathlib import Path

from tidegauge_collector import __version__
from tidegauge_collector.control.copying import copy_control, damage_of, rows_of
from tidegauge_collector.crash_points import crash_here
from tidegauge_collector.errors import CollectorError, ConfigError
from tidegauge_collector.telemetry.copying import Contents, copy_store, read_through
from tidegauge_collector.telemetry.damage import note_damage, sync_directory
from tidegauge_collector.telemetry.extent import log_position
from tidegauge_collector.telemetry.faults import StoreDamaged
from tidegauge_collector.telemetry.filecopy import OnBytes
from tidegauge_collector.telemetry.store import TelemetryStore
from tidegauge_collector.upkeep.manifest import (
    CONTROL,
    TELEMETRY,
    Backup,
    CopiedFile,
    Manifest,
    digest_of,
    name_of,
    partial_name_of,
    write_manifest,
)

OnProgress = Callable[[str, int, int], None]
SPARE_BYTES = 16 * 1024 * 1024


class BackupFailed(CollectorError):  # noqa: N818 - says what is the case, like its siblings
    """A backup was not made; what was begun of it is gone."""


def nobody(_what: str, _done: int, _total: int) -> None:
    """Progress that nobody wants to see."""


def back_up(
    data: Path, telemetry: TelemetryStore, folder: Path, *, now_us: int, on_progress: OnProgress = nobody
) -> Backup:
    """Make a verified backup of a data directory in `folder`; where it lies.

    Raises BackupFailed, StoreRefused (no room for a checkpoint) or StoreDamaged (the source is damaged).
    """
    partial = _prepare(data, folder, now_us)
    try:
        manifest = _copy(data, telemetry, partial, now_us, on_progress)
        write_manifest(partial, manifest)
        crash_here("backup.verified")
        return _name(partial, manifest)
    except OSError as problem:
        raise BackupFailed(f"backup in {folder}: {problem}: free space there, or give another --to") from problem
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _prepare(data: Path, folder: Path, now_us: int) -> Path:
    """An empty directory for it, where there is room."""
    if folder.resolve() == data.resolve():
        raise ConfigError(f"backup folder {folder} is the data directory itself: give another")
    wanted = sum(one.stat().st_size for name in (TELEMETRY, CONTROL) for one in data.glob(f"{name}*")) + SPARE_BYTES
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        free = shutil.disk_usage(folder).free
        if free < wanted:
            raise BackupFailed(f"backup in {folder}: {free} bytes free, up to {wanted} are needed: free space there")
        partial = folder / partial_name_of(name_of(now_us))
        partial.mkdir(mode=0o700)
    except OSError as problem:
        raise BackupFailed(f"backup folder {folder} cannot be used ({problem.strerror}): give another") from problem
    crash_here("backup.begun")
    return partial


def _copy(data: Path, telemetry: TelemetryStore, partial: Path, now_us: int, on_progress: OnProgress) -> Manifest:
    """Copy and read back."""
    target, control = partial / TELEMETRY, partial / CONTROL
    with telemetry.at_rest():  # position and copy belong together
        position = log_position(telemetry)
        digest = copy_store(telemetry, target, _named(on_progress, f"copying {TELEMETRY}"))
    crash_here("backup.telemetry")
    copy_control(data / CONTROL, control, _named(on_progress, f"copying {CONTROL}"))
    crash_here("backup.control")
    on_progress("reading back", 0, 1)
    contents = _read_back(data, target, digest)
    problem = damage_of(control)
    if problem is not None:
        raise BackupFailed(f"control store {data / CONTROL} is damaged ({problem}): stop the collector, run doctor")
    on_progress("reading back", 1, 1)
    telemetry_rows = {name: rows for name, (rows, _) in contents.items()}
    files = {
        TELEMETRY: CopiedFile(target.stat().st_size, digest, telemetry_rows),
        CONTROL: CopiedFile(control.stat().st_size, digest_of(control), rows_of(control)),
    }
    where = (position.log_epoch.hex(), position.log_seq) if position is not None else ("", 0)
    return Manifest(now_us, __version__, *where, files)


def _read_back(data: Path, target: Path, digest: str) -> Contents:
    """What the copy holds. Damage in it is the source's where the copy is what was read there."""
    try:
        return read_through(target)
    except StoreDamaged as problem:
        if digest_of(target) != digest:
            raise BackupFailed(f"backup {target} is not what was written to it: use another disk") from problem
        note_damage(data / TELEMETRY, str(problem))
        raise


def _named(on_progress: OnProgress, what: str) -> OnBytes:
    return lambda done, total: on_progress(what, done, total)


def _name(partial: Path, manifest: Manifest) -> Backup:
    sync_directory(partial)
    final = partial.with_name(name_of(manifest.taken_at_us))
    partial.rename(final)
    sync_directory(final.parent)
    crash_here("backup.named")
    return Backup(final, manifest)
