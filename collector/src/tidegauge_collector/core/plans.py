"""What would change between two sets of definitions: by definition, and by deployment which monitors come, change and go."""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from tidegauge_collector.core.definitions import (
    DEFAULTS,
    MONITOR_FIELDS,
    OWN_FIELDS,
    Definition,
    Target,
    assumed,
    monitors_of,
)
from tidegauge_collector.core.monitors import Monitor
from tidegauge_collector.core.shapes import Field, plain, written

Kind = Literal["create", "change", "remove"]


@dataclass(frozen=True, slots=True)
class FieldChange:
    """A field before and after, as people write it; None where it is not there."""

    name: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class Change:
    """What happens to one definition. A default that comes back in the place of one that goes is a change too."""

    kind: Kind
    id: str
    before_origin: str | None
    after_origin: str | None
    fields: tuple[FieldChange, ...]


@dataclass(frozen=True, slots=True)
class MonitorChange:
    """What happens to one monitor of one deployment; `firing`: alerts that would be withdrawn with it."""

    kind: Kind
    monitor: str
    fields: tuple[FieldChange, ...]
    firing: int = 0


@dataclass(frozen=True, slots=True)
class Plan:
    """`taken_over`: say what they said, but now belong to a file; `left`: of files, in none of those given, and kept."""

    changes: tuple[Change, ...]
    deployments: Mapping[str, tuple[MonitorChange, ...]]
    unchanged: int
    taken_over: tuple[str, ...]
    left: tuple[str, ...]

    @property
    def is_empty(self) -> bool:
        return not self.changes


def plan(
    before: Mapping[str, Definition],
    after: Mapping[str, Definition],
    targets: Iterable[Target],
    *,
    left: Sequence[str] = (),
    firing: Callable[[str, str], int] = lambda _deployment, _monitor: 0,
) -> Plan:
    """The way from one set of definitions to another, for these deployments; `firing`: how many alerts of a deployment and monitor fire."""
    names = [*before, *(name for name in after if name not in before)]
    changes = [one for name in names if (one := _change(before.get(name), after.get(name))) is not None]
    changed = {one.id for one in changes}
    kept = [name for name in names if name not in changed]
    return Plan(
        changes=tuple(changes),
        deployments=_by_deployment(before, after, targets, firing),
        unchanged=len(kept),
        taken_over=tuple(name for name in kept if before[name].origin != after[name].origin),
        left=tuple(left),
    )


def fingerprint(definitions: Mapping[str, Definition]) -> str:
    """The same for the same definitions: to see whether they changed between a plan and its apply."""
    texts = [[one.origin, table_of(one, every=True)] for _, one in sorted(definitions.items())]
    return hashlib.sha256(json.dumps(texts, sort_keys=True).encode()).hexdigest()[:16]


def table_of(definition: Definition, *, every: bool = False) -> dict[str, Any]:
    """The definition as a table of a file: what is neither assumed nor the field's own default, or `every` field."""
    table = {"id": definition.id}
    left_out = assumed(definition.id)
    is_known = definition.id in DEFAULTS
    for one, value in _values(definition):
        is_usual = one.name in left_out and value == left_out[one.name] and not (is_known and value != one.default)
        text = written(one, value) if every or not is_usual else None
        if text is not None:
            table[one.name] = text
    return table


def plain_of(definition: Definition) -> dict[str, Any]:
    """The definition as JSON: every field."""
    return {one.name: plain(value) for one, value in _values(definition)}


def monitor_changes(before: Mapping[str, Monitor], after: Mapping[str, Monitor]) -> tuple[MonitorChange, ...]:
    """What happens to the monitors of one deployment."""
    found = []
    for name in [*before, *(name for name in after if name not in before)]:
        old, new = before.get(name), after.get(name)
        if old != new:
            found.append(MonitorChange(_kind(old, new), name, _fields(_monitor_values(old), _monitor_values(new))))
    return tuple(found)


def as_json(found: Plan) -> dict[str, Any]:
    """A plan as the API gives it."""
    return {
        "empty": found.is_empty,
        "changes": [asdict(one) for one in found.changes],
        "deployments": {name: [asdict(one) for one in some] for name, some in found.deployments.items()},
        "unchanged": found.unchanged,
        "taken_over": list(found.taken_over),
        "left": list(found.left),
    }


def _by_deployment(
    before: Mapping[str, Definition],
    after: Mapping[str, Definition],
    targets: Iterable[Target],
    firing: Callable[[str, str], int],
) -> dict[str, tuple[MonitorChange, ...]]:
    found = {}
    for one in targets:
        changes = monitor_changes(monitors_of(before.values(), one), monitors_of(after.values(), one))
        if changes:
            found[one.name] = tuple(_with_firing(change, firing(one.name, change.monitor)) for change in changes)
    return found


def _with_firing(change: MonitorChange, count: int) -> MonitorChange:
    """What goes takes its alerts along; what changes keeps those of series that it still looks at."""
    return replace(change, firing=count) if change.kind == "remove" else change


def _change(before: Definition | None, after: Definition | None) -> Change | None:
    if before is not None and after is not None and before.content == after.content:
        return None
    return Change(
        kind=_kind(before, after),
        id=(before or after).id,  # type: ignore[union-attr]  # one of them is there
        before_origin=before.origin if before else None,
        after_origin=after.origin if after else None,
        fields=_fields(_values(before) if before else (), _values(after) if after else ()),
    )


def _kind(before: object, after: object) -> Kind:
    if before is None:
        return "create"
    return "remove" if after is None else "change"


Values = Sequence[tuple[Field, Any]]


def _values(definition: Definition) -> Values:
    own = [(one, getattr(definition, one.name)) for one in OWN_FIELDS]
    return [*_monitor_values(definition.monitor), *own]


def _monitor_values(monitor: Monitor | None) -> Values:
    return [] if monitor is None else [(one, getattr(monitor, one.name)) for one in MONITOR_FIELDS]


def _fields(before: Values, after: Values) -> tuple[FieldChange, ...]:
    """The fields that differ; of something new or gone those that say something."""
    old = {one.name: (one, value) for one, value in before}
    new = {one.name: (one, value) for one, value in after}
    found = []
    for name in [*old, *(name for name in new if name not in old)]:
        was, will = (_shown(some.get(name)) for some in (old, new))
        if name != "id" and was != will and not _says_nothing(old, new, name):
            found.append(FieldChange(name, was, will))
    return tuple(found)


def _says_nothing(old: Mapping[str, tuple[Field, Any]], new: Mapping[str, tuple[Field, Any]], name: str) -> bool:
    if name in old and name in new:
        return False
    one, value = old.get(name) or new[name]
    return not one.is_required and bool(value == one.default)


def _shown(pair: tuple[Field, Any] | None) -> Any:
    return None if pair is None else written(*pair)
