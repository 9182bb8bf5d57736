"""Keeps copies of damaged bytes for whoever wants to know: `<root>/quarantine/<epoch>-<segment>-<offset>.bin`, bounded in total."""

import contextlib
import os
from pathlib import Path

from tidegauge.spool.disk import DIRECTORY_MODE, FILE_MODE, ONLY_THIS, read_at, write_all

QUARANTINE_NAME = "quarantine"
QUARANTINE_BYTES = 64 * 1024 * 1024
_PIECE_BYTES = 1024 * 1024


class Quarantine:
    """The quarantine of a spool root; made when the first bytes come. Never raises: what cannot be kept is counted."""

    def __init__(self, root: Path, *, limit_bytes: int = QUARANTINE_BYTES) -> None:
        self._directory = root / QUARANTINE_NAME
        self._limit_bytes = limit_bytes
        self.bytes_not_kept = 0

    def keep(self, name: str, source: int, start: int, end: int) -> None:
        """Copy the bytes [start, end) of the descriptor `source`, unless they are kept already or do not fit any more."""
        path = self._directory / f"{name}.bin"
        try:
            if path.exists() or self._put(path, source, start, end):
                return
        except OSError:
            with contextlib.suppress(OSError):  # half a copy is of no use, but does no harm either
                path.unlink()
        self.bytes_not_kept += end - start

    def _put(self, path: Path, source: int, start: int, end: int) -> bool:
        if self._directory.is_symlink():
            return False
        self._directory.mkdir(mode=DIRECTORY_MODE, exist_ok=True)
        kept = sum(entry.stat(follow_symlinks=False).st_size for entry in os.scandir(self._directory))
        if kept + end - start > self._limit_bytes:
            return False
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | ONLY_THIS, FILE_MODE)
        try:
            for offset in range(start, end, _PIECE_BYTES):
                write_all(descriptor, read_at(source, min(_PIECE_BYTES, end - offset), offset))
        finally:
            os.close(descriptor)
        return True
