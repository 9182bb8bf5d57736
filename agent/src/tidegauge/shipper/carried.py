"""What travels by hand instead of over a link: `<root>/carried.json`, durable before anything is deleted because of it.

{"carried":  {EPOCH: {"acknowledged_seq": 0, "last_seq": 100}},     exported from here and given up here
 "imported": {EPOCH: {"acknowledged_seq": 0, "last_seq": 100}}}     came here in a parcel

`acknowledged_seq` is what the collector had itself; the numbers above it up to `last_seq` came, or went, by hand.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from tidegauge.errors import SpoolError
from tidegauge.spool.disk import replace_file
from tidegauge.spool.position import read_position

CARRIED_NAME = "carried.json"
MAX_EPOCHS = 10_000  # the newest are kept


@dataclass(frozen=True, slots=True)
class Carried:
    """How far an epoch was acknowledged by a collector, and how far it went by hand."""

    acknowledged_seq: int
    last_seq: int


def read_carried(root: Path) -> Mapping[str, Carried]:
    """What was exported from a root and given up there, by epoch. Raises SpoolError where the file is damaged."""
    return _read(root)["carried"]


def read_imported(root: Path) -> Mapping[str, Carried]:
    """What came into a root in parcels, by epoch. Raises SpoolError where the file is damaged."""
    return _read(root)["imported"]


def carried_up_to(directory: Path) -> int:
    """The last seq of an epoch that went by hand and was given up here, 0 for none."""
    carried = read_carried(directory.parent).get(directory.name)
    return min(carried.last_seq, read_position(directory).acknowledged_seq) if carried else 0


def note_carried(root: Path, epochs: Mapping[str, Carried]) -> None:
    """Store durably that epochs go by hand; raises OSError."""
    _note(root, "carried", epochs)


def note_imported(root: Path, epochs: Mapping[str, Carried]) -> None:
    """Store durably that epochs came by hand; raises OSError."""
    _note(root, "imported", epochs)


def _note(root: Path, what: str, epochs: Mapping[str, Carried]) -> None:
    stored = _read(root)
    merged = {**stored[what], **epochs}
    stored[what] = dict(sorted(merged.items())[-MAX_EPOCHS:])
    plain = {name: {epoch: asdict(one) for epoch, one in part.items()} for name, part in stored.items()}
    replace_file(root / CARRIED_NAME, json.dumps(plain).encode())


def _read(root: Path) -> dict[str, dict[str, Carried]]:
    path = root / CARRIED_NAME
    try:
        stored = json.loads(path.read_text())
        return {
            what: {
                str(epoch): Carried(int(one["acknowledged_seq"]), int(one["last_seq"]))
                for epoch, one in stored.get(what, {}).items()
            }
            for what in ("carried", "imported")
        }
    except FileNotFoundError:
        return {"carried": {}, "imported": {}}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise SpoolError(
            f"{path} is damaged ({error}): import the parcels that went from here, then delete it"
        ) from error
