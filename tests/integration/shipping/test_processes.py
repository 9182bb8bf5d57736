"""Shippers as they run: processes, threads, sidecars, beside hosts that fork."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tidegauge.settings import AgentSettings
from tidegauge.shipper import look_after, start_shipper, stop_shipper
from tidegauge.shipper import start as starting
from tidegauge.shipper.destination import Destination, write_destination
from tidegauge.shipper.lock import Holder, ShipperLock, is_held, read_holder
from tidegauge.spool.directory import list_epochs
from tidegauge.spool.writer import SpoolWriter
from tidegauge.wire.kinds import FrameKind

Seal = Callable[..., list[bytes]]

HOST = """
import json, os, sys
from pathlib import Path
from tidegauge.settings import AgentSettings
from tidegauge.shipper import look_after
from tidegauge.spool.writer import SpoolWriter

root, collector, frame, forks = Path(sys.argv[1]), sys.argv[2], bytes.fromhex(sys.argv[3]), sys.argv[4] == "fork"

def work():
    with SpoolWriter(root) as writer:
        look_after(root, AgentSettings(deployment="shop", shipper="process", collector=collector))
        writer.append(5, frame)
        writer.commit()
    return str(writer.epoch)

mine = work()
child = os.fork() if forks else None
if child == 0:
    work()
    os._exit(0)
if child:
    assert os.waitpid(child, 0)[1] == 0
print(json.dumps({"epoch": mine, "grpc": "grpc" in sys.modules}))
"""


async def run(*arguments: object, **options: Any) -> tuple[int, str, str]:
    """Run our Python with arguments; the exit code and both outputs."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, *map(str, arguments), stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options
    )
    async with asyncio.timeout(90):
        out, err = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


async def wait_for_end(root: Path) -> None:
    """Return when the root's shipper has gone."""
    lock = await asyncio.to_thread(ShipperLock.acquire, root, Holder(os.getpid(), "0", "sidecar"), wait_s=60)
    assert lock is not None
    lock.release()


@pytest.mark.parametrize("forks", ["no fork", "fork"])
async def test_shipper_outlives_its_host_which_never_loads_grpc(
    lighthouse: Any, root: Path, seal: Seal, forks: str
) -> None:
    frame = b"\x0a\x04shop" + b"\x72\x00"  # deployment "shop", an empty event
    code, out, err = await run("-W", "error", "-c", HOST, root, lighthouse.address, frame.hex(), forks)

    assert (code, err) == (0, "")
    assert json.loads(out)["grpc"] is False
    writers = 2 if forks == "fork" else 1
    await lighthouse.until(lambda: sum(entry.closed for entry in lighthouse.entries()) == writers)
    assert [entry.frame for entry in lighthouse.entries() if entry.frame] == [frame] * writers
    assert len({one.instance_id for one in lighthouse.service.agents.epochs()}) == 1

    holder = read_holder(root)
    assert holder is not None
    os.kill(holder.pid, signal.SIGTERM)
    await wait_for_end(root)
    assert list_epochs(root) == []


async def test_everything_sealed_arrives_and_drain_ends_well(lighthouse: Any, root: Path, seal: Seal) -> None:
    write_destination(root, Destination(lighthouse.address))
    with SpoolWriter(root) as writer:
        frames = seal(writer, *[f"{n}" * 400 for n in range(1_500)])

        code, _, _ = await run("-m", "tidegauge.shipper", "--root", root, "--drain")

    assert code == 0
    assert lighthouse.frames(writer.epoch.bytes) == frames


async def test_shipper_that_starts_before_its_collector_waits_for_it(lighthouse: Any, root: Path, seal: Seal) -> None:
    await lighthouse.end()
    write_destination(root, Destination(lighthouse.address))
    with SpoolWriter(root) as writer:
        frames = seal(writer, "early", "bird")
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tidegauge.shipper", "--root", str(root), "--drain", stderr=subprocess.PIPE
    )
    assert process.stderr is not None
    while b"collector lost" not in await process.stderr.readline():
        pass

    await lighthouse.begin()
    async with asyncio.timeout(120):
        await process.communicate()

    assert process.returncode == 0
    assert lighthouse.frames(writer.epoch.bytes) == frames


async def test_collector_that_restarts_in_between_loses_and_doubles_nothing(
    lighthouse: Any, root: Path, seal: Seal
) -> None:
    write_destination(root, Destination(lighthouse.address))
    with SpoolWriter(root) as writer:
        frames = seal(writer, "a", "b")
        await run("-m", "tidegauge.shipper", "--root", root, "--drain")
        await lighthouse.end()
        await lighthouse.begin()
        frames += seal(writer, "c")
        code, _, _ = await run("-m", "tidegauge.shipper", "--root", root, "--drain")

    assert code == 0
    assert lighthouse.frames(writer.epoch.bytes) == frames


async def test_second_shipper_leaves_the_root_to_the_first(lighthouse: Any, root: Path) -> None:
    write_destination(root, Destination(lighthouse.address))
    first = ShipperLock.acquire(root, Holder(4711, "9.9", "sidecar"))
    assert first is not None

    code, _, err = await run("-m", "tidegauge.shipper", "--root", root, "--wait-s", "0")
    draining, _, _ = await run("-m", "tidegauge.shipper", "--root", root, "--wait-s", "0", "--drain")
    first.release()

    assert (code, draining) == (0, 1)
    assert "served already by process 4711" in err


async def test_root_without_a_destination_says_what_to_do(root: Path) -> None:
    code, _, err = await run("-m", "tidegauge.shipper", "--root", root)

    assert code == 78
    assert "collector.json is missing" in err


