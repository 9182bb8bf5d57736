"""A job with a share of a thread rests in proportion to what it took."""

import pytest

from tidegauge_collector.jobs.sharing import Share


class Clock:
    def __init__(self) -> None:
        self.at_s = 100.0

    def __call__(self) -> float:
        return self.at_s

    def working(self, seconds: float):
        def job() -> None:
            self.at_s += seconds

        return job


def test_a_job_that_never_ran_is_due():
    assert Share(0.2, Clock()).is_due


def test_a_job_with_a_fifth_rests_four_times_as_long_as_it_took():
    clock = Clock()
    share = Share(0.2, clock)

    share.run(clock.working(2.0))

    clock.at_s += 7.9
    assert not share.is_due
    clock.at_s += 0.2
    assert share.is_due


def test_a_job_that_fails_rests_as_well():
    clock = Clock()
    share = Share(0.5, clock)

    def failing() -> None:
        clock.at_s += 1.0
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        share.run(failing)

    assert not share.is_due
