"""Doctor: looks at everything in a data directory. Beside a running collector that one is asked about its open store.

Changes nothing, but for a note of damage that it finds, so that the next start heals it.
"""

import shutil
import sqlite3
import sys
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tidegauge.spool.directory import list_epochs
from tidegauge_collector import __version__
from tidegauge_collector.access.certificates import TlsFiles
from tidegauge_collector.control.copying import damage_of, rows_of
from tidegauge_collector.errors import CollectorError
from tidegauge_collector.ingest.framelog import LogPosition
from tidegauge_collector.ingest.logreader import LogReader
from tidegauge_collector.telemetry.anatomy import anatomy
from tidegauge_collector.telemetry.copying import read_through
from tidegauge_collector.telemetry.damage import note_damage, noted_damage
from tidegauge_collector.telemetry.faults import StoreDamaged
from tidegauge_collector.telemetry.store import TelemetryStore
from tidegauge_collector.upkeep.entrance import count_tokens, look_at_certificate
from tidegauge_collector.upkeep.findings import Report
from tidegauge_collector.upkeep.incidents import Incident, incidents
from tidegauge_collector.upkeep.manifest import CONTROL, TELEMETRY, backups, damage_of_files

MIB = 1024 * 1024
HOUR_US = 3_600 * 1_000_000
SKEW_US = 5 * 60 * 1_000_000
RESERVE_BYTES = 64 * MIB  # the intake keeps so much free
SHOWN_INCIDENTS = 5
LOSSES = {"corrupt", "missing", "missing in the frame log", "spool_unwritable", "quarantined"}


def examine(
    data: Path,
    backup_dir: Path | None,
    *,
    now_us: int,
    every_us: int,
    ask_running: Callable[[], dict[str, Any]] | None,
    tls: TlsFiles | None = None,
) -> Report:
    """Everything that can be said of a data directory. `ask_running`: the running collector's `anatomy`; None: none runs."""
    report = Report()
    report.figures["versions"] = versions = {
        "tidegauge-collector": __version__,
        "duckdb": version("duckdb"),
        "sqlite": sqlite3.sqlite_version,
        "python": sys.version.split()[0],
    }
    report.add("versions", "ok", ", ".join(f"{name} {number}" for name, number in versions.items()))
    report.add("collector", "ok", "runs on this directory" if ask_running else "does not run on this directory")
    _disk(report, data)
    _telemetry(report, data, ask_running)
    _control(report, data)
    _frame_log(report, data, now_us)
    _gaps(report)
    _quarantine(report, data)
    _backups(report, backup_dir, now_us, every_us)
    look_at_certificate(report, tls, now_us)
    count_tokens(report)
    _incidents(report, data)
    return report


def _disk(report: Report, data: Path) -> None:
    usage = shutil.disk_usage(data)
    parts = {one.name: _size(one) for one in sorted(data.iterdir()) if not one.name.startswith(".")}
    report.figures["disk"] = {"free_bytes": usage.free, "total_bytes": usage.total, "parts": parts}
    text = f"{usage.free // MIB} MiB free of {usage.total // MIB}; used here: " + ", ".join(
        f"{name} {size / MIB:.1f} MiB" for name, size in sorted(parts.items(), key=lambda one: -one[1])[:4]
    )
    if usage.free < 2 * RESERVE_BYTES:
        report.add(
            "disk", "bad", text, "free space: below 64 MiB the intake refuses frames; agents keep them meanwhile"
        )
    elif usage.free < usage.total // 10:
        report.add("disk", "warn", text, "free space, shorten retention, or shrink")
    else:
        report.add("disk", "ok", text)


