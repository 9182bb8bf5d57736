"""Crash points do nothing unless one is armed; an armed one ends the process as kill -9 does."""

import re
import subprocess
import sys
from pathlib import Path

import tidegauge.shipper
import tidegauge.spool
from tidegauge.spool.crash_points import CRASH_POINTS, EXIT_CODE, armed

DIE = "from tidegauge.spool.crash_points import crash_here\nfor n in range(3): crash_here('merge.named'); print(n, flush=True)"


def test_unarmed_points_are_passed() -> None:
    nothing = armed("")

    assert [nothing(point) for point in CRASH_POINTS] == [None] * len(CRASH_POINTS)
    assert armed("merge.named") is not nothing


def test_an_armed_point_ends_the_process_at_the_stated_time() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", DIE],
        env={"TIDEGAUGE_CRASH_AT": "merge.named:2", "PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (ended.returncode, ended.stdout) == (EXIT_CODE, "0\n")


def test_every_point_is_somewhere_in_the_code_and_every_one_there_is_listed() -> None:
    folders = [Path(package.__file__ or "").parent for package in (tidegauge.spool, tidegauge.shipper)]
    code = "".join(path.read_text() for folder in folders for path in folder.glob("*.py"))

    assert sorted(re.findall(r'crash_here\("([a-z._]+)"\)', code)) == sorted(CRASH_POINTS)
