"""Sees to it that a spool root has a shipper, from inside the host's process: cheap, never raises, loads no gRPC there.

mode "process": a process of its own, which outlives a killed host and serves all workers of it (loads gRPC there only);
mode "thread": a thread of this process (loads gRPC here: not where the host forks); mode "none": somebody runs `tidegauge ship`.
"""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from tidegauge.complaints import COMPLAINTS
from tidegauge.errors import TidegaugeError
from tidegauge.locks import is_of_this_process
from tidegauge.shipper.destination import TOKEN_VARIABLE, Destination, write_destination
from tidegauge.shipper.lock import Holder, ShipperLock, is_held, read_holder
from tidegauge.spool.disk import ONLY_THIS
from tidegauge.version import __version__

if TYPE_CHECKING:
    from tidegauge.settings import AgentSettings
    from tidegauge.shipper.thread import ShipperThread

LOG_NAME = "shipper.log"
LOG_BYTES = 1024 * 1024
START_AGAIN_S = 10.0  # a process that was started needs a moment to take the lock

_lock = threading.Lock()  # guards the five below
_processes: dict[Path, tuple[subprocess.Popen[bytes], float]] = {}  # with the time of the start
_ending: list[subprocess.Popen[bytes]] = []  # replaced in the moment between letting go of the lock and having ended
_threads: dict[Path, "ShipperThread"] = {}
_complaints: set[tuple[Path, str]] = set()
_handing_on: list[tuple[int, ShipperLock]] = []  # taken for a shipper that is just being started, and by which thread


def store_address(root: Path, settings: "AgentSettings") -> bool:
    """Write where the root is shipped to, unless it is there; say whether shipping makes sense. Never raises."""
    try:
        write_destination(root, _destination(settings))
    except TidegaugeError as error:
        _complain(root, f"nothing is shipped: {error}")
        return False
    except OSError as error:
        if not root.is_dir():
            return False  # there is nothing to ship; the worker, whose frames wait in memory, says so
        _complain(root, f"the collector's address cannot be stored: {error}")
    return True


def look_after(root: Path, settings: "AgentSettings") -> None:
    """See that the root's destination is written and that a shipper serves it; call it every few seconds. Never raises."""
    if store_address(root, settings):
        ensure_shipper(root, mode=shipper_mode(settings.shipper, sys.platform), token=settings.token)


def shipper_mode(wanted: str, platform: str) -> str:
    """How to ship here: a process of its own is for Linux; macOS and Windows, which do not fork, ship in a thread."""
    return "thread" if wanted == "process" and not platform.startswith("linux") else wanted


def _destination(settings: "AgentSettings") -> Destination:
    destination = Destination(
        settings.collector, settings.ca_file, settings.cert_file, settings.key_file, settings.token_file
    )
    if destination.is_tls or destination.is_loopback:
        return destination  # nothing is insecure here, whatever was allowed: agents that differ in it share a root
    return replace(destination, insecure=settings.insecure)


def ensure_shipper(root: Path, *, mode: str = "process", token: str | None = None) -> None:
    """Start a shipper unless one serves the root already; costs a few microseconds then. Never raises."""
    start_shipper(root, mode=mode, token=token)


def start_shipper(root: Path, *, mode: str = "process", token: str | None = None) -> None:
    """Start a shipper of the root unless there is one; one of an older version is asked to end first. Never raises.

    A `token` is handed on in memory: to a thread as it is, to a process in its environment.
    """
    if mode == "none":
        return
    start = _STARTS.get(mode)
    if start is None:
        _complain(root, f"shipper {mode!r} is unknown: use 'process', 'thread' or 'none'")
        return
    try:
        with _current_lock():
            start(root, token)
    except Exception as error:  # noqa: BLE001 - the host comes first; what is sealed stays in the spool
        _complain(
            root, f"no shipper could be started ({type(error).__name__}: {error}); run `tidegauge ship --root {root}`"
        )


def stop_shipper(root: Path, *, drain_s: float = 0.0) -> None:
    """End the thread that this process started for the root, after shipping for `drain_s` at most; a process is left alone."""
    with _current_lock():
        thread = _threads.pop(root, None)
    if thread is not None:
        thread.stop(drain_s)


def _current_lock() -> threading.Lock:
    """A new one where threads were patched meanwhile: who starts a process lets other greenlets go on, and they must not stop it."""
    global _lock  # noqa: PLW0603
    if not (is_of_this_process(_lock) or _lock.locked()):
        _lock = threading.Lock()
    return _lock


def _start_thread(root: Path, token: str | None) -> None:
    thread = _threads.get(root)
    if (thread is not None and thread.is_alive()) or is_held(root):
        return
    from tidegauge.shipper.thread import ShipperThread  # noqa: PLC0415 - loads gRPC, which nobody else here may

    _threads[root] = ShipperThread(root, token)
    _threads[root].start()


