"""Progress of a long command: one line that is written over on a terminal, nothing where nobody looks."""

from __future__ import annotations

import sys


class Progress:
    """Call it with what is done, how far, and of how much; `end` leaves a clean line."""

    def __init__(self) -> None:
        self._shown = ""

    def __call__(self, what: str, done: int, total: int) -> None:
        line = f"{what} {100 * done // max(total, 1):3d} %"
        if sys.stderr.isatty() and line != self._shown:
            print(f"\r{line:<60}", end="", file=sys.stderr, flush=True)
            self._shown = line

    def told(self, line: str) -> None:
        """Take a line `WHAT DONE TOTAL` of a running collector."""
        what, *numbers = line.rsplit(" ", 2)
        if len(numbers) == 2 and all(one.isdigit() for one in numbers):
            self(what, int(numbers[0]), int(numbers[1]))

    def end(self) -> None:
        if self._shown:
            print("\r" + " " * 60, end="\r", file=sys.stderr, flush=True)
