"""What channels that keep tickets have in common: what they remember of one, and when to write into it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tidegauge_collector.control import Thread
from tidegauge_collector.notify.events import Event

COMMENT_EVERY_US = 3_600_000_000
SETTLED_AFTER_US = 60_000_000
"""What was asked for shows in a search a minute later, if it was done."""
_ALWAYS = frozenset({"acknowledged", "unacknowledged", "assigned", "commented", "escalated", "reopened"})
"""Changes that people made, or that wait for people: each is told, however soon after the last comment."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """A ticket as a thread remembers it: `key` for people and URLs, `id` where the provider has another.

    `said`: the number of the last message that is in it; `severity`: as it stands there.
    """

    key: str
    id: str = ""
    severity: str = ""
    said: int = 0
    commented_us: int = 0

    def as_json(self) -> Mapping[str, Any]:
        """For the thread's note."""
        return {name: getattr(self, name) for name in ("key", "id", "severity", "said", "commented_us")}

    def wants_comment(self, event: Event, now_us: int) -> bool:
        """At most one comment an hour, but for a change of severity and what people did."""
        if event.seq and event.seq <= self.said:
            return False
        urgent = event.severity != self.severity or bool(_ALWAYS & set(event.changes))
        return urgent or now_us - self.commented_us >= COMMENT_EVERY_US


def ticket_of(thread: Thread | None) -> Ticket | None:
    """The ticket of a thread, if it has one."""
    found = thread.remembered.get("ticket") if thread is not None else None
    return Ticket(**found) if isinstance(found, Mapping) else None


def ticket_before(thread: Thread | None, *, now_us: int, within_h: float) -> Ticket | None:
    """The ticket of the thread before, where that ended not longer ago."""
    before = thread.before if thread is not None else None
    if before is None or before.closed_at_us is None or now_us - before.closed_at_us > within_h * 3_600_000_000:
        return None
    return ticket_of(before)
