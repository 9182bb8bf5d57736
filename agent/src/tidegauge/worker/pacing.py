"""Pauses in the worker's work, so that the model's own threads get the interpreter: an argument, not a global."""

from __future__ import annotations

from collections.abc import Callable

Breathe = Callable[[], None]
"""Called after each piece of work of some tens of microseconds; the worker's thread pauses in it, `flush` does not."""


def no_pause() -> None:
    """For callers who wait for the work: go on at once."""
