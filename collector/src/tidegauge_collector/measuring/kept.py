"""Answers about deployments that are kept for as long as nothing of their deployment changes."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Generic, TypeVar

V = TypeVar("V")
_NO_STAMPS: Mapping[str, object] = {}


class Kept(Generic[V]):
    """The values of a function of a deployment's name. From any thread; whoever changes something says so with `touch`."""

    def __init__(
        self, compute: Callable[[str], V], compute_many: Callable[[Sequence[str]], Mapping[str, V]] | None = None
    ) -> None:
        """`compute_many` answers for many deployments at once; a name that it leaves out has no value."""
        self._compute = compute
        self._compute_many = compute_many
        self._changes: dict[str, int] = {}  # the number of a deployment's last change
        self._numbers = itertools.count(1)  # of changes; no two have the same, whoever tells of them at once
        self._values: dict[str, tuple[tuple[int, object], V]] = {}
        self._computing = (
            threading.Lock()
        )  # held while many are computed: who asks for the same meanwhile waits for them

    def touch(self, deployments: Iterable[str]) -> None:
        """Say that something of these deployments has changed: call it after the change can be seen, never before."""
        for name in deployments:
            self._changes[name] = next(self._numbers)

    def of(self, deployment: str, *, stamp: object = None) -> V:
        """The deployment's value, computed again after a change of it, or where the stamp is another."""
        key = (self._changes.get(deployment, 0), stamp)  # before computing: what changes meanwhile makes it old at once
        known = self._values.get(deployment)
        if known is not None and known[0] == key:
            return known[1]
        value = self._compute(deployment)
        self._values[deployment] = (key, value)
        return value

    def of_many(self, deployments: Sequence[str], *, stamps: Mapping[str, object] = _NO_STAMPS) -> dict[str, V]:
        """The values of many deployments: those that changed are computed at once, by one thread for all that ask."""
        if self._compute_many is None:
            return {name: self.of(name, stamp=stamps.get(name)) for name in deployments}
        with self._computing:
            self._refresh(deployments, stamps, self._compute_many)
        return {name: one[1] for name in deployments if (one := self._values.get(name)) is not None}

    def _refresh(
        self,
        deployments: Sequence[str],
        stamps: Mapping[str, object],
        compute_many: Callable[[Sequence[str]], Mapping[str, V]],
    ) -> None:
        keys = {name: (self._changes.get(name, 0), stamps.get(name)) for name in deployments}  # before, as above
        known = {name: self._values.get(name) for name in deployments}
        stale = [name for name, one in known.items() if one is None or one[0] != keys[name]]
        if stale:
            for name, value in compute_many(stale).items():
                self._values[name] = (keys[name], value)
