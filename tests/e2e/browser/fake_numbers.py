"""Where the fake API's numbers come from: smooth seasons with a little repeatable noise, a drift, an outage, a hole."""

import hashlib
import math
from itertools import pairwise
from typing import Any

_HOLE = range(140, 146)
_CARRIERS = ("UA", "B6", "EV", "DL", "AA", "MQ", "US", "9E", "WN", "VX", "FL", "AS", "F9", "YV", "HA", "OO")
_DRIFT = {"temp": 0.9, "dewp": 0.6, "dep_delay": 0.32, "humid": 0.18, "carrier": 0.07, "hour": 0.015}


def noise(*key: object) -> float:
    """A number in 0..1 that belongs to `key` for ever."""
    digest = hashlib.blake2b(repr(key).encode(), digest_size=4).digest()
    return int.from_bytes(digest, "big") / 2**32


def daily_rows(day: int, segment: str) -> int:
    """Predictions of a day: weekly rhythm, none while the service was down."""
    if day in _HOLE:
        return 0
    weekly = 930 - (120 if day % 7 in (4, 5) else 0) + 60 * math.sin(day / 43)
    return int((weekly + 40 * noise("rows", day)) * (0.35 if segment else 1))


def value_of(metric: str, column: str, day: int, *, total: bool) -> float:
    """One value; requests and predictions as a share of the rows."""
    jitter = noise(metric, column, day)
    if metric == "psi":
        strength = _DRIFT.get(column, 0.03 + 0.2 * noise("strength", column) ** 3)
        season = 0.55 if total else (1 - math.cos(2 * math.pi * day / 365)) / 2
        return strength * season + 0.012 + 0.03 * jitter
    outage = 1 if day in range(138, 149) else 0
    values = {
        "missing_rate": 0.004 + 0.006 * jitter + (0.2 * outage if column == "wind_speed" else 0),
        "requests": 1.0,
        "predictions": 1.0,
        "errors": int(3 * jitter) + 40 * outage,
        "error_rate": 0.001 + 0.002 * jitter + 0.05 * outage,
        "latency_p50": 0.0041 + 0.0006 * jitter,
        "latency_p95": 0.0098 + 0.002 * jitter + 0.01 * outage,
        "latency_p99": 0.019 + 0.008 * jitter + 0.04 * outage,
        "auc": 0.861 - 0.035 * min(1, day / 200) + 0.012 * jitter,
        "log_loss": 0.37 + 0.05 * min(1, day / 200) + 0.02 * jitter,
        "accuracy": 0.845 - 0.03 * min(1, day / 200) + 0.01 * jitter,
    }
    return values.get(metric, 0.3 + 0.1 * jitter)


def bins(column: str, *, numeric: bool) -> list[dict[str, Any]]:
    """Reference bins with counts of both sides: deciles, or categories."""
    if numeric:
        edges = [-43, -8, -6, -5, -4, -2, 1, 6, 16, 41, 1301]
        inner = [_bin("interval", i, low, high) for i, (low, high) in enumerate(pairwise(edges))]
        return [
            _bin("below", 11, None, edges[0]),
            *inner,
            _bin("above", 12, edges[-1], None),
            _bin("missing", 13, None, None),
        ]
    inner = [
        _bin("category", i, None, None, label=f"{name}{i // len(_CARRIERS) or ''}")
        for i, name in enumerate(_CARRIERS * 3)
    ]
    return [*inner, _bin("rest", 60, None, None), _bin("new", 61, None, None), _bin("missing", 62, None, None)]


def _bin(kind: str, position: int, lower: float | None, upper: float | None, *, label: str = "") -> dict[str, Any]:
    tail = kind not in ("interval", "category")
    baseline = (
        (0 if kind in ("below", "above", "new") else 300)
        if tail
        else int(8_400 / (1 if kind == "interval" else position + 1))
    )
    window = int(baseline * (0.6 + 0.9 * noise(kind, position))) + (48 if kind in ("above", "new") else 0)
    return {
        "label": label or kind,
        "kind": kind,
        "lower": lower,
        "upper": upper,
        "baseline_count": baseline,
        "window_count": window,
    }
