"""What the caller's thread hands over: one call of a model, as it was seen."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from tidegauge.worker.floats import floats_of
from tidegauge.worker.pacing import Breathe, no_pause

if TYPE_CHECKING:
    from tidegauge.worker.deployment import DeploymentWorker

LARGE_BYTES = 8 * 1024 * 1024
"""Calls beyond are looked at block by block: by the caller before it returns, or behind its back where nobody can change them."""


class Form(StrEnum):
    """What is known of a call's input and answer without a look at them."""

    ANY = "any"
    ROW_OF_NAMES = "row_of_names"
    """One row, a dict; its answer is a scalar."""
    ROW_OF_FLOATS = "row_of_floats"
    """One row, the bytes of its float64 values; its answer is a scalar."""


@dataclass(frozen=True, slots=True)
class Origin:
    """What many calls have in common, so that it is made once: the deployment that they belong to, the method and what is known of
    their form; the error of a failed one, whose inputs are None; `size_bytes` is 0 for small calls."""

    target: DeploymentWorker
    method: str
    form: Form = Form.ANY
    error: str | None = None
    size_bytes: int = 0


@dataclass(frozen=True, slots=True)
class CallContext:
    """What X does not say about a call: of its rows ids and event times (one a row, or one for all), segment values, a batch id; of
    the call who asked (`consumer`) and whether the answer came from a cache (`cached`; None: nobody said)."""

    prediction_ids: Any = None
    timestamps: Any = None
    segment: dict[str, Any] | None = None
    batch: str = ""
    consumer: str = ""
    cached: bool | None = None


class Call(NamedTuple):
    """One call. `started_ns` and `ended_ns` are readings of the monotonic clock; how long a call took that ended before it started is
    not known."""

    origin: Origin
    inputs: Any
    result: Any
    started_ns: int
    ended_ns: int
    context: CallContext | None = None

    @property
    def duration_ns(self) -> int:
        """How long it took; below 0: not known."""
        return self.ended_ns - self.started_ns

    @property
    def size_bytes(self) -> int:
        """What it takes in memory, 0 for a small one."""
        return self.origin.size_bytes


FIELDS = len(Call._fields)
"""Of a call. On their way to the worker the fields of calls stand one after another: a tuple for each call would be a container that
lives for a while, and 700 of those make the interpreter collect garbage, in whichever call of the host comes next."""

CALLS_AT_ONCE = 512
"""Calls that are looked at between two pauses."""

_INTEGERS = frozenset({"started_ns", "ended_ns"})

Field = npt.NDArray[Any]


def common_origin(origins: Sequence[Origin]) -> Origin | None:
    """The one origin of all calls, where it is the same object: so are those of a service's calls, nearly always."""
    return origins[0] if len(origins) and origins.count(origins[0]) == len(origins) else None


