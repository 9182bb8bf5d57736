"""`tidegauge-collector backup` and `restore`: verified copies of both stores, made beside a running collector or of a stopped one."""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

from tidegauge_collector.cli.places import add_place, existing, occupied, settings_of
from tidegauge_collector.cli.progress import Progress
from tidegauge_collector.place import is_in_use

STORES = {"telemetry": "telemetry.duckdb", "control": "control.sqlite"}


def add_to(commands: Any) -> None:
    """Hang both commands into the parser's subparsers."""
    backup = commands.add_parser("backup", help="back both stores up, while the collector runs or stands still")
    add_place(backup)
    backup.add_argument(
        "--to", type=Path, required=True, metavar="DIR", help="folder that gets a directory backup-TIME"
    )
    backup.set_defaults(run=_backup)
    restore = commands.add_parser("restore", help="fill an empty data directory, or put one store back, from a backup")
    add_place(restore)
    restore.add_argument(
        "--from", dest="source", type=Path, required=True, metavar="BACKUP", help="a directory backup-TIME"
    )
    restore.add_argument("--only", choices=sorted(STORES), help="replace this store in a directory that is in use")
    restore.set_defaults(run=_restore)


def _backup(parsed: argparse.Namespace) -> int:
    data, to, progress = existing(settings_of(parsed).data), parsed.to.absolute(), Progress()
    try:
        made = _asked(data, to, progress) if is_in_use(data) else _made(data, to, progress)
    finally:
        progress.end()
    print(made)
    return 0


def _asked(data: Path, to: Path, progress: Progress) -> str:
    """By the collector that runs there."""
    from tidegauge_collector.upkeep.errands import ask  # noqa: PLC0415 - so that --help answers at once

    return str(ask(data, "backup", wish={"to": str(to)}, is_alive=lambda: is_in_use(data), on_progress=progress.told))


def _made(data: Path, to: Path, progress: Progress) -> str:
    """By this process."""
    from tidegauge_collector.telemetry.store import TelemetryStore  # noqa: PLC0415
    from tidegauge_collector.upkeep.backing_up import back_up  # noqa: PLC0415

    with occupied(data), TelemetryStore.open(data / STORES["telemetry"]) as telemetry:
        return str(back_up(data, telemetry, to, now_us=time.time_ns() // 1_000, on_progress=progress).path)


def _restore(parsed: argparse.Namespace) -> int:
    from tidegauge_collector.upkeep.manifest import read_backup  # noqa: PLC0415
    from tidegauge_collector.upkeep.restoring import restore, restore_one  # noqa: PLC0415

    backup, progress, now_us = read_backup(parsed.source), Progress(), time.time_ns() // 1_000
    data = settings_of(parsed).data
    try:
        with occupied(existing(data) if parsed.only else data):
            if parsed.only:
                done = restore_one(backup, STORES[parsed.only], data, now_us=now_us, on_progress=progress)
                progress.end()
                print(
                    f"{data / done.store}: {done.done} {done.backup}; set aside: {', '.join(done.set_aside) or 'nothing'}"
                )
            else:
                restore(backup, data, now_us=now_us, on_progress=progress)
                progress.end()
                print(f"{data}: restored from {backup.path.name}; start the collector on it")
    finally:
        progress.end()
    return 0
