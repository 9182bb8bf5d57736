"""When a root is looked at, and that a clock that steps drops nothing."""

import os
from pathlib import Path

from tidegauge.spool import Record, SpoolWriter
from tidegauge.spool.quota import AGE_GRACE_S, LOOK_EVERY_S, Keeper, Limits
from tidegauge.spool.segment import list_segments

DAY_S = 86_400.0
NOW_NS = 1_700_000_000 * 10**9


class Clocks:
    """Wall and running time, as the test sets them."""

    def __init__(self) -> None:
        self.wall = NOW_NS
        self.running = 50.0

    def pass_by(self, seconds: float) -> None:
        self.wall += int(seconds * 1e9)
        self.running += seconds


def one_row(_: Record) -> int:
    return 1


def a_keeper(root: Path, clocks: Clocks) -> Keeper:
    limits = Limits(quota_bytes=None, max_age_s=7 * DAY_S, rows_of=one_row)
    return Keeper(root, limits, wall_ns=lambda: clocks.wall, monotonic_s=lambda: clocks.running)


def a_segment(root: Path, *, age_s: float) -> None:
    """A closed epoch of one frame, last written so long before NOW."""
    writer = SpoolWriter(root, quota_bytes=None)
    writer.append(1, b"frame")
    writer.close()
    (segment,) = list_segments(writer.directory)
    os.utime(segment.path, ns=(0, NOW_NS - int(age_s * 1e9)))


def test_what_is_older_than_the_limit_goes_once_the_process_has_run_for_an_hour(tmp_path: Path) -> None:
    clocks = Clocks()
    a_segment(tmp_path, age_s=7 * DAY_S + 60)
    a_segment(tmp_path, age_s=6 * DAY_S)
    keeper = a_keeper(tmp_path, clocks)

    keeper.keep()
    at_once = keeper.age_rows
    clocks.pass_by(AGE_GRACE_S)
    keeper.keep()

    assert (at_once, keeper.age_rows) == (0, 1)


def test_a_step_of_the_clock_drops_nothing(tmp_path: Path) -> None:
    clocks = Clocks()
    a_segment(tmp_path, age_s=DAY_S)
    keeper = a_keeper(tmp_path, clocks)

    clocks.wall += int(365 * DAY_S * 1e9)
    clocks.pass_by(AGE_GRACE_S)
    keeper.keep()

    assert keeper.age_rows == 0


def test_a_root_is_looked_at_every_hour_whatever_is_written(tmp_path: Path) -> None:
    clocks = Clocks()
    keeper = a_keeper(tmp_path, clocks)

    first = keeper.is_due()
    keeper.keep()
    at_once = keeper.is_due()
    clocks.pass_by(LOOK_EVERY_S)

    assert (first, at_once, keeper.is_due()) == (True, False, True)
