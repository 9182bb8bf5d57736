"""How long the worker waits for calls."""

from tidegauge.worker.pacing import LEAST_TICK_S, LONGER, TICK_S, rest_s


def test_the_worker_waits_a_tick_where_no_call_came() -> None:
    assert rest_s(taken=0, spent_s=0.1, room=2_000, last_s=TICK_S) == TICK_S


def test_the_worker_is_back_before_the_room_is_full_at_the_rate_at_which_calls_came() -> None:
    rest = rest_s(taken=2_000, spent_s=0.1, room=2_000, last_s=TICK_S)

    assert rest == 0.025  # 20,000 calls a second fill a quarter of it


def test_the_worker_rests_a_little_however_fast_calls_come() -> None:
    assert rest_s(taken=1_000_000, spent_s=0.1, room=64, last_s=TICK_S) == LEAST_TICK_S


def test_a_wait_is_little_longer_than_the_last_one_for_the_next_burst_may_come() -> None:
    assert rest_s(taken=0, spent_s=0.02, room=2_000, last_s=0.01) == LONGER * 0.01
