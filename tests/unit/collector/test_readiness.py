"""Which event time is settled."""

from tidegauge_collector.core.readiness import GRACE_US, EpochProgress, settled_until

HOUR = 3_600_000_000
NOW = 1_800_000_000_000_000
YEARS_AGO = NOW - 10 * 365 * 24 * HOUR


def test_nothing_is_settled_before_anything_came() -> None:
    assert settled_until([], now_us=NOW, data_end_us=None) is None


def test_a_replay_is_settled_as_far_as_its_slowest_epoch() -> None:
    live = [EpochProgress(YEARS_AGO, NOW), EpochProgress(YEARS_AGO + HOUR, NOW)]

    assert settled_until(live, now_us=NOW, data_end_us=YEARS_AGO + 5 * HOUR) == YEARS_AGO


def test_without_live_epochs_all_data_is_settled() -> None:
    assert settled_until([], now_us=NOW, data_end_us=YEARS_AGO) == NOW - GRACE_US


def test_live_traffic_that_pauses_is_settled_by_the_clock() -> None:
    idle = EpochProgress(NOW - 2 * HOUR, NOW - 2 * HOUR + 1_000_000)

    assert settled_until([idle], now_us=NOW, data_end_us=NOW - 2 * HOUR) == NOW - GRACE_US


def test_live_traffic_that_is_ahead_of_the_grace_counts_as_it_says() -> None:
    busy = EpochProgress(NOW - 1_000_000, NOW)

    assert settled_until([busy], now_us=NOW, data_end_us=NOW) == NOW - 1_000_000
