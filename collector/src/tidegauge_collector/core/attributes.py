"""What people say of a deployment: whose it is, how much hangs on it, where its runbook is. All that is wrong is said at once."""

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from tidegauge_collector.core.monitor_problems import parse_range
from tidegauge_collector.core.shapes import fields_of, read

MAX_TEXT, MAX_LABELS, MAX_FEATURES = 1_000, 64, 2_000
_LABEL = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,62}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Attributes:
    """Of one deployment, as a new one has them."""

    owner: str = field(default="", metadata={"doc": "who looks after it: a person or a team"})
    importance: Literal["low", "normal", "high", "critical"] = field(
        default="normal", metadata={"doc": "how much hangs on it"}
    )
    labels: Mapping[str, str] = field(
        default_factory=dict, metadata={"doc": "names and values that monitors and routes can ask for"}
    )
    runbook: str = field(default="", metadata={"doc": "where it says what to do: a http(s) address"})
    alerts: Literal["live", "all"] = field(
        default="live",
        metadata={"doc": "live: of windows that became ready within 48 h of their end; all: of back-fills too"},
    )
    starred: tuple[str, ...] = field(default=(), metadata={"doc": "features that people look at first"})
    excluded: tuple[str, ...] = field(
        default=(),
        metadata={"doc": "names or shell patterns of columns that are watched and measured only where they are named"},
    )
    importances: Mapping[str, float] = field(
        default_factory=dict,
        metadata={
            "doc": "feature -> weight, in the place of what the baseline says; only what they are to each other counts"
        },
    )
    exclude_ranges: tuple[str, ...] = field(
        default=(),
        metadata={"doc": "times that are like no other (a sale, an outage), START/END: no part of trailing windows"},
    )


FIELDS = {one.name: one for one in fields_of(Attributes)}
NAMES = tuple(FIELDS)


def read_changes(said: Mapping[str, Any]) -> dict[str, Any]:
    """The attributes that are to be set; raises ValueError with every problem."""
    found: dict[str, Any] = {}
    problems = []
    for name, value in said.items():
        if name not in FIELDS:
            close = difflib.get_close_matches(name, FIELDS, n=1)
            problems.append(
                f"{name!s:.80}: unknown; "
                + (f"did you mean {close[0]!r}?" if close else f"known are {', '.join(FIELDS)}")
            )
            continue
        try:
            found[name] = _checked(name, read(FIELDS[name], value))
        except ValueError as problem:
            problems.append(f"{name} = {value!r:.140}: {problem}")
    if problems:
        raise ValueError("; ".join(problems))
    if not found:
        raise ValueError(f"nothing is to be set: write some of {', '.join(FIELDS)}")
    return found


def _texts(value: Any) -> list[str]:
    """All texts of a value."""
    if isinstance(value, Mapping):
        return [*value, *(one for one in value.values() if isinstance(one, str))]
    return list(value) if isinstance(value, tuple) else [value]


def _checked(name: str, value: Any) -> Any:
    if any(len(one) > MAX_TEXT for one in _texts(value)):
        raise ValueError(f"write at most {MAX_TEXT} characters")
    if isinstance(value, (tuple, Mapping)) and len(value) > (MAX_FEATURES if name != "labels" else MAX_LABELS):
        raise ValueError(f"write at most {MAX_FEATURES if name != 'labels' else MAX_LABELS} {name}")
    if name == "importances" and value and (min(value.values()) < 0 or sum(value.values()) <= 0):
        raise ValueError("write weights of at least 0, not all of them 0")
    for one in value if name == "exclude_ranges" else ():
        try:
            parse_range(one)
        except ValueError as problem:
            raise ValueError(f"write START/END, two RFC 3339 times with their offset, not {one!r:.80}") from problem
    if name == "labels" and (wrong := [one for one in value if not _LABEL.fullmatch(one)]):
        raise ValueError(f"write names of letters, digits, '_', '.' and '-', not {wrong[0]!r:.80}")
    if name == "runbook" and value and not value.startswith(("https://", "http://")):
        raise ValueError("write an address that begins with https:// or http://")
    return value
