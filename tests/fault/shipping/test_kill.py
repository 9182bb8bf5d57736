"""kill -9 at any side: every sealed frame is in the log exactly once and in order."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tidegauge.shipper.destination import Destination, write_destination
from tidegauge.spool.writer import SpoolWriter
from tidegauge.wire import telemetry_pb2 as pb
from tidegauge.wire.kinds import FrameKind
from tidegauge_collector.ingest.framelog import NO_FRAME
from tidegauge_collector.ingest.logreader import LogReader
from tidegauge_collector.ingest.quarantined import State, read_records

FRAMES = 2_000
POISON = b"\xff\xff"
Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts a process; what still runs at the end is killed."""
    started: list[subprocess.Popen[str]] = []

    def start(*arguments: object) -> "subprocess.Popen[str]":
        command = [sys.executable, *map(str, arguments)]
        started.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.communicate()


class Sea:
    """A spool with sealed frames, and the directory of a collector."""

    def __init__(self, directory: Path, start: Start, *, poison_every: int = FRAMES + 1) -> None:
        self._start = start
        self._directory = directory / "collector"
        self._port = 0
        self.root = directory / "root"
        self.sealed = [event(number) if number % poison_every else POISON for number in range(1, FRAMES + 1)]
        with SpoolWriter(self.root) as writer:
            for frame in self.sealed:
                writer.append(FrameKind.EVENT, frame)

    def collector(self, *crash: object) -> "subprocess.Popen[str]":
        process = self._start(Path(__file__).with_name("ingest_only.py"), self._directory, self._port, *crash)
        assert process.stdout is not None
        self._port = int(process.stdout.readline())
        write_destination(self.root, Destination(f"grpc://127.0.0.1:{self._port}"))
        return process

    def shipper(self) -> "subprocess.Popen[str]":
        return self._start("-m", "tidegauge.shipper", "--root", self.root, "--drain")

    def quarantined(self) -> list[tuple[int, State]]:
        return sorted((one.seq, one.state) for one in read_records(self._directory / "quarantine"))

    def logged(self) -> list[tuple[int, bytes]]:
        reader, found = LogReader(self._directory / "log"), list[tuple[int, bytes]]()
        while more := reader.read():
            found += [(entry.last_seq, entry.frame) for _, entry in more if entry.kind != NO_FRAME]
        return found


@pytest.fixture
def sea(tmp_path: Path, start: Start) -> Sea:
    return Sea(tmp_path, start)


def event(number: int) -> bytes:
    return pb.Frame(deployment="shop", event=pb.Event(name=f"{number}", text="x" * 4_000)).SerializeToString()


def test_collector_killed_before_a_commit_and_before_an_ack_counts_every_frame_once(sea: Sea) -> None:
    first = sea.collector("before commit", 400)
    shipper = sea.shipper()
    assert first.wait(120) == -9
    second = sea.collector("after commit, before the ack", 600)
    assert second.wait(120) == -9
    third = sea.collector()

    assert shipper.wait(120) == 0
    third.kill()
    third.wait(120)
    assert sea.logged() == list(enumerate(sea.sealed, 1))


def test_poison_is_in_quarantine_once_and_its_gap_in_the_log_whatever_dies(tmp_path: Path, start: Start) -> None:
    sea = Sea(tmp_path, start, poison_every=50)
    first = sea.collector("before commit", 400)
    shipper = sea.shipper()
    assert first.wait(120) == -9
    undecided = {state for _, state in sea.quarantined()}
    second = sea.collector("after commit, before the ack", 600)
    assert second.wait(120) == -9
    third = sea.collector()

    assert shipper.wait(120) == 0
    third.kill()
    third.wait(120)
    logged = sea.logged()
    assert State.PENDING in undecided
    assert [seq for seq, _ in logged] == list(range(1, FRAMES + 1))
    assert [(seq, frame) for seq, frame in logged if seq % 50] == [
        (seq, frame) for seq, frame in enumerate(sea.sealed, 1) if seq % 50
    ]
    assert sea.quarantined() == [(seq, State.KEPT) for seq in range(50, FRAMES + 1, 50)]


def test_shipper_killed_in_the_middle_is_replaced_and_counts_every_frame_once(sea: Sea) -> None:
    collector = sea.collector()
    assert collector.stdout is not None
    first = sea.shipper()
    while int(collector.stdout.readline()) < 500:
        pass
    first.kill()
    first.wait(120)
    second = sea.shipper()

    assert second.wait(120) == 0
    collector.kill()
    collector.wait(120)
    assert sea.logged() == list(enumerate(sea.sealed, 1))
