"""`tidegauge-collector power`: how soon the drift monitor sees shifts of which size, with the traffic that there is. Over REST."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from typing import Any

from tidegauge_collector.cli.progress import Progress
from tidegauge_collector.cli.remote import add_server, escaped, server_of
from tidegauge_collector.cli.tables import plain_text, print_table

Json = Mapping[str, Any]
EPILOG = """examples:
  tidegauge-collector power --deployment shop
  tidegauge-collector power --deployment shop --column amount --rows 500

A number is after how many windows the alert is open with 95 % confidence; > 10000 is never. What that assumes: docs/metrics.md#power.
"""


def add_to(commands: Any) -> None:
    """Hang the command into the parser's subparsers."""
    power = commands.add_parser(
        "power",
        help="how soon which shifts are seen, with your traffic",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    power.add_argument("--deployment", required=True, metavar="NAME", help="which deployment")
    power.add_argument("--column", metavar="COLUMN", help="only this one (default those that the monitor watches)")
    power.add_argument("--version", metavar="VERSION", help="against whose baseline (default the newest champion's)")
    power.add_argument("--monitor", metavar="ID", help="by which rule (default the first monitor of psi)")
    power.add_argument("--rows", metavar="N", help="rows in a window (default the mean of the last 28 days)")
    power.add_argument("--json", action="store_true", help="everything, for scripts")
    add_server(power)
    power.set_defaults(run=_power)


def _power(parsed: argparse.Namespace) -> int:
    query = {
        name: value for name in ("column", "version", "monitor", "rows") if (value := getattr(parsed, name)) is not None
    }
    server, path, progress = server_of(parsed), f"/deployments/{escaped(parsed.deployment)}/power", Progress()
    found = server.read(path, **query)
    try:
        while found["next"] is not None:
            progress("trying shifts", int(found["next"]), found["judged_together"])
            page = server.read(path, **query, after=found["next"])
            found = {**page, "items": [*found["items"], *page["items"]]}
    finally:
        progress.end()
    if parsed.json:
        print(json.dumps(found, indent=2))
        return 0
    print(
        f"monitor {plain_text(found['monitor'])}: windows of {found['window_s'] / 3600:g} h, judged every {found['every_s'] / 3600:g} h, "
        f"{found['judged_together']} column(s) together"
    )
    _print_ladders(found["items"])
    return 0


def _print_ladders(items: Sequence[Json]) -> None:
    for unit, title in (
        ("standard_deviations", "windows until a shift by so many standard deviations is seen"),
        ("share_of_rows", "windows until it is seen that so many of the rows went to another category"),
    ):
        some = [one for one in items if one["unit"] == unit]
        if not some:
            continue
        shifts = sorted({one["shift"] for one in some})
        shown = [f"{shift:g}" if unit == "standard_deviations" else f"{100 * shift:g} %" for shift in shifts]
        by_column: dict[str, dict[float, Json]] = {}
        for one in some:
            by_column.setdefault(one["column"], {})[one["shift"]] = one
        print(f"\n{title}")
        rows = [
            (name, next(iter(of.values()))["rows"], *(_cell(of[shift]) for shift in shifts))
            for name, of in by_column.items()
        ]
        print_table([("COLUMN", "ROWS", *shown), *rows])


def _cell(one: Json) -> str:
    if one["power"] is None:
        return ""
    return "> 10000" if one["windows"] is None else str(one["windows"])
