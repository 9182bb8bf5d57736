"""Data quality on plain values: shares of unusable rows, constant columns, changed schemas, volumes against their usual week."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta, tzinfo
from statistics import median

import numpy as np
import numpy.typing as npt

from tidegauge.core.bins import Bin, BinKind
from tidegauge.core.windows import Window, to_datetime, to_us

WEEKS = 4
"""Earlier weeks that a volume is held against."""
LEAST_WEEKS = 2


def share(counts: npt.ArrayLike, chosen: npt.ArrayLike) -> float | None:
    """Share of all rows that lie in the chosen bins; None without rows.

    >>> share([2, 3, 5], [True, False, False])
    0.2
    """
    found = np.asarray(counts, dtype=np.int64)
    total = int(found.sum())
    return int(found[np.asarray(chosen, dtype=np.bool_)].sum()) / total if total else None


def unseen_bins(labels: Sequence[Bin]) -> list[bool] | None:
    """Which bins hold values that the baseline never saw as such; None where no bin is kept for them."""
    chosen = [one.kind is BinKind.NEW for one in labels]
    return chosen if any(chosen) else None


def outer_bins(labels: Sequence[Bin]) -> list[bool] | None:
    """Which bins lie outside the baseline's range (of stated edges: before the first, from the last on); None where there are none."""
    axis = (BinKind.BELOW, BinKind.INTERVAL, BinKind.ABOVE)
    chosen = [one.kind in axis and (one.lower is None or one.upper is None) for one in labels]
    return chosen if any(chosen) else None


def is_constant(categories: Collection[str], *, unnamed: int, overflow: int) -> bool | None:
    """Whether usable rows hold one value only, from the different names seen, `unnamed` rows of other known names and `overflow` rows
    whose names were not kept. None where that cannot be told, or there are no rows.

    >>> is_constant({"a"}, unnamed=0, overflow=0), is_constant({"a"}, unnamed=3, overflow=0), is_constant((), unnamed=3, overflow=0)
    (True, False, None)
    """
    if len(categories) > 1 or (categories and unnamed) or overflow:
        return False
    return True if categories else None


@dataclass(frozen=True, slots=True)
class SchemaChange:
    """Columns that came and went, sorted."""

    came: tuple[str, ...]
    went: tuple[str, ...]

    @property
    def count(self) -> int:
        return len(self.came) + len(self.went)


def schema_change(before: Collection[str], now: Collection[str]) -> SchemaChange:
    """From the columns that held something before to those that do now."""
    return SchemaChange(tuple(sorted(set(now) - set(before))), tuple(sorted(set(before) - set(now))))


def changed_share(rows_by_kind: Mapping[str, int], expected: str) -> float | None:
    """Share of the usable rows that are of another kind than the expected; None without rows.

    >>> changed_share({"numeric": 3, "categorical": 1}, "numeric")
    0.25
    """
    total = sum(rows_by_kind.values())
    return (total - rows_by_kind.get(expected, 0)) / total if total else None


@dataclass(frozen=True, slots=True)
class Volume:
    """A volume as a multiple of its usual one, the median of the `earlier` weeks; None with a reason."""

    ratio: float | None
    reason: str | None
    usual: float | None
    earlier: tuple[int, ...]


def against_usual(volume: int, earlier: Sequence[int]) -> Volume:
    """Hold a volume against those of the same hours of earlier weeks that are known.

    >>> against_usual(30, [10, 40, 20, 20]).ratio
    1.5
    >>> against_usual(30, [10]).reason, against_usual(30, [0, 0]).reason
    ('too_few_windows', 'not_applicable')
    """
    if len(earlier) < LEAST_WEEKS:
        return Volume(None, "too_few_windows", None, tuple(earlier))
    usual = float(median(earlier))
    if usual <= 0:
        return Volume(None, "no_rows" if not volume else "not_applicable", usual, tuple(earlier))
    return Volume(volume / usual, None, usual, tuple(earlier))


def earlier_weeks(window: Window, zone: tzinfo) -> list[Window]:
    """The same local hours of the four weeks before, the nearest first; a week whose clock leaves them out is left out."""
    found = []
    for week in range(1, WEEKS + 1):
        start, end = (_weeks_before(at, week, zone) for at in (window.start_us, window.end_us))
        if start < end:
            found.append(Window(start, end))
    return found


def _weeks_before(time_us: int, weeks: int, zone: tzinfo) -> int:
    local = to_datetime(time_us).astimezone(zone)
    return to_us((local.replace(tzinfo=None) - timedelta(weeks=weeks)).replace(tzinfo=zone, fold=local.fold))
