"""PURE: humility rules: when a prediction should not be trusted, judged from the row's inputs and the model's answer.

A `Rule` is what a user writes; `resolve` turns it into a `Condition` with the limits that the baseline gives where the rule states
none; a condition marks rows. What happens to marked rows is the rule's `action`, carried out elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

import numpy as np
import numpy.typing as npt

from tidegauge.core.bins import CategoricalBins, NumericBins, ReferenceBins
from tidegauge.core.columns import MAX_NAME_LENGTH, PREDICTION, canonical_text, is_missing, numeric_or_nan

Mask = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]

UNCERTAIN_BINARY = (0.45, 0.55)
UNCERTAIN_MULTICLASS = (0.0, 0.5)


class RuleKind(StrEnum):
    """What a rule looks at."""

    UNCERTAIN_PREDICTION = "uncertain_prediction"
    OUTLYING_PREDICTION = "outlying_prediction"
    OUTLYING_INPUT = "outlying_input"
    LOW_OBSERVATION = "low_observation"


class Action(StrEnum):
    """What happens when a rule marks a row: it is always counted; beyond that the caller may see or feel it."""

    RECORD = "record"
    FLAG = "flag"
    OVERRIDE = "override"
    REFUSE = "refuse"


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A humility rule; made by the four functions below. `low` and `high` are inclusive; None takes the baseline's.

    `action`: "record" counts; "flag" also tells the caller (`agent.flags()`, `callback(name, rows)`); "override" answers `value`
    instead; "refuse" raises `PredictionRefused`.
    """

    kind: RuleKind
    column: str = ""
    low: float | None = None
    high: float | None = None
    values: tuple[str, ...] = ()
    action: Action = Action.RECORD
    value: Any = None
    callback: Callable[[str, npt.NDArray[np.intp]], object] | None = field(default=None, compare=False)
    name: str = ""

    def __post_init__(self) -> None:
        if self.low is not None and self.high is not None and not self.low <= self.high:
            raise ValueError(f"rule {self.kind}: low={self.low} is above high={self.high}")
        if self.action is Action.OVERRIDE and self.value is None:
            raise ValueError(f"rule {self.kind}: action 'override' needs the value to answer, e.g. value=0.0")

    @classmethod
    def uncertain_prediction(cls, low: float | None = None, high: float | None = None, **then: Any) -> Rule:
        """Marks scores within [low, high]: of the positive class (default 0.45 to 0.55), or the best of several (default up to 0.5)."""
        return _rule(RuleKind.UNCERTAIN_PREDICTION, low=low, high=high, **then)

    @classmethod
    def outlying_prediction(cls, low: float | None = None, high: float | None = None, **then: Any) -> Rule:
        """Marks predicted values outside [low, high]; default the range of the baseline's predictions."""
        return _rule(RuleKind.OUTLYING_PREDICTION, low=low, high=high, **then)

    @classmethod
    def outlying_input(cls, column: str, low: float | None = None, high: float | None = None, **then: Any) -> Rule:
        """Marks values of a numeric column outside [low, high]; default the range of the baseline."""
        return _rule(RuleKind.OUTLYING_INPUT, column=column, low=low, high=high, **then)

    @classmethod
    def low_observation(cls, column: str, values: Sequence[Any] = (), **then: Any) -> Rule:
        """Marks these values of a column; default those outside the baseline's 100 most frequent."""
        names = tuple(text for value in values if (text := canonical_text(value)) is not None)
        return _rule(RuleKind.LOW_OBSERVATION, column=column, values=names, **then)

    @property
    def acts(self) -> bool:
        """Whether the caller is to notice it, so that it is judged in the caller's thread."""
        return self.action is not Action.RECORD


def _rule(kind: RuleKind, *, action: str = "record", **fields: Any) -> Rule:
    if action not in set(Action):
        raise ValueError(f"rule {kind}: action {action!r} is none of {', '.join(Action)}")
    return Rule(kind=kind, action=Action(action), **fields)


