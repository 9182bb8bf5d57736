"""Single rows, read once for all who ask for the same: monitors of one pass watch the same data, each in its own way."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from tidegauge_collector.measuring.gauged import Scope
from tidegauge_collector.telemetry.answered import AnsweredRows, answered
from tidegauge_collector.telemetry.joined import Ints, JoinedRows, joined, predicted_ids
from tidegauge_collector.telemetry.selecting import span
from tidegauge_collector.telemetry.store import TelemetryStore

KEPT_ROWS = 2_000_000
"""Of what is kept in all; what alone holds more is read and not kept."""

T = TypeVar("T", JoinedRows, AnsweredRows, Ints)
Key = tuple[object, ...]
Read = JoinedRows | AnsweredRows | Ints


class SingleRows:
    """Reads of one thread, as things stood when each was first asked for: make one for a pass, and let it go."""

    def __init__(self, store: TelemetryStore, *, most_rows: int = KEPT_ROWS) -> None:
        self._store = store
        self._most_rows = most_rows
        self._kept: dict[Key, tuple[int, Read]] = {}  # the longest unused first
        self.reads = 0

    def joined(self, scope: Scope) -> JoinedRows:
        """`telemetry.joined` over the range of the scope's windows."""
        whole = span(scope.windows)
        return self._once(
            ("joined", scope.segment, *self._of(scope), whole),
            lambda: joined(
                self._store,
                scope.deployment,
                version=scope.version,
                segment=scope.segment,
                start_us=whole.start_us,
                end_us=whole.end_us,
                among=scope.among,
            ),
            lambda found: len(found.event_us),
        )

    def answered(self, scope: Scope) -> AnsweredRows:
        """`telemetry.answered` over the range of the scope's windows; of whatever segment."""
        whole = span(scope.windows)
        return self._once(
            ("answered", *self._of(scope), whole),
            lambda: answered(
                self._store,
                scope.deployment,
                version=scope.version,
                start_us=whole.start_us,
                end_us=whole.end_us,
                among=scope.among,
            ),
            lambda found: len(found.event_us),
        )

    def predicted_ids(self, scope: Scope) -> Sequence[int]:
        """`telemetry.predicted_ids` of each of the scope's windows."""
        found: Ints = self._once(
            ("predicted_ids", scope.segment, *self._of(scope), *scope.windows),
            lambda: predicted_ids(
                self._store,
                scope.deployment,
                version=scope.version,
                segment=scope.segment,
                windows=scope.windows,
                among=scope.among,
            ),
            len,
        )
        return [int(one) for one in found]

    @staticmethod
    def _of(scope: Scope) -> Key:
        return scope.deployment, scope.version, scope.batch, scope.known_us

    def _once(self, key: Key, read: Callable[[], T], size: Callable[[T], int]) -> T:
        kept = self._kept.pop(key, None)
        if kept is None:
            self.reads += 1
            found = read()
            kept = (size(found), found)
        rows, value = kept
        if rows <= self._most_rows:
            self._kept[key] = kept
            while sum(held for held, _ in self._kept.values()) > self._most_rows:
                self._kept.pop(next(iter(self._kept)))
        return value  # type: ignore[return-value]  # of the kind that the key names
