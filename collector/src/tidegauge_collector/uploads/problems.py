"""What is wrong with rows: the first 20 told with row, column, value and fix, all counted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tidegauge_collector.uploads.errors import UploadRefused

MAX_TOLD = 20
_VALUE_CHARACTERS = 80

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Problem:
    """One wrong value; `row` counts from 1, a header not included."""

    row: int
    column: str
    value: str
    fix: str

    def as_json(self) -> dict[str, Any]:
        """As it is answered."""
        return {"row": self.row, "column": self.column, "value": self.value, "fix": self.fix}


class Problems:
    """Of one request."""

    def __init__(self) -> None:
        self.told: list[Problem] = []
        self.bad_rows = 0

    def add(self, row: int, column: str, value: object, fix: str) -> None:
        """Tell of a wrong value, while there is room."""
        if len(self.told) < MAX_TOLD:
            self.told.append(Problem(row, column, repr(value)[:_VALUE_CHARACTERS], fix))

    def as_json(self) -> list[dict[str, Any]]:
        """Those that are told, by row."""
        return [one.as_json() for one in sorted(self.told, key=lambda one: (one.row, one.column))]

    def refuse(self) -> None:
        """Raise UploadRefused where there is any."""
        if self.bad_rows or self.told:
            first = self.as_json()[0]
            raise UploadRefused(
                f"{self.bad_rows} row(s) are wrong, nothing is stored; the first: row {first['row']}, column "
                f"{first['column']!r}, value {first['value']}: {first['fix']}. Or say on_error=skip",
                self.as_json(),
            )


class BatchProblems:
    """Those of one batch, whose rows have these `numbers`; `bad` marks the rows."""

    def __init__(self, problems: Problems, numbers: npt.NDArray[np.int64]) -> None:
        self._problems = problems
        self._numbers = numbers
        self.bad: Mask = np.zeros(len(numbers), dtype=bool)

    def add(self, row: int, column: str, value: object, fix: str) -> None:
        """Note a wrong value; `row` counts within the batch, from 0."""
        self.bad[row] = True
        self._problems.add(int(self._numbers[row]), column, value, fix)

    def finish(self) -> Mask:
        """Count the bad rows of the batch; the mask of the good ones."""
        self._problems.bad_rows += int(np.count_nonzero(self.bad))
        return ~self.bad
