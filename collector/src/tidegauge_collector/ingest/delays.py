"""Pure: how long a sender that is told «later» is to wait. Spread over a threefold range, so that a herd does not come back at once."""

import random

BUSY_MS = 500  # too much under way: it is over in a few commits
BACKLOG_MS = 5_000  # the fold is behind
DISK_MS = 5_000  # the disk refuses, or is nearly full
QUOTA_MS = 600_000  # at most, however far the day's end is: a raised quota is met soon


def spread_ms(base_ms: float, rng: random.Random) -> int:
    """A delay uniform in [base, 3 base), at least 1 ms."""
    return max(1, round(base_ms * rng.uniform(1, 3)))
