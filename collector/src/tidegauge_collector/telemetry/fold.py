"""The fold: the only way in. Frames of the collector's log become rows, each exactly once.

All rows of one call, the epochs' marks, the watermarks and the place in the frame log are one transaction: after a crash the
store says itself from where to fold again, and entries that it holds already are passed over by their epoch's mark. The entries
of one epoch come in the order of the log over the calls; within a call any order will do. A hole in an epoch (the log lost a
frame) is recorded as a gap.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from tidegauge.errors import WireError
from tidegauge_collector.telemetry.batch import Batch, FoldEntry
from tidegauge_collector.telemetry.dictionaries import staged_tables
from tidegauge_collector.telemetry.index import Index, LogPosition, Mark
from tidegauge_collector.telemetry.store import TelemetryStore

__all__ = ["FoldEntry", "FoldResult", "LogPosition", "Rejection", "fold"]


@dataclass(frozen=True, slots=True)
class Rejection:
    """A frame that could not be counted and why; it is passed over for good, and recorded among the gaps."""

    entry: FoldEntry
    reason: str


@dataclass(frozen=True, slots=True)
class FoldResult:
    """What a fold did: entries counted, entries passed over as known, entries rejected; rows whose time an agent had clamped."""

    folded: int
    skipped: int
    rejected: tuple[Rejection, ...] = ()
    clamped_rows: int = 0


SetAside = Callable[[FoldEntry, str], bool]


_ROWS = ("profile", "records")
"""Bodies whose rows have an event time: of such a frame an epoch will say how far it is, with a later one of the same seal."""


def fold(
    store: TelemetryStore,
    entries: Sequence[FoldEntry],
    position: LogPosition,
    *,
    set_aside: SetAside = lambda _entry, _reason: False,
) -> FoldResult:
    """Count all entries that are not counted yet, and remember `position`, up to which the frame log is then folded.

    `set_aside` is given what cannot be counted, before anything is written; True: it is kept, its rows are not lost.
    Raises StoreRefused (nothing of the call was written: call again later) or StoreFatal.
    """
    with store.folding() as index:
        batch = Batch(index)
        skipped = 0
        rejected = []
        for entry in sorted(entries, key=lambda one: (one.epoch, one.first_seq)):
            mark = index.mark(entry.epoch)
            if entry.last_seq <= mark.mark:
                skipped += 1
                _note_closed(index, entry, mark)
                continue
            reason = _take(batch, _unfolded(entry, mark, batch), set_aside)
            if reason is not None:
                rejected.append(Rejection(entry, reason))
            elif entry.frame.low_watermark_us or entry.frame.WhichOneof("body") in _ROWS:
                index.raise_watermark(entry.epoch, entry.frame.deployment, entry.frame.low_watermark_us)
            index.staged_marks[entry.epoch] = Mark(entry.last_seq, entry.received_us, entry.closed or mark.closed)
        index.staged_position = position
        _write(store, batch)
    return FoldResult(len(entries) - skipped - len(rejected), skipped, tuple(rejected), batch.clamped_rows)


def _take(batch: Batch, entry: FoldEntry, set_aside: SetAside) -> str | None:
    """The reason why a frame could not be counted, if so."""
    try:
        batch.take(entry)
    except WireError as error:
        is_kept = set_aside(entry, str(error))
        reason, rows = ("quarantined", 0) if is_kept else (f"rejected: {error}", _rows_of(entry))
        batch.add_gap(entry, entry.first_seq, entry.last_seq, reason, rows=rows)
        return str(error)
    return None


def _rows_of(entry: FoldEntry) -> int:
    frame = entry.frame
    return frame.records.rows + frame.actuals.rows  # a body that is not there has 0


def _unfolded(entry: FoldEntry, mark: Mark, batch: Batch) -> FoldEntry:
    """The part of an entry beyond the mark; what is missing between the two becomes a gap."""
    if entry.first_seq > mark.mark + 1:
        batch.add_gap(entry, mark.mark + 1, entry.first_seq - 1, "missing in the frame log")
    return replace(entry, first_seq=max(entry.first_seq, mark.mark + 1))


def _note_closed(index: Index, entry: FoldEntry, mark: Mark) -> None:
    if entry.closed and not mark.closed:
        index.staged_marks[entry.epoch] = replace(mark, closed=True)


def _write(store: TelemetryStore, batch: Batch) -> None:
    """Insert all rows; each query `write_NAME` reads the table `new_NAME`."""
    lookups, tables = batch.lookups(), batch.tables()
    store.index.has_barred_ids |= "barred_ids" in tables
    for name, table in (staged_tables(store.index) | tables).items():
        extra = lookups if name in {"predictions", "actuals"} else {}
        store.execute(f"write_{name}", tables={f"new_{name}": table, **extra})