def _start_process(root: Path, token: str | None) -> None:
    before, started_at = _processes.get(root, (None, float("-inf")))
    _bury_ended()
    if is_held(root):
        _ask_older_to_end(root)  # ours is started when it has gone
        return
    if time.monotonic() - started_at < START_AGAIN_S:
        return
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = ShipperLock.acquire(root, Holder(os.getpid(), __version__, "process"), wait_s=0.1)
    if lock is None:
        return
    _handing_on.append((threading.get_ident(), lock))
    try:
        process = _spawn(root, lock, token)
        lock.name(Holder(process.pid, __version__, "process"))
        if before is not None and before.poll() is None:
            _ending.append(before)
        _processes[root] = (process, time.monotonic())
    finally:
        _handing_on.clear()
        lock.abandon()  # it is the shipper's from its first moment on: however many hosts start at once, there is one


def _bury_ended() -> None:
    """Take leave of those that have ended: else they stay zombies of the host's."""
    for process, _ in _processes.values():
        process.poll()
    _ending[:] = [process for process in _ending if process.poll() is None]


_STARTS = {"process": _start_process, "thread": _start_thread}


def _spawn(root: Path, lock: ShipperLock, token: str | None) -> "subprocess.Popen[bytes]":
    log = root / LOG_NAME
    with contextlib.suppress(FileNotFoundError):
        if log.stat().st_size > LOG_BYTES:
            log.unlink()
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | ONLY_THIS, 0o600)
    try:
        return subprocess.Popen(  # noqa: S603 - our own module, our own interpreter
            [
                _interpreter(),
                "-m",
                "tidegauge.shipper",
                "--root",
                str(root.absolute()),
                "--lock-fd",
                str(lock.descriptor),
            ],
            pass_fds=[lock.descriptor],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=descriptor,
            start_new_session=True,
            env=_environment(token),
        )
    finally:
        os.close(descriptor)


def _interpreter() -> str:
    """The Python of this process; under an embedding server `sys.executable` may be the server."""
    if sys.executable and "python" in Path(sys.executable).name:
        return sys.executable
    beside = Path(sys.prefix) / "bin" / f"python{sys.version_info.major}.{sys.version_info.minor}"
    if beside.exists():
        return str(beside)
    raise FileNotFoundError(f"no Python beside {sys.executable!r}: set shipper='thread' or run `tidegauge ship`")


def _environment(token: str | None) -> dict[str, str]:
    """Ours, the token, and this package findable even where the host has put it on the path itself."""
    package_parent = str(Path(__file__).resolve().parents[2])
    path = [part for part in os.environ.get("PYTHONPATH", "").split(os.pathsep) if part]
    shown = {} if token is None else {TOKEN_VARIABLE: token}
    return {**os.environ, **shown, "PYTHONPATH": os.pathsep.join([*path, package_parent])}


def _ask_older_to_end(root: Path) -> bool:
    """Send SIGTERM to a shipper of an older version, started by an agent on this machine; say whether that was done."""
    holder = read_holder(root)
    if holder is None or holder.mode != "process" or _release(holder.version) >= _release(__version__):
        return False
    if not _is_shipper(holder.pid, root):
        return False
    os.kill(holder.pid, signal.SIGTERM)
    return True


def _is_shipper(pid: int, root: Path) -> bool:
    """Look before killing: in another container the same number may be anybody."""
    try:
        arguments = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    return b"tidegauge.shipper" in arguments and os.fsencode(root.absolute()) in arguments


def _release(version: str) -> tuple[int, ...]:
    """The numbers of a version, for comparing: 1.10.2rc1 is (1, 10, 2)."""
    numbers = []
    for part in version.split("."):
        digits = part[: next((i for i, c in enumerate(part) if not c.isdecimal()), len(part))]
        if not digits:
            break
        numbers.append(int(digits))
    return tuple(numbers)


def _complain(root: Path, message: str) -> None:
    """Log once: the next try comes in a few seconds and will fail likewise."""
    if (root, message) not in _complaints and len(_complaints) < 100:
        _complaints.add((root, message))
        COMPLAINTS.warn(root, message)


def _forget_after_fork() -> None:
    """A forked child has neither the parent's threads nor its children; nobody may wait for the parent's lock."""
    global _lock  # noqa: PLW0603
    _lock = threading.Lock()
    for thread_id, lock in _handing_on:
        if thread_id != threading.get_ident():  # else this child is the shipper itself, forked in Python as gevent does
            lock.abandon()
    _handing_on.clear()
    for process in (*(one for one, _ in _processes.values()), *_ending):
        process.returncode = 0  # not ours: it must not be waited for, nor be warned about
    _processes.clear()
    _ending.clear()
    for thread in _threads.values():
        thread.abandon_after_fork()
    _threads.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_after_fork)
