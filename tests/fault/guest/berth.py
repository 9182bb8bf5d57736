"""Where a host lies in a test: its spool, its ledger, a collector's intake, and what all three say in the end."""

import contextlib
import os
import signal
import subprocess
import sys
import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tidegauge.core.ids import ID_BYTES, digest_id
from tidegauge.spool import Hole, SpoolReader, list_epochs
from tidegauge.wire import telemetry_pb2 as pb
from tidegauge.wire.codec import decode_frame
from tidegauge.wire.rows import decode_records
from tidegauge_collector.ingest.framelog import NO_FRAME
from tidegauge_collector.ingest.logreader import LogReader

HOSTS = Path(__file__).with_name("hosts")
INTAKE = Path(__file__).parents[1] / "shipping/ingest_only.py"
Key = tuple[str, int]  # epoch, seq


@dataclass(frozen=True)
class Ended:
    """A host that has run to its end."""

    code: int
    out: str
    err: str


class Berth:
    """Everything of one test lies under one directory; what runs is ended by `clear`."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.spool, self.ledger = directory / "spool", directory / "ledger"
        self.ledger.mkdir()
        self.collector = "grpc://127.0.0.1:1"
        self._running: list[subprocess.Popen[Any]] = []

    # ------------------------------------------------------------------ what runs

    def environment(self, **more: str) -> dict[str, str]:
        """Of a host."""
        ours = {name: value for name, value in os.environ.items() if not name.startswith("TIDEGAUGE_")}
        path = os.pathsep.join([str(HOSTS), *filter(None, [ours.get("PYTHONPATH")])])
        return {
            **ours,
            "PYTHONPATH": path,
            "GUEST_LEDGER": str(self.ledger),
            "TIDEGAUGE_SPOOL": str(self.spool),
            "TIDEGAUGE_COLLECTOR": self.collector,
            "TIDEGAUGE_SHIPPER": "none",
            **more,
        }

    def start(self, *command: object, hands_on: Sequence[int] = (), **more: str) -> "subprocess.Popen[bytes]":
        """Start a server that inherits the descriptors `hands_on`; its outputs go to files `out` and `err`."""
        with (self.directory / "out").open("ab") as out, (self.directory / "err").open("ab") as err:
            process = subprocess.Popen(
                [*map(str, command)],
                stdout=out,
                stderr=err,
                cwd=self.directory,
                env=self.environment(**more),
                pass_fds=hands_on,
            )
        self._running.append(process)
        return process

    def run(self, script: str, *options: str, timeout_s: float = 120.0, **more: str) -> Ended:
        """Run a script in a host of its own to its end."""
        return self._run([*options, "-c", script], timeout_s, more)

    def run_file(self, path: Path, *arguments: str, timeout_s: float = 120.0, **more: str) -> Ended:
        """The same with a script in a file."""
        return self._run([str(path), *arguments], timeout_s, more)

    def _run(self, arguments: list[str], timeout_s: float, more: dict[str, str]) -> Ended:
        ended = subprocess.run(
            [sys.executable, *arguments],
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
            cwd=self.directory,
            env=self.environment(**more),
        )
        return Ended(ended.returncode, ended.stdout, ended.stderr)

    def start_intake(self) -> None:
        """A collector that takes frames into a log on disk."""
        process = subprocess.Popen(
            [sys.executable, INTAKE, self.directory / "collector", "0"], stdout=subprocess.PIPE, text=True
        )
        self._running.append(process)
        assert process.stdout is not None
        self.collector = f"grpc://127.0.0.1:{int(process.stdout.readline())}"
        # What it prints goes into the pipe, a few bytes for each commit: it never fills in the life of a test.

    def clear(self) -> None:
        """Kill what still runs, shippers too."""
        for process in self._running:
            process.kill()
            process.wait()
            if process.stdout is not None:
                process.stdout.close()
        for pid in self.shippers():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    # ------------------------------------------------------------------ what is seen

    def shippers(self) -> list[int]:
        """The shipper processes of this berth's spool."""
        mark = os.fsencode(self.spool)
        return [pid for pid, command in commands() if b"tidegauge.shipper" in command and mark in command]

    def called(self) -> Counter[str]:
        """How often each id was handed to the model, over all processes."""
        return self.called_except([])

    def called_except(self, pids: list[int]) -> Counter[str]:
        """The same, without some processes."""
        paths = [path for path in self.ledger.glob("*.called") if int(path.stem) not in pids]
        return Counter(line for path in paths for line in path.read_text().split())

    def sealed(self, kind: str = "sealed") -> dict[Key, int]:
        """The crc of each frame that a host knew to be durable; with "sealing" also of those that it was about to make so."""
        lines = [line.split() for path in self.ledger.glob(f"*.{kind}") for line in path.read_text().splitlines()]
        found = {(epoch, int(seq)): int(crc) for epoch, seq, crc in lines}
        assert len(found) == len(lines), "a number was given twice in one epoch"
        return found

    def spooled(self) -> list[tuple[Key, bytes]]:
        """Every frame in the spool; a hole is an error."""
        found = []
        for epoch in [one for root in self.roots() for one in list_epochs(root)]:
            reader = SpoolReader(epoch.path)
            while items := reader.read():
                for item in items:
                    assert not isinstance(item, Hole), f"a hole in {epoch.path}: {item}"
                    found.append(((epoch.epoch.hex, item.seq), item.payload))
        return found

    def frames(self) -> list[tuple[Key, pb.Frame]]:
        """The same, decoded."""
        return [(key, decode_frame(payload)) for key, payload in self.spooled()]

    def stored(self) -> list[tuple[Key, bytes]]:
        """Every frame in the collector's log, in its order."""
        reader, found = LogReader(self.directory / "collector/log"), []
        while more := reader.read():
            found += [((one.epoch.hex(), one.last_seq), one.frame) for _, one in more if one.kind != NO_FRAME]
        return found

    def roots(self) -> list[Path]:
        """The spool roots."""
        return sorted(path for path in self.spool.iterdir() if path.is_dir()) if self.spool.exists() else []


