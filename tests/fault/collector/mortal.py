"""A collector that kills itself, as kill -9 does, before or after a step of its jobs."""

import os
import signal
from typing import Any


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
    """Have this process die at a point, "before STEP" or "after STEP", when it is there for the `count`-th time."""
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
