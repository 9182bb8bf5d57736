"""What a worker was about to do and what is certain, written outside the agent: the oracle that the collector is held to.

    worker-N.begun      "17\\n"            before batch 17 is given to the agent
    worker-N.durable    one JSON line      after `flush()` returned: {"batches": [...], "predictions": {id: score}, "actuals": {id: value}}

A batch that was begun and is in no durable line is ambiguous (the worker died in between): its rows may have been sealed, so it is
never sent again. Lines survive kill -9; a torn last line counts as not written.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flights_demo.schedule import Batch


@dataclass(frozen=True, slots=True)
class Ledger:
    """The record of all workers: scores by prediction id, values by id, batches in doubt as (worker, number)."""

    predictions: dict[str, float] = field(default_factory=dict)
    actuals: dict[str, int] = field(default_factory=dict)
    in_doubt: list[tuple[int, int]] = field(default_factory=list)
    repeated: int = 0


class LedgerWriter:
    """The record of one worker; a restarted one opens the same files."""

    def __init__(self, folder: Path, worker: int) -> None:
        begun, durable = _paths(folder, worker)
        for path in (begun, durable):
            _cut_torn_line(path)
        self._begun = os.open(begun, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._durable = os.open(durable, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._pending: dict[str, Any] = _nothing()
        self.next_batch = 1 + max(_begun_batches(begun), default=-1)

    def begin(self, number: int) -> None:
        """Note that a batch is about to be given to the agent."""
        os.write(self._begun, b"%d\n" % number)

    def sent(self, batch: Batch, scores: list[float]) -> None:
        """Remember what a batch gave to the agent, until it is durable."""
        self._pending["batches"].append(batch.number)
        self._pending["predictions"].update(zip(batch.flights["id"], scores, strict=True))
        self._pending["actuals"].update(zip(batch.known["id"], batch.known["late"].tolist(), strict=True))

    def settle(self) -> None:
        """Note that everything sent so far is durable; on disk on return. Call it after `flush()` returned."""
        if self._pending["batches"]:
            os.write(self._durable, json.dumps(self._pending).encode() + b"\n")
            os.fsync(self._durable)
            self._pending = _nothing()

    def close(self) -> None:
        os.close(self._begun)
        os.close(self._durable)


def read_ledger(folder: Path, workers: int) -> Ledger:
    """What all workers of a run wrote."""
    ledger, repeated, in_doubt = Ledger(), 0, []
    for worker in range(workers):
        begun, durable = _paths(folder, worker)
        certain: set[int] = set()
        for line in _lines(durable):
            entry = json.loads(line)
            repeated += len(entry["predictions"].keys() & ledger.predictions.keys())
            certain.update(entry["batches"])
            ledger.predictions.update(entry["predictions"])
            ledger.actuals.update(entry["actuals"])
        in_doubt += [(worker, number) for number in _begun_batches(begun) if number not in certain]
    return Ledger(ledger.predictions, ledger.actuals, in_doubt, repeated)


def _nothing() -> dict[str, Any]:
    return {"batches": [], "predictions": {}, "actuals": {}}


def _paths(folder: Path, worker: int) -> tuple[Path, Path]:
    return folder / f"worker-{worker}.begun", folder / f"worker-{worker}.durable"


def _begun_batches(path: Path) -> list[int]:
    return [int(line) for line in _lines(path)]


def _lines(path: Path) -> Iterator[bytes]:
    if path.exists():
        whole, _, _ = path.read_bytes().rpartition(b"\n")
        yield from whole.splitlines()


def _cut_torn_line(path: Path) -> None:
    if path.exists():
        content = path.read_bytes()
        os.truncate(path, content.rfind(b"\n") + 1)
