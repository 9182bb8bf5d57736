"""What the caller's thread hands over: one call of a model, as it was seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from tidegauge.worker.floats import floats_of
from tidegauge.worker.pacing import Breathe, no_pause

if TYPE_CHECKING:
    from tidegauge.worker.deployment import DeploymentWorker

LARGE_BYTES = 8 * 1024 * 1024
"""Calls beyond are looked at block by block: by the caller before it returns, or behind its back where nobody can change them."""

RawCall = tuple[Any, ...]
"""The fields of a `Call`: making a plain tuple costs the caller a fifth of making a named one."""


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


CALLS_AT_ONCE = 512
"""Calls that are looked at between two pauses."""


_ORIGIN = itemgetter(0)


def origins_of(calls: Sequence[RawCall]) -> list[Origin]:
    """The origin of each call."""
    return list(map(_ORIGIN, calls))


def common_origin(origins: Sequence[Origin]) -> Origin | None:
    """The one origin of all calls, where it is the same object: so are those of a service's calls, nearly always."""
    return origins[0] if len(origins) and origins.count(origins[0]) == len(origins) else None


class Calls(list[RawCall]):
    """Many calls, the fields of which are gathered once, with pauses."""

    __slots__ = ("_breathe", "_floats", "_found", "_integers", "_origin")

    def __init__(self, calls: Sequence[RawCall], breathe: Breathe = no_pause) -> None:
        super().__init__(calls)
        self._breathe = breathe
        self._found: dict[str, list[Any]] = {}
        self._integers: dict[str, npt.NDArray[np.int64]] = {}
        self._floats: dict[str, npt.NDArray[np.float64] | None] = {}
        self._origin: list[Origin | None] = []

    def field(self, name: str) -> list[Any]:
        """One field of each call. Not to be changed."""
        if not self._found:
            self._found = {one: [] for one in Call._fields}
            gathered = list(self._found.values())
            for start in range(0, len(self), CALLS_AT_ONCE):
                parts = zip(
                    *self[start : start + CALLS_AT_ONCE], strict=True
                )  # all at once: each call is looked up in memory once
                for values, part in zip(gathered, parts, strict=True):
                    values.extend(part)
                self._breathe()
        return self._found[name]

    def integers(self, name: str) -> npt.NDArray[np.int64]:
        """One field of each call that holds integers. Not to be changed."""
        if name not in self._integers:
            values = self.field(name)
            found = self._integers[name] = np.empty(len(values), dtype=np.int64)
            for start in range(0, len(values), CALLS_AT_ONCE):
                part = values[start : start + CALLS_AT_ONCE]
                found[start : start + len(part)] = np.fromiter(part, np.int64, len(part))
                self._breathe()
        return self._integers[name]

    def floats(self, name: str) -> npt.NDArray[np.float64] | None:
        """One field of each call, where it is a float in all of them. Not to be changed."""
        if name not in self._floats:
            self._floats[name] = floats_of(self.field(name))
        return self._floats[name]

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
        groups: dict[tuple[str, Form], list[RawCall]] = {}
        origins = self.field("origin")
        keys = {id(origin): (origin.method, origin.form) for origin in origins}
        for start in range(0, len(self), CALLS_AT_ONCE):
            for call in self[start : start + CALLS_AT_ONCE]:
                groups.setdefault(keys[id(call[0])], []).append(call)
            self._breathe()
        return [Calls(own, self._breathe) for own in groups.values()]


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

    def take(self, most: int) -> list[RawCall]: ...

    def take_service_only(self) -> list[ServiceOnly]: ...
