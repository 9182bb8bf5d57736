"""What is known of damage to the store's file, and the names that damaged files get. Deletes nothing.

A damaged page shows itself to whoever reads it, not to whoever opens the file. So it is noted in `FILE.damaged`, and the next start
knows without reading everything.
"""

import contextlib
import os
from pathlib import Path

MARK = ".damaged"


def note_damage(path: Path, text: str) -> None:
    """Write down that the file at `path` is damaged; a disk that refuses even that is no further problem."""
    with contextlib.suppress(OSError):
        path.with_name(path.name + MARK).write_text(f"{text}\n", encoding="utf-8")


def noted_damage(path: Path) -> str | None:
    """What was found damaged, None where nothing was."""
    try:
        return path.with_name(path.name + MARK).read_text(encoding="utf-8", errors="replace").strip() or "damaged"
    except OSError:
        return None


def set_aside(path: Path, now_us: int) -> tuple[Path, ...]:
    """Rename the store's file, its logs and its mark to `NAME.corrupt-TIME`, durably; the new names."""
    ours = [path, path.with_name(path.name + MARK), *path.parent.glob(f"{path.name}[.-]*wal*"), *_shared(path)]
    found = [one for one in ours if one.exists() and ".corrupt-" not in one.name]
    aside = tuple(one.rename(one.with_name(f"{one.name}.corrupt-{now_us}")) for one in found)
    sync_directory(path.parent)
    return aside


def sync_directory(path: Path) -> None:
    """Make the names in a directory durable."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _shared(path: Path) -> list[Path]:
    """SQLite's index of its log."""
    return [path.with_name(f"{path.name}-shm")]
