"""However a process ends: what was flushed is there, and what can still be sealed is sealed."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import agent_frames as view
import pytest

from tidegauge.shipper.destination import read_destination

HEAD = """
import os, signal, sys, threading
import tidegauge

agent = tidegauge.init("flights-delay", version="v1", spool=sys.argv[1], shipper="none")
root = agent.settings.root

@agent.watch
def predict(row):
    return row["x"] * 0.5

for i in range(100):
    predict({"x": float(i)})
"""


def run(script: str, spool: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *options, "-c", HEAD + script, str(spool)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def frames_below(spool: Path, spool_reader: Callable[[Path], list[Any]]) -> list[Any]:
    return [one.frame for root in spool.iterdir() for one in spool_reader(root)]


def test_kill_9_right_after_flush_keeps_everything(tmp_path: Path, spool_reader: Any) -> None:
    ended = run("agent.flush(); os.kill(os.getpid(), signal.SIGKILL)", tmp_path)

    assert ended.returncode == -signal.SIGKILL
    frames = frames_below(tmp_path, spool_reader)
    assert view.column(frames, "x").rows == 100
    assert view.column(frames, "_latency", length_s=view.MINUTE_S).rows == 100


def test_kill_9_after_a_flush_loses_only_what_came_later(tmp_path: Path, spool_reader: Any) -> None:
    run("agent.flush(); [predict({'x': 1.0}) for _ in range(50)]; os._exit(9)", tmp_path)

    assert view.column(frames_below(tmp_path, spool_reader), "x").rows == 100


@pytest.mark.parametrize(
    ("script", "code"),
    [
        ("", 0),
        ("sys.exit(3)", 3),
        ("raise RuntimeError('the host fails')", 1),
        ("threading.Thread(target=lambda: sys.exit(5)).start()", 0),
        ("threading.Thread(target=lambda: [predict({'x': 1.0}) for _ in range(10)] and None).start()", 0),
        ("import atexit; atexit.register(predict, {'x': 1.0})", 0),
        ("signal.signal(signal.SIGTERM, lambda *_: sys.exit(0)); os.kill(os.getpid(), signal.SIGTERM)", 0),
    ],
    ids=["end", "sys.exit", "unhandled", "sys.exit in a thread", "thread at work", "call at exit", "SIGTERM handled"],
)
def test_a_process_that_ends_without_flush_seals_everything(
    tmp_path: Path, spool_reader: Any, script: str, code: int
) -> None:
    ended = run(script, tmp_path)

    assert ended.returncode == code, ended.stderr
    assert "tidegauge" not in ended.stderr.replace(str(tmp_path), "")
    frames = frames_below(tmp_path, spool_reader)
    assert view.column(frames, "x").rows >= 100
    assert view.profiles(frames)[-1].window_closed


def test_an_epoch_that_ended_well_says_so_and_one_that_was_killed_does_not(tmp_path: Path) -> None:
    for number, script in enumerate(("", "agent.flush(); os._exit(9)")):
        run(script, tmp_path / str(number))

    closed = [bool(list((tmp_path / str(number)).glob("*/*/closed"))) for number in range(2)]
    assert closed == [True, False]


def test_a_process_that_only_imports_and_inits_leaves_nothing_behind(tmp_path: Path) -> None:
    script = (
        "import sys, tidegauge; tidegauge.init('d', spool=sys.argv[1]); print(__import__('threading').active_count())"
    )

    ended = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, timeout=120, check=False
    )

    assert (ended.returncode, ended.stdout.strip(), ended.stderr) == (0, "1", "")
    assert list(tmp_path.iterdir()) == []


def test_importing_loads_nothing_heavy_and_tells_how_long_it_took() -> None:
    script = """
