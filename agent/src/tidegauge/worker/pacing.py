"""Pauses in the worker's work, so that the model's own threads get the interpreter: an argument, not a global."""

from __future__ import annotations

from collections.abc import Callable

TICK_S = 0.1
LEAST_TICK_S = 0.005
LONGER = 1.25

Breathe = Callable[[], None]
"""Called after each piece of work of some tens of microseconds; the worker's thread pauses in it, `flush` does not."""


def no_pause() -> None:
    """For callers who wait for the work: go on at once."""


def rest_s(*, taken: int, spent_s: float, room: int, last_s: float) -> float:
    """How long to wait for calls after so many were taken in so long: until a quarter of the room is full at that rate, and
    little longer than the last time, for calls come in bursts."""
    fills_s = spent_s * room / (4 * taken) if taken else TICK_S
    return min(TICK_S, LONGER * last_s, max(LEAST_TICK_S, fills_s))
