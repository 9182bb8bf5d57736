"""Frames that the collector refused for good, kept for a person: `<root>/quarantine/<name>.refused` and the reason beside it."""

import os
from pathlib import Path

from tidegauge.spool.disk import ONLY_THIS
from tidegauge.spool.quarantine import QUARANTINE_NAME

LIMIT_BYTES = 64 * 1024 * 1024


def keep_refused(root: Path, name: str, frame: bytes, reason: str) -> bool:
    """Store a frame's bytes durably; False where the quarantine is full. Raises OSError where the disk refuses."""
    directory = root / QUARANTINE_NAME
    directory.mkdir(mode=0o700, exist_ok=True)
    kept = sum(entry.stat(follow_symlinks=False).st_size for entry in os.scandir(directory))
    if kept + len(frame) > LIMIT_BYTES:
        return False
    for suffix, content in ((".refused", frame), (".reason", reason.encode(errors="backslashreplace") + b"\n")):
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | ONLY_THIS
        descriptor = os.open(directory / f"{name}{suffix}", flags, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(descriptor)
    return True
