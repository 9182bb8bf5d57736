"""Which limits of monitors a chart can show. Pure functions of the monitors that `/deployments/{name}` answers."""

from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase

from .reader import Json

CUSTOMARY = {"psi": {"warning": 0.1, "failing": 0.25}}
"""Of metrics whose limits the field knows, where no monitor says others."""
_RELATIVE = {"drop_from_baseline": "drop", "rise_from_baseline": "rise"}
_SEVERITIES = ("warning", "failing")


def above(monitors: Sequence[Json], metric: str) -> dict[str, float | None]:
    """From where on a metric of every column is `warning` and `failing`: of the first monitor that says so of all columns."""
    for one in _stated(monitors, metric):
        if one["comparison"] == "above" and one["columns"] == "*":
            return {severity: one[severity] for severity in _SEVERITIES}
    return dict(CUSTOMARY.get(metric, dict.fromkeys(_SEVERITIES)))


def lines(monitors: Sequence[Json], metric: str, column: str) -> list[Json]:
    """`{severity, value, of}` of each limit of a column's metric: `of` a `value`, or a fraction to `drop` or `rise` from the baseline."""
    return [
        {"severity": severity, "value": value, "of": _RELATIVE.get(one["comparison"], "value")}
        for one in _stated(monitors, metric)
        if _covers(one["columns"], column) and one["comparison"] in ("above", "below", "outside", *_RELATIVE)
        for severity in _SEVERITIES
        for value in _sides(one, severity)
    ]


def of_ratios(monitors: Sequence[Json], measure: str) -> dict[str, float]:
    """Below which ratio of groups a measure is `warning` and `failing`, as the first fairness policy with it says; or empty."""
    for policy in (one for one in monitors if one["kind"] == "fairness" and one["enabled"]):
        for one in policy["measures"]:
            if one["metric"] == f"{measure}_min_ratio":
                return {
                    severity: one[severity] for severity in _SEVERITIES if isinstance(one.get(severity), int | float)
                }
    return {}


def _stated(monitors: Sequence[Json], metric: str) -> Iterator[Json]:
    """Those whose limits are numbers of the metric, not learned from windows before."""
    return (one for one in monitors if one["metric"] == metric and one["limits"] == "stated")


def _covers(patterns: str, column: str) -> bool:
    return any(fnmatchcase(column, one.strip()) for one in patterns.split(","))


def _sides(monitor: Json, severity: str) -> list[float]:
    limit = monitor[severity]
    if limit is None:
        return []
    if isinstance(limit, list):
        return list(limit)
    return [-abs(limit), abs(limit)] if monitor["comparison"] == "outside" else [limit]
