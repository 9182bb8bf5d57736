"""Collectors that start at once: everything is imported once, then a life is forked for each line of JSON on standard input.

    {"do": "start", "arguments": [...], "output": "FILE", …}   -> its process id
    {"do": "wait", "pid": n}                                   -> its exit code

What else a start may say: "crash_at": a crash point; "dies": [STEP, COUNT] of `mortal.py`; "migrations": how many steps of one to
come; "in_a_hurry": timers run hundreds of times faster, so that checkpoints, compaction and backups happen while a test looks on.
"""

import json
import os
import sys
from typing import Any

import mortal
from apscheduler.schedulers.asyncio import AsyncIOScheduler

import tidegauge_collector.app  # noqa: F401 - what takes long to import
import tidegauge_collector.telemetry.store as store_module
from tidegauge_collector import crash_points
from tidegauge_collector.cli import main
from tidegauge_collector.telemetry.migrations import Migration, known_migrations
from tidegauge_collector.upkeep import housekeeping

HURRY = 400.0
ALL = known_migrations()


def hurry() -> None:
    """Timers in a hurry; backups each half second where they are set to the least."""
    add_job = AsyncIOScheduler.add_job

    def soon(self: Any, work: Any, trigger: str, *, seconds: float, **options: Any) -> Any:
        return add_job(self, work, trigger, seconds=max(0.1, seconds / HURRY), **options)

    AsyncIOScheduler.add_job = soon
    housekeeping.HOUR_US = 50_000_000


def newer(count: int) -> tuple[Migration, ...]:
    """The migrations that are known, and so many steps of one to come."""
    steps = tuple(f"CREATE TABLE to_come_{n} (a INTEGER)" for n in range(count))
    return (*ALL, Migration(9_000, steps)) if count else ALL


def live(wish: dict[str, Any]) -> None:
    """One life; does not return."""
    output = os.open(wish["output"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.close(0)
    crash_points.arm(wish.get("crash_at", ""))
    if "dies" in wish:
        mortal.arm(*wish["dies"])
    if "migrations" in wish:
        store_module.known_migrations = lambda: newer(wish["migrations"])
    if wish.get("in_a_hurry"):
        hurry()
    code = 70
    try:
        code = main(wish["arguments"])
    except BaseException as problem:  # noqa: BLE001 - the end of a process
        print(f"the life ended with {problem!r}", file=sys.stderr)
        code = getattr(problem, "exit_code", 1)
    finally:
        sys.stdout.flush()
        os._exit(code)


def serve() -> None:
    for line in sys.stdin:
        wish = json.loads(line)
        if wish["do"] == "wait":
            print(os.waitstatus_to_exitcode(os.waitpid(wish["pid"], 0)[1]), flush=True)
            continue
        pid = os.fork()
        if pid == 0:
            live(wish)
        print(pid, flush=True)


if __name__ == "__main__":
    serve()
