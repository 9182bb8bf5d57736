"""What the columns of an upload mean: from query parameters, with defaults for the usual names."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from tidegauge_collector.uploads.errors import UploadRefused

OBSERVATIONS, ACTUALS, BASELINE = "observations", "actuals", "baseline"
DEFAULT_COLUMNS = {
    "id": ("prediction_id",),
    "time": ("timestamp",),
    "prediction": ("prediction",),
    "label": ("prediction_label",),
    "actual": ("actual",),
    "actual_time": ("actual_timestamp",),
    "latency": ("latency_s",),
}
"""Where a parameter is not given, a column of this name is taken for it, if there is one."""
_ACTUALS_DEFAULTS = {**DEFAULT_COLUMNS, "actual": ("actual", "value")}
_ROLES = ("champion", "challenger", "replay")
_TASKS = ("regression", "binary", "multiclass")
_PROPOSALS = ("task", "positive_class", "time_zone", "alerts")
PARAMETERS: Mapping[str, tuple[str, ...]] = {
    OBSERVATIONS: (
        "version",
        *DEFAULT_COLUMNS,
        "segments",
        "features",
        "batch",
        "role",
        *_PROPOSALS,
        "on_error",
    ),
    ACTUALS: ("id", "actual", "time", "on_error"),
    BASELINE: (
        "version",
        "prediction",
        "label",
        "actual",
        "features",
        "id",
        "time",
        "importance",
        *_PROPOSALS,
        "on_error",
    ),
}
TEXTS = {
    "id": "column of the prediction ids; default prediction_id",
    "time": "column of the event times; default timestamp",
    "prediction": "column of the predictions, or several: a score for each class; default prediction",
    "label": "column of predicted labels; default prediction_label",
    "actual": "column of the truth; default actual (of actuals also value)",
    "actual_time": "column of when the truth became known; default actual_timestamp",
    "latency": "column of seconds that the answer took; default latency_s",
    "segments": "columns whose values are segments, a&b for an intersection; default those of the deployment",
    "features": "columns that are features; default all that are nothing else",
    "batch": "a name for the batch that these rows are",
    "role": "champion (default), challenger or replay",
    "task": "for a new deployment: regression, binary or multiclass",
    "positive_class": "for a new deployment: the label that a score speaks of",
    "time_zone": "for a new deployment: an IANA name, such as Europe/Rome",
    "alerts": "for a new deployment: live or all",
    "importance": "weights of features, such as distance:0.4,hour:0.1",
    "on_error": "refuse (default): one wrong row and nothing is stored; skip: wrong rows are left out and told",
}
"""What each parameter is, beside `version`."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_MAX_TEXT = 128


@dataclass(frozen=True)
class Meaning:
    """Columns by what they mean: `columns` holds candidates by parameter name, `stated` the columns that must be there.

    `segments` and `features` are None where nobody said: then the deployment's own, and all that is left.
    """

    target: str
    version: str
    columns: Mapping[str, tuple[str, ...]]
    stated: frozenset[str]
    segments: tuple[str, ...] | None
    features: tuple[str, ...] | None
    batch: str
    role: str
    proposal: Mapping[str, str]
    importance: Mapping[str, float]
    skip_bad_rows: bool

    def column(self, name: str, present: Mapping[str, object]) -> str | None:
        """The column of a batch that has this meaning, if it has one."""
        return next((one for one in self.columns.get(name, ()) if one in present), None)

    @property
    def segment_columns(self) -> tuple[str, ...]:
        """Each column that a stated segment is made of, once."""
        return tuple(dict.fromkeys(part for one in self.segments or () for part in one.split("&")))


def read_meaning(target: str, query: Mapping[str, str]) -> Meaning:
    """The meaning that the query parameters of a request to `target` give; UploadRefused names a parameter that is wrong."""
    _check_known(target, query)
    defaults = _ACTUALS_DEFAULTS if target == ACTUALS else DEFAULT_COLUMNS
    columns = {name: _names(query[name]) if query.get(name) else default for name, default in defaults.items()}
    segments, features = (_names(query[name]) if query.get(name) else None for name in ("segments", "features"))
    given = [one for name in defaults if query.get(name) for one in columns[name]]
    parts = [part for one in segments or () for part in one.split("&")]
    return Meaning(
        target,
        _text(query, "version"),
        columns,
        frozenset([*given, *parts, *(features or ())]),
        segments,
        features,
        _text(query, "batch"),
        _one_of(query, "role", _ROLES),
        _proposal(query),
        _weights(query.get("importance", "")),
        _one_of(query, "on_error", ("refuse", "skip")) == "skip",
    )


def _check_known(target: str, query: Mapping[str, str]) -> None:
    unknown = [name for name in query if name not in PARAMETERS[target]]
    if unknown:
        raise UploadRefused(f"unknown parameter {unknown[0]!r}: this path takes {', '.join(PARAMETERS[target])}")


def _proposal(query: Mapping[str, str]) -> dict[str, str]:
    """What a new deployment is to be. Nobody could change a wrong one later, so it is refused, not left out."""
    _one_of(query, "alerts", ("live", "all"))
    _one_of(query, "task", _TASKS)
    zone = query.get("time_zone") or "UTC"
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as problem:
        raise UploadRefused(f"time_zone={zone!r:.80}: write an IANA name, such as Europe/Rome") from problem
    return {name: query[name] for name in _PROPOSALS if query.get(name)}


def _names(text: str) -> tuple[str, ...]:
    names = tuple(one.strip() for one in text.split(",") if one.strip())
    if len(set(names)) < len(names):
        raise UploadRefused(f"{text!r:.200} names a column twice: name each once")
    return names


def _text(query: Mapping[str, str], name: str) -> str:
    text = query.get(name, "")
    if len(text) > _MAX_TEXT or _CONTROL.search(text):
        raise UploadRefused(f"{name}={text!r:.140}: at most {_MAX_TEXT} characters, no control characters")
    return text


def _one_of(query: Mapping[str, str], name: str, allowed: tuple[str, ...]) -> str:
    value = query.get(name) or allowed[0]
    if value not in allowed:
        raise UploadRefused(f"{name}={value!r:.80}: write {' or '.join(allowed)}")
    return value


def _weights(text: str) -> dict[str, float]:
    weights = {}
    for one in _names(text) if text else ():
        name, colon, number = one.rpartition(":")
        try:
            weights[name] = float(number)
        except ValueError as problem:
            raise UploadRefused(f"importance={one!r:.80}: write COLUMN:WEIGHT, such as distance:0.4") from problem
        if not colon or not 0 <= weights[name] < float("inf"):
            raise UploadRefused(f"importance={one!r:.80}: write COLUMN:WEIGHT with a weight of 0 or more")
    return weights
