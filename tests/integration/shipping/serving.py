"""A shipper of one root in a thread of the test, and a spool with something in it."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tidegauge.shipper.loop import Shipper
from tidegauge.shipper.process import ship_root
from tidegauge.shipper.status import read_status
from tidegauge.spool.writer import SpoolWriter
from tidegauge.wire import telemetry_pb2 as pb
from tidegauge.wire.kinds import FrameKind

DEADLINE_S = 120.0


def event(text: str) -> bytes:
    return pb.Frame(deployment="shop", event=pb.Event(name="note", text=text)).SerializeToString()


def seal(writer: SpoolWriter, *texts: str) -> None:
    for text in texts:
        writer.append(FrameKind.EVENT, event(text))
    writer.commit()


@contextmanager
def shipping(root: Path) -> Iterator[None]:
    """Serve a root until the end of the block."""
    started: list[Shipper] = []
    ready = threading.Event()

    def begin(shipper: Shipper) -> None:
        started.append(shipper)
        ready.set()

    thread = threading.Thread(
        target=lambda: ship_root(root, mode="sidecar", drain=False, linger_s=None, wait_s=0.5, on_start=begin)
    )
    thread.start()
    assert ready.wait(DEADLINE_S)
    try:
        yield
    finally:
        started[0].stop(drain_s=0.0)
        thread.join(DEADLINE_S)
    assert not thread.is_alive()


def last_error(root: Path) -> str:
    status = read_status(root)
    return (status.last_error if status else None) or ""


def until(is_so: Callable[[], bool], what: Callable[[], object] = lambda: "") -> None:
    """Return when something is so that nobody tells us of."""
    pause, deadline = threading.Event(), time.monotonic() + DEADLINE_S
    while not is_so():
        assert time.monotonic() < deadline, what()
        pause.wait(0.02)
