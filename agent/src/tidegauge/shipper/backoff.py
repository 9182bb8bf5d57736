"""Pure: how long to wait before the next try. Full jitter, so that a fleet does not come back all at once.

Source: M. Brooker, "Exponential Backoff and Jitter", AWS Architecture Blog, 2015.
"""

import random

FIRST_S = 0.2
CAP_S = 60.0  # a fleet of 10,000 that finds nobody makes 300 calls a second then, and all are back within a minute
PERSON_S = 300.0


class Backoff:
    """Waits uniform in [0, min(cap, first * 2**n)) after the n-th failure in a row."""

    def __init__(self, rng: random.Random, *, first_s: float = FIRST_S, cap_s: float = CAP_S) -> None:
        self._rng = rng
        self._first_s = first_s
        self._cap_s = cap_s
        self.failures = 0

    def next_s(self) -> float:
        """Count a failure and say how long to wait."""
        ceiling = min(self._cap_s, self._first_s * 2.0 ** min(self.failures, 60))
        self.failures += 1
        return self._rng.uniform(0, ceiling)

    def longest_s(self) -> float:
        """Count a failure that only a person can mend: wait longer than for any other."""
        self.failures += 1
        return self._rng.uniform(PERSON_S / 2, PERSON_S)

    def reset(self) -> None:
        """Begin anew after a success."""
        self.failures = 0
