"""`tidegauge-collector check`: everything that is wrong with a configuration file, at once."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from tidegauge_collector.access.certificates import read_material
from tidegauge_collector.settings import load_settings


def add_to(commands: Any) -> None:
    """Hang the command into the parser's subparsers."""
    check = commands.add_parser("check", help="check a configuration file and say everything that is wrong with it")
    check.add_argument("file", type=Path, metavar="FILE")
    check.set_defaults(run=_check)


def _check(parsed: argparse.Namespace) -> int:
    settings = load_settings(parsed.file)
    if settings.access_config.tls is not None:
        read_material(settings.access_config.tls)
    print(f"{parsed.file}: no problems; {len(settings.channels)} channel(s)")
    return 0
