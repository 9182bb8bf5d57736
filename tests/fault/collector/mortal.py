"""The collector's command, killed as by kill -9 where it is told: `mortal.py POINT COUNT serve …`.

A point is "before NAME" or "after NAME" of a step of its jobs; it dies at the COUNT-th time. Point "never" runs as usual.
"""

import os
import signal
import sys
from typing import Any

from tidegauge_collector.cli import main


def steps() -> dict[str, tuple[Any, str]]:
    """Where each step is called, and by which name."""
    from tidegauge_collector.control import ControlStore
    from tidegauge_collector.jobs import folding, judging

    return {
        "fold": (folding, "fold"),
        "alerts": (ControlStore, "record_transitions"),
        "judgements": (judging, "append_judgements"),
    }


def arm(point: str, count: int) -> None:
    """Have the process die at a step."""
    when, _, step = point.partition(" ")
    owner, name = steps()[step]
    real = getattr(owner, name)
    left = [count]

    def deadly(*arguments: Any, **options: Any) -> Any:
        left[0] -= 1
        if when == "before" and left[0] <= 0:
            os.kill(os.getpid(), signal.SIGKILL)
        result = real(*arguments, **options)
        if when == "after" and left[0] <= 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    setattr(owner, name, deadly)


if __name__ == "__main__":
    if sys.argv[1] != "never":
        arm(sys.argv[1], int(sys.argv[2]))
    sys.exit(main(sys.argv[3:]))
