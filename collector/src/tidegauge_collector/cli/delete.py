"""`tidegauge-collector delete`: remove a deployment's data, a version's, a range's, or that of one prediction id."""

from __future__ import annotations

import argparse
import getpass
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tidegauge_collector.cli.places import add_place, existing, occupied, settings_of
from tidegauge_collector.cli.times import time_us
from tidegauge_collector.errors import ConfigError
from tidegauge_collector.place import is_in_use

NOTE = """Without --yes nothing is deleted: it says what would go. Deleted rows may stand in the frame log for log_keep_hours, and in
backups until they are replaced; neither brings them back. Settings, baselines, alerts and the record of the deletion stay."""


def add_to(commands: Any) -> None:
    """Hang the command into the parser's subparsers."""
    delete = commands.add_parser("delete", help="delete stored data for good (a dry run first)", description=NOTE)
    add_place(delete)
    delete.add_argument("--deployment", required=True, metavar="NAME")
    delete.add_argument("--version", metavar="V", help="only this model version")
    delete.add_argument("--from", dest="start", metavar="TIME", help="only from this time on (2026-11-23T13:00:00Z)")
    delete.add_argument("--to", dest="end", metavar="TIME", help="only before this time")
    delete.add_argument("--prediction-id", metavar="ID", help="only what has this prediction id, in all versions")
    delete.add_argument("--prediction-digest", metavar="HEX", help="the same by its digest, as lists show it")
    delete.add_argument("--yes", action="store_true", help="delete, instead of saying what would go")
    delete.set_defaults(run=_delete)


def _delete(parsed: argparse.Namespace) -> int:
    from tidegauge_collector.jobs.deleting import Target  # noqa: PLC0415 - so that --help answers at once

    try:
        target = Target(
            deployment=parsed.deployment,
            version=parsed.version,
            start_us=time_us(parsed.start, "--from"),
            end_us=time_us(parsed.end, "--to"),
            prediction_id=parsed.prediction_id,
            digest=parsed.prediction_digest,
        )
    except ValueError as problem:
        raise ConfigError(str(problem)) from problem
    data = existing(settings_of(parsed).data)
    wish = {"target": asdict(target), "confirm": parsed.yes, "by": f"command {getpass.getuser()}"}
    answer = _asked(data, wish) if is_in_use(data) else _done(data, wish)
    _show(answer)
    return 0


def _asked(data: Path, wish: dict[str, Any]) -> dict[str, Any]:
    from tidegauge_collector.upkeep.errands import ask  # noqa: PLC0415

    found: dict[str, Any] = ask(
        data, "delete", wish=wish, is_alive=lambda: is_in_use(data), on_progress=lambda _line: None
    )
    return found


def _done(data: Path, wish: dict[str, Any]) -> dict[str, Any]:
    from tidegauge_collector.control import ControlStore  # noqa: PLC0415
    from tidegauge_collector.jobs.deleting import Deleting  # noqa: PLC0415
    from tidegauge_collector.jobs.wishes import Wishes  # noqa: PLC0415
    from tidegauge_collector.telemetry.store import TelemetryStore  # noqa: PLC0415

    with occupied(data), TelemetryStore.open(data / "telemetry.duckdb") as telemetry:
        control = ControlStore.open(data / "control.sqlite")
        try:
            deleting = Deleting(
                control, telemetry, now_us=lambda: time.time_ns() // 1_000, on_removed=lambda _names: None
            )
            return Wishes(telemetry, deleting).delete(wish)
        finally:
            control.close()


def _show(answer: dict[str, Any]) -> None:
    planned = "would_remove" in answer
    counts = answer["would_remove"] if planned else answer["removed"]
    print("would delete:" if planned else "deleted:")
    for kind, count in sorted(counts.items()):
        print(f"  {kind:<12} {count:>12,}")
    if not counts:
        print("  nothing: no such rows are stored")
    if planned:
        print("nothing is deleted yet: say --yes to delete", file=sys.stderr)
    else:
        print(f"recorded as {answer['id']}")
