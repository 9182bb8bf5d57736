"""Why an alert may have opened, from what was judged of its deployment at the same time: what moved most, and where it is worst."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

SHOWN_COLUMNS = 5


@dataclass(frozen=True, slots=True)
class Moved:
    """How far a column of a segment has moved from the baseline."""

    column: str
    segment: str
    value: float


@dataclass(frozen=True, slots=True)
class Mover:
    """A column with what it moved, and how much the model makes of it (adds up to 1 over all; None: not known)."""

    column: str
    value: float
    importance: float | None


@dataclass(frozen=True, slots=True)
class Explanation:
    """The columns that moved most, weighted by importance, and the segment in which one moved most of all."""

    columns: tuple[Mover, ...] = ()
    segment: Moved | None = None

    def as_json(self) -> dict[str, Any]:
        """As messages and the API show it."""
        worst = self.segment
        return {
            "columns": [{"column": o.column, "value": o.value, "importance": o.importance} for o in self.columns],
            "segment": None
            if worst is None
            else {"segment": worst.segment, "column": worst.column, "value": worst.value},
        }


def explain(moved: Iterable[Moved], importance: Mapping[str, float]) -> Explanation:
    """What explains most. Where no importance is known all columns count alike; the model's own answers are no reason."""
    rows = [one for one in moved if one.value > 0 and not one.column.startswith("_")]
    known = bool(importance)
    movers = [
        Mover(one.column, one.value, importance.get(one.column, 0.0) if known else None)
        for one in rows
        if not one.segment
    ]
    movers.sort(key=lambda one: (-one.value * (1.0 if one.importance is None else one.importance), one.column))
    apart = [one for one in rows if one.segment]
    worst = max(
        apart,
        key=lambda one: (one.value * importance.get(one.column, 0.0 if known else 1.0), one.segment),
        default=None,
    )
    return Explanation(tuple(movers[:SHOWN_COLUMNS]), worst)
