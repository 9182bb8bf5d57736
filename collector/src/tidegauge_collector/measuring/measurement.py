"""A measurement: one computed metric of one series and window, with everything that says how far to trust it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from tidegauge.core.windows import Window, to_datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """`value` is None with a `reason` where the metric is undefined; `n` rows (requests, labelled rows) stand behind it."""

    metric: str
    column: str
    segment: str
    version: str
    window: Window
    value: float | None
    reason: str | None = None
    n: int = 0
    baseline_n: int | None = None
    baseline_value: float | None = None
    coverage: float | None = None
    method: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    error_bound: float | None = None
    verdict: str | None = None

    def as_json(self) -> dict[str, Any]:
        """The outside shape (docs/rest-api.md): times in RFC 3339 UTC, no NaN or Infinity."""
        return {
            "metric": self.metric,
            "column": self.column,
            "segment": self.segment,
            "version": self.version,
            "window": {"start": rfc3339(self.window.start_us), "end": rfc3339(self.window.end_us)},
            "value": finite(self.value),
            "reason": self.reason if finite(self.value) is None else None,
            "n": self.n,
            "baseline_n": self.baseline_n,
            "baseline_value": finite(self.baseline_value),
            "coverage": finite(self.coverage),
            "method": self.method,
            "parameters": {name: _plain(value) for name, value in self.parameters.items()},
            "error_bound": finite(self.error_bound),
            "verdict": self.verdict,
        }


@lru_cache(maxsize=16_384)  # a chart names each of its times for every column
def rfc3339(time_us: int | None) -> str | None:
    """A time for people and JSON, in UTC."""
    return None if time_us is None else to_datetime(time_us).isoformat().replace("+00:00", "Z")


def finite(value: float | None) -> float | None:
    """The value, None where JSON has no word for it."""
    return value if value is not None and math.isfinite(value) else None


def _plain(value: Any) -> Any:
    return finite(value) if isinstance(value, float) else value
