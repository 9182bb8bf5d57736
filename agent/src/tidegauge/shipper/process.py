"""Runs a shipper: takes the root's lock, connects, logs to stderr, obeys signals. `python -m tidegauge.shipper --root R`."""

import argparse
import logging
import os
import random
import signal
import stat
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tidegauge.errors import TidegaugeError
from tidegauge.shipper.credentials import Connector
from tidegauge.shipper.destination import TOKEN_VARIABLE, read_destination
from tidegauge.shipper.lock import Holder, ShipperLock, read_holder
from tidegauge.shipper.loop import Shipper
from tidegauge.version import __version__

LOG_BYTES = 1024 * 1024
WAIT_FOR_LOCK_S = 15.0  # one that is told to end may still drain
EXIT_NOT_SHIPPED = 1
EXIT_CONFIG = 78
_log = logging.getLogger("tidegauge.shipper")


@dataclass(frozen=True, slots=True)
class SystemClock:
    """The machine's clocks."""

    def monotonic(self) -> float:
        """Seconds since some moment."""
        return time.monotonic()

    def now_us(self) -> int:
        """Wall clock, microseconds since 1970."""
        return time.time_ns() // 1_000


def make_shipper(
    root: Path, *, drain: bool = False, linger_s: float | None = 30.0, token: str | None = None
) -> Shipper:
    """A shipper of a root over gRPC; raises UsageError where the root has no destination.

    Without a `token` the one in the environment is shown, if there is one.
    """
    from tidegauge.shipper.link import GrpcLink  # noqa: PLC0415 - gRPC is loaded where a shipper runs, and nowhere else

    collector = read_destination(root).collector
    connect = Connector(root, GrpcLink, token=token or os.environ.get(TOKEN_VARIABLE) or None)
    return Shipper(
        root,
        connect,
        clock=SystemClock(),
        rng=random.Random(),
        version=__version__,
        collector=collector,
        drain=drain,
        linger_s=linger_s,
        has_changed=connect.has_changed,
    )


def ship_root(
    root: Path,
    *,
    mode: str,
    drain: bool,
    linger_s: float | None,
    wait_s: float,
    on_start: Callable[[Shipper], None],
    lock_fd: int | None = None,
) -> bool:
    """Serve one root to the end and say whether everything was acknowledged (True where another shipper serves it already).

    `on_start` is handed the shipper, so that it can be stopped; `lock_fd` is the root's lock where the parent has taken it.
    Raises UsageError and OSError.
    """
    holder = Holder(os.getpid(), __version__, mode)
    lock = (
        ShipperLock.acquire(root, holder, wait_s=wait_s)
        if lock_fd is None
        else ShipperLock.inherit(root, lock_fd, holder)
    )
    if lock is None:
        other = read_holder(root)
        _log.info("%s is served already%s", root, f" by process {other.pid}" if other else "")
        return not drain
    try:
        shipper = make_shipper(root, drain=drain, linger_s=linger_s)
        on_start(shipper)
        _log.info("shipping %s (version %s)", root, __version__)
        return shipper.run()
    finally:
        lock.release()


def main(argv: Sequence[str] | None = None) -> int:
    """Entry of the process that an agent starts; returns its exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m tidegauge.shipper", description="Ship one spool root to its collector."
    )
    parser.add_argument("--root", type=Path, required=True, help="spool root: the directory that holds collector.json")
    parser.add_argument("--drain", action="store_true", help="exit 0 once everything in the spool is acknowledged")
    parser.add_argument(
        "--linger-s", type=float, default=30.0, metavar="S", help="exit so long after the last writer has gone"
    )
    parser.add_argument(
        "--wait-s", type=float, default=WAIT_FOR_LOCK_S, metavar="S", help="wait so long for another shipper to end"
    )
    parser.add_argument(
        "--lock-fd", type=int, metavar="N", help="the root's lock, which the parent has taken and hands on"
    )
    options = parser.parse_args(argv)
    return run_in_foreground(
        options.root,
        mode="process",
        drain=options.drain,
        linger_s=options.linger_s,
        wait_s=options.wait_s,
        lock_fd=options.lock_fd,
    )


def run_in_foreground(
    root: Path,
    *,
    mode: str,
    drain: bool,
    linger_s: float | None,
    wait_s: float = WAIT_FOR_LOCK_S,
    lock_fd: int | None = None,
) -> int:
    """Serve a root in this process: SIGTERM and SIGINT drain for at most 10 s; returns the exit code."""
    configure_logging()
    stops = StopOnSignal()
    try:
        is_shipped = ship_root(
            root, mode=mode, drain=drain, linger_s=linger_s, wait_s=wait_s, on_start=stops.add, lock_fd=lock_fd
        )
    except (TidegaugeError, OSError) as error:
        _log.error("%s", error)
        return EXIT_CONFIG
    if drain and not is_shipped:
        _log.error("%s: not everything was shipped", root)
        return EXIT_NOT_SHIPPED
    return 0


class StopOnSignal:
    """Hands SIGTERM and SIGINT on to shippers, also to those that start after it came."""

    def __init__(self) -> None:
        self._shippers: list[Shipper] = []
        self.is_stopping = threading.Event()
        signal.signal(signal.SIGTERM, self._stop)
        signal.signal(signal.SIGINT, self._stop)

    def add(self, shipper: Shipper) -> None:
        """Have one more stopped."""
        self._shippers.append(shipper)
        if self.is_stopping.is_set():
            shipper.stop()

    def _stop(self, *_: object) -> None:
        self.is_stopping.set()
        for shipper in self._shippers:
            shipper.stop()


def configure_logging() -> None:
    """Log state changes to stderr; where that is a file of ours it is cut when it grows over 1 MiB."""
    handler = _BoundedHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    logger = logging.getLogger("tidegauge")
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    logger.propagate = False


class _BoundedHandler(logging.StreamHandler):  # type: ignore[type-arg]
    def emit(self, record: logging.LogRecord) -> None:
        try:
            descriptor = self.stream.fileno()
            state = os.fstat(descriptor)
            if stat.S_ISREG(state.st_mode) and state.st_size > LOG_BYTES and self.stream is sys.stderr:
                os.ftruncate(descriptor, 0)
        except (OSError, ValueError):
            return self.handleError(record)
        return super().emit(record)
