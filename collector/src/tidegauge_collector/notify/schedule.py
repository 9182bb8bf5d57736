"""When to try again, with full jitter (a uniform part of the step, so that herds spread), for three days.

Patient kinds take the steps of Standard Webhooks. Kinds that page take quick ones for a day, and hours after that: who is paged
so late is told at least of what still fires.
"""

from collections.abc import Callable
from dataclasses import dataclass

GIVE_UP_AFTER_S = 3 * 86_400


@dataclass(frozen=True, slots=True)
class Schedule:
    """Steps in seconds, of which the last is repeated until a message is `late_after_s` old, and `late_s` from then on."""

    steps_s: tuple[int, ...]
    late_after_s: int
    late_s: int

    def wait_s(
        self, attempts: int, *, random: Callable[[], float], at_least_s: float = 0.0, age_s: float = 0.0
    ) -> float:
        """Seconds until the next attempt after `attempts` (≥ 1) failed ones; `random` gives numbers in [0, 1)."""
        step = self.steps_s[min(attempts, len(self.steps_s)) - 1]
        return max((self.late_s if age_s >= self.late_after_s else step) * random(), at_least_s)

    def is_spent(self, attempts: int, *, age_s: float) -> bool:
        """Has a message had all its attempts? Jitter shortens the steps, so three days must have gone by as well."""
        return attempts > len(self.steps_s) and age_s >= GIVE_UP_AFTER_S


PATIENT = Schedule((5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400), GIVE_UP_AFTER_S, 86_400)
PAGING = Schedule((1, 5, 15, 30, 60, 120, 300), 86_400, 3_600)
