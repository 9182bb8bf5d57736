"""What would leave this host: the very frames that a shipper would send, as plain values, one at a time."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tidegauge.errors import WireError
from tidegauge.operating.looking import LOST, EpochLook, epochs_in, unacknowledged
from tidegauge.operating.readable import readable
from tidegauge.shipper.outgoing import Outgoing, outgoing_of
from tidegauge.spool import Hole, Record, read_position
from tidegauge.wire import telemetry_pb2 as pb
from tidegauge.wire.codec import decode_frame
from tidegauge.wire.kinds import frame_rows

POLL_S = 0.5
MAX_COLUMNS = 2_000  # named in a summary


@dataclass(frozen=True, slots=True)
class Leaving:
    """A frame on its way out, and the numbers that it takes; `frame` None: bytes that do not decode, sent as they are."""

    epoch: str
    outgoing: Outgoing
    frame: pb.Frame | None

    def as_values(self) -> dict[str, Any]:
        """Everything in it, for JSON."""
        head = {
            "epoch": self.epoch,
            "first_seq": self.outgoing.first_seq,
            "last_seq": self.outgoing.last_seq,
            "size_bytes": len(self.outgoing.frame),
        }
        if self.frame is None:
            return head | {"undecodable": self.outgoing.frame.hex()}
        return head | {"kind": self.frame.WhichOneof("body"), "frame": readable(self.frame)}


def leaving(root: Path) -> Iterator[Leaving]:
    """The frames of a root that a shipper would send now, oldest epoch first."""
    for directory in epochs_in(root):
        yield from _of_epoch(directory, unacknowledged(directory))


def follow(roots: Callable[[], list[Path]], pause: Callable[[float], None] = time.sleep) -> Iterator[Leaving]:
    """The frames of all roots that a shipper would send, and those that come, without end. What it ships meanwhile is passed over."""
    looks: dict[Path, EpochLook] = {}
    while True:
        directories = [directory for root in roots() for directory in epochs_in(root)]
        looks = {directory: looks.get(directory) or unacknowledged(directory) for directory in directories}
        for directory, look in looks.items():
            yield from _of_epoch(directory, look)
        pause(POLL_S)


def _of_epoch(directory: Path, look: EpochLook) -> Iterator[Leaving]:
    for item in look.items():
        if isinstance(item, Hole) and _was_shipped(directory, item):
            continue
        first_seq = item.seq if isinstance(item, Record) else item.first_seq
        for outgoing in outgoing_of([item], first_seq):
            yield Leaving(directory.name, outgoing, _decoded(outgoing.frame))


def _was_shipped(directory: Path, hole: Hole) -> bool:
    """Say whether numbers are gone from here because the collector has them."""
    return hole.reason in LOST and hole.last_seq <= read_position(directory).acknowledged_seq


def _decoded(frame: bytes) -> pb.Frame | None:
    try:
        return decode_frame(frame)
    except WireError:
        return None


@dataclass(slots=True)
class Summary:
    """What leaves for one deployment, version and kind of frame."""

    frames: int = 0
    size_bytes: int = 0
    rows: int = 0
    ids: int = 0
    columns: Counter[str] = field(default_factory=Counter)

    def take(self, one: Leaving) -> None:
        """Add a frame."""
        self.frames += 1
        self.size_bytes += len(one.outgoing.frame)
        if one.frame is None:
            return
        self.rows += frame_rows(one.frame)
        self.ids += one.frame.records.rows + one.frame.actuals.rows
        for column in [*one.frame.profile.columns, *one.frame.baseline.profiles]:
            if column.name in self.columns or len(self.columns) < MAX_COLUMNS:
                self.columns[column.name] += 1


Key = tuple[str, str, str]
"""Deployment, version and kind."""


def key_of(one: Leaving) -> Key:
    """Where a frame is counted."""
    if one.frame is None:
        return "", "", "undecodable"
    return one.frame.deployment, one.frame.version, str(one.frame.WhichOneof("body"))
