"""What commands on a data directory share: which directory it is, and whether a collector runs on it."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tidegauge_collector.errors import ConfigError
from tidegauge_collector.place import occupy
from tidegauge_collector.settings import CollectorSettings, load_settings


def add_place(command: argparse.ArgumentParser) -> None:
    """The flags that say where the data is."""
    command.add_argument("--data", type=Path, metavar="DIR", help="data directory (default ./tidegauge-data)")
    command.add_argument("--config", type=Path, metavar="FILE", help="settings in TOML")


def settings_of(parsed: argparse.Namespace) -> CollectorSettings:
    """The settings that the command's flags, the environment and the file say."""
    return load_settings(parsed.config, flags={"data": parsed.data})


def existing(data: Path) -> Path:
    """The directory, where a collector has been; raises ConfigError where none has."""
    if not (data / "lock").exists():
        raise ConfigError(f"data directory {data}: no collector has been here: give its --data, or --config")
    return data


@contextmanager
def occupied(data: Path) -> Iterator[Path]:
    """The directory for this command alone; raises DataDirectoryLocked while a collector runs on it."""
    descriptor = occupy(data)
    try:
        yield data
    finally:
        os.close(descriptor)
