"""What is known for as long as somebody else holds it, and may be looked at while other threads add to it.

A `WeakSet` raises where it grows under who looks at it. No lock: a forked child might find it held.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Generic, TypeVar
from weakref import WeakValueDictionary

T = TypeVar("T")


class Weakly(Generic[T]):
    """Things that are held elsewhere; from any thread."""

    __slots__ = ("_by_id",)

    def __init__(self) -> None:
        self._by_id: WeakValueDictionary[int, T] = WeakValueDictionary()

    def add(self, thing: T) -> None:
        """Know a thing; once, however often it is added."""
        self._by_id[id(thing)] = thing

    def __iter__(self) -> Iterator[T]:
        """Those that were there at the start and are still held."""
        for one in self._by_id.valuerefs():  # a list, made in one step of the interpreter
            thing = one()
            if thing is not None:
                yield thing
