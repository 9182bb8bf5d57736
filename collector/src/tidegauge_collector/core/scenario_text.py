"""How a scenario is written (see `scenario`): lines, one thing each; `#` begins a comment.

case CLAIM
monitor ID                              then indented TOML: fields of the monitor
series METRIC [COLUMN] [OPTIONS]: VALUES
at STEP[-STEP] [MONITOR] [COLUMN]: STATE, STATE
told at STEP[-STEP] [MONITOR] [COLUMN]: CHANGE, CHANGE
silence STEP[-STEP] [MONITOR] [COLUMN]
acknowledge at STEP [MONITOR] [COLUMN]  likewise unacknowledge, mute, unmute
repeat STEPS

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
TOLD = ("nothing", "opened", "worse", "better", "resolved", "acknowledged", "unacknowledged", "reminder")
ACTS = ("silence", "acknowledge", "unacknowledge", "mute", "unmute")
LINES = ("case", "monitor", "series", "at", "told", *ACTS, "repeat")
OPTIONS = ("n", "p", "baseline", "se", "events", "mean", "deviation", "usual", "at")

_VALUE = re.compile(r"(?P<number>[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?)(?:x(?P<times>\d+))?", re.IGNORECASE)
_MISSING = re.compile(r"_(?P<reason>[a-z_]*?)(?:x(?P<times>\d+))?")
_OPTION = re.compile(rf"(?P<name>{'|'.join(OPTIONS)})=(?P<number>\S+)")
_STEPS = r"(?P<first>\d+)(?:-(?P<last>\d+))?"
_AT = re.compile(rf"(?P<told>told )?at {_STEPS}(?P<names>[^:]*):(?P<states>.+)")
_SILENCE = re.compile(rf"silence {_STEPS}(?P<names>(?: .*)?)")
_ACT = re.compile(r"\w+ at (?P<first>\d+)(?P<last>)(?P<names>(?: .*)?)")


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
    """States that hold together at each of some steps; `monitor` "" and `column` None: of the only one that fits.

    `is_told`: what is told then, and nothing else.
    """

    line: int
    steps: range
    monitor: str
    column: str | None
    states: tuple[str, ...]
    is_told: bool = False

    def __str__(self) -> str:
        first, last = self.steps[0], self.steps[-1]
        at = "told at" if self.is_told else "at"
        return f"{at} {first}{f'-{last}' if last > first else ''}: {', '.join(self.states)}"


@dataclass(frozen=True, slots=True)
class Act:
    """What somebody does to the alert of every series that fits; a silence holds in each of its steps, all else is done once."""

    line: int
    kind: str
    steps: range
    monitor: str
    column: str | None


@dataclass(slots=True)
class Case:
    """One claim with its monitors, series, what people do, and expectations; `repeat`: steps until a reminder."""

    claim: str
    monitors: list[Rule] = field(default_factory=list)
    series: list[Series] = field(default_factory=list)
    expectations: list[Expectation] = field(default_factory=list)
    acts: list[Act] = field(default_factory=list)
    repeat: int | None = None

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
    elif word in ("at", "told"):
        case.expectations.append(_expectation(line, number, case))
    elif word in ACTS:
        case.acts.append(_act(word, line, number, case))
    elif word == "repeat":
        case.repeat = _repeat(rest)
    else:
        raise ValueError(f"{line!r:.80} is none of {', '.join(LINES)}")


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
        raise ValueError(
            "write an expectation as `at STEP: STATE` or `told at STEP: CHANGE`, e.g. `at 3: firing failing`"
        )
    steps = _steps(found)
    states = tuple(" ".join(one.split()) for one in found["states"].split(","))
    is_told = found["told"] is not None
    (_check_told if is_told else _check_states)(states)
    return Expectation(number, steps, *_names(found["names"], case), states, is_told)


def _check_states(states: tuple[str, ...]) -> None:
    unknown = [one for one in states if one not in STATES and not one.startswith(PREFIXES)]
    if unknown:
        raise ValueError(
            f"{unknown[0]!r} is no state: use {', '.join(STATES)}, firing SEVERITY, verdict VERDICT, because REASON"
        )


def _check_told(changes: tuple[str, ...]) -> None:
    unknown = [one for one in changes if one not in TOLD]
    if unknown:
        raise ValueError(f"{unknown[0]!r} is never told: use {', '.join(TOLD)}")
    if "nothing" in changes and len(changes) > 1:
        raise ValueError("nothing and something cannot be told together")


def _act(kind: str, line: str, number: int, case: Case) -> Act:
    found = (_SILENCE if kind == "silence" else _ACT).fullmatch(line)
    if found is None:
        form = "silence STEP-STEP" if kind == "silence" else f"{kind} at STEP"
        raise ValueError(f"write this as `{form} [MONITOR] [COLUMN]`")
    return Act(number, kind, _steps(found), *_names(found["names"], case))


def _repeat(text: str) -> int:
    if not text.strip().isdecimal() or int(text) < 1:
        raise ValueError("write the steps until a reminder as `repeat STEPS`, 1 or more")
    return int(text)


def _steps(found: re.Match[str]) -> range:
    first, last = int(found["first"]), int(found["last"] or found["first"])
    if first < 1 or last < first:
        raise ValueError(f"steps {first}-{last} are none: they count from 1")
    return range(first, last + 1)


def _names(text: str, case: Case) -> tuple[str, str | None]:
    """The monitor and the column that are named, "" and None where they are not."""
    names = text.split()
    ids = [one.id for one in case.monitors]
    monitor = names.pop(0) if names and names[0] in ids else ""
    if len(names) > 1:
        raise ValueError(f"{' '.join(names)!r} names no series: write [MONITOR] [COLUMN]")
    return monitor, names[0] if names else None
