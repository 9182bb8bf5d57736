"""Service statistics: profiles of the reserved columns `_latency`, `_rows` and `_error` by minute of arrival."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import numpy as np

from tidegauge.core.columns import ERROR, LATENCY, ROWS, ColumnKind, NumericValues
from tidegauge.core.profile import ColumnProfile, profile_durations, profile_numeric
from tidegauge.core.windows import MINUTE_US, window_start


@dataclass
class Minute:
    """Calls that began in one minute."""

    durations_ns: list[int] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)
    errors: Counter[str] = field(default_factory=Counter)


class ServiceMinutes:
    """Minutes that are not sealed yet."""

    def __init__(self) -> None:
        self._minutes: dict[int, Minute] = {}

    def add(self, started_us: int, duration_ns: int, rows: int, error: str | None) -> None:
        """Count one call. A failed call (`error` = "system:ValueError") answers no row."""
        minute = self._minutes.setdefault(window_start(started_us, MINUTE_US), Minute())
        minute.durations_ns.append(duration_ns)
        minute.rows.append(0 if error else rows)
        if error:
            minute.errors[error] += 1

    def seal(self) -> list[tuple[int, list[ColumnProfile]]]:
        """Take all minutes: their starts and profiles."""
        taken, self._minutes = self._minutes, {}
        return [(start, _profiles(minute)) for start, minute in sorted(taken.items())]


def _profiles(minute: Minute) -> list[ColumnProfile]:
    answered = NumericValues(np.array(minute.rows, dtype=np.float64), 0, 0, 0)
    profiles = [
        profile_durations(LATENCY, np.array(minute.durations_ns, dtype=np.int64)),
        profile_numeric(ROWS, answered),
    ]
    if minute.errors:
        names = dict(minute.errors)
        profiles.append(ColumnProfile(ERROR, ColumnKind.CATEGORICAL, sum(names.values()), names=names))
    return profiles
