"""Active baselines, decoded once and kept until the configuration changes."""

from __future__ import annotations

import threading
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import structlog

from tidegauge.core.baseline import Baseline
from tidegauge.core.bins import UNUSABLE
from tidegauge.errors import WireError
from tidegauge.wire import telemetry_pb2 as pb
from tidegauge.wire.rows import decode_baseline
from tidegauge_collector.control import ControlStore

Counts = npt.NDArray[np.int64]

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class ActiveBaseline:
    """A decoded baseline and where it is from."""

    baseline: Baseline
    origin: str
    rows: int

    def counts(self, column: str) -> Counts:
        """Rows in each bin of the column, then missing, non-finite and invalid ones."""
        profile = self.baseline.profiles[column]
        unusable = (profile.missing, profile.non_finite, profile.invalid)
        bins = profile.bin_counts if profile.bin_counts is not None else np.zeros(0, dtype=np.int64)
        return np.concatenate([bins, np.array(unusable, dtype=np.int64)])

    def kinds(self, column: str) -> list[str]:
        """The kind of each bin, in the order of `counts`."""
        return [one.kind.value for one in (*self.baseline.bins.columns[column].labels, *UNUSABLE)]


class Baselines:
    """A cache over the control store, good for as long as its configuration revision stands."""

    def __init__(self, control: ControlStore) -> None:
        self._control = control
        self._lock = threading.Lock()  # guards the two below
        self._revision = -1
        self._known: dict[tuple[str, str], ActiveBaseline | None] = {}

    def active(self, deployment: str, version: str) -> ActiveBaseline | None:
        """The version's active baseline, or None."""
        key = (deployment, version)
        revision = self._control.config_revision()
        with self._lock:
            if revision != self._revision:
                self._known.clear()
                self._revision = revision
            if key in self._known:
                return self._known[key]
        found = self._load(deployment, version)
        with self._lock:
            if revision == self._revision:
                self._known[key] = found
        return found

    def _load(self, deployment: str, version: str) -> ActiveBaseline | None:
        stored = self._control.active_baseline(deployment, version)
        if stored is None:
            return None
        try:
            baseline = decode_baseline([pb.BaselinePart.FromString(payload) for payload in stored.parts])
        except WireError as problem:
            log.warning("baseline.unreadable", deployment=deployment, version=version, problem=str(problem))
            return None
        return ActiveBaseline(baseline, stored.origin, stored.rows)
