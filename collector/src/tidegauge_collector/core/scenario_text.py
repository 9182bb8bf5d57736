"""How a scenario is written (see `scenario`): lines, one thing each; `#` begins a comment.

case CLAIM
monitor ID                              then indented TOML: fields of the monitor
series METRIC [COLUMN] [OPTIONS]: VALUES
at STEP[-STEP] [MONITOR] [COLUMN]: STATE, STATE

VALUE    0.3   0.3x3 (three windows)   _ (no data)   _reason (undefined, and why)   then OPTIONS of its own
OPTIONS  n=40 rows   p=0.2   baseline=0.8   se=0.01   events=3   mean=0.1   deviation=0.02   usual=0   at=2 (a late revision of window 2)
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from tidegauge_collector.core.monitors import Monitor

STATES = ("quiet", "pending", "firing", "flapping", "opened", "changed", "resolved", "no data", "suppressed")
PREFIXES = ("firing ", "verdict ", "because ")
OPTIONS = ("n", "p", "baseline", "se", "events", "mean", "deviation", "usual", "at")

_VALUE = re.compile(r"(?P<number>[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?)(?:x(?P<times>\d+))?", re.IGNORECASE)
_MISSING = re.compile(r"_(?P<reason>[a-z_]*?)(?:x(?P<times>\d+))?")
_OPTION = re.compile(rf"(?P<name>{'|'.join(OPTIONS)})=(?P<number>\S+)")
_AT = re.compile(r"at (?P<first>\d+)(?:-(?P<last>\d+))?(?P<names>[^:]*):(?P<states>.+)")


class ScenarioError(ValueError):
    """A text that is no scenario; says so for every line that is wrong."""


@dataclass(frozen=True, slots=True)
class Value:
    """What is observed in one step; `window` counts from 1, a late revision names an earlier one."""

    number: float | None
    reason: str | None
    window: int
    options: Mapping[str, float]

    @property
    def is_missing(self) -> bool:
        """Nothing at all was observed."""
        return self.number is None and self.reason is None


@dataclass(frozen=True, slots=True)
class Series:
    """The values of one metric of one column, one a step."""

    metric: str
    column: str
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Rule:
    """A monitor by its id, and the fields in which it differs from what is known by it."""

    id: str
    fields: Mapping[str, Any]
    line: int

    def build(self, monitors: Mapping[str, Monitor]) -> Monitor:
        """The monitor; raises ScenarioError where it cannot be one."""
        known = monitors.get(self.id)
        if known is None and not self.fields:
            raise ScenarioError(f"line {self.line}: no monitor {self.id!r}: known are {', '.join(monitors) or 'none'}")
        given = {} if known is None else asdict(known)
        try:
            return Monitor(**{**given, "id": self.id, **self.fields})
        except (TypeError, ValueError) as problem:
            raise ScenarioError(f"line {self.line}: {problem}") from problem


@dataclass(frozen=True, slots=True)
class Expectation:
    """States that hold together at each of some steps; `monitor` "" and `column` None: of the only one that fits."""

    line: int
    steps: range
    monitor: str
    column: str | None
    states: tuple[str, ...]

    def __str__(self) -> str:
        first, last = self.steps[0], self.steps[-1]
        return f"at {first}{f'-{last}' if last > first else ''}: {', '.join(self.states)}"


@dataclass(slots=True)
class Case:
    """One claim with its monitors, series and expectations."""

    claim: str
    monitors: list[Rule] = field(default_factory=list)
    series: list[Series] = field(default_factory=list)
    expectations: list[Expectation] = field(default_factory=list)

    @property
    def steps(self) -> int:
        """How many steps the longest series has."""
        return max((len(one.values) for one in self.series), default=0)


@dataclass(frozen=True, slots=True)
class Scenario:
    """The cases of a text."""

    cases: tuple[Case, ...]


def parse(text: str) -> Scenario:
    """Read a text; raises ScenarioError that names every line that is wrong."""
    cases: list[Case] = []
    problems: list[str] = []
    for number, line, inner in _statements(text):
        try:
            _read(cases, number, line, inner)
        except ValueError as problem:
            problems.append(f"line {number}: {problem}")
    problems += [f"case {one.claim!r}: expects nothing" for one in cases if not one.expectations]
    if problems or not cases:
        raise ScenarioError("; ".join(problems) or "the text has no case: begin one with `case CLAIM`")
    return Scenario(tuple(cases))


def _statements(text: str) -> Iterator[tuple[int, str, str]]:
    """Each line with its number, and the indented lines below it."""
    held: tuple[int, str, list[str]] | None = None
    for number, raw in enumerate(text.splitlines(), start=1):
        line = _without_comment(raw)
        if not line.strip():
            continue
        if line[0].isspace() and held is not None:
            held[2].append(line.strip())
            continue
        if held is not None:
            yield held[0], held[1], "\n".join(held[2])
        held = (number, line.strip(), [])
    if held is not None:
        yield held[0], held[1], "\n".join(held[2])


def _without_comment(line: str) -> str:
    return "" if line.lstrip().startswith("#") else line.split(" #", 1)[0].rstrip()


def _read(cases: list[Case], number: int, line: str, inner: str) -> None:
    word, _, rest = line.partition(" ")
    if word == "case" and rest.strip():
        cases.append(Case(rest.strip()))
        return
    if not cases:
        raise ValueError("belongs to no case: begin one with `case CLAIM`")
    case = cases[-1]
    if word == "monitor" and rest.strip():
        case.monitors.append(_rule(rest.strip(), inner, number))
    elif word == "series":
        case.series.append(_series(rest))
    elif word == "at":
        case.expectations.append(_expectation(line, number, case))
    else:
        raise ValueError(f"{line!r:.80} is none of case, monitor, series, at")


def _rule(name: str, inner: str, line: int) -> Rule:
    fields = tomllib.loads(inner)
    plain = {key: tuple(value) if isinstance(value, list) else value for key, value in fields.items()}
    return Rule(name, plain, line)


def _series(text: str) -> Series:
    head, colon, body = text.partition(":")
    words = head.split()
    sticky = dict(_option(word) for word in words if _OPTION.fullmatch(word))
    names = [word for word in words if not _OPTION.fullmatch(word)]
    if not colon or not 1 <= len(names) <= 2:
        raise ValueError("write a series as `series METRIC [COLUMN]: VALUES`")
    return Series(names[0], names[1] if len(names) > 1 else "", tuple(_values(body.split(), sticky)))


def _values(words: list[str], sticky: Mapping[str, float]) -> Iterator[Value]:
    window, place = 0, 0
    while place < len(words):
        number, reason, times = _value(words[place])
        place += 1
        options = dict(sticky)
        while place < len(words) and _OPTION.fullmatch(words[place]):
            options |= [_option(words[place])]
            place += 1
        late = options.pop("at", None)
        for _ in range(times):
            window += late is None
            yield Value(number, reason, window if late is None else int(late), options)


def _value(word: str) -> tuple[float | None, str | None, int]:
    missing = _MISSING.fullmatch(word)
    if missing is not None:
        return None, missing["reason"] or None, int(missing["times"] or 1)
    found = _VALUE.fullmatch(word)
    if found is None:
        raise ValueError(
            f"{word!r:.40} is no value: write a number, 0.3x3, _ or _reason, and options {', '.join(OPTIONS)}"
        )
    return float(found["number"]), None, int(found["times"] or 1)


def _option(word: str) -> tuple[str, float]:
    found = _OPTION.fullmatch(word)
    if found is None:
        raise ValueError(f"{word!r:.40} is no option")
    return found["name"], float(found["number"])


def _expectation(line: str, number: int, case: Case) -> Expectation:
    found = _AT.fullmatch(line)
    if found is None:
        raise ValueError("write an expectation as `at STEP: STATE`, e.g. `at 3: firing failing`")
    first, last = int(found["first"]), int(found["last"] or found["first"])
    if first < 1 or last < first:
        raise ValueError(f"steps {first}-{last} are none: they count from 1")
    states = tuple(" ".join(one.split()) for one in found["states"].split(","))
    unknown = [one for one in states if one not in STATES and not one.startswith(PREFIXES)]
    if unknown:
        raise ValueError(
            f"{unknown[0]!r} is no state: use {', '.join(STATES)}, firing SEVERITY, verdict VERDICT, because REASON"
        )
    names = found["names"].split()
    ids = [one.id for one in case.monitors]
    monitor = names.pop(0) if names and names[0] in ids else ""
    if len(names) > 1:
        raise ValueError(f"{' '.join(names)!r} names no series: write [MONITOR] [COLUMN]")
    return Expectation(number, range(first, last + 1), monitor, names[0] if names else None, states)
