import pytest

from tidegauge_collector.notify.breaker import Breaker
from tidegauge_collector.notify.pacing import Pace
from tidegauge_collector.notify.schedule import PAGING, PATIENT

SECOND_US = 1_000_000


def test_the_steps_are_those_of_standard_webhooks():
    waits = [PATIENT.wait_s(attempt, random=lambda: 1.0) for attempt in range(1, 12)]

    assert waits == [5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400, 86_400, 86_400]


def test_pages_are_tried_again_soon_for_a_day_and_hourly_until_three_days_are_over():
    waits = [PAGING.wait_s(attempt, random=lambda: 1.0) for attempt in range(1, 10)]

    assert waits == [1, 5, 15, 30, 60, 120, 300, 300, 300]
    assert PAGING.wait_s(300, random=lambda: 1.0, age_s=86_400) == 3_600
    assert not PAGING.is_spent(1_000, age_s=3 * 86_400 - 1)
    assert PAGING.is_spent(1_000, age_s=3 * 86_400)


def test_a_pace_lets_one_message_go_and_the_next_a_step_later():
    pace = Pace(60)

    assert pace.most(0, 32) == 1
    pace.took(0)

    assert pace.most(SECOND_US - 1, 32) == 0
    assert pace.most(SECOND_US, 32) == 1
    assert Pace(None).most(0, 32) == 32


@pytest.mark.parametrize(("drawn", "wait"), [(0.0, 0.0), (0.5, 150.0), (0.99, 297.0)])
def test_a_wait_is_a_random_part_of_its_step(drawn, wait):
    assert PATIENT.wait_s(2, random=lambda: drawn) == pytest.approx(wait)


def test_a_wait_is_never_shorter_than_the_receiver_asked_for():
    assert PATIENT.wait_s(1, random=lambda: 0.2, at_least_s=60) == 60
    assert PATIENT.wait_s(3, random=lambda: 0.9, at_least_s=60) == 1620


def test_a_message_is_given_up_only_after_all_steps_and_three_days():
    assert PATIENT.is_spent(10, age_s=3 * 86_400)
    assert not PATIENT.is_spent(9, age_s=30 * 86_400)
    assert not PATIENT.is_spent(50, age_s=3 * 86_400 - 1)


def test_a_channel_is_held_back_from_the_fifth_failure_in_a_row_with_a_probe_each_minute():
    breaker = Breaker()
    for _ in range(4):
        breaker.failed(0)
    assert breaker.allows(0)

    breaker.failed(0)

    assert not breaker.allows(59 * SECOND_US)
    assert breaker.allows(60 * SECOND_US)
    breaker.failed(60 * SECOND_US)
    assert not breaker.allows(119 * SECOND_US)
    assert breaker.probe_at_us == 120 * SECOND_US


def test_one_success_forgets_all_failures():
    breaker = Breaker()
    for _ in range(5):
        breaker.failed(0)
    breaker.succeeded()
    for _ in range(4):
        breaker.failed(0)

    assert breaker.allows(0)
    assert breaker.probe_at_us is None
