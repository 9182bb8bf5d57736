"""`tidegauge-collector export`: what is stored of a deployment as Parquet files, while the collector runs or stands still."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from tidegauge_collector.cli.places import add_place, existing, occupied, settings_of
from tidegauge_collector.cli.progress import Progress
from tidegauge_collector.cli.times import time_us
from tidegauge_collector.place import is_in_use

FIRST_US, END_US = -(1 << 62), 1 << 62
KINDS = "profiles,records,actuals,judgements,second_moments"


def add_to(commands: Any) -> None:
    """Hang the command into the parser's subparsers."""
    export = commands.add_parser("export", help="write a deployment's rows as Parquet files")
    add_place(export)
    export.add_argument("--deployment", required=True, metavar="NAME")
    export.add_argument("--from", dest="start", metavar="TIME", help="only from this time on (2026-11-23T13:00:00Z)")
    export.add_argument("--to", dest="end", metavar="TIME", help="only before this time")
    export.add_argument(
        "--to-dir", type=Path, required=True, metavar="OUT", help="folder for the files; none is overwritten"
    )
    export.add_argument("--what", default=KINDS, metavar="KINDS", help=f"some of {KINDS} (default: all)")
    export.set_defaults(run=_export)


def _export(parsed: argparse.Namespace) -> int:
    start_us, end_us = time_us(parsed.start, "--from"), time_us(parsed.end, "--to")
    wish = {
        "deployment": parsed.deployment,
        "to": str(parsed.to_dir.absolute()),
        "kinds": [kind.strip() for kind in parsed.what.split(",") if kind.strip()],
        "start_us": FIRST_US if start_us is None else start_us,
        "end_us": END_US if end_us is None else end_us,
    }
    data, progress = existing(settings_of(parsed).data), Progress()
    try:
        rows = _asked(data, wish, progress) if is_in_use(data) else _made(data, wish, progress)
    finally:
        progress.end()
    for kind, count in rows.items():
        print(f"{parsed.to_dir / f'{kind}.parquet'}   {count:,} rows")
    return 0


def _asked(data: Path, wish: dict[str, Any], progress: Progress) -> dict[str, int]:
    from tidegauge_collector.upkeep.errands import ask  # noqa: PLC0415 - so that --help answers at once

    found: dict[str, int] = ask(data, "export", wish=wish, is_alive=lambda: is_in_use(data), on_progress=progress.told)
    return found


def _made(data: Path, wish: dict[str, Any], progress: Progress) -> dict[str, int]:
    from tidegauge.core.windows import Window  # noqa: PLC0415
    from tidegauge_collector.jobs.exporting import export_to  # noqa: PLC0415
    from tidegauge_collector.telemetry.store import TelemetryStore  # noqa: PLC0415

    with occupied(data), TelemetryStore.open(data / "telemetry.duckdb") as telemetry:
        return export_to(
            telemetry,
            wish["deployment"],
            Path(wish["to"]),
            what=wish["kinds"],
            window=Window(wish["start_us"], wish["end_us"]),
            on_progress=progress,
        )
