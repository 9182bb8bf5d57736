"""A sensor that reports in other units for a while: what `--shift COLUMN:FROM:TO` does to the flights."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import pandas as pd

OTHER_UNITS = {"distance": ("kilometres for miles", 1.609344), "scheduled_minutes": ("seconds for minutes", 60.0)}
DEFAULT_SHIFT = "distance:2013-09-01:2013-10-01"


@dataclass(frozen=True, slots=True)
class Shift:
    """`column` in other units on the days from `start` on, up to but without `end` (days of New York)."""

    column: str
    start: date
    end: date

    @property
    def units(self) -> str:
        """What the sensor says in words."""
        return OTHER_UNITS[self.column][0]

    @property
    def factor(self) -> float:
        return OTHER_UNITS[self.column][1]

    def __str__(self) -> str:
        return f"{self.column}:{self.start}:{self.end}"


def parse_shift(text: str) -> Shift:
    """Read COLUMN:FROM:TO; ValueError says what is wrong and what would be right."""
    try:
        column, start, end = text.split(":")
        shift = Shift(column, date.fromisoformat(start), date.fromisoformat(end))
    except ValueError as error:
        raise ValueError(f"shift {text!r} is not COLUMN:FROM:TO, e.g. {DEFAULT_SHIFT}") from error
    if column not in OTHER_UNITS:
        raise ValueError(f"shift column {column!r} has no other units: use {' or '.join(OTHER_UNITS)}")
    if shift.start >= shift.end:
        raise ValueError(f"shift {text!r} ends before it begins: TO is the first day without the shift")
    return shift


def apply_shift(rows: pd.DataFrame, shift: Shift) -> pd.DataFrame:
    """The same flights, the column in other units on the days of the shift."""
    shifted = rows.copy()
    inside = (rows["day"] >= pd.Timestamp(shift.start)) & (rows["day"] < pd.Timestamp(shift.end))
    shifted.loc[inside, shift.column] = rows.loc[inside, shift.column] * shift.factor
    return shifted
