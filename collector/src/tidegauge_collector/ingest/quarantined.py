"""What is known of a frame in quarantine, and the files that say it. Read by the command line beside a running collector.

<directory>/<epoch as hex>-<seq>.frame       the bytes as received; gone when the frame was retried or discarded
<directory>/<epoch as hex>-<seq>.json        the record: why, since when, what was done
<directory>/overflow.json                    what did not fit
<directory>/requests/<id>.retry, .discard    what a person wants done; taken by the running collector
"""

import contextlib
import json
import os
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from pathlib import Path

OVERFLOW = "overflow.json"
REQUESTS = "requests"
_ID = re.compile(r"[0-9a-f]{32}-[0-9]{1,19}")
_ONLY_THIS = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)


class State(StrEnum):
    """Where a frame in quarantine stands."""

    PENDING = "pending"  # kept, and the gap that stands for it is not durable yet
    KEPT = "kept"
    RETRIED = "retried"
    DISCARDED = "discarded"


@dataclass(frozen=True, slots=True)
class Quarantined:
    """One frame. `rows`: how many go with it, as far as it tells. `said`: what came of the last retry, "" before the first."""

    epoch: str
    seq: int
    state: State
    stage: str  # "intake" or "fold"
    flaw: str
    reason: str
    size_bytes: int
    received_us: int
    deployment: str = ""
    host: str = ""
    rows: int = 0
    tries: int = 0
    said: str = ""

    @property
    def id(self) -> str:
        """Its name, in files and for people."""
        return f"{self.epoch}-{self.seq}"

    @property
    def is_held(self) -> bool:
        """Whether its bytes are still there."""
        return self.state in (State.PENDING, State.KEPT)


def is_id(text: str) -> bool:
    """Say whether a text can be the id of a frame in quarantine."""
    return _ID.fullmatch(text) is not None


def read_records(directory: Path) -> Iterator[Quarantined]:
    """All records, in no order; files that are none are passed over."""
    if not directory.is_dir():
        return
    with os.scandir(directory) as entries:
        names = [entry.name for entry in entries if entry.name.endswith(".json")]
    for name in names:
        if is_id(name.removesuffix(".json")):
            record = read_record(directory, name.removesuffix(".json"))
            if record is not None:
                yield record


def read_record(directory: Path, name: str) -> Quarantined | None:
    """The record of an id; None where there is none, or what is there does not read as one."""
    try:
        content = json.loads((directory / f"{name}.json").read_bytes())
        known = {field.name for field in fields(Quarantined)}
        found = Quarantined(**{key: value for key, value in content.items() if key in known})
        return Quarantined(**(asdict(found) | {"state": State(found.state), "seq": int(found.seq)}))
    except (OSError, ValueError, TypeError, AttributeError):
        return None


def write_record(directory: Path, record: Quarantined) -> None:
    """Make a record durable, whole or not at all."""
    replace_file(directory / f"{record.id}.json", json.dumps(asdict(record)).encode())


def read_frame(directory: Path, name: str) -> bytes:
    """The bytes of a frame; OSError where they are gone."""
    return (directory / f"{name}.frame").read_bytes()


def replace_file(path: Path, content: bytes) -> None:
    """Put content under a name, durable, whole or not at all."""
    temporary = path.with_name(f"{path.name}.tmp")
    write_file(temporary, content)
    temporary.replace(path)
    sync_directory(path.parent)


def write_file(path: Path, content: bytes) -> None:
    """Write a file anew and sync it; a symbolic link in its place is refused."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | _ONLY_THIS, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(descriptor)


def sync_directory(path: Path) -> None:
    """Make the names in a directory durable."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_request(directory: Path, name: str, action: str) -> Path:
    """Ask the running collector (or the next that starts) to "retry" or "discard" a frame; the file goes when it is done."""
    requests = directory / REQUESTS
    requests.mkdir(mode=0o700, exist_ok=True)
    path = requests / f"{name}.{action}"
    write_file(path, b"")
    sync_directory(requests)
    return path


def read_requests(directory: Path) -> list[tuple[str, str]]:
    """What is asked for, as (id, action), in order of the id; anything else in the folder is passed over."""
    with contextlib.suppress(FileNotFoundError), os.scandir(directory / REQUESTS) as entries:
        parts = [entry.name.rpartition(".") for entry in entries]
        return sorted((name, action) for name, _, action in parts if is_id(name) and action in ("retry", "discard"))
    return []


def end_request(directory: Path, name: str, action: str) -> None:
    """Say that a request was dealt with."""
    (directory / REQUESTS / f"{name}.{action}").unlink(missing_ok=True)
