"""What the store numbers, kept in memory too: series, deployments, versions, epochs, segment sets, score classes; and the marks.

Only the fold adds to it. New numbers are staged, written with the fold's rows, and kept once the transaction has committed.
Readers of other threads see kept entries only, but for the things of numbers that they have read (`Numbering.things`).
"""

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any, Generic, NamedTuple, TypeVar

from tidegauge.core.windows import Window
from tidegauge_collector.telemetry.spans import Spans
from tidegauge_collector.telemetry.tombstones import Tombstones

K = TypeVar("K", bound=Hashable)
MOMENTS_KIND = "second_moments"
"""The kind of a series that counts second moments; the names of its features are its column, as a JSON list."""
Read = Callable[[str], list[tuple[Any, ...]]]


class SeriesKey(NamedTuple):
    """What one series of cells is of. `bins_id` is empty where the column was counted in no bins; moments are about `pivot`."""

    deployment: str
    version: str
    role: int
    segment: str
    batch: str
    column: str
    kind: str
    bins_id: bytes
    pivot: float
    time_basis: int


class Series(NamedTuple):
    """A series and its number."""

    series_id: int
    key: SeriesKey


class LogPosition(NamedTuple):
    """A place in the collector's frame log: everything up to it, this frame included, is folded."""

    log_epoch: bytes
    log_seq: int


@dataclass(frozen=True, slots=True)
class Mark:
    """How far an epoch is folded; `closed`: its writer has ended and nothing follows."""

    mark: int
    received_us: int
    closed: bool


class Numbering(Generic[K]):
    """Numbers 1, 2, 3, … for things, in the order in which they were first seen."""

    __slots__ = ("known", "staged")

    def __init__(self) -> None:
        self.known: dict[K, int] = {}
        self.staged: dict[K, int] = {}

    def number(self, thing: K) -> int:
        """The thing's number, a new one where it has none."""
        found = self.known.get(thing) or self.staged.get(thing)
        if found is None:
            found = self.staged[thing] = len(self.known) + len(self.staged) + 1
        return found

    def things(self) -> dict[int, K]:
        """The thing of each number that rows may have: those that are staged, too, for rows are seen from their commit on, and it is a
        moment later that their numbers are kept. Ask once the rows are read."""
        staged = {number: thing for thing, number in list(self.staged.items())}  # first: what has left them is known
        return staged | {number: thing for thing, number in list(self.known.items())}

    def keep(self) -> None:
        self.known.update(self.staged)
        self.staged = {}

    def forget(self) -> None:
        self.staged = {}


