"""Service statistics: profiles of the reserved columns `_latency`, `_rows` and `_error` by minute of arrival."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import compress

import numpy as np
import numpy.typing as npt

from tidegauge.core.columns import ERROR, LATENCY, ROWS, ColumnKind, NumericValues
from tidegauge.core.profile import ColumnProfile, limit_names, merge_profiles, profile_durations, profile_numeric
from tidegauge.core.windows import MINUTE_US

MAX_ERROR_NAMES = 100

Integers = npt.NDArray[np.int64]


class ServiceMinutes:
    """Minutes that are not sealed yet."""

    def __init__(self) -> None:
        self._minutes: dict[int, list[list[ColumnProfile]]] = {}

    def add(self, started_us: Integers, durations_ns: Integers, rows: Integers, errors: Sequence[str | None]) -> None:
        """Count the calls whose duration is known (not below 0). A failed one (its error: "system:ValueError") answers no row."""
        has_errors = any(errors)
        answered = np.where([error is None for error in errors], rows, 0) if has_errors else rows
        minutes = started_us - started_us % MINUTE_US
        for minute in np.unique(minutes).tolist():
            inside = (minutes == minute) & (durations_ns >= 0)
            if not inside.any():
                continue
            failed = Counter(error for error in compress(errors, inside) if error) if has_errors else Counter[str]()
            parts = self._minutes.setdefault(minute, [])
            parts.append(_profiles(durations_ns[inside], answered[inside], failed))
            if len(parts) > 8:
                self._minutes[minute] = [_merged(parts)]

    def seal(self) -> list[tuple[int, list[ColumnProfile]]]:
        """Take all minutes: their starts and profiles."""
        taken, self._minutes = self._minutes, {}
        return [(start, _merged(parts)) for start, parts in sorted(taken.items())]


def _profiles(durations_ns: Integers, rows: Integers, failed: Counter[str]) -> list[ColumnProfile]:
    profiles = [
        profile_durations(LATENCY, durations_ns),
        profile_numeric(ROWS, NumericValues(rows.astype(np.float64), 0, 0, 0)),
    ]
    if failed:
        profiles.append(ColumnProfile(ERROR, ColumnKind.CATEGORICAL, failed.total(), names=dict(failed)))
    return profiles


def _merged(parts: list[list[ColumnProfile]]) -> list[ColumnProfile]:
    by_name: dict[str, list[ColumnProfile]] = {}
    for part in parts:
        for profile in part:
            by_name.setdefault(profile.name, []).append(profile)
    return [limit_names(merge_profiles(profiles), MAX_ERROR_NAMES) for profiles in by_name.values()]
