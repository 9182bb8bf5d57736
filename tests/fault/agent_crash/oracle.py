"""What must be true when all is over: every sealed row is stored once, or in a gap that says why not; nothing counts twice."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from tidegauge.wire.codec import decode_frame
from tidegauge.wire.kinds import FrameKind
from tidegauge_collector.ingest.framelog import LogEntry

COUNTED = {"quota", "spool_unwritable"}  # gaps that know their rows
UNKNOWN = {"corrupt", "missing"}  # what damage leaves


@dataclass
class Ledger:
    """What the victims said: rows of each call that was begun, and which calls were sealed."""

    begun: dict[str, int] = field(default_factory=dict)
    sealed: set[str] = field(default_factory=set)

    @classmethod
    def read(cls, paths: Iterable[Path]) -> "Ledger":
        """Read the ledgers of a round; a line without its end was never said."""
        ledger = cls()
        for path in paths:
            for line in path.read_text().splitlines(keepends=True) if path.exists() else []:
                what, *rest = line.split() if line.endswith("\n") else [""]
                if what == "begin":
                    ledger.begun[rest[0]] = int(rest[1])
                elif what == "sealed":
                    ledger.sealed.add(rest[0])
                elif what == "refused":
                    del ledger.begun[rest[0]]
        return ledger


@dataclass
class Stored:
    """What the collector's log holds: rows of each call, rows in gaps by their reason."""

    rows: Counter[str] = field(default_factory=Counter)
    gaps: Counter[str] = field(default_factory=Counter)
    gap_rows: Counter[str] = field(default_factory=Counter)

    @classmethod
    def read(cls, entries: Iterable[LogEntry]) -> "Stored":
        """Count the entries of a log."""
        stored = cls()
        for entry in entries:
            frame = decode_frame(entry.frame)
            if entry.kind == FrameKind.PROFILE:
                for column in frame.profile.columns:
                    counts = memoryview(column.category_counts).cast("Q")
                    stored.rows.update(dict(zip(column.category_names, counts, strict=True)))
            elif entry.kind == FrameKind.RECORDS:
                stored.rows[frame.records.prediction_ids.decode().split("/")[0]] += 1
            elif entry.kind == FrameKind.GAP:
                stored.gaps[frame.gap.reason] += 1
                stored.gap_rows[frame.gap.reason] += frame.gap.rows
        return stored


def check_conservation(ledger: Ledger, stored: Stored, *, was_damaged: bool) -> None:
    """created = stored + dropped by reason, call by call where it is stored, in sum where it is dropped."""
    doubled = {call: rows for call, rows in stored.rows.items() if rows > ledger.begun.get(call, 0)}
    assert not doubled, f"counted twice: {doubled}"
    missing = sum(ledger.begun[call] - stored.rows[call] for call in ledger.sealed)
    doubtful = sum(rows - stored.rows[call] for call, rows in ledger.begun.items() if call not in ledger.sealed)
    told = sum(stored.gap_rows[reason] for reason in COUNTED)
    assert stored.gap_rows["merged"] == 0
    strange = set(stored.gaps) - COUNTED - UNKNOWN - {"merged", "refused"}
    assert not strange, f"gaps for other reasons: {strange}"
    lost_unseen = stored.gaps.keys() & UNKNOWN
    assert was_damaged or not lost_unseen, f"lost without damage: {stored.gaps}"
    assert lost_unseen or told >= missing, f"{missing} sealed rows are missing, {told} are told of ({stored.gaps})"
    assert told <= missing + doubtful, f"{told} rows are told of, {missing} and perhaps {doubtful} are missing"