async def test_sigterm_sends_what_is_there_before_the_end(lighthouse: Any, root: Path, seal: Seal) -> None:
    write_destination(root, Destination(lighthouse.address))
    with SpoolWriter(root) as writer:
        frames = seal(writer, "first")
        process = await asyncio.create_subprocess_exec(sys.executable, "-m", "tidegauge.shipper", "--root", str(root))
        await lighthouse.until(lambda: lighthouse.frames(writer.epoch.bytes) == frames)
        frames += seal(writer, "second")
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(120):
            await process.wait()

    assert process.returncode == 0
    assert lighthouse.frames(writer.epoch.bytes) == frames


async def test_thread_ships_for_a_notebook(lighthouse: Any, root: Path, seal: Seal) -> None:
    with SpoolWriter(root) as writer:
        frames = seal(writer, "a", "b")
        look_after(root, AgentSettings(deployment="shop", shipper="thread", collector=lighthouse.address))
        look_after(root, AgentSettings(deployment="shop", shipper="thread", collector=lighthouse.address))
        await lighthouse.until(lambda: lighthouse.frames(writer.epoch.bytes) == frames)
        holder = read_holder(root)
        await asyncio.to_thread(stop_shipper, root, drain_s=10)

    assert holder is not None
    assert (holder.pid, holder.mode) == (os.getpid(), "thread")
    assert not is_held(root)


async def test_sidecar_serves_every_root_of_a_spool_directory(lighthouse: Any, tmp_path: Path, seal: Seal) -> None:
    spool = tmp_path / "spool"
    sealed = {}
    for name in ("0-aaaa", "0-bbbb"):
        write_destination(spool / name, Destination(lighthouse.address))
        with SpoolWriter(spool / name) as writer:
            sealed[writer.epoch.bytes] = seal(writer, name)

    code, _, _ = await run("-m", "tidegauge.cli", "ship", "--spool", spool, "--drain")

    assert code == 0
    assert {epoch: lighthouse.frames(epoch) for epoch in sealed} == sealed


async def test_frame_that_the_collector_refuses_is_set_aside_and_the_rest_arrives(
    lighthouse: Any, root: Path, seal: Seal
) -> None:
    write_destination(root, Destination(lighthouse.address))
    too_large = b"x" * (258 * 1024 + 1)
    with SpoolWriter(root) as writer:
        before = seal(writer, "before")
        writer.append(FrameKind.RECORDS, too_large)
        after = seal(writer, "after")

    code, _, _ = await run("-m", "tidegauge.shipper", "--root", root, "--drain")

    arrived = lighthouse.frames(writer.epoch.bytes)
    assert code == 0
    assert [arrived[0], arrived[2]] == [*before, *after]
    assert b"refused" in arrived[1]
    (kept,) = (root / "quarantine").glob("*.refused")
    assert kept.read_bytes() == too_large


def test_older_shipper_of_an_agent_is_asked_to_end_and_nobody_else(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(starting, "__version__", "1.10.0")
    killed: list[int] = []
    monkeypatch.setattr(starting.os, "kill", lambda pid, _: killed.append(pid))
    sleeper = "import sys; sys.stdin.read()"
    arguments = [sys.executable, "-c", sleeper, "tidegauge.shipper", str(root)]
    shipper = subprocess.Popen(arguments, stdin=subprocess.PIPE)
    stranger = subprocess.Popen([sys.executable, "-c", sleeper], stdin=subprocess.PIPE)
    answers = {}
    for name, holder in {
        "older": Holder(shipper.pid, "1.9.3", "process"),
        "equal": Holder(shipper.pid, "1.10.0", "process"),
        "sidecar": Holder(shipper.pid, "1.9.3", "sidecar"),
        "stranger": Holder(stranger.pid, "1.9.3", "process"),
    }.items():
        lock = ShipperLock.acquire(root, holder)
        assert lock is not None
        answers[name] = starting._ask_older_to_end(root)
        lock.release()
    for process in (shipper, stranger):
        process.communicate()

    assert answers == {"older": True, "equal": False, "sidecar": False, "stranger": False}
    assert killed == [shipper.pid]


def test_one_that_is_replaced_before_it_has_quite_ended_is_no_zombie_later(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who is killed lets go of the lock a moment before it has ended."""
    sleeper = [sys.executable, "-c", "import sys; sys.stdin.read()"]
    monkeypatch.setattr(starting, "_processes", {})
    monkeypatch.setattr(starting, "_spawn", lambda *_: subprocess.Popen(sleeper, stdin=subprocess.PIPE))
    start_shipper(root)
    monkeypatch.setattr(starting, "START_AGAIN_S", 0.0)
    start_shipper(root)
    (second, _), (first,) = starting._processes[root], starting._ending

    first.kill()
    os.waitid(os.P_PID, first.pid, os.WEXITED | os.WNOWAIT)
    start_shipper(root)
    buried, (third, _) = first.returncode, starting._processes[root]
    for process in (first, second, third):
        process.kill()
        process.communicate()
    starting._bury_ended()

    assert buried == -signal.SIGKILL
    assert starting._ending == []


@pytest.mark.parametrize("mode", ["none", "nonsense"])
def test_starting_never_raises_and_starts_nothing_it_was_not_asked_for(root: Path, mode: str) -> None:
    start_shipper(root, mode=mode)
    start_shipper(root / "missing" / "\0", mode=mode)

    assert list(root.iterdir()) == []


@pytest.mark.parametrize("mode", ["process", "thread"])
def test_root_that_cannot_be_used_is_logged_once_and_does_not_raise(
    tmp_path: Path, mode: str, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("")

    for _ in range(3):
        look_after(tmp_path / "file", AgentSettings(deployment="shop", shipper=mode, collector="grpc://127.0.0.1:1"))
        start_shipper(tmp_path / "file", mode=mode)

    assert len(caplog.records) == 1
