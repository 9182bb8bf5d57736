"""Where frames go that cannot be used: their bytes and the reason, side by side, for a person to look at.

<directory>/<epoch as hex>-<seq>.frame        the bytes as received
<directory>/<epoch as hex>-<seq>.reason       why, one line
"""

import os
import threading
from pathlib import Path

from tidegauge_collector.ingest.batch import Poison


class Quarantine:
    """Keeps up to `max_bytes`; what comes beyond is only counted by the caller."""

    def __init__(self, directory: Path, *, max_bytes: int = 64 * 1024 * 1024) -> None:
        self.directory = directory
        self._max_bytes = max_bytes
        self._lock = threading.Lock()  # guards _size_bytes
        self._size_bytes: int | None = None

    def keep(self, poison: Poison) -> bool:
        """Store a frame durably; False where there is no more room. Raises OSError where the disk refuses."""
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self._lock:
            if self._size_bytes is None:
                self._size_bytes = sum(entry.stat().st_size for entry in os.scandir(self.directory))
            if self._size_bytes + len(poison.frame) > self._max_bytes:
                return False
            self._size_bytes += len(poison.frame)
        name = f"{poison.epoch.hex()}-{poison.seq}"
        _write(self.directory / f"{name}.frame", poison.frame)
        _write(self.directory / f"{name}.reason", poison.reason.encode(errors="backslashreplace") + b"\n")
        return True


def _write(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(descriptor)