def _telemetry(report: Report, data: Path, ask_running: Callable[[], dict[str, Any]] | None) -> None:
    path = data / TELEMETRY
    known = noted_damage(path)
    try:
        if known is not None:
            report.add("telemetry", "bad", f"damaged: {known}", "restart the collector: its start heals this")
            return
        if ask_running is not None:
            found, how = ask_running(), "open and answering; stop the collector to have every block read"
        elif path.exists():
            found, how = _looked_through(path), "every block read, no damage"
        else:
            report.add("telemetry", "bad", f"{path} is missing", "start the collector: its start heals this")
            return
    except CollectorError as problem:
        if isinstance(problem, StoreDamaged):
            note_damage(path, str(problem))
        report.add("telemetry", "bad", str(problem), "start the collector: its start heals what is damaged")
        return
    report.figures["telemetry"] = found
    size, free = found["file"]["bytes"], found["file"]["free_bytes"]
    text = f"{how}; {size / MIB:.1f} MiB, {sum(one['rows'] for one in found['tables'])} rows"
    if free > max(size // 2, 256 * MIB):
        report.add(
            "telemetry", "warn", f"{text}; {free / MIB:.0f} MiB of it free", "shrink, if the disk needs the space"
        )
    else:
        report.add("telemetry", "ok", text)


def _looked_through(path: Path) -> dict[str, Any]:
    with TelemetryStore.look(path) as store:
        found = anatomy(store)
    exact = read_through(path)
    found["tables"] = [{"table": name, "rows": rows} for name, (rows, _) in sorted(exact.items())]
    return found


def _control(report: Report, data: Path) -> None:
    path = data / CONTROL
    step = f"tidegauge-collector restore --from BACKUP --data {data} --only control"
    try:
        problem = damage_of(path) if path.exists() else "is missing"
        rows = rows_of(path) if problem is None else {}
    except sqlite3.Error as error:
        problem, rows = f"cannot be read ({error})", {}
    if problem is not None:
        report.add("control", "bad", f"{path}: {problem}", f"stop the collector, then: {step}")
        return
    report.figures["control"] = {"tables": rows}
    report.add("control", "ok", f"pages, indexes and references intact; {sum(rows.values())} rows")


def _frame_log(report: Report, data: Path, now_us: int) -> None:
    directory = data / "log"
    if not directory.is_dir():
        report.add("frame_log", "ok", "nothing was received yet")
        return
    folded = report.figures.get("telemetry", {}).get("folded")
    after = LogPosition(bytes.fromhex(folded["log_epoch"]), folded["log_seq"]) if folded else None
    reader, waiting, newest_us = LogReader(directory, after), 0, 0
    while pairs := reader.read():
        waiting += len(pairs)
        newest_us = max(newest_us, *(entry.received_us for _, entry in pairs))
    size = sum(epoch.size_bytes for epoch in list_epochs(directory))
    lost = reader.lost_records + reader.strange_records
    report.figures["frame_log"] = {"bytes": size, "waiting": waiting, "lost": lost}
    text = f"{size / MIB:.1f} MiB; {waiting} frames wait to be folded"
    if lost:
        report.add("frame_log", "warn", f"{text}; {lost} are damaged and passed over", "see the gaps; check the disk")
    else:
        report.add("frame_log", "ok", text)
    if newest_us > now_us + SKEW_US:
        ahead = (newest_us - now_us) // 60_000_000
        report.add("clock", "bad", f"frames were received {ahead} minutes in the future", "set this machine's clock")
    else:
        report.add("clock", "ok", f"{datetime.fromtimestamp(now_us / 1e6, UTC):%Y-%m-%dT%H:%M:%SZ}")


def _gaps(report: Report) -> None:
    gaps = report.figures.get("telemetry", {}).get("gaps", [])
    if not gaps:
        report.add("gaps", "ok", "no number of any agent is missing")
        return
    text = ", ".join(f"{one['reason']}: {one['numbers']} frames, {one['rows']} rows" for one in gaps)
    is_loss = any(one["reason"] in LOSSES or one["reason"].startswith("rejected") for one in gaps)
    report.add(
        "gaps", "warn" if is_loss else "ok", text, "docs/storage.md says what each reason means" if is_loss else ""
    )


def _quarantine(report: Report, data: Path) -> None:
    files = list((data / "quarantine").glob("*.frame"))
    report.figures["quarantine"] = {"frames": len(files), "bytes": sum(one.stat().st_size for one in files)}
    if files:
        report.add(
            "quarantine", "warn", f"{len(files)} frames could not be used", "tidegauge-collector quarantine list"
        )
    else:
        report.add("quarantine", "ok", "empty")


def _backups(report: Report, backup_dir: Path | None, now_us: int, every_us: int) -> None:
    if backup_dir is None:
        report.add("backup", "warn", "no backup_dir is set", "set backup_dir, best on another disk")
        return
    found = backups(backup_dir)
    if not found:
        report.add("backup", "warn", f"none in {backup_dir} yet", f"tidegauge-collector backup --to {backup_dir}")
        return
    newest = found[-1]
    hours = (now_us - newest.manifest.taken_at_us) / HOUR_US
    report.figures["backup"] = {"path": str(newest.path), "age_hours": round(hours, 2), "kept": len(found)}
    problem = damage_of_files(newest)
    text = f"newest {newest.path.name}, {hours:.1f} hours old, {len(found)} kept"
    if problem is not None:
        report.add("backup", "bad", f"{text}; damaged: {problem}", f"tidegauge-collector backup --to {backup_dir}")
    elif now_us - newest.manifest.taken_at_us > 2 * every_us + HOUR_US:
        report.add("backup", "warn", f"{text}: older than it should be", "see the collector's log for backup.failed")
    else:
        report.add("backup", "ok", f"{text}, its digests agree")


def _incidents(report: Report, data: Path) -> None:
    found = incidents(data)
    report.figures["incidents"] = [asdict(one) for one in found]
    for one in found[-SHOWN_INCIDENTS:]:
        step = "what was set aside can be deleted once you do not need it" if one.set_aside else ""
        report.add("incident", "warn" if one.has_hole else "ok", describe(one), step)


def describe(incident: Incident) -> str:
    """An incident in a sentence."""
    text = f"{_time(incident.at_us)} {incident.store}: {incident.reason}; {incident.done}"
    if incident.backup:
        text += f" ({incident.backup})"
    if incident.has_hole:
        since = f"between {_time(incident.hole_from_us)} and" if incident.hole_from_us is not None else "before"
        text += f"; what was received {since} {_time(incident.hole_to_us)} may be missing"
    return text


def _time(at_us: int | None) -> str:
    return f"{datetime.fromtimestamp((at_us or 0) / 1e6, UTC):%Y-%m-%dT%H:%M:%SZ}"


def _size(path: Path) -> int:
    """Bytes of a file or of all files below a directory; what goes meanwhile counts nothing."""
    total = 0
    for one in [path, *path.rglob("*")] if path.is_dir() else [path]:
        try:
            total += one.stat().st_size if one.is_file() else 0
        except FileNotFoundError:
            continue
    return total
