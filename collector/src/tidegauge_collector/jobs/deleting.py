"""Deletions on demand, from the request to the record of what went. All but `plan` belongs in the thread that folds.

The record comes first, then the rows go, then the record says what went: a crash in between is made good at the next start, and a
telemetry store that was restored from an older copy has everything deleted again.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from tidegauge.core.ids import digest_id
from tidegauge.core.windows import Window
from tidegauge_collector.control import ControlStore
from tidegauge_collector.control.deletions import DeletionRecord
from tidegauge_collector.telemetry.deleting import ALWAYS, delete, deletions_applied, would_delete
from tidegauge_collector.telemetry.store import TelemetryStore
from tidegauge_collector.telemetry.tombstones import Tombstone, Tombstones

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What is to be deleted. `prediction_id` is a user's id, `digest` its 32 hexadecimal digits on the wire (agents with a `hash_key`)."""

    deployment: str
    version: str | None = None
    start_us: int | None = None
    end_us: int | None = None
    prediction_id: str | None = None
    digest: str | None = None

    def __post_init__(self) -> None:
        """Raises ValueError where it names too much, or nothing that can be."""
        by_id = [one for one in (self.prediction_id, self.digest) if one is not None]
        if len(by_id) > 1:
            raise ValueError("give the prediction id or its digest, not both")
        if by_id and (self.version is not None or self.start_us is not None or self.end_us is not None):
            raise ValueError("a prediction id is deleted whole: leave out version, start and end")
        if self.start_us is not None and self.end_us is not None and self.start_us >= self.end_us:
            raise ValueError("the range is empty: end must be after start")
        self.prediction()

    def prediction(self) -> bytes | None:
        """The id as it travels and is stored."""
        if self.prediction_id is not None:
            return digest_id(self.prediction_id)
        if self.digest is None:
            return None
        try:
            found = bytes.fromhex(self.digest)
        except ValueError:
            found = b""
        if len(found) != 16:
            raise ValueError(f"digest {self.digest!r:.80}: write 32 hexadecimal digits, as in the list of predictions")
        return found


class Deleting:
    """Deletes, and bars what was deleted from coming back."""

    def __init__(
        self,
        control: ControlStore,
        telemetry: TelemetryStore,
        *,
        now_us: Callable[[], int],
        on_removed: Callable[[set[str]], None],
    ) -> None:
        self._control = control
        self._telemetry = telemetry
        self._now_us = now_us
        self._on_removed = on_removed
        telemetry.index.tombstones = Tombstones(map(_tombstone, control.deletions.listed()))

    def plan(self, target: Target) -> dict[str, int]:
        """What a deletion would remove now, by kind. Raises LookupError for an unknown deployment or version."""
        self._check_known(target)
        return dict(would_delete(self._telemetry, _tombstone(self._record(target, "nobody"))))

    def delete(self, target: Target, *, requested_by: str) -> DeletionRecord:
        """Delete, and return the record. Raises LookupError for an unknown deployment or version."""
        self._check_known(target)
        record = self._record(target, requested_by)
        self._control.deletions.add(record)
        self._telemetry.index.tombstones.add(_tombstone(record))
        self._carry_out(record)
        return next(one for one in self._control.deletions.listed() if one.id == record.id)

    def listed(self) -> list[DeletionRecord]:
        """All deletions, oldest first."""
        return self._control.deletions.listed()

    def resume(self) -> None:
        """Carry out what a crash has interrupted, or a restored telemetry store does not know of."""
        applied = deletions_applied(self._telemetry)
        for record in self._control.deletions.listed():
            if record.id not in applied or record.done_at_us is None:
                self._carry_out(record)

    def _carry_out(self, record: DeletionRecord) -> None:
        removed = delete(self._telemetry, _tombstone(record))
        if record.done_at_us is None:
            self._control.deletions.finish(record.id, removed, now_us=self._now_us())
        self._on_removed({record.deployment})
        log.info("deletion.done", id=record.id, deployment=record.deployment, **removed)

    def _record(self, target: Target, requested_by: str) -> DeletionRecord:
        return DeletionRecord(
            id=uuid.uuid4().hex,
            deployment=target.deployment,
            version=target.version,
            start_us=target.start_us,
            end_us=target.end_us,
            prediction=target.prediction(),
            requested_by=requested_by,
            requested_at_us=self._now_us(),
        )

    def _check_known(self, target: Target) -> None:
        if self._control.deployment(target.deployment) is None:
            raise LookupError(f"deployment {target.deployment!r:.140} does not exist: nothing of it is stored")
        versions = {one.name for one in self._control.versions(target.deployment)}
        if target.version is not None and target.version not in versions:
            raise LookupError(
                f"version {target.version!r:.140} of {target.deployment!r} was never seen; seen are {', '.join(sorted(versions))}"
            )


def _tombstone(record: DeletionRecord) -> Tombstone:
    window = None
    if record.start_us is not None or record.end_us is not None:
        start_us = ALWAYS.start_us if record.start_us is None else record.start_us
        window = Window(start_us, ALWAYS.end_us if record.end_us is None else record.end_us)
    return Tombstone(record.id, record.deployment, record.version, window, record.prediction, record.requested_at_us)
