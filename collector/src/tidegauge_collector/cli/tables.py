"""What commands print: columns, colours where somebody looks, and no text of a stranger that steers a terminal."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from tidegauge_collector.cli.terminal import plain

_COLOURS = {"+": "32", "~": "33", "-": "31", "bold": "1", "dim": "2"}


def coloured(text: str, kind: str) -> str:
    """The text in the colour of `+`, `~`, `-`, bold or dim; as it is where the output is no terminal, or NO_COLOR is set."""
    if not sys.stdout.isatty() or os.environ.get("NO_COLOR"):
        return text
    return f"\x1b[{_COLOURS[kind]}m{text}\x1b[0m"


def plain_text(value: object) -> str:
    """A value for a terminal: nothing in it steers, and it ends."""
    text = "-" if value is None or value == "" else str(value)
    return plain(text)[:160]


def print_table(rows: Sequence[Sequence[object]], *, indent: str = "") -> None:
    """Rows in columns, the first is the header."""
    cells = [[plain_text(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for number, row in enumerate(cells):
        line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        print(indent + (coloured(line, "dim") if number == 0 else line))


def confirmed(question: str) -> bool:
    """Whether somebody at a terminal says yes."""
    try:
        return input(f"{question} [y/N] ").strip().lower() in {"y", "yes"}
    except EOFError:
        return False
