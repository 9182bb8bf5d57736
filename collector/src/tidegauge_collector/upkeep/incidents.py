"""What befell the stores and what was done about it: `incidents.jsonl` in the data directory, one line each, the newest last."""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

NAME = "incidents.jsonl"
KEPT = 200


@dataclass(frozen=True, slots=True)
class Incident:
    """A store was damaged, lost or put back at `at_us`.

    `done`: what was done. `set_aside`: names of the damaged files. `backup`: the backup that was put in place, if one was.
    `hole_from_us`, `hole_to_us`: what was received between them may be missing (None for from: since ever; both None: nothing is).
    """

    at_us: int
    store: str
    reason: str
    done: str
    set_aside: tuple[str, ...] = ()
    backup: str | None = None
    hole_from_us: int | None = None
    hole_to_us: int | None = None

    @property
    def has_hole(self) -> bool:
        """Whether something may be missing."""
        return self.hole_to_us is not None


def note(data: Path, incident: Incident) -> None:
    """Add an incident, durably."""
    lines = [*_lines(data), json.dumps(asdict(incident))][-KEPT:]
    temporary = data / f"{NAME}.tmp"
    with temporary.open("w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(data / NAME)


def incidents(data: Path) -> list[Incident]:
    """All that is noted, oldest first; a line that is none is left out."""
    found = []
    for line in _lines(data):
        try:
            fields: dict[str, Any] = json.loads(line)
            found.append(Incident(**(fields | {"set_aside": tuple(fields["set_aside"])})))
        except (ValueError, TypeError, KeyError):
            continue
    return found


def _lines(data: Path) -> list[str]:
    try:
        return [line for line in (data / NAME).read_text(encoding="utf-8", errors="replace").splitlines() if line]
    except FileNotFoundError:
        return []
