import pytest

from flights_demo.pace import Pace


class Others:
    """Moves the other worker on whenever somebody waits."""

    def __init__(self):
        self.pace = None
        self.number = 0

    def __call__(self, seconds):
        self.number += 1
        self.pace.reach(self.number)


@pytest.fixture
def pair(tmp_path):
    others = Others()
    mine = Pace(tmp_path, worker=0, workers=2, spread=6, wait=others)
    others.pace = Pace(tmp_path, worker=1, workers=2, spread=10_000)
    yield mine, others
    mine.close()
    others.pace.close()


def test_a_worker_within_the_spread_does_not_wait(pair):
    mine, others = pair

    mine.reach(6)

    assert others.number == 0


def test_a_worker_too_far_ahead_waits_until_the_other_has_come_near(pair):
    mine, others = pair

    mine.reach(20)

    assert others.number == 14


def test_nobody_waits_for_a_worker_that_has_finished(pair):
    mine, others = pair
    others.pace.finish()

    mine.reach(5_000)

    assert others.number == 0
