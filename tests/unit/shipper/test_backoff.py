"""Waiting after failures: full jitter up to a ceiling that doubles to a minute."""

import random

from tidegauge.shipper.backoff import Backoff


class HighestRandom(random.Random):
    """Draws the upper end, so that the ceiling can be seen."""

    def uniform(self, a: float, b: float) -> float:
        return b


def test_ceiling_doubles_from_a_fifth_of_a_second_to_a_minute() -> None:
    backoff = Backoff(HighestRandom())

    waits = [backoff.next_s() for _ in range(13)]

    assert waits[:4] == [0.2, 0.4, 0.8, 1.6]
    assert waits[-1] == 60.0
    assert max(waits) == 60.0


def test_it_never_gives_up() -> None:
    backoff = Backoff(HighestRandom())

    assert [backoff.next_s() for _ in range(5_000)][-1] == 60.0


def test_success_begins_anew() -> None:
    backoff = Backoff(HighestRandom())
    backoff.next_s()
    backoff.next_s()

    backoff.reset()

    assert backoff.next_s() == 0.2


def test_waits_are_spread_over_the_whole_range() -> None:
    backoff = Backoff(random.Random(1))
    for _ in range(20):
        backoff.next_s()

    waits = [backoff.next_s() for _ in range(400)]

    assert min(waits) < 3
    assert max(waits) > 57
    assert 24 < sum(waits) / len(waits) < 36


def test_what_only_a_person_can_mend_is_not_hammered() -> None:
    assert all(150 <= Backoff(random.Random(seed)).longest_s() <= 300 for seed in range(50))
