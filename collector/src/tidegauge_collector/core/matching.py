"""Which alerts are meant: a field and the shell patterns of which one must fit, as routes and silences write them."""

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

FIELDS = (
    "severity",
    "deployment",
    "monitor",
    "metric",
    "column",
    "segment",
    "version",
    "owner",
    "importance",
    "block",
)
LABEL = "label."  # before the name of one of the deployment's labels
Matchers = Mapping[str, tuple[str, ...]]


def matches(matchers: Matchers, labels: Mapping[str, str]) -> bool:
    """Does every field fit one of its patterns? A label that a deployment does not have is empty; no matchers fit anything."""
    return all(
        any(fnmatchcase(labels.get(name, ""), pattern) for pattern in patterns) for name, patterns in matchers.items()
    )


@dataclass(frozen=True, slots=True)
class Misfit:
    """The first field whose value fits none of its patterns."""

    field: str
    value: str
    patterns: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.field} is {self.value!r}, not {' or '.join(repr(one) for one in self.patterns)}"


def misfit(matchers: Matchers, labels: Mapping[str, str]) -> Misfit | None:
    """Why they do not match, None where they do."""
    for name, patterns in matchers.items():
        value = labels.get(name, "")
        if not any(fnmatchcase(value, pattern) for pattern in patterns):
            return Misfit(name, value, tuple(patterns))
    return None


def is_field(name: str) -> bool:
    """Can it be matched?"""
    return name in FIELDS or (name.startswith(LABEL) and len(name) > len(LABEL))


def read_matchers(raw: Any, problems: list[str]) -> dict[str, tuple[str, ...]]:
    """Matchers from a table of texts and lists of texts; what is wrong is added to `problems`."""
    if not isinstance(raw, Mapping):
        problems.append('write fields and patterns, such as {deployment = "shop-*", severity = ["failing"]}')
        return {}
    found: dict[str, tuple[str, ...]] = {}
    for name, value in raw.items():
        patterns = [value] if isinstance(value, str) else value
        if not is_field(str(name)):
            problems.append(f"{name}: unknown field; known are {', '.join(FIELDS)} and {LABEL}NAME")
        elif not isinstance(patterns, list | tuple) or not patterns or not all(isinstance(p, str) for p in patterns):
            problems.append(f"{name} = {value!r}: write a pattern in quotes, or a list of them")
        else:
            found[str(name)] = tuple(patterns)
    return found
