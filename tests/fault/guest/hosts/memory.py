"""How much memory a service takes: `memory.py WHAT WITH_AGENT AMOUNT` prints its peak and its size in the end, in KiB, as JSON.

With the agent or without, it has loaded what a service has that speaks HTTP and computes with numpy.

categories    AMOUNT values of each of three columns, none of them twice, in batches; before them a quarter of that singly, as fast
              as it goes, which is too fast
week          AMOUNT times ten seconds, sealed each time, with the collector away and the spool over its quota
"""

import http.server
import json
import ssl
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

WHAT, WITH_AGENT, AMOUNT = sys.argv[1], sys.argv[2] == "yes", int(sys.argv[3])
BATCH = 1_000
Row = dict[str, Any]
_real_ns = time.time_ns
_ahead_ns = 0


def model(rows: list[Row] | Row) -> list[float]:
    """The model: it looks at a few numbers."""
    return [row["n0"] * 0.5 for row in rows] if isinstance(rows, list) else [rows["n0"] * 0.5]


def row(number: int) -> Row:
    """25 features: three of names that never come again, 22 numbers."""
    return {f"user{k}": f"user-{k}-{number:012d}" for k in range(3)} | {f"n{k}": number * 0.001 * k for k in range(22)}


def categories(predict: Callable[..., Any], agent: Any) -> None:
    """Rows one by one, then in batches, of which none is dropped."""
    for number in range(AMOUNT // 4):
        predict(row(AMOUNT + number))
    for start in range(0, AMOUNT, BATCH):
        rows = [row(number) for number in range(start, start + BATCH)]
        answers = model(rows)
        if agent is not None:
            agent.record(rows, answers)


def week(predict: Callable[..., Any], agent: Any) -> None:
    """Ten seconds again and again: some calls, and what the worker would do in that time."""
    global _ahead_ns  # noqa: PLW0603 - the clock of this simulation
    for tick in range(AMOUNT):
        for number in range(20):
            predict(row(tick * 20 + number))
        _ahead_ns += 10_000_000_000
        if agent is not None:
            runtime = agent._capture.runtime
            with runtime.locked():
                runtime.relieve()
                runtime._seal(profiles=tick % 6 == 5)


def size_kib(name: str) -> int:
    """A line of /proc/self/status."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(name):
            return int(line.split()[1])
    raise KeyError(name)


def main() -> None:
    """Run, and print what it took."""
    assert np.unique(np.arange(10)).sum() > 0  # loads numpy.ma, too
    assert http.server
    assert ssl
    agent, predict = None, model
    if WITH_AGENT:
        time.time_ns = lambda: _real_ns() + _ahead_ns
        import tidegauge  # here: the bare service has none

        agent = tidegauge.init("guest", version="v1", spool_quota_bytes=16 * 1024 * 1024)
        predict = agent.watch(model)
    {"categories": categories, "week": week}[WHAT](predict, agent)
    if agent is not None:
        agent.flush()
    told = agent.status() if agent is not None else {}
    print(json.dumps({"peak": size_kib("VmHWM"), "end": size_kib("VmRSS"), "status": told}))


main()
