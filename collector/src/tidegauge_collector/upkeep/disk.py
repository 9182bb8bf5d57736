"""Room on the disk of the data directory, for `/metrics`."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

Family = tuple[str, str, str, list[tuple[Mapping[str, str], float]]]


def disk_families(data: Path) -> Iterator[Family]:
    """Free and whole size in bytes; no samples where the disk does not say."""
    try:
        usage = shutil.disk_usage(data)
    except OSError:
        return
    yield "tidegauge_disk_free_bytes", "gauge", "Free on the disk of the data directory.", [({}, float(usage.free))]
    yield "tidegauge_disk_size_bytes", "gauge", "Size of the disk of the data directory.", [({}, float(usage.total))]