def crcs(frames: list[tuple[Key, bytes]]) -> dict[Key, int]:
    """The crc of each frame; one that is there twice is an error."""
    found = {key: zlib.crc32(payload) for key, payload in frames}
    assert len(found) == len(frames), "a frame is there twice"
    return found


def ids_in(frames: list[tuple[Key, bytes]]) -> Counter[bytes]:
    """How often each prediction id's digest stands in records."""
    found: Counter[bytes] = Counter()
    for _, payload in frames:
        frame = decode_frame(payload)
        if frame.WhichOneof("body") == "records":
            ids = decode_records(frame.records).ids
            found.update(ids[start : start + ID_BYTES] for start in range(0, len(ids), ID_BYTES))
    return found


def digests(ids: Counter[str]) -> Counter[bytes]:
    """The digests of ids as often as these were called."""
    return Counter({digest_id(one): times for one, times in ids.items()})


def epochs_of(frames: list[tuple[Key, bytes]]) -> dict[str, list[pb.Frame]]:
    """The frames of each epoch in order."""
    found: dict[str, list[pb.Frame]] = {}
    for (epoch, _), payload in sorted(frames):
        found.setdefault(epoch, []).append(decode_frame(payload))
    return found


def commands() -> Iterator[tuple[int, bytes]]:
    """Every process of this machine with its command line."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            with contextlib.suppress(OSError):
                yield int(entry.name), (entry / "cmdline").read_bytes()


def state_of(pid: int) -> str:
    """R, S, Z, …, or "" where there is no such process."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return ""


def caught_by(pid: int) -> set[int]:
    """The signals for which a process has handlers; none where there is no such process."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return set()
    caught = int(status.partition("SigCgt:")[2].split()[0], 16)
    return {number for number in range(1, 65) if caught >> (number - 1) & 1}


def children_of(pid: int) -> list[int]:
    """The living and dead children of a process."""
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            found += [int(one) for one in task.read_text().split()]
    return found


def wait_until(is_so: Callable[[], Any], what: str, timeout_s: float = 90.0) -> None:
    """Return when something is so; it is an error if that takes too long."""
    deadline = time.monotonic() + timeout_s
    while not is_so():
        assert time.monotonic() < deadline, f"waited {timeout_s} s in vain: {what}"
        time.sleep(0.01)
