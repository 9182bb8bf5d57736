"""At which level each part of an asked window is read: whole local days from the days, the rest from settled windows; deltas that are
not settled yet always.

A row counts in every asked window that holds the start of its own: the grid's windows are never split.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import numpy as np

from tidegauge.core.windows import HOUR_US, Window, day_start, next_day
from tidegauge_collector.telemetry.selecting import span
from tidegauge_collector.telemetry.store import Array, Table

SHORTEST_DAY_US = 22 * HOUR_US
Piece = tuple[int, Window]
"""Position of an asked window (`slot`), and the part of it."""


@dataclass(frozen=True, slots=True)
class Pieces:
    """The parts of asked windows by level."""

    fresh: tuple[Piece, ...]
    settled: tuple[Piece, ...]
    day: tuple[Piece, ...]

    def bounds(self) -> dict[str, int]:
        """`LEVEL_from_us` and `LEVEL_until_us`: between them lie all parts of a level."""
        found: dict[str, int] = {}
        for level in ("fresh", "settled", "day"):
            whole = span([window for _, window in getattr(self, level)])
            found |= {f"{level}_from_us": whole.start_us, f"{level}_until_us": whole.end_us}
        return found


def cut(windows: Sequence[Window], zone: str | None) -> Pieces:
    """The pieces of some windows; `zone` is the one that the days were cut in, None where there are no days yet."""
    fresh = tuple(enumerate(windows))
    if zone is None:
        return Pieces(fresh, fresh, ())
    settled: list[Piece] = []
    day: list[Piece] = []
    info = ZoneInfo(zone)
    for slot, window in fresh:
        days = _whole_days(window, info)
        if days is None:
            settled.append((slot, window))
            continue
        day.append((slot, days))
        settled += [(slot, part) for part in _outside(window, days)]
    return Pieces(fresh, tuple(settled), tuple(day))


def slots_table(pieces: Sequence[Piece], starts: Array) -> Table:
    """For each window start (sorted) the slots of the pieces that hold it."""
    lows = np.array([one.start_us for _, one in pieces], dtype=np.int64)
    highs = np.array([one.end_us for _, one in pieces], dtype=np.int64)
    numbers = np.array([slot for slot, _ in pieces], dtype=np.int64)
    first, end = np.searchsorted(starts, lows), np.searchsorted(starts, highs)
    lengths = np.maximum(end - first, 0)
    within = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths) + np.repeat(first, lengths)
    return {"window_start_us": starts[within], "slot": np.repeat(numbers, lengths)}


def _whole_days(window: Window, zone: ZoneInfo) -> Window | None:
    if window.end_us - window.start_us < SHORTEST_DAY_US:
        return None
    first = day_start(window.start_us, zone)
    first = first if first == window.start_us else next_day(first, zone)
    last = day_start(window.end_us, zone)
    return Window(first, last) if first < last else None


def _outside(window: Window, days: Window) -> Iterator[Window]:
    if window.start_us < days.start_us:
        yield Window(window.start_us, days.start_us)
    if days.end_us < window.end_us:
        yield Window(days.end_us, window.end_us)
