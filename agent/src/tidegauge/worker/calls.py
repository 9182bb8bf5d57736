"""What the caller's thread hands over: one call of a model, as it was seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from tidegauge.worker.pacing import Breathe, no_pause

if TYPE_CHECKING:
    from tidegauge.worker.deployment import DeploymentWorker

LARGE_BYTES = 8 * 1024 * 1024
"""Calls beyond are looked at block by block: by the caller before it returns, or behind its back where nobody can change them."""

RawCall = tuple[Any, ...]
"""The fields of a `Call`: making a plain tuple costs the caller a fifth of making a named one."""


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
    """One call. `target` is the deployment it belongs to; `size_bytes` is 0 for small calls; `started_ns` is a reading of the
    monotonic clock; a `duration_ns` below 0 is not known. Of a failed call `error` says which, and there are no inputs."""

    target: DeploymentWorker
    method: str
    inputs: Any
    result: Any
    error: str | None
    started_ns: int
    duration_ns: int
    context: CallContext | None
    size_bytes: int


_FIELDS = {name: itemgetter(i) for i, name in enumerate(Call._fields)}


CALLS_AT_ONCE = 1_024
"""Calls that are looked at between two pauses."""


class Calls(list[RawCall]):
    """Many calls, each field of which is gathered once, with pauses."""

    __slots__ = ("_breathe", "_found")

    def __init__(self, calls: Sequence[RawCall], breathe: Breathe = no_pause) -> None:
        super().__init__(calls)
        self._breathe = breathe
        self._found: dict[str, list[Any]] = {}

    def field(self, name: str) -> list[Any]:
        """One field of each call. Not to be changed."""
        if name not in self._found:
            found = self._found[name] = []
            for start in range(0, len(self), CALLS_AT_ONCE):
                found += map(_FIELDS[name], self[start : start + CALLS_AT_ONCE])
                self._breathe()
        return self._found[name]

    def integers(self, name: str) -> npt.NDArray[np.int64]:
        """One field of each call that holds integers."""
        values = self.field(name)
        found = np.empty(len(values), dtype=np.int64)
        for start in range(0, len(values), CALLS_AT_ONCE):
            part = values[start : start + CALLS_AT_ONCE]
            found[start : start + len(part)] = np.fromiter(part, np.int64, len(part))
            self._breathe()
        return found


def field_of(calls: Sequence[RawCall], name: str) -> list[Any]:
    """One field of each call; several times faster than taking all calls apart."""
    return calls.field(name) if type(calls) is Calls else list(map(_FIELDS[name], calls))


class ServiceOnly(NamedTuple):
    """What is kept of a call that found no room."""

    target: DeploymentWorker
    rows: int
    error: str | None
    started_ns: int
    duration_ns: int
    context: CallContext | None = None


class CallSource(Protocol):
    """Where the worker takes calls from."""

    def __len__(self) -> int: ...

    def take(self, most: int) -> list[RawCall]: ...

    def take_service_only(self) -> list[ServiceOnly]: ...