import sys, time
import numpy
started = time.perf_counter()
import tidegauge
took = time.perf_counter() - started
heavy = {"grpc", "duckdb", "scipy", "pandas", "sklearn", "asyncio", "multiprocessing", "sqlite3"} & set(sys.modules)
print(f"{took:.3f} s over numpy", sorted(heavy))
"""
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120, check=True)

    print(ended.stdout)
    assert ended.stdout.strip().endswith("[]")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize(
    "script",
    [
        """
pid = os.fork()
if pid == 0:
    for i in range(30):
        predict({"x": -1.0})
    agent.flush()
    os._exit(0)
os.waitpid(pid, 0)
""",
        """
import multiprocessing
def child():
    for i in range(30):
        predict({"x": -1.0})
process = multiprocessing.get_context("fork").Process(target=child)
process.start(); process.join()
""",
        """
agent.flush()
pids = []
for _ in range(3):
    pid = os.fork()
    if pid == 0:
        for i in range(10):
            predict({"x": -1.0})
        sys.exit(0)
    pids.append(pid)
for pid in pids:
    os.waitpid(pid, 0)
""",
        """
with agent._capture.runtime.locked():
    pid = os.fork()
    if pid == 0:
        for i in range(30):
            predict({"x": -1.0})
        agent.flush()
        os._exit(0)
os.waitpid(pid, 0)
""",
    ],
    ids=["os.fork", "multiprocessing fork, no flush", "three forks after a flush", "fork under the worker's lock"],
)
def test_a_forked_child_has_an_epoch_of_its_own_and_nothing_is_doubled(
    tmp_path: Path, spool_reader: Any, script: str
) -> None:
    ended = run(script, tmp_path, "-W", "ignore::DeprecationWarning")

    assert ended.returncode == 0, ended.stderr
    (root,) = tmp_path.iterdir()
    by_epoch: dict[str, list[Any]] = {}
    for one in spool_reader(root):
        by_epoch.setdefault(one.epoch, []).append(one)
    rows = {epoch: view.column([one.frame for one in found], "x") for epoch, found in by_epoch.items()}
    assert sorted(column.rows for column in rows.values()) in ([30, 100], [10, 10, 10, 100])
    assert {column.minimum for column in rows.values() if column.rows < 100} == {-1.0}
    assert all([one.seq for one in found] == list(range(1, len(found) + 1)) for found in by_epoch.values())


def test_a_spawned_child_has_an_epoch_of_its_own_and_seals_at_its_end(tmp_path: Path, spool_reader: Any) -> None:
    module = tmp_path / "service.py"
    spool = tmp_path / "spool"
    module.write_text(
        f"""
import multiprocessing, tidegauge
agent = tidegauge.init("flights-delay", version="v1", spool={str(spool)!r}, shipper="none")

@agent.watch
def predict(row):
    return 0.5

def child():
    for _ in range(30):
        predict({{"x": 1.0}})

if __name__ == "__main__":
    predict({{"x": 2.0}})
    process = multiprocessing.get_context("spawn").Process(target=child)
    process.start(); process.join()
    assert process.exitcode == 0
"""
    )

    ended = subprocess.run([sys.executable, str(module)], capture_output=True, text=True, timeout=120, check=False)

    assert ended.returncode == 0, ended.stderr
    frames = frames_below(spool, spool_reader)
    assert view.column(frames, "x").rows == 31
    (root,) = spool.iterdir()
    assert len({one.epoch for one in spool_reader(root)}) == 2


def test_a_host_killed_after_its_first_flush_leaves_a_spool_that_says_where_it_belongs(tmp_path: Path) -> None:
    script = f"""
import os, signal, tidegauge
agent = tidegauge.init("d", spool={str(tmp_path)!r}, shipper="none", collector="grpcs://monitor.example:9000")
agent.watch(lambda row: 0.5)({{"x": 1.0}})
agent.flush()
os.kill(os.getpid(), signal.SIGKILL)
"""

    subprocess.run([sys.executable, "-c", script], check=False)

    [root] = [path for path in tmp_path.iterdir() if path.is_dir()]
    assert read_destination(root).collector == "grpcs://monitor.example:9000"
