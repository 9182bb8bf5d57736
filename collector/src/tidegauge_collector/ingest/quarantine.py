"""Where frames go that cannot be used: kept with the reason, to be looked at, retried after an upgrade, or discarded.

A frame is kept before the gap that stands for it is durable (`pending`), and confirmed after. After a crash between the two the
marks say which happened: below the mark it is kept, above it is forgotten, because its sender will send it again. A record stays
when its frame is retried or discarded: a frame that is found in the log again, because the database was lost, is passed over then.
"""

import json
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from tidegauge_collector.ingest.batch import Poison
from tidegauge_collector.ingest.quarantined import (
    OVERFLOW,
    Quarantined,
    State,
    read_frame,
    read_records,
    replace_file,
    write_file,
    write_record,
)

MAX_BYTES = 64 * 1024 * 1024
MAX_FRAMES = 10_000
MAX_SETTLED = 10_000  # records of frames that were retried or discarded; the oldest go


@dataclass(frozen=True, slots=True)
class Holding:
    """How much is held, and how much did not fit since the start of the quarantine."""

    frames: int
    size_bytes: int
    rows: int
    overflow_frames: int
    overflow_bytes: int


class Quarantine:
    """Holds at most `max_bytes` in at most `max_frames` frames; what comes beyond is counted. Safe to use from several threads."""

    def __init__(self, directory: Path, *, max_bytes: int = MAX_BYTES, max_frames: int = MAX_FRAMES) -> None:
        self.directory = directory
        self._max_bytes = max_bytes
        self._max_frames = max_frames
        self._lock = threading.Lock()  # guards everything below
        self._records = {one.id: one for one in sorted(read_records(directory), key=_age)}
        self._overflow = read_overflow(directory)
        self._told_overflow = dict(self._overflow)

    def resolve(self, mark: Callable[[bytes], int]) -> None:
        """After a start: decide by the intake's marks what a crash has left undecided; call before anything is taken in."""
        for record in [one for one in self._records.values() if one.state is State.PENDING]:
            if mark(bytes.fromhex(record.epoch)) >= record.seq:
                self.confirm([record.id])
            else:
                self._forget(record)
        self._remove_strays()

    def keep(self, poison: Poison, *, stage: str = "intake", rows: int = 0) -> bool:
        """Store a frame durably; False where there is no more room. Raises OSError where the disk refuses."""
        record = Quarantined(
            poison.epoch.hex(),
            poison.seq,
            State.PENDING if stage == "intake" else State.KEPT,
            stage,
            poison.flaw,
            poison.reason,
            len(poison.frame),
            poison.received_us,
            poison.deployment,
            poison.host,
            rows,
        )
        with self._lock:
            if record.id in self._records:
                return True
            if not self._has_room(record.size_bytes):
                self._overflow["frames"] += 1
                self._overflow["bytes"] += record.size_bytes
                return False
            self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_file(self.directory / f"{record.id}.frame", poison.frame)
            write_record(self.directory, record)
            self._records[record.id] = record
        return True

    def confirm(self, names: Iterable[str]) -> None:
        """Say that the gaps which stand for these frames are durable."""
        for name in names:
            with self._lock:
                record = self._records.get(name)
                if record is not None and record.state is State.PENDING:
                    self._store(replace(record, state=State.KEPT))

    def settle(self, name: str, state: State) -> None:
        """Say that a frame was retried or discarded; its bytes go, its record stays."""
        with self._lock:
            self._store(replace(self._records[name], state=state))
            (self.directory / f"{name}.frame").unlink(missing_ok=True)
            settled = [one for one in self._records.values() if not one.is_held]
            for record in settled[: max(0, len(settled) - MAX_SETTLED)]:
                self._forget(record)

    def note(self, name: str, said: str) -> None:
        """Note what came of a retry that did not succeed."""
        with self._lock:
            record = self._records[name]
            self._store(replace(record, tries=record.tries + 1, said=said))

    def find(self, name: str) -> Quarantined | None:
        """The record of an id."""
        return self._records.get(name)

    def frame(self, name: str) -> bytes:
        """The bytes of a frame that is held; OSError where they are gone."""
        return read_frame(self.directory, name)

    def is_known(self, epoch: bytes, seq: int) -> bool:
        """Whether a number is in quarantine, or was: it is not to be counted where it is found."""
        return bool(self._records) and f"{epoch.hex()}-{seq}" in self._records

    def held(self) -> list[Quarantined]:
        """The frames that can be retried, oldest first."""
        with self._lock:
            return [one for one in self._records.values() if one.state is State.KEPT]

    def holding(self) -> Holding:
        """How much there is."""
        with self._lock:
            held = [one for one in self._records.values() if one.is_held]
            overflow = dict(self._overflow)
        return Holding(
            len(held),
            sum(one.size_bytes for one in held),
            sum(one.rows for one in held),
            overflow["frames"],
            overflow["bytes"],
        )

    def tell_overflow(self) -> None:
        """Write what did not fit beside the frames, where that has changed."""
        with self._lock:
            if self._overflow != self._told_overflow:
                self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
                replace_file(self.directory / OVERFLOW, json.dumps(self._overflow).encode())
                self._told_overflow = dict(self._overflow)

    def _has_room(self, size_bytes: int) -> bool:
        held = [one.size_bytes for one in self._records.values() if one.is_held]
        return len(held) < self._max_frames and sum(held) + size_bytes <= self._max_bytes

    def _store(self, record: Quarantined) -> None:
        write_record(self.directory, record)
        self._records[record.id] = record

    def _forget(self, record: Quarantined) -> None:
        (self.directory / f"{record.id}.json").unlink(missing_ok=True)
        (self.directory / f"{record.id}.frame").unlink(missing_ok=True)
        self._records.pop(record.id, None)

    def _remove_strays(self) -> None:
        """Frames without a record: a crash fell between the two, so nothing of them was acknowledged."""
        for path in self.directory.glob("*.frame"):
            record = self._records.get(path.stem)
            if record is None or not record.is_held:
                path.unlink(missing_ok=True)


def _age(record: Quarantined) -> tuple[int, str]:
    return record.received_us, record.id


def read_overflow(directory: Path) -> dict[str, int]:
    """What did not fit since the quarantine was begun, as far as it was written down."""
    try:
        content = json.loads((directory / OVERFLOW).read_bytes())
        return {"frames": int(content["frames"]), "bytes": int(content["bytes"])}
    except (OSError, ValueError, TypeError, KeyError):
        return {"frames": 0, "bytes": 0}
