"""Keeps to what a receiver takes in a minute: messages one after the other, evenly."""


class Pace:
    """When the next message may go; owned by one task, so without a lock. `per_minute`: None for as fast as can be."""

    def __init__(self, per_minute: int | None) -> None:
        self._step_us = 0 if per_minute is None else 60_000_000 // per_minute
        self._next_at_us = 0

    @property
    def next_at_us(self) -> int:
        """The earliest time of the next message; it may be in the past."""
        return self._next_at_us

    def most(self, now_us: int, otherwise: int) -> int:
        """How many may go now: one or none where there is a pace, else as many as otherwise."""
        if self._step_us == 0:
            return otherwise
        return min(otherwise, int(now_us >= self._next_at_us))

    def took(self, now_us: int) -> None:
        """One has gone."""
        self._next_at_us = now_us + self._step_us