@dataclass(slots=True)
class Index:
    """All numberings of a store, the series by deployment, and where the fold stands."""

    series: Numbering[SeriesKey] = field(default_factory=Numbering)
    deployments: Numbering[str] = field(default_factory=Numbering)
    versions: Numbering[str] = field(default_factory=Numbering)
    epochs: Numbering[bytes] = field(default_factory=Numbering)
    segment_sets: Numbering[tuple[str, ...]] = field(default_factory=Numbering)
    score_classes: Numbering[tuple[str, ...]] = field(default_factory=Numbering)
    by_deployment: dict[str, list[Series]] = field(default_factory=dict)
    moments_by_deployment: dict[str, list[Series]] = field(default_factory=dict)  # series of second moments lie apart
    marks: dict[bytes, Mark] = field(default_factory=dict)
    watermarks: dict[str, dict[bytes, int]] = field(
        default_factory=dict
    )  # by deployment and epoch; 0: none was said yet
    zones: dict[str, str] = field(default_factory=dict)  # in which the days of a deployment are cut, once there are any
    touched: set[Window] | None = None  # windows folded into since the last compaction; None: since before the start
    tombstones: Tombstones = field(default_factory=Tombstones)
    has_barred_ids: bool = False  # records were kept out by a deletion, and their actuals may have been let in
    spans: Spans = field(default_factory=Spans)
    folds: int = 0
    position: LogPosition | None = None
    staged_marks: dict[bytes, Mark] = field(default_factory=dict)
    staged_watermarks: dict[tuple[bytes, str], int] = field(default_factory=dict)
    staged_position: LogPosition | None = None

    def mark(self, epoch: bytes) -> Mark:
        """How far the fold is with an epoch, staged entries included."""
        return self.staged_marks.get(epoch) or self.marks.get(epoch) or Mark(0, 0, closed=False)

    def raise_watermark(self, epoch: bytes, deployment: str, time_us: int) -> None:
        """All of the epoch's rows of the deployment before `time_us` are there; 0: some are, and it has not said how far."""
        known = self.staged_watermarks.get((epoch, deployment), self.watermarks.get(deployment, {}).get(epoch))
        if known is None or known < time_us:
            self.staged_watermarks[epoch, deployment] = time_us

    def keep(self) -> None:
        """The transaction that wrote what was staged has committed."""
        self.marks.update(self.staged_marks)
        for (epoch, deployment), time_us in self.staged_watermarks.items():
            self.watermarks.setdefault(deployment, {})[epoch] = time_us
        if self.staged_position is not None:
            self.folds, self.position = self.folds + 1, self.staged_position
        for key, number in self.series.staged.items():
            kept = self.moments_by_deployment if key.kind == MOMENTS_KIND else self.by_deployment
            kept.setdefault(key.deployment, []).append(Series(number, key))
        for numbering in self._numberings():
            numbering.keep()
        self.spans.keep()
        self.forget()

    def forget(self) -> None:
        """It was undone."""
        for numbering in self._numberings():
            numbering.forget()
        self.spans.forget()
        self.staged_marks, self.staged_watermarks, self.staged_position = {}, {}, None

    def series_of(self, deployment: str) -> tuple[Series, ...]:
        """The series of a deployment's columns seen so far."""
        return tuple(self.by_deployment.get(deployment, ()))

    def moments_of(self, deployment: str) -> tuple[Series, ...]:
        """Its series of second moments."""
        return tuple(self.moments_by_deployment.get(deployment, ()))

    def _numberings(self) -> tuple[Numbering[Any], ...]:
        return (self.series, self.deployments, self.versions, self.epochs, self.segment_sets, self.score_classes)


def load_index(index: Index, read: Read) -> None:
    """Fill an empty index from the store's tables."""
    index.deployments.known = {name: number for number, name in read("deployments_known")}
    index.versions.known = {name: number for number, name in read("versions_known")}
    index.epochs.known = {bytes(epoch): number for number, epoch in read("epochs_known")}
    index.segment_sets.known = _grouped(read("segment_sets"))
    index.score_classes.known = _grouped(read("score_classes"))
    for number, *columns in read("series"):
        index.series.staged[SeriesKey(*columns)] = number
    index.keep()
    for epoch, mark, received_us, closed in read("marks"):
        index.marks[bytes(epoch)] = Mark(mark, received_us, closed)
    deployments = {number: name for name, number in index.deployments.known.items()}
    for epoch, deployment_id, time_us in read("watermarks"):
        index.watermarks.setdefault(deployments[deployment_id], {})[bytes(epoch)] = time_us
    index.zones.update(read("day_zones"))
    index.spans.load(read)
    ((index.has_barred_ids,),) = read("barred_ids_known")
    for fold_number, log_epoch, log_seq in read("log_position"):
        index.folds, index.position = fold_number, LogPosition(bytes(log_epoch), log_seq)


def _grouped(rows: list[tuple[Any, ...]]) -> dict[tuple[str, ...], int]:
    """From (number, one of its texts) in order to the tuples' numbers."""
    texts: dict[int, list[str]] = {}
    for number, text in rows:
        texts.setdefault(number, []).append(text)
    return {tuple(parts): number for number, parts in texts.items()}
