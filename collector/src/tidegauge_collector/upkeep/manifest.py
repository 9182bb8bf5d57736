"""A backup's `manifest.json`: what is in it, how it can be recognised, and where the frame log stood. Its directory's name tells its age.

    <folder>/backup-20261123T215500Z/ telemetry.duckdb control.sqlite manifest.json

A directory has that name only once everything in it is durable and was read back; before, it begins with `.partial-`.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from tidegauge_collector.errors import ConfigError

FORMAT = 1
MANIFEST = "manifest.json"
TELEMETRY, CONTROL = "telemetry.duckdb", "control.sqlite"
_PREFIX, _PARTIAL = "backup-", ".partial-"


@dataclass(frozen=True, slots=True)
class CopiedFile:
    """A file of a backup: its size, SHA-256, and rows by table as read back."""

    size_bytes: int
    sha256: str
    rows: dict[str, int]


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup holds. `log_epoch`, `log_seq`: up to where the frame log is folded into it; empty and 0: nothing is."""

    taken_at_us: int
    version: str
    log_epoch: str
    log_seq: int
    files: dict[str, CopiedFile]
    format: int = FORMAT


@dataclass(frozen=True, slots=True)
class Backup:
    """A finished backup on disk."""

    path: Path
    manifest: Manifest


def name_of(taken_at_us: int) -> str:
    """The directory name of a backup taken at a time."""
    return f"{_PREFIX}{datetime.fromtimestamp(taken_at_us / 1e6, UTC):%Y%m%dT%H%M%S%fZ}"


def partial_name_of(name: str) -> str:
    """The name while it is being made."""
    return f"{_PARTIAL}{name}"


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write it beside the files that it describes, durably."""
    with (folder / MANIFEST).open("x", encoding="utf-8") as file:
        file.write(json.dumps(asdict(manifest), indent=2) + "\n")
        file.flush()
        os.fsync(file.fileno())


def read_backup(folder: Path) -> Backup:
    """The backup in a directory; raises ConfigError where there is none that this version reads."""
    try:
        raw = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        if raw["format"] != FORMAT:
            raise ConfigError(f"backup {folder} is of format {raw['format']}, this version reads {FORMAT}: upgrade")
        files = {name: CopiedFile(**one) for name, one in raw.pop("files").items()}
        return Backup(folder, Manifest(files=files, **raw))
    except OSError as problem:
        raise ConfigError(
            f"{folder} is no backup ({MANIFEST}: {problem.strerror}): give a directory {_PREFIX}…"
        ) from problem
    except (ValueError, TypeError, KeyError) as problem:
        raise ConfigError(f"backup {folder}: its {MANIFEST} is damaged ({problem!r}): use another backup") from problem


def backups(folder: Path | None) -> list[Backup]:
    """The finished backups in a folder, oldest first; what cannot be read is left out."""
    return sorted(_found(folder), key=lambda one: one.manifest.taken_at_us) if folder is not None else []


def damage_of_files(backup: Backup) -> str | None:
    """What is wrong with a backup's files by size and digest; None where they are as they were written."""
    for name, written in backup.manifest.files.items():
        path = backup.path / name
        try:
            digest = digest_of(path)
        except OSError as problem:
            return f"{path}: {problem.strerror}"
        if digest != written.sha256:
            return f"{path}: is not what was written ({path.stat().st_size} bytes, {written.size_bytes} were written)"
    return None


def digest_of(path: Path) -> str:
    """SHA-256 of a file that no store of this process has open."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def prune(folder: Path, keep: int) -> list[Path]:
    """Delete all but the newest `keep` backups, and what interrupted ones left; the deleted directories."""
    stale = [one.path for one in backups(folder)[: -keep or None]] if keep else []
    stale += [one for one in folder.iterdir() if one.name.startswith(f"{_PARTIAL}{_PREFIX}") and one.is_dir()]
    for one in stale:
        shutil.rmtree(one)
    return stale


def _found(folder: Path) -> Iterator[Backup]:
    for one in folder.glob(f"{_PREFIX}*") if folder.is_dir() else ():
        try:
            yield read_backup(one)
        except ConfigError:
            continue
