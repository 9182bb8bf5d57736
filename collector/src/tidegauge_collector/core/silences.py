"""From when to when nobody is told of alerts that match; once, or in some hours of every week meanwhile."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tidegauge_collector.core.calendar import Hours
from tidegauge_collector.core.matching import Matchers, matches


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """A silence; with `weekly` a maintenance window that comes again."""

    id: str
    matchers: Matchers
    starts_at_us: int
    ends_at_us: int
    weekly: Hours | None = None
    comment: str = ""
    created_by: str = ""
    created_at_us: int = 0
    ended_by: str = ""

    def is_active(self, at_us: int) -> bool:
        """Does it silence what matches, at that time?"""
        if not self.starts_at_us <= at_us < self.ends_at_us:
            return False
        return self.weekly is None or self.weekly.contains(at_us)

    def until_us(self, at_us: int) -> int:
        """Until when it does, being active."""
        return self.ends_at_us if self.weekly is None else min(self.ends_at_us, self.weekly.end_us(at_us))

    def state(self, at_us: int) -> str:
        """pending, active, waiting (for its next hours) or ended."""
        if at_us >= self.ends_at_us:
            return "ended"
        if at_us < self.starts_at_us:
            return "pending"
        return "active" if self.is_active(at_us) else "waiting"


def silencing(silences: Iterable[Silence], labels: Mapping[str, str], at_us: int) -> Silence | None:
    """The silence that holds longest of those that match and are active, or None."""
    found = [one for one in silences if one.is_active(at_us) and matches(one.matchers, labels)]
    return max(found, key=lambda one: (one.until_us(at_us), one.id)) if found else None
