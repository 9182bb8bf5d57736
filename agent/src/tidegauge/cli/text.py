"""How numbers and tables are written for people. Whatever comes from a spool is made harmless to a terminal first."""

import json
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

_NUMBER = re.compile(r"-?|-?[\d,.]+( [A-Za-z]+)?")
_AGES = ((86_400, "d"), (3_600, "h"), (60, "min"))


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Columns under a header; numbers to the right, everything else to the left."""
    lines = [list(header), *([printable(cell) for cell in row] for row in rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(header))]
    is_number = [all(_NUMBER.fullmatch(line[i]) for line in lines[1:]) for i in range(len(header))]
    return "\n".join(
        "  ".join(
            cell.rjust(w) if right else cell.ljust(w) for cell, w, right in zip(line, widths, is_number, strict=True)
        ).rstrip()
        for line in lines
    )


def printable(text: str) -> str:
    """The text with control and other invisible characters spelled out."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


def size(size_bytes: int) -> str:
    """A number of bytes, short."""
    value = float(size_bytes)
    for unit in ("B", "KiB", "MiB"):
        if value < 1024:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1024
    return f"{value:.1f} GiB"


def age(seconds: float | None) -> str:
    """A length of time, short."""
    if seconds is None:
        return "-"
    for length, unit in _AGES:
        if abs(seconds) >= length:
            return f"{seconds / length:.1f} {unit}"
    return f"{seconds:.0f} s"


def counts(numbers: Mapping[str, int]) -> str:
    """`3 quota, 1 corrupt`, or `-`."""
    return ", ".join(f"{count:,} {name}" for name, count in sorted(numbers.items()) if count) or "-"


def print_json(value: Any) -> None:
    """One JSON document on standard output."""
    print(json.dumps(value, indent=2))  # ASCII: whatever names hold, a terminal takes no harm


def is_watched() -> bool:
    """Say whether a person sees standard error."""
    return sys.stderr.isatty()


class Progress:
    """How far a long reading is, on standard error where a person sees it. Called with the bytes read since the last time."""

    def __init__(self, what: str, step_bytes: int = 64 * 1024 * 1024) -> None:
        self._what = what
        self._step = step_bytes
        self._done = 0

    def __call__(self, size_bytes: int) -> None:
        before, self._done = self._done, self._done + size_bytes
        if self._done // self._step > before // self._step and is_watched():
            print(f"\r{self._what}: {size(self._done)}", end="", file=sys.stderr, flush=True)

    def end(self) -> None:
        """Leave the line."""
        if self._done >= self._step and is_watched():
            print(file=sys.stderr)
