"""What a frame log still holds behind a position: whether folding from there on misses anything."""

from pathlib import Path

from tidegauge.spool.directory import list_epochs
from tidegauge_collector.ingest.framelog import LogPosition
from tidegauge_collector.ingest.logreader import LogReader
from tidegauge_collector.upkeep.manifest import Manifest

Hole = tuple[int | None, int | None]
NONE: Hole = (None, None)


def has_frames(log_directory: Path) -> bool:
    """Whether anything was ever acknowledged here, as far as the log still tells."""
    return log_directory.is_dir() and any(epoch.segments for epoch in list_epochs(log_directory))


def hole_behind(log_directory: Path, backup: Manifest | None, *, first_known_us: int | None, now_us: int) -> Hole:
    """From when to when received frames may be missing once the log is folded behind a backup (None: behind nothing).

    `first_known_us`: when the first deployment was made, which its first frame did. `(None, None)`: nothing is missing.
    """
    after = LogPosition(bytes.fromhex(backup.log_epoch), backup.log_seq) if backup and backup.log_epoch else None
    found = LogReader(log_directory, after).read(1)
    oldest_us = found[0][1].received_us if found else now_us
    if after is not None and _reaches(log_directory, after, found[0][0] if found else None):
        return NONE
    since_us = backup.taken_at_us if after and backup else first_known_us
    return NONE if since_us is None or (after is None and oldest_us <= since_us) else (since_us, oldest_us)


def _reaches(log_directory: Path, after: LogPosition, following: LogPosition | None) -> bool:
    """Whether nothing lies between a position and the first entry behind it."""
    if not any(epoch.epoch.bytes == after.log_epoch for epoch in list_epochs(log_directory)):
        return False
    return following is None or following.log_epoch != after.log_epoch or following.log_seq == after.log_seq + 1
