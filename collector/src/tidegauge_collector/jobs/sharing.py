"""Keeps a job that can wait to a share of its thread's time, so that what cannot wait gets the rest."""

from __future__ import annotations

from collections.abc import Callable


class Share:
    """A job that took t seconds is not due again for t * (1 / share - 1) seconds. `now_s` is a clock that never steps back."""

    def __init__(self, share: float, now_s: Callable[[], float]) -> None:
        self._rest = 1 / share - 1
        self._now_s = now_s
        self._due_at_s = float("-inf")

    @property
    def is_due(self) -> bool:
        """Whether the job has rested long enough."""
        return self._now_s() >= self._due_at_s

    def run(self, job: Callable[[], object]) -> None:
        """Run the job now, and note how long it took."""
        begun_s = self._now_s()
        try:
            job()
        finally:
            ended_s = self._now_s()
            self._due_at_s = ended_s + (ended_s - begun_s) * self._rest