def named_apart(rules: Sequence[Rule]) -> tuple[Rule, ...]:
    """The rules, each with a name of its own: its kind and column, and a number where that is taken."""
    taken: set[str] = set()
    named = []
    for rule in rules:
        plain = (rule.name or ".".join(filter(None, (rule.kind.value, rule.column))))[: MAX_NAME_LENGTH - 16]
        name, number = plain, 1
        while name in taken:
            number += 1
            name = f"{plain}.{number}"
        taken.add(name)
        named.append(replace(rule, name=name))
    return tuple(named)


@dataclass(frozen=True)
class Condition:
    """A rule with its limits. `names` None: a number is marked within [low, high] (`marks_inside`) or outside; else a value is
    marked that is among the names (`marks_inside`) or not."""

    rule: Rule
    low: float = -np.inf
    high: float = np.inf
    names: frozenset[str] | None = None
    marks_inside: bool = False

    @property
    def looks_at_answers(self) -> bool:
        """Whether it judges the model's answer, not its input."""
        return self.rule.kind in {RuleKind.UNCERTAIN_PREDICTION, RuleKind.OUTLYING_PREDICTION}

    def marks(self, values: npt.NDArray[Any] | Sequence[Any]) -> Mask:
        """Which values are marked (bool, one a value); missing ones never are."""
        if self.names is not None:
            return self._marks_names(values)
        numbers = numeric_or_nan(values)
        inside = (numbers >= self.low) & (numbers <= self.high)
        return inside if self.marks_inside else ~inside & ~np.isnan(numbers)

    def marks_one(self, value: Any) -> bool:
        """The same for a single value."""
        if self.names is not None:
            return self._marks_name(value)
        if type(value) is float or type(value) is int:
            is_inside = bool(self.low <= value <= self.high)
            return is_inside if self.marks_inside else bool(value < self.low or value > self.high)
        return bool(self.marks([value])[0])

    def _marks_names(self, values: npt.NDArray[Any] | Sequence[Any]) -> Mask:
        """Each distinct value is looked at once."""
        if isinstance(values, np.ndarray) and values.dtype.kind in "iufbUS":
            distinct, codes = np.unique(values, return_inverse=True)
            return np.array([self._marks_name(value) for value in distinct.tolist()], dtype=np.bool_)[codes]
        rows = values.tolist() if isinstance(values, np.ndarray) else values
        return np.fromiter(map(self._marks_name, rows), dtype=np.bool_, count=len(rows))

    def _marks_name(self, value: Any) -> bool:
        text = None if is_missing(value) else canonical_text(value)
        return text is not None and (text in (self.names or ())) == self.marks_inside


def resolve(rule: Rule, bins: ReferenceBins | None, task: str) -> Condition | None:
    """The condition of a rule; None as long as it needs a baseline that is not known, or that does not have the column."""
    if rule.kind is RuleKind.UNCERTAIN_PREDICTION:
        low, high = UNCERTAIN_MULTICLASS if task == "multiclass" else UNCERTAIN_BINARY
        return Condition(rule, _or(rule.low, low), _or(rule.high, high), marks_inside=True)
    column = PREDICTION if rule.kind is RuleKind.OUTLYING_PREDICTION else rule.column
    known = bins.columns.get(column) if bins is not None else None
    if rule.kind is RuleKind.LOW_OBSERVATION:
        if rule.values:
            return Condition(rule, names=frozenset(rule.values), marks_inside=True)
        return Condition(rule, names=frozenset(known.categories)) if isinstance(known, CategoricalBins) else None
    if rule.low is not None or rule.high is not None:
        return Condition(rule, _or(rule.low, -np.inf), _or(rule.high, np.inf))
    if isinstance(known, NumericBins) and known.has_values:
        return Condition(rule, known.minimum, known.maximum)
    return None


def resolve_all(rules: Sequence[Rule], bins: ReferenceBins | None, task: str) -> tuple[Condition, ...]:
    """The conditions of the rules that can be judged."""
    return tuple(found for rule in rules if (found := resolve(rule, bins, task)) is not None)


def judged_score(scores: Mapping[str, Floats]) -> Floats | None:
    """The number that rules about predictions judge: the value or positive score, else the best class's; None without scores."""
    if not scores:
        return None
    return scores[""] if "" in scores else np.max(np.stack(list(scores.values())), axis=0)


def _or(stated: float | None, default: float) -> float:
    return default if stated is None else float(stated)
