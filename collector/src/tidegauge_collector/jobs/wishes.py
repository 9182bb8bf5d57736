"""Deletions and exports that commands ask of a running collector (see `upkeep.errands`), and do themselves where none runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tidegauge.core.windows import Window
from tidegauge_collector.control.deletions import DeletionRecord
from tidegauge_collector.errors import ConfigError
from tidegauge_collector.jobs.deleting import Deleting, Target
from tidegauge_collector.jobs.exporting import OnProgress, export_to
from tidegauge_collector.telemetry.store import TelemetryStore

Tell = Callable[[str], None]
Wish = Mapping[str, Any]


class Wishes:
    """`delete` belongs in the thread that folds, `export` in any. Wishes and answers are plain JSON."""

    def __init__(self, telemetry: TelemetryStore, deleting: Deleting) -> None:
        self._telemetry = telemetry
        self._deleting = deleting

    def delete(self, wish: Wish) -> dict[str, Any]:
        """`{"would_remove": …}` unless it is confirmed, else the record. Raises ConfigError."""
        try:
            target = Target(**wish["target"])
            if not wish["confirm"]:
                return {"would_remove": self._deleting.plan(target)}
            return _told(self._deleting.delete(target, requested_by=str(wish["by"])))
        except (LookupError, ValueError) as problem:
            raise ConfigError(str(problem)) from problem

    def export(self, wish: Wish, on_progress: OnProgress) -> dict[str, int]:
        """The rows of each file. Raises ConfigError."""
        return export_to(
            self._telemetry,
            wish["deployment"],
            Path(wish["to"]),
            what=wish["kinds"],
            window=Window(wish["start_us"], wish["end_us"]),
            on_progress=on_progress,
        )


def _told(record: DeletionRecord) -> dict[str, Any]:
    digest = record.prediction.hex() if record.prediction is not None else None
    return {"id": record.id, "prediction_digest": digest, "removed": dict(record.counts)}