class Calls:
    """Many calls by field; made by `of`, `of_fields`, `joined` or `where`, and not to be changed.

    While they wait the fields are arrays: the garbage collector looks at each thing in a list that is new, and into no array.
    """

    __slots__ = ("_breathe", "_fields", "_lists", "_origin")

    def __init__(self, fields: Mapping[str, Field], breathe: Breathe = no_pause) -> None:
        self._fields = fields
        self._breathe = breathe
        self._lists: dict[str, list[Any]] = {}
        self._origin: list[Origin | None] = []

    @classmethod
    def of(cls, calls: Iterable[Call]) -> Calls:
        """From calls one by one."""
        values = [value for call in calls for value in call]
        return cls.of_fields(np.fromiter(values, np.object_, len(values)))

    @classmethod
    def of_fields(cls, values: Field) -> Calls:
        """From the fields of calls, one after another."""
        table = values.reshape(-1, FIELDS)
        return cls({name: _array(name, table[:, number]) for number, name in enumerate(Call._fields)})

    @classmethod
    def joined(cls, parts: Sequence[Calls], breathe: Breathe = no_pause) -> Calls:
        """The calls of all parts, one after another."""
        found = {}
        for name in Call._fields:
            found[name] = np.concatenate([part._fields[name] for part in parts])
            breathe()
        return cls(found, breathe)

    def where(self, places: Sequence[int]) -> Calls:
        """The calls at these places."""
        if len(places) == len(self):
            return self
        chosen = np.array(places, dtype=np.int64)
        return Calls({name: values[chosen] for name, values in self._fields.items()}, self._breathe)

    def with_inputs(self, inputs: list[Any]) -> Calls:
        """The calls with other inputs."""
        return Calls({**self._fields, "inputs": np.fromiter(inputs, np.object_, len(inputs))}, self._breathe)

    def __len__(self) -> int:
        return len(self._fields["origin"])

    def __getitem__(self, place: int) -> Call:
        return Call._make(values.item(place) for values in self._fields.values())

    def __iter__(self) -> Iterator[Call]:
        return map(Call._make, zip(*map(self.field, Call._fields), strict=True))

    def field(self, name: str) -> list[Any]:
        """One field of each call; the list is kept for who asks next. Not to be changed."""
        if name not in self._lists:
            self._lists[name] = self._fields[name].tolist()
        return self._lists[name]

    def array(self, name: str) -> Field:
        """One field of each call, for who looks at a few at once: in a list all would be looked at by the garbage collector."""
        return self._fields[name]

    def last(self, name: str) -> Any:
        """One field of the last call."""
        return self._fields[name].item(-1)

    def waiting(self) -> Calls:
        """The same calls without what was kept."""
        return Calls(self._fields, self._breathe)

    def integers(self, name: str) -> npt.NDArray[np.int64]:
        """One field of each call that holds integers. Not to be changed."""
        return self._fields[name]

    @property
    def float_results(self) -> npt.NDArray[np.float64] | None:
        """The result of each call, where all are floats. Not to be changed."""
        results = self._fields["result"]
        return results if results.dtype == np.float64 else None

    @property
    def origin(self) -> Origin | None:
        """What all calls have in common, where they have the same origin."""
        if not self._origin:
            self._origin.append(common_origin(self.field("origin")))
        return self._origin[0]

    @property
    def errors(self) -> Sequence[str | None]:
        """The error of each call, or nothing where none failed."""
        if self.origin is not None and self.origin.error is None:
            return ()
        errors = [origin.error for origin in self.field("origin")]
        return errors if any(errors) else ()

    @property
    def contexts(self) -> Sequence[CallContext | None]:
        """The context of each call, or nothing where none states anything."""
        found = self.field("context")
        return found if found.count(None) < len(found) else ()

    def alike(self) -> list[Calls]:
        """The calls by method and form, in their order."""
        if self.origin is not None:
            return [self]
        origins = self.field("origin")
        keys = {id(origin): (origin.method, origin.form) for origin in origins}
        groups: dict[tuple[str, Form], list[int]] = {}
        for start in range(0, len(self), CALLS_AT_ONCE):
            for place, origin in enumerate(origins[start : start + CALLS_AT_ONCE], start):
                groups.setdefault(keys[id(origin)], []).append(place)
            self._breathe()
        return [self.where(places) for places in groups.values()]


def _array(name: str, values: Field) -> Field:
    """A field of calls, apart from the others: numbers where it is known to be, or is all through."""
    if name in _INTEGERS:
        return values.astype(np.int64)
    floats = floats_of(values.tolist()) if name == "result" else None
    return values.copy() if floats is None else floats


class ServiceOnly(NamedTuple):
    """What is kept of a call that found no room."""

    target: DeploymentWorker
    rows: int
    error: str | None
    started_ns: int
    duration_ns: int
    context: CallContext | None = None


class CallSource(Protocol):
    """Where the worker takes calls from; it has room for so many."""

    room: int

    def __len__(self) -> int: ...

    def take(self, most: int) -> Calls: ...

    def take_service_only(self) -> list[ServiceOnly]: ...
