"""Active baselines, decoded once and kept until their deployment's configuration changes.

The importance that people state of a deployment's features takes the place of what a baseline says.
"""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt
import structlog

from tidegauge.core.baseline import Baseline
from tidegauge.core.bins import UNUSABLE, Bin, BinKind
from tidegauge.core.columns import canonical_text
from tidegauge.errors import WireError
from tidegauge.wire import telemetry_pb2 as pb
from tidegauge.wire.rows import decode_baseline
from tidegauge_collector.control import ControlStore
from tidegauge_collector.core.reconstruction import Components, components

Counts = npt.NDArray[np.int64]

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class ActiveBaseline:
    """A decoded baseline and where it is from."""

    baseline: Baseline
    origin: str
    rows: int

    @cached_property
    def components(self) -> Components | None:
        """What multivariate drift is measured by; None where the baseline carries no second moments, or none that vary."""
        return components(self.baseline.moment_blocks)

    def counts(self, column: str) -> Counts:
        """Rows in each bin of the column, then missing, non-finite and invalid ones."""
        profile = self.baseline.profiles[column]
        unusable = (profile.missing, profile.non_finite, profile.invalid)
        bins = profile.bin_counts if profile.bin_counts is not None else np.zeros(0, dtype=np.int64)
        return np.concatenate([bins, np.array(unusable, dtype=np.int64)])

    def most_frequent(self, column: str) -> str | None:
        """Canonical text of the most frequent value of a column, the first among equals; None where no value is known by itself."""
        known = self.baseline.bins.columns.get(column)
        if known is None:
            return None
        counted = zip(known.labels, self.counts(column).tolist(), strict=False)
        named = [(rows, one) for one, rows in counted if one.kind in (BinKind.CATEGORY, BinKind.POINT) and rows]
        if not named:
            return None
        most = max(rows for rows, _ in named)
        return min(_value(one) for rows, one in named if rows == most)

    def kinds(self, column: str) -> list[str]:
        """The kind of each bin, in the order of `counts`."""
        return [one.kind.value for one in (*self.baseline.bins.columns[column].labels, *UNUSABLE)]


def _value(one: Bin) -> str:
    """The value that a bin holds alone."""
    return one.label if one.lower is None else canonical_text(one.lower) or one.label


class Baselines:
    """A cache over the control store: what is known of a version is good for as long as its deployment's revision stands."""

    def __init__(self, control: ControlStore) -> None:
        self._control = control
        self._lock = threading.Lock()  # guards all below
        self._revision = -1
        self._revisions: dict[str, int] = {}  # of deployments, as of `_revision`
        self._known: dict[tuple[str, str], tuple[int, ActiveBaseline | None]] = {}

    def active(self, deployment: str, version: str) -> ActiveBaseline | None:
        """The version's active baseline, or None."""
        key, revision = (deployment, version), self._revision_of(deployment)
        with self._lock:
            kept = self._known.get(key)
        if kept is not None and kept[0] == revision:
            return kept[1]
        found = self._load(deployment, version)
        with self._lock:
            self._known[key] = (revision, found)
        return found

    def _revision_of(self, deployment: str) -> int:
        """The deployment's revision before anything is read of it: what changes meanwhile is loaded again."""
        newest = self._control.config_revision()
        with self._lock:
            if newest == self._revision:
                return self._revisions.get(deployment, -1)
        found = {one.name: one.config_revision for one in self._control.deployments()}
        with self._lock:
            self._revision, self._revisions = newest, found
            self._known = {key: kept for key, kept in self._known.items() if found.get(key[0]) == kept[0]}
        return found.get(deployment, -1)

    def _load(self, deployment: str, version: str) -> ActiveBaseline | None:
        stored = self._control.active_baseline(deployment, version)
        if stored is None:
            return None
        try:
            baseline = decode_baseline([pb.BaselinePart.FromString(payload) for payload in stored.parts])
        except WireError as problem:
            log.warning("baseline.unreadable", deployment=deployment, version=version, problem=str(problem))
            return None
        found = self._control.deployment(deployment)
        stated = found.importances if found is not None else {}
        if stated:
            total = math.fsum(stated.values())
            baseline = replace(baseline, importance={name: weight / total for name, weight in stated.items()})
        return ActiveBaseline(baseline, stored.origin, stored.rows)
