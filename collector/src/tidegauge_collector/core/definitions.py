"""Monitors as people define them: a rule and for which deployments it stands. From definitions to the monitors of one deployment.

An id names one definition. One that people wrote (in a file or over the API) takes the place of the built-in default of its id; where it
goes, the default is back.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import Literal

from tidegauge_collector.core.default_monitors import DEFAULT_MONITORS
from tidegauge_collector.core.monitors import Monitor
from tidegauge_collector.core.shapes import Field, fields_of

Origin = Literal["default", "file", "api"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """A monitor for every deployment that matches. `source`: of a file its name. Raises ValueError for a pattern that is empty."""

    monitor: Monitor
    deployments: tuple[str, ...] = field(
        default=("*",), metadata={"doc": "shell patterns of deployments' names; one that matches is enough"}
    )
    labels: Mapping[str, str] = field(
        default_factory=dict,
        metadata={"doc": "label -> shell pattern: only deployments whose labels match all of them"},
    )
    enabled: bool = field(default=True, metadata={"doc": "false: the rule stands nowhere, also not as a default"})
    origin: Origin = "api"
    source: str = ""

    def __post_init__(self) -> None:
        if not self.deployments:
            raise ValueError('deployments is empty: write ["*"] for all, or enabled = false for none')
        if not all(self.deployments):
            raise ValueError('deployments has an empty pattern: write names, with * for anything, such as "shop-*"')

    @property
    def id(self) -> str:
        return self.monitor.id

    @property
    def content(self) -> tuple[object, ...]:
        """What the definition says, wherever it comes from."""
        return self.monitor, self.deployments, tuple(sorted(self.labels.items())), self.enabled

    def matches(self, deployment: "Target") -> bool:
        """Whether the rule stands for a deployment."""
        return (
            self.enabled
            and any(fnmatchcase(deployment.name, pattern) for pattern in self.deployments)
            and all(fnmatchcase(deployment.labels.get(name, ""), pattern) for name, pattern in self.labels.items())
        )


@dataclass(frozen=True, slots=True)
class Target:
    """A deployment, as far as definitions look at it."""

    name: str
    labels: Mapping[str, str] = field(default_factory=dict)


OWN_FIELDS: tuple[Field, ...] = tuple(
    one for one in fields_of(Definition) if one.name in ("deployments", "labels", "enabled")
)
MONITOR_FIELDS: tuple[Field, ...] = fields_of(Monitor)
_OWN_DEFAULTS = {one.name: one.default for one in OWN_FIELDS}
DEFAULTS: Mapping[str, Definition] = {
    one.id: Definition(monitor=one, origin="default", source="") for one in DEFAULT_MONITORS
}


def assumed(name: str) -> dict[str, object]:
    """What a definition of that id says where it leaves a field out: what the default of the id says, else the field's own default."""
    base = DEFAULTS.get(name)
    if base is not None:
        return {one.name: getattr(base.monitor, one.name) for one in MONITOR_FIELDS} | _OWN_DEFAULTS
    return {one.name: one.default for one in MONITOR_FIELDS} | _OWN_DEFAULTS | {"name": name}


def resolved(stated: Iterable[Definition]) -> dict[str, Definition]:
    """All definitions by id: the defaults in their order, replaced by what people stated; then the others by id."""
    own = {one.id: one for one in stated if one.origin != "default"}
    others = sorted(own.keys() - DEFAULTS.keys())
    return {name: own.get(name) or DEFAULTS[name] for name in [*DEFAULTS, *others]}


def monitors_of(definitions: Iterable[Definition], deployment: Target) -> dict[str, Monitor]:
    """The monitors of one deployment by id, in the order of the definitions; those that follow from a policy after it.

    A definition of its own takes the place of one that follows from a policy.
    """
    standing = [one.monitor for one in definitions if one.matches(deployment)]
    own = {one.id for one in standing}
    return {rule.id: rule for one in standing for rule in one.rules() if rule.id == one.id or rule.id not in own}


def judged_rules(definition: Definition) -> list[Definition]:
    """A definition for each monitor that is judged by it: itself, or those that follow from a policy."""
    if definition.monitor.kind != "fairness":
        return [definition]
    return [replace(definition, monitor=rule) for rule in definition.monitor.rules()[1:]]


def definition_of(definitions: Mapping[str, Definition], name: str) -> Definition | None:
    """Where a monitor of a deployment comes from: the definition of its id, or the policy that it follows from."""
    found = definitions.get(name)
    if found is not None:
        return found
    policies = [one for one in definitions.values() if any(rule.id == name for rule in one.monitor.rules())]
    return policies[0] if policies else None


def merged(
    current: Mapping[str, Definition], wanted: Sequence[Definition], *, prune: bool
) -> tuple[dict[str, Definition], tuple[str, ...]]:
    """All definitions after `wanted` are applied, and the ids of those from files that are in none of them: with `prune` they went."""
    named = {one.id for one in wanted}
    missing = tuple(name for name, one in current.items() if one.origin == "file" and name not in named)
    kept = [one for one in current.values() if one.id not in named and not (prune and one.id in missing)]
    return resolved([*kept, *wanted]), missing


def without(current: Mapping[str, Definition], name: str) -> dict[str, Definition]:
    """All definitions after one went. Raises LookupError for one that is not there, ValueError for a default."""
    found = current.get(name)
    if found is None:
        raise LookupError(f"no monitor {name!r} is defined: defined are {', '.join(current)}")
    if found.origin == "default":
        raise ValueError(
            f"monitor {name!r} is built in and cannot be deleted: define it with enabled = false to switch it off"
        )
    return resolved(one for one in current.values() if one.id != name)


def renamed(definition: Definition, *, origin: Origin, source: str) -> Definition:
    """The same rule, from somewhere else."""
    return replace(definition, origin=origin, source=source)
