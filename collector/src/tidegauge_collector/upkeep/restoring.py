"""Puts a backup, or one file of it, into a data directory that nobody uses: copied, read back, then named."""

from pathlib import Path

from tidegauge_collector.control.copying import damage_of
from tidegauge_collector.crash_points import crash_here
from tidegauge_collector.errors import CollectorError, ConfigError
from tidegauge_collector.telemetry.copying import read_through
from tidegauge_collector.telemetry.damage import set_aside, sync_directory
from tidegauge_collector.telemetry.filecopy import copy_file
from tidegauge_collector.upkeep.backing_up import OnProgress, nobody
from tidegauge_collector.upkeep.incidents import Incident, note
from tidegauge_collector.upkeep.manifest import CONTROL, TELEMETRY, Backup, damage_of_files

_OURS = {"lock", ".restoring"}


class BackupDamaged(CollectorError):  # noqa: N818 - says what is the case, like its siblings
    """A backup is not what was written; the data directory was not touched."""


def restore(backup: Backup, data: Path, *, now_us: int, on_progress: OnProgress = nobody) -> None:
    """Fill an empty data directory (the caller holds its lock) from a backup.

    Raises ConfigError where the directory is not empty, BackupDamaged where the backup does not verify.
    """
    strange = sorted(one.name for one in data.iterdir() if one.name not in _OURS)
    if strange:
        raise ConfigError(
            f"data directory {data} is not empty ({', '.join(strange[:5])}): give an empty one, or put back one store "
            "alone with --only telemetry or --only control"
        )
    check(backup, on_progress)
    for name in (TELEMETRY, CONTROL):  # a directory that has only the first is recognised as unfinished
        put_in_place(backup, name, data, on_progress)
    note(data, Incident(now_us, "both", "asked for", "restored from a backup", backup=backup.path.name))


def restore_one(backup: Backup, name: str, data: Path, *, now_us: int, on_progress: OnProgress = nobody) -> Incident:
    """Replace one store's file by a backup's; the old one is set aside. What was done, noted."""
    check(backup, on_progress)
    aside = set_aside(data / name, now_us)
    put_in_place(backup, name, data, on_progress)
    incident = Incident(
        now_us, name, "asked for", "restored from a backup", tuple(one.name for one in aside), backup.path.name
    )
    note(data, incident)
    return incident


def check(backup: Backup, on_progress: OnProgress = nobody) -> None:
    """Raise BackupDamaged where a backup's files are not what was written."""
    on_progress("checking the backup", 0, 1)
    problem = damage_of_files(backup)
    if problem is not None:
        raise BackupDamaged(f"backup {backup.path} is damaged ({problem}): use another")
    on_progress("checking the backup", 1, 1)


def put_in_place(backup: Backup, name: str, data: Path, on_progress: OnProgress = nobody) -> None:
    """Copy one file of a checked backup into a data directory where there is none; read back before it gets its name."""
    target, partial = data / name, data / ".restoring"
    partial.unlink(missing_ok=True)
    try:
        copy_file(backup.path / name, partial, lambda done, total: on_progress(f"restoring {name}", done, total))
        problem = damage_of(partial) if name == CONTROL else None
        if name == TELEMETRY:
            read_through(partial)
    except OSError as error:
        raise BackupDamaged(f"restoring {name} into {data}: {error}: free space there") from error
    if problem is not None:
        raise BackupDamaged(f"backup {backup.path}: {name} is damaged ({problem}): use another")
    partial.rename(target)
    sync_directory(data)
    crash_here("heal.restored")
