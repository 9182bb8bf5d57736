"""`tidegauge-collector report`: a month's service levels, from a running collector."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from tidegauge_collector.cli.remote import add_server, server_of

EPILOG = """examples:
  tidegauge-collector report                                          last month, all deployments with objectives, as Markdown
  tidegauge-collector report --month 2026-10 --deployment shop --lang ja --out shop.md
  tidegauge-collector report --month 2026-10 --json                   the same for scripts
"""


def add_to(commands: Any) -> None:
    """Hang the command into the parser's subparsers."""
    report = commands.add_parser(
        "report",
        help="a month's service levels: promised, reached, budget, worst days, incidents",
        description="What was promised and what was reached in a month: docs/monitors.md#monthly-report.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    report.add_argument("--month", metavar="YYYY-MM", help="default the last one that is over")
    report.add_argument("--deployment", metavar="NAME", help="only this one")
    report.add_argument("--lang", choices=("en", "ja"), default="en", help="of the Markdown (default en)")
    report.add_argument("--json", action="store_true", help="JSON instead of Markdown")
    report.add_argument("--out", type=Path, metavar="FILE", help="write there instead of to standard output")
    add_server(report)
    report.set_defaults(run=_report)


def _report(parsed: argparse.Namespace) -> int:
    from tidegauge_collector.core.report_text import markdown  # noqa: PLC0415 - so that --help answers at once

    asked = {name: value for name in ("month", "deployment") if (value := getattr(parsed, name))}
    found = server_of(parsed).read("/report", **asked)
    text = json.dumps(found, indent=2, ensure_ascii=False) + "\n" if parsed.json else markdown(found, parsed.lang)
    if parsed.out is None:
        print(text, end="")
    else:
        parsed.out.write_text(text, encoding="utf-8")
    return 0
