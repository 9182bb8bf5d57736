"""`tidegauge-collector shrink`: give the space of deleted rows back to the disk; the collector stands still meanwhile."""

from __future__ import annotations

import argparse
from typing import Any

from tidegauge_collector.cli.places import add_place, existing, occupied, settings_of

MIB = 1024 * 1024


def add_to(commands: Any) -> None:
    """Hang the command into the parser's subparsers."""
    shrink = commands.add_parser(
        "shrink", help="rewrite the telemetry store without its free space (collector stopped)"
    )
    add_place(shrink)
    shrink.set_defaults(run=_shrink)


def _shrink(parsed: argparse.Namespace) -> int:
    from tidegauge_collector.upkeep.shrinking import shrink  # noqa: PLC0415 - so that --help answers at once

    with occupied(existing(settings_of(parsed).data)) as data:
        done = shrink(data)
    rows = sum(done.rows.values())
    print(f"before {done.before_bytes / MIB:.1f} MiB, after {done.after_bytes / MIB:.1f} MiB; {rows} rows compared")
    return 0
