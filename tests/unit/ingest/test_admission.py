"""When a batch is not taken now, with which reason and delay; nothing is held back for ever."""

import random

import pytest

from tidegauge.wire import telemetry_pb2 as pb
from tidegauge_collector.ingest.admission import Admission
from tidegauge_collector.ingest.calls import Calls
from tidegauge_collector.ingest.delays import BUSY_MS, QUOTA_MS, spread_ms
from tidegauge_collector.ingest.limits import IntakeLimits
from tidegauge_collector.ingest.quotas import DAY_US
from tidegauge_collector.ingest.refusals import Overloaded


class Pier:
    """What an admission looks at."""

    def __init__(self, **limits: object) -> None:
        self.now_us, self.free, self.unfolded = 1_000_000, None, 0
        self.admission = Admission(
            IntakeLimits(**limits),  # type: ignore[arg-type]
            now_us=lambda: self.now_us,
            free_bytes=lambda: self.free,
            unfolded_bytes=lambda: self.unfolded,
            rng=random.Random(1),
        )

    def refused(self, frames: int = 1, instance: str = "a") -> Overloaded:
        with pytest.raises(Overloaded) as caught, self.admission.admitted(ship(frames, instance)):
            pass
        assert self.admission.in_flight_bytes == 0
        return caught.value

    def taken(self, frames: int = 1, instance: str = "a") -> bool:
        with self.admission.admitted(ship(frames, instance)):
            return True


def ship(frames: int, instance: str) -> pb.ShipRequest:
    return pb.ShipRequest(frames=[b"x" * 100] * frames, agent=pb.AgentIdentity(instance_id=instance))


def test_disk_that_is_nearly_full_is_a_delay_until_there_is_room_again() -> None:
    pier = Pier(min_free_bytes=1_000)
    pier.free = 999  # type: ignore[assignment]

    refusal = pier.refused()
    pier.free = 1_000  # type: ignore[assignment]
    pier.now_us += 1_000_000

    assert (refusal.reason, refusal.concerns_epoch_only) == ("disk", False)
    assert "free space" in str(refusal)
    assert pier.taken()


def test_fold_that_is_far_behind_is_a_delay() -> None:
    pier = Pier(max_unfolded_bytes=10)
    pier.unfolded = 11

    assert pier.refused().reason == "backlog"
    pier.unfolded = 10
    assert pier.taken()


def test_agent_beyond_its_rate_waits_and_another_does_not() -> None:
    pier = Pier(agent_frames_per_s=1.0)
    pier.taken(10)

    refusal = pier.refused()

    assert refusal.reason == "rate_frames"
    assert 5_000 <= refusal.retry_after_ms <= 15_000
    assert pier.taken(instance="b")


def test_refused_batches_cost_nothing() -> None:
    pier = Pier(agent_frames_per_s=1.0)
    pier.taken(10)
    for _ in range(50):
        pier.refused()
    pier.now_us += 6_000_000

    assert pier.taken()


def test_used_quota_concerns_the_epoch_and_ends_with_the_day() -> None:
    pier = Pier(quota_bytes_per_day=100, quotas={"large": 1_000})
    pier.admission.charge({"shop": 100, "large": 100})

    with pytest.raises(Overloaded, match="'shop' has used its 100 bytes of today") as caught:
        pier.admission.check_quotas({"shop": 1, "large": 1})
    pier.admission.check_quotas({"large": 1})
    pier.now_us += DAY_US

    pier.admission.check_quotas({"shop": 1})
    assert caught.value.concerns_epoch_only
    assert QUOTA_MS <= caught.value.retry_after_ms <= 3 * QUOTA_MS


def test_delays_are_spread_so_that_a_herd_comes_back_one_by_one() -> None:
    rng = random.Random(7)
    delays = [spread_ms(BUSY_MS, rng) for _ in range(1_000)]

    tenths = [
        sum(start <= one < start + BUSY_MS / 5 for one in delays) for start in range(BUSY_MS, 3 * BUSY_MS, BUSY_MS // 5)
    ]

    assert BUSY_MS <= min(delays) <= max(delays) <= 3 * BUSY_MS
    assert max(tenths) < 160


def test_calls_are_bounded_in_all_and_for_each_peer_and_counted() -> None:
    counted: list[tuple[str, str]] = []
    calls = Calls(Pier(max_calls=3, max_calls_per_peer=2).admission, lambda *what: counted.append(what))
    with calls.counted("a"), calls.counted("a"):
        with pytest.raises(Overloaded, match="calls of a"), calls.counted("a"):
            pass
        with calls.counted("b"), pytest.raises(Overloaded, match="at most 3"), calls.counted("c"):
            pass

    assert counted == [("calls", "too_many_of_peer"), ("calls", "too_many")]
    assert (calls.under_way, calls.most_at_once, dict(calls._of_peers)) == (0, 3, {})
