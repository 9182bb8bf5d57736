"""When `--chaos` kills what: the collector twice and a worker once, each with SIGKILL, by how far the replay has come."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

Victim = Literal["collector", "worker"]
KILLS: tuple[tuple[float, Victim], ...] = ((0.25, "collector"), (0.45, "worker"), (0.65, "collector"))


class Chaos:
    """Says who is to be killed now; each kill comes once, in order."""

    def __init__(self, kills: Iterable[tuple[float, Victim]] = KILLS) -> None:
        self._kills = sorted(kills)

    def due(self, done: float) -> list[Victim]:
        """The kills that are due when a share `done` (0 to 1) of the replay is behind."""
        due = [victim for at, victim in self._kills if at <= done]
        self._kills = self._kills[len(due) :]
        return due
