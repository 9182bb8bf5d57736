"""Opens the stores of a data directory whatever state they are in: what is damaged or lost is set aside and made whole as far as it goes.

    telemetry.duckdb   the newest verified backup, else an empty store; then the frame log is folded again as far back as it reaches
    control.sqlite     the newest verified backup, else the start is refused: it holds what people decided, which nothing else holds

Nothing is deleted. What was done, and what may be missing, is noted as an incident before anything else happens.
"""

from collections.abc import Callable
from pathlib import Path

import structlog

from tidegauge_collector.control import ControlStore
from tidegauge_collector.control.copying import damage_of
from tidegauge_collector.crash_points import crash_here
from tidegauge_collector.errors import ConfigError
from tidegauge_collector.telemetry.damage import noted_damage, set_aside
from tidegauge_collector.telemetry.faults import StoreDamaged
from tidegauge_collector.telemetry.store import TelemetryStore
from tidegauge_collector.upkeep.incidents import Incident, note
from tidegauge_collector.upkeep.loghole import Hole, has_frames, hole_behind
from tidegauge_collector.upkeep.manifest import CONTROL, TELEMETRY, Backup, backups
from tidegauge_collector.upkeep.restoring import BackupDamaged, check, put_in_place

LOG = "log"
log = structlog.get_logger(__name__)


def open_stores(
    data: Path, backup_dir: Path | None, *, memory_limit: str, now_us: Callable[[], int]
) -> tuple[ControlStore, TelemetryStore]:
    """Open both stores of a data directory whose lock is held, healed where that is needed.

    Raises ConfigError (a control store that nothing can be put in the place of; a wrong path), NewerDataError, StoreFatal.
    """
    control = _open_control(data, backup_dir, now_us)
    try:
        known_us = min((one.created_at_us for one in control.deployments()), default=None)
        return control, _open_telemetry(data, backup_dir, memory_limit, now_us, first_known_us=known_us)
    except BaseException:
        control.close()
        raise


def _open_control(data: Path, backup_dir: Path | None, now_us: Callable[[], int]) -> ControlStore:
    path = data / CONTROL
    reason = None
    if path.exists():
        reason = damage_of(path)
    elif (data / TELEMETRY).exists() or has_frames(data / LOG):
        reason = "it is missing, though the directory has been in use"
    if reason is not None:
        _heal_control(data, reason, _newest_sound(backup_dir, CONTROL), now_us())
    return ControlStore.open(path)


def _heal_control(data: Path, reason: str, backup: Backup | None, now_us: int) -> None:
    if backup is None:
        raise ConfigError(
            f"control store {data / CONTROL}: {reason}. It holds settings, baselines and alerts, which nothing else holds, and "
            "backup_dir has no sound backup. Put one back with: tidegauge-collector restore --from BACKUP "
            f"--data {data} --only control; or, to begin anew, give another --data"
        )
    aside = set_aside(data / CONTROL, now_us)
    _note(
        data,
        Incident(
            now_us,
            CONTROL,
            reason,
            "restored from a backup; settings and alerts are as old as it is",
            tuple(one.name for one in aside),
            backup.path.name,
            backup.manifest.taken_at_us,
            now_us,
        ),
    )
    crash_here("heal.aside")
    put_in_place(backup, CONTROL, data)


def _open_telemetry(
    data: Path, backup_dir: Path | None, memory_limit: str, now_us: Callable[[], int], *, first_known_us: int | None
) -> TelemetryStore:
    path = data / TELEMETRY
    reason = noted_damage(path)
    if not path.exists() and (first_known_us is not None or has_frames(data / LOG)):
        reason = "it is missing, though the directory has been in use"
    if reason is None:
        try:
            return _opened(data, memory_limit, now_us)
        except StoreDamaged as problem:
            reason = str(problem)
    backup = _newest_sound(backup_dir, TELEMETRY)
    hole = hole_behind(data / LOG, backup.manifest if backup else None, first_known_us=first_known_us, now_us=now_us())
    _heal_telemetry(data, reason, backup, hole, now_us())
    return _opened(data, memory_limit, now_us)


def _opened(data: Path, memory_limit: str, now_us: Callable[[], int]) -> TelemetryStore:
    store = TelemetryStore.open(data / TELEMETRY, memory_limit=memory_limit, now_us=now_us)
    if store.set_aside:
        names = tuple(one.name for one in store.set_aside)
        done = "opened as of its last checkpoint; the frame log is folded again"
        _note(data, Incident(now_us(), TELEMETRY, "its write-ahead log cannot be replayed", done, names))
    return store


def _heal_telemetry(data: Path, reason: str, backup: Backup | None, hole: Hole, now_us: int) -> None:
    """Something intact in the place of a damaged or lost file."""
    aside = set_aside(data / TELEMETRY, now_us)
    done = "restored from a backup" if backup else "begun empty (backup_dir has no sound backup)"
    _note(
        data,
        Incident(
            now_us,
            TELEMETRY,
            reason,
            f"{done}; the frame log is folded again, agents send what they still hold",
            tuple(one.name for one in aside),
            backup.path.name if backup else None,
            *hole,
        ),
    )
    crash_here("heal.aside")
    if backup is not None:
        put_in_place(backup, TELEMETRY, data)


def _newest_sound(backup_dir: Path | None, name: str) -> Backup | None:
    for backup in reversed(backups(backup_dir)):
        try:
            check(backup)
        except BackupDamaged as problem:
            log.critical("backup.damaged", backup=str(backup.path), store=name, problem=str(problem))
        else:
            return backup
    return None


def _note(data: Path, incident: Incident) -> None:
    note(data, incident)
    log.critical(
        "store.healed",
        store=incident.store,
        reason=incident.reason,
        done=incident.done,
        set_aside=list(incident.set_aside),
        backup=incident.backup,
        may_miss_from_us=incident.hole_from_us,
        may_miss_until_us=incident.hole_to_us,
    )
