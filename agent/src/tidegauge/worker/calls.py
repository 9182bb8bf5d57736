"""What the caller's thread hands over: one call of a model, as it was seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

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


class Calls(list[RawCall]):
    """Many calls, each field of which is gathered once."""

    __slots__ = ("_found",)

    def __init__(self, calls: Sequence[RawCall]) -> None:
        super().__init__(calls)
        self._found: dict[str, list[Any]] = {}

    def field(self, name: str) -> list[Any]:
        """One field of each call. Not to be changed."""
        if name not in self._found:
            self._found[name] = list(map(_FIELDS[name], self))
        return self._found[name]


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
