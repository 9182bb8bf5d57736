"""The collector with its fold measured: `profiled_serve.py FILE serve-arguments…` writes FILE and FILE.txt when it ends.

FILE     the fold's profile of the jobs' thread, for pstats
FILE.txt the same as text, and the processor time of each thread by its name
"""

import contextlib
import cProfile
import io
import pstats
import sys
import threading
import time
from pathlib import Path
from typing import Any

from tidegauge_collector.cli import main
from tidegauge_collector.jobs.folding import Folding
from tidegauge_collector.jobs.judging import Judging

ROWS = 45
_CLOCKS: dict[str, float] = {}


def measured(owner: Any, name: str, profile: cProfile.Profile) -> None:
    """Profile a method, which one thread calls."""
    real = getattr(owner, name)

    def wrapper(*arguments: Any, **options: Any) -> Any:
        profile.enable()
        try:
            return real(*arguments, **options)
        finally:
            profile.disable()

    setattr(owner, name, wrapper)


def note_threads() -> None:
    """Remember, once a second, what each thread has used."""
    while True:
        for thread in threading.enumerate():
            with contextlib.suppress(OSError, IndexError):
                text = Path(f"/proc/self/task/{thread.native_id}/stat").read_text().rsplit(")", 1)[1].split()
                _CLOCKS[thread.name] = (int(text[11]) + int(text[12])) / 100
        time.sleep(1.0)


if __name__ == "__main__":
    file = Path(sys.argv[1])
    profile = cProfile.Profile()
    measured(Folding, "fold_some", profile)
    measured(Judging, "judge_some", profile)
    threading.Thread(target=note_threads, daemon=True).start()
    code = main(["serve", *sys.argv[2:]])
    profile.dump_stats(file)
    out = io.StringIO()
    for order in ("cumulative", "tottime"):
        pstats.Stats(profile, stream=out).strip_dirs().sort_stats(order).print_stats(ROWS)
    clocks = sorted(_CLOCKS.items(), key=lambda one: -one[1])
    lines = [f"{seconds:9.2f} s  {name}" for name, seconds in clocks if seconds > 0.05]
    file.with_name(file.name + ".txt").write_text("\n".join([*lines, out.getvalue()]))
    sys.exit(code)
