"""Frames on disk: crash-safe, bounded, readable while they are written; one format at the agent and at the collector.

Writing: `SpoolWriter`. Reading: `list_epochs`, then a `SpoolReader` for each, then `release` and `remove_if_finished`. Payloads are
opaque. Who sends what he read calls `announce_attempt` before. The bytes are drawn in `record`, the files in `directory`.
"""

from tidegauge.spool.attempts import Interventions, announce_attempt, interventions
from tidegauge.spool.directory import EpochDirectory, list_epochs, release, remove_if_finished
from tidegauge.spool.epoch import epoch_directory_name, new_epoch
from tidegauge.spool.merge import Merge, Merged
from tidegauge.spool.position import Position, read_position, write_position
from tidegauge.spool.quota import Dropped, drop_aged, drop_oldest, keep_quota
from tidegauge.spool.reader import ReaderCounters, SpoolReader
from tidegauge.spool.record import MAX_PAYLOAD, Hole, Record
from tidegauge.spool.writer import SpoolWriter, WriterCounters

__all__ = [
    "MAX_PAYLOAD",
    "Dropped",
    "EpochDirectory",
    "Hole",
    "Interventions",
    "Merge",
    "Merged",
    "Position",
    "ReaderCounters",
    "Record",
    "SpoolReader",
    "SpoolWriter",
    "WriterCounters",
    "announce_attempt",
    "drop_aged",
    "drop_oldest",
    "epoch_directory_name",
    "interventions",
    "keep_quota",
    "list_epochs",
    "new_epoch",
    "read_position",
    "release",
    "remove_if_finished",
    "write_position",
]
