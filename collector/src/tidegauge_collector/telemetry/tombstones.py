"""What was deleted and must not come back: by folding the log again, from a restored older file, or in frames that arrive late.

A deployment, a version or a range is barred in what was received until it was deleted; what comes after counts again. A prediction id
is barred for good.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from tidegauge.core.ids import ID_BYTES
from tidegauge.core.outcomes import Labels, Truth
from tidegauge.core.windows import Window
from tidegauge.wire.rows import ActualRows, RecordRows

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Tombstone:
    """One deletion: of a prediction id (its 16 bytes on the wire), or of a version (None: all) in a window (None: always)."""

    deletion_id: str
    deployment: str
    version: str | None
    window: Window | None
    prediction: bytes | None
    deleted_at_us: int

    def covers(self, version: str, received_us: int) -> bool:
        """Whether it bars rows by their time."""
        return (
            self.prediction is None
            and received_us <= self.deleted_at_us
            and (self.version is None or self.version == version)
        )

    def holds(self, times_us: npt.NDArray[np.int64]) -> Mask:
        """Which times lie in its window."""
        if self.window is None:
            return np.ones(len(times_us), dtype=np.bool_)
        return (times_us >= self.window.start_us) & (times_us < self.window.end_us)


class Tombstones:
    """All deletions by deployment. Replaced as a whole by the thread that folds."""

    def __init__(self, stones: Iterable[Tombstone] = ()) -> None:
        self._by_deployment: dict[str, list[Tombstone]] = defaultdict(list)
        self.rows_barred = 0
        for one in stones:
            self.add(one)

    def add(self, one: Tombstone) -> None:
        self._by_deployment[one.deployment].append(one)

    def bars(self, deployment: str, version: str, time_us: int, received_us: int) -> bool:
        """Whether something that happened at a time (a window that began then) was deleted."""
        return any(
            one.covers(version, received_us)
            and (one.window is None or one.window.start_us <= time_us < one.window.end_us)
            for one in self._by_deployment.get(deployment, ())
        )

    def barred_ids(
        self, rows: RecordRows, deployment: str, version: str, received_us: int
    ) -> Iterator[tuple[bytes, int]]:
        """Ids of rows that were deleted with their version or range, and when: their actuals of before then are deleted too."""
        for one in self._of(deployment):
            if one.covers(version, received_us) and (one.version is not None or one.window is not None):
                gone = _picked(rows.ids, one.holds(rows.event_times_us))
                if gone:
                    yield gone, one.deleted_at_us

    def spare_records(self, rows: RecordRows, deployment: str, version: str, received_us: int) -> RecordRows:
        """The rows that were not deleted."""
        keep = self._kept(rows.ids, rows.event_times_us, deployment, version, received_us)
        if keep.all():
            return rows
        self.rows_barred += int((~keep).sum())
        return replace(
            rows,
            ids=_picked(rows.ids, keep),
            event_times_us=rows.event_times_us[keep],
            arrival_times_us=rows.arrival_times_us[keep],
            outputs={name: values[keep] for name, values in rows.outputs.items()},
            labels=Labels(rows.labels.names, rows.labels.codes[keep]),
            segment_codes=rows.segment_codes[keep],
            request_ids=tuple(np.array(rows.request_ids, dtype=object)[keep]) if rows.request_ids else (),
        )

    def spare_actuals(self, rows: ActualRows, deployment: str, received_us: int) -> ActualRows:
        """The rows that were not deleted: by id, or with their whole deployment. An actual is of no version and no window."""
        if any(
            one.version is None and one.window is None and one.covers("", received_us) for one in self._of(deployment)
        ):
            keep = np.zeros(len(rows.times_us), dtype=np.bool_)
        else:
            keep = ~self._ids_barred(rows.ids, deployment)
        if keep.all():
            return rows
        self.rows_barred += int((~keep).sum())
        labels = Labels(rows.truth.labels.names, rows.truth.labels.codes[keep])
        return replace(
            rows,
            ids=_picked(rows.ids, keep),
            times_us=rows.times_us[keep],
            truth=Truth(rows.truth.values[keep], labels),
        )

    def _of(self, deployment: str) -> list[Tombstone]:
        return self._by_deployment.get(deployment, [])

    def _kept(
        self, ids: bytes, times_us: npt.NDArray[np.int64], deployment: str, version: str, received_us: int
    ) -> Mask:
        keep = ~self._ids_barred(ids, deployment)
        for one in self._of(deployment):
            if one.covers(version, received_us):
                keep &= ~one.holds(times_us)
        return keep

    def _ids_barred(self, ids: bytes, deployment: str) -> Mask:
        barred = [one.prediction for one in self._of(deployment) if one.prediction is not None]
        if not barred:
            return np.zeros(len(ids) // ID_BYTES, dtype=np.bool_)
        found: Mask = np.isin(
            np.frombuffer(ids, dtype=f"V{ID_BYTES}").view(_PAIR), np.frombuffer(b"".join(barred), dtype=_PAIR)
        )
        return found


_PAIR = f"S{ID_BYTES}"


def _picked(ids: bytes, keep: Mask) -> bytes:
    return np.frombuffer(ids, dtype=f"V{ID_BYTES}")[keep].tobytes()
