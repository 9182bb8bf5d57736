"""`tidegauge-collector doctor`: what state the stores are in and what to do next, beside a running collector or without one."""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

from tidegauge_collector.cli.places import add_place, existing, settings_of
from tidegauge_collector.place import is_in_use


def add_to(commands: Any) -> None:
    """Hang the command into the parser's subparsers."""
    doctor = commands.add_parser(
        "doctor", help="examine the stores, the disk and the backups; exit code 1: something is bad"
    )
    add_place(doctor)
    doctor.add_argument("--json", action="store_true", help="everything, for scripts")
    doctor.set_defaults(run=_doctor)


def _doctor(parsed: argparse.Namespace) -> int:
    from tidegauge_collector.upkeep.examining import examine  # noqa: PLC0415 - so that --help answers at once

    settings = settings_of(parsed)
    data = existing(settings.data)
    report = examine(
        data,
        settings.backup_dir,
        now_us=time.time_ns() // 1_000,
        every_us=int(settings.backup_every_hours * 3_600e6),
        ask_running=(lambda: _asked(data)) if is_in_use(data) else None,
        tls=settings.access_config.tls,
    )
    if parsed.json:
        print(json.dumps(report.as_json(), indent=2))
    else:
        for one in report.findings:
            print(f"{one.state:<5} {one.check:<11} {one.text}")
            if one.next_step:
                print(f"{'':<17} -> {one.next_step}")
    return 0 if report.is_well else 1


def _asked(data: Path) -> dict[str, Any]:
    from tidegauge_collector.upkeep.errands import ask  # noqa: PLC0415

    return dict(ask(data, "doctor", wish={}, is_alive=lambda: is_in_use(data), on_progress=lambda _: None))
