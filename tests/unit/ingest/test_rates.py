"""How fast one agent may send: a bucket of frames and one of bytes for each."""

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from tidegauge_collector.ingest.rates import BURST_S, Rates

SECOND_US = 1_000_000


def rates(**options: float) -> Rates:
    return Rates(**({"frames_per_s": 10.0, "bytes_per_s": 1_000.0, "max_senders": 100} | options))  # type: ignore[arg-type]


def test_agent_may_send_a_burst_and_is_then_told_how_long_to_wait() -> None:
    some = rates()
    some.take("a", 0, frames=int(10 * BURST_S) + 20, size_bytes=1)

    assert some.wait_ms("a", 0) == ("frames", pytest.approx(2_000))
    assert some.wait_ms("a", 2 * SECOND_US + 1) == ("", 0.0)


def test_bytes_are_counted_apart_from_frames() -> None:
    some = rates()
    some.take("a", 0, frames=1, size_bytes=int(1_000 * BURST_S) + 500)

    assert some.wait_ms("a", 0) == ("bytes", pytest.approx(500))


def test_one_agent_never_slows_another() -> None:
    some = rates()
    some.take("a", 0, frames=1_000, size_bytes=1_000_000)

    assert some.wait_ms("b", 0) == ("", 0.0)


def test_clock_that_goes_back_fills_no_bucket_and_stops_nobody_for_ever() -> None:
    some = rates()
    some.take("a", 100 * SECOND_US, frames=60, size_bytes=1)

    assert some.wait_ms("a", 0)[0] == "frames"
    assert some.wait_ms("a", 2 * SECOND_US) == ("", 0.0)


def test_only_so_many_agents_are_remembered() -> None:
    some = rates(max_senders=3)
    for name in "abcde":
        some.take(name, 0, frames=1_000, size_bytes=1)

    assert [some.wait_ms(name, 0)[0] for name in "cde"] == ["frames"] * 3
    assert len(some._buckets) == 3


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2 * SECOND_US), st.integers(1, 400)), max_size=60))
def test_nobody_gets_more_than_the_rate_and_one_burst_and_one_batch(arrivals: list[tuple[int, int]]) -> None:
    some, now_us, taken = rates(bytes_per_s=1e12), 0, 0
    for pause_us, frames in arrivals:
        now_us += pause_us
        if not some.wait_ms("a", now_us)[0]:
            some.take("a", now_us, frames=frames, size_bytes=1)
            taken += frames

    assert taken <= 10 * (now_us / SECOND_US + BURST_S) + 400
