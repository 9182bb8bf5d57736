"""What happened in a host, written beside the agent and not by it: the oracle of these tests.

<GUEST_LEDGER>/<pid>.called      the id of each call, before it is made
<GUEST_LEDGER>/<pid>.sealing     epoch, seq and crc of each frame, before the commit that makes it durable
<GUEST_LEDGER>/<pid>.sealed      epoch, seq and crc of each frame, after the commit that made it durable has returned

A line is one write to the kernel, so that it survives `kill -9`.
"""

import os
import zlib
from pathlib import Path
from typing import Any

from tidegauge.spool import SpoolWriter
from tidegauge.worker import runtime

DIRECTORY = Path(os.environ["GUEST_LEDGER"])
_open: dict[tuple[int, str], int] = {}


def write(kind: str, *lines: str) -> None:
    """Append lines to this process's own file."""
    key = (os.getpid(), kind)
    if key not in _open:
        _open[key] = os.open(
            DIRECTORY / f"{key[0]}.{kind}", os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600
        )
    os.write(_open[key], "".join(f"{line}\n" for line in lines).encode())


def called(prediction_id: str) -> None:
    """Note that a call is about to be made."""
    write("called", prediction_id)


def write_down_what_is_sealed() -> None:
    """From now on, note every frame that a commit has made durable."""
    append, commit = SpoolWriter.append, SpoolWriter.commit
    pending: dict[int, list[tuple[int, int]]] = {}

    def noting_append(self: SpoolWriter, kind: int, payload: bytes, **options: Any) -> int:
        seq = append(self, kind, payload, **options)
        pending.setdefault(id(self), []).append((seq, zlib.crc32(payload)))
        return seq

    def noting_commit(self: SpoolWriter, **options: Any) -> int:
        lines = [f"{self.epoch.hex} {seq} {crc}" for seq, crc in pending.pop(id(self), [])]
        write("sealing", *lines)
        durable = commit(self, **options)
        write("sealed", *lines)
        return durable

    SpoolWriter.append, SpoolWriter.commit = noting_append, noting_commit  # type: ignore[method-assign]


def seal_often(every_s: float = 0.3) -> None:
    """Seal as often as a test has time for."""
    runtime.SEAL_RECORDS_S = runtime.SEAL_PROFILES_S = every_s
