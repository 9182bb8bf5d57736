"""What people say of a deployment: whose it is, how much hangs on it, where its runbook is. All that is wrong is said at once."""

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from tidegauge_collector.core.shapes import fields_of, read

MAX_TEXT, MAX_LABELS = 1_000, 64
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


def _checked(name: str, value: Any) -> Any:
    texts = [*value, *value.values()] if isinstance(value, Mapping) else [value]
    if any(len(one) > MAX_TEXT for one in texts):
        raise ValueError(f"write at most {MAX_TEXT} characters")
    if name == "labels" and len(value) > MAX_LABELS:
        raise ValueError(f"write at most {MAX_LABELS} labels")
    if name == "labels" and (wrong := [one for one in value if not _LABEL.fullmatch(one)]):
        raise ValueError(f"write names of letters, digits, '_', '.' and '-', not {wrong[0]!r:.80}")
    if name == "runbook" and value and not value.startswith(("https://", "http://")):
        raise ValueError("write an address that begins with https:// or http://")
    return value
