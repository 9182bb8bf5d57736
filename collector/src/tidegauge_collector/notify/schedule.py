"""When to try again: the steps of Standard Webhooks with full jitter (a uniform part of the step, so that herds spread)."""

from collections.abc import Callable

STEPS_S = (5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400)  # about three days
GIVE_UP_AFTER_S = 3 * 86_400


def wait_s(attempts: int, *, random: Callable[[], float], at_least_s: float = 0.0) -> float:
    """Seconds until the next attempt after `attempts` (≥ 1) failed ones; `random` gives numbers in [0, 1)."""
    step = STEPS_S[min(attempts, len(STEPS_S)) - 1]
    return max(step * random(), at_least_s)


def is_spent(attempts: int, *, age_s: float) -> bool:
    """Has a message had all its attempts? Jitter shortens the steps, so three days must have gone by as well."""
    return attempts > len(STEPS_S) and age_s >= GIVE_UP_AFTER_S
