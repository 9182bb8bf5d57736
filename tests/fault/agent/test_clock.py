"""Clocks that jump: by an hour, a year, back, in the middle of a window, or stand still: no row is lost, none counts twice."""

import time
from collections.abc import Callable

import pytest

import tidegauge
from tidegauge.testing import capture

MakeAgent = Callable[..., tidegauge.Agent]
HOUR_NS, YEAR_NS = 3_600 * 10**9, 365 * 86_400 * 10**9


class Clock:
    """A wall clock that somebody sets while the monotonic one goes on."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._real, self.ahead_ns, self._stands_at_ns = time.time_ns, 0, 0
        monkeypatch.setattr(time, "time_ns", self.now_ns)
        monkeypatch.setattr(time, "time", lambda: self.now_ns() / 1e9)

    def now_ns(self) -> int:
        return self._stands_at_ns or self._real() + self.ahead_ns

    def stand_still(self) -> None:
        self._stands_at_ns = self.now_ns()


@pytest.mark.parametrize(
    "jumps_ns",
    [[HOUR_NS], [-HOUR_NS], [YEAR_NS, 0], [-YEAR_NS, YEAR_NS], [59 * 60 * 10**9, -HOUR_NS, 2 * HOUR_NS]],
    ids=["an hour ahead", "an hour back", "a year and back", "a year back and ahead", "to and fro"],
)
def test_a_clock_that_is_set_loses_and_doubles_nothing(
    make_agent: MakeAgent, monkeypatch: pytest.MonkeyPatch, jumps_ns: list[int]
) -> None:
    clock = Clock(monkeypatch)
    agent = make_agent(id_column="id")
    predict = agent.watch(lambda row: 0.5)

    with capture(agent) as seen:
        for number, ahead_ns in enumerate([0, *jumps_ns]):
            clock.ahead_ns = ahead_ns
            for i in range(25):
                predict({"id": f"{number}-{i}", "x": float(i)})
            agent.flush()

        expected = 25 * (len(jumps_ns) + 1)
        ids = b"".join(one.ids for one in seen.records())
        assert (seen.rows(), seen.requests(), len(ids) // 16) == (expected, expected, expected)
        assert len({ids[at : at + 16] for at in range(0, len(ids), 16)}) == expected
        assert agent.status()["dropped"] == {}


def test_a_clock_that_stands_still_holds_nothing_up(make_agent: MakeAgent, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)
    agent = make_agent()
    predict = agent.watch(lambda row: 0.5)
    clock.stand_still()

    with capture(agent) as seen:
        for _ in range(40):
            predict({"x": 1.0})

        assert (seen.rows(), seen.requests()) == (40, 40)
        assert seen.column("_prediction").rows == 40


def test_durations_are_of_the_monotonic_clock(make_agent: MakeAgent, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)
    agent = make_agent()

    @agent.watch
    def predict(row: object) -> float:
        clock.ahead_ns -= YEAR_NS
        return 0.5

    with capture(agent) as seen:
        predict({"x": 1.0})

        latencies = [
            bucket
            for frame in seen.frames()
            for one in frame.profile.columns
            if one.name == "_latency"
            for bucket in one.bucket_indexes
        ]
        assert seen.requests() == 1
        assert latencies, "the call has a duration that fits the fixed buckets"


def test_event_times_far_in_the_future_are_clamped_and_counted(make_agent: MakeAgent) -> None:
    agent = make_agent()

    with capture(agent) as seen:
        agent.record([{"x": 1.0}] * 20, [0.5] * 20, timestamps=time.time() + 86_400)

        assert seen.rows() == 20
        assert agent.status()["counters"]["clamped_future"] == 20
        assert max(frame.profile.window_start_us for frame in seen.frames()) <= time.time_ns() // 1_000
