"""Files of monitors on disk: TOML, JSON and, where PyYAML is installed, YAML; single ones, or folders with all that are in them."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tidegauge_collector.core.definitions import Definition
from tidegauge_collector.core.monitor_tables import Document, read_documents
from tidegauge_collector.errors import ConfigError

SUFFIXES = (".toml", ".json", ".yaml", ".yml")


def read_files(paths: Sequence[Path]) -> tuple[tuple[Definition, ...], list[Document]]:
    """The definitions of files and folders, and the files as they are sent; ConfigError with every problem of all of them."""
    problems: list[str] = []
    documents = [found for path in _files(paths, problems) if (found := _read(path, problems)) is not None]
    definitions, wrong = read_documents(documents)
    problems += wrong
    if problems:
        raise ConfigError(
            f"{len(problems)} problem(s) in files of monitors:\n" + "\n".join(f"  - {one}" for one in problems)
        )
    return definitions, documents


def _files(paths: Sequence[Path], problems: list[str]) -> list[Path]:
    """The files named, and those of folders by name; each once."""
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            inside = sorted(one for one in path.rglob("*") if one.suffix in SUFFIXES and one.is_file())
            if not inside:
                problems.append(f"{path}: holds no file of monitors: write {', '.join(SUFFIXES)}")
            found += inside
        else:
            found.append(path)
    return list(dict.fromkeys(found))


def _read(path: Path, problems: list[str]) -> Document | None:
    reader = _READERS.get(path.suffix)
    if reader is None:
        problems.append(f"{path}: unknown kind of file: write {', '.join(SUFFIXES)}")
        return None
    try:
        return Document(str(path), reader(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        problems.append(f"{path}: does not exist: give a file or a folder of monitors")
    except (OSError, ValueError, RecursionError) as problem:
        problems.append(f"{path}: cannot be read: {problem}")
    return None


def _yaml(text: str) -> Any:
    try:
        import yaml  # noqa: PLC0415 - an extra
    except ImportError as problem:
        raise ValueError("YAML needs PyYAML: pip install 'tidegauge-collector[yaml]', or write TOML") from problem
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as problem:
        raise ValueError(str(problem)) from problem


_READERS: Mapping[str, Callable[[str], Any]] = {
    ".toml": tomllib.loads,
    ".json": json.loads,
    ".yaml": _yaml,
    ".yml": _yaml,
}
