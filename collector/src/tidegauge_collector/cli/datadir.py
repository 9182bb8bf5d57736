"""`--data` of commands that work beside a running collector, or before its first start."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from tidegauge_collector.errors import ConfigError


def add_data(command: argparse.ArgumentParser) -> None:
    """Declare `--data`."""
    command.add_argument(
        "--data",
        type=Path,
        metavar="DIR",
        default=Path(os.environ.get("TIDEGAUGE_DATA") or "tidegauge-data"),
        help="the collector's data directory (default $TIDEGAUGE_DATA, else ./tidegauge-data)",
    )


def own_directory(data: Path) -> Path:
    """The data directory, made where it is missing; ConfigError where it is another user's, whose collector could not read it."""
    try:
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        owner = data.stat().st_uid
    except OSError as problem:
        raise ConfigError(
            f"data directory {data} cannot be used ({problem.strerror}): give another --data, or mend its permissions"
        ) from problem
    if owner != os.geteuid():
        raise ConfigError(
            f"data directory {data} belongs to user {owner}, this is user {os.geteuid()}: run this as the collector's user "
            f"(sudo -u '#{owner}' tidegauge-collector …), else it could not read what is written here"
        )
    return data
