"""Service levels over a real store: computed by hand, the same however the frames came, and honest about what is kept no longer."""

import random
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tidegauge.core.columns import CACHE, CONSUMER, ERROR, LATENCY, ROWS, ColumnKind, category_counts, numeric_values
from tidegauge.core.profile import profile_categories, profile_durations, profile_numeric
from tidegauge.core.windows import DAY_US, HOUR_US, MINUTE_US, Window
from tidegauge.wire import telemetry_pb2 as pb
from tidegauge_collector.measuring import service
from tidegauge_collector.measuring.drift import Scope
from tidegauge_collector.measuring.service import METRICS, ServiceQuestion, measure_service, quantile_of
from tidegauge_collector.telemetry.compact import compact
from tidegauge_collector.telemetry.expire import Retention, expire
from tidegauge_collector.telemetry.fold import LogPosition, fold
from tidegauge_collector.telemetry.settle import settle
from tidegauge_collector.telemetry.store import TelemetryStore
from tidegauge_collector.telemetry.testing import Sender, Source, profile_frame

HOUR = Window(0, HOUR_US)
Call = tuple[int, int, str | None, str | None, bool | None]  # minute, milliseconds, error, consumer, cached


def frame(calls: list[Call], minute: int, **source: Any) -> pb.Frame:
    """What an agent sends of calls of one minute: each that did not fail answered two rows."""
    columns = [
        profile_durations(LATENCY, np.array([ms * 1_000_000 for _, ms, *_ in calls])),
        profile_numeric(ROWS, numeric_values([0.0 if error else 2.0 for _, _, error, _, _ in calls])),
    ]
    named = {
        ERROR: [error for _, _, error, _, _ in calls if error],
        CONSUMER: [who for *_, who, _ in calls if who],
        CACHE: ["hit" if cached else "miss" for *_, cached in calls if cached is not None],
    }
    columns += [
        profile_categories(name, category_counts(values, ColumnKind.CATEGORICAL))
        for name, values in named.items()
        if values
    ]
    window = Window(minute * MINUTE_US, (minute + 1) * MINUTE_US)
    return profile_frame(columns, window, source=Source(**source), arrival=True)


def put(store: TelemetryStore, frames: list[pb.Frame]) -> None:
    sender = Sender(epoch=store.index.folds.to_bytes(16, "big"))
    fold(store, [sender.send(one) for one in frames], LogPosition(b"log", store.index.folds + 1))


def measured(
    store: TelemetryStore, *metrics: str, window: Window = HOUR, version: str = "1", segment: str = "", **how: Any
) -> dict[str, Any]:
    scope = Scope(deployment="flights", version=version, segment=segment, windows=[window])
    return {one.metric: one for one in measure_service(store, scope, metrics or METRICS, ServiceQuestion(**how))}


TEN: list[Call] = [
    (0, 100, None, "web", True),
    (0, 100, None, "web", False),
    (0, 3_000, None, "batch", None),
    (0, 100, "user:KeyError", None, None),
    (2, 100, "system:ValueError", "web", None),
    (2, 200, None, None, None),
    (2, 300, None, None, None),
    (2, 400, None, None, True),
    (2, 1_500, None, None, True),
    (5, 500, None, None, None),
]


@pytest.fixture
def ten(store: TelemetryStore) -> TelemetryStore:
    put(store, [frame([one for one in TEN if one[0] == minute], minute) for minute in (0, 2, 5)])
    return store


def test_every_metric_is_what_the_calls_say(ten: TelemetryStore) -> None:
    found = measured(ten, q="0.9", slow_s=1.0, now_us=6 * MINUTE_US + 30_000_000)

    values = {name: one.value for name, one in found.items()}
    exact = {name: values[name] for name in values if not name.startswith("latency")}
    assert exact == {
        "requests": 10,
        "predictions": 16,  # eight calls of two rows
        "errors": 2,
        "error_rate": 0.1,
        "user_error_rate": 0.1,
        "availability": pytest.approx(8 / 9),
        "slow_requests": 2,
        "slow_share": 0.2,
        "throughput_median": 0,  # minutes 0 to 6: 4, 0, 5, 0, 0, 1, 0
        "throughput_peak": 5,
        "consumers": 2,
        "cache_hits": 3,
        "cache_hit_rate": 0.75,
        "activity": 1.0,
        "freshness": 30.0,  # minute 5 ended half a minute ago
    }
    assert values["latency"] == pytest.approx(1.5, rel=1 / 128)  # the ninth of ten
    assert values["latency_p50"] == pytest.approx(0.2, rel=1 / 128)
    assert all(one.n == 10 for one in found.values())


def test_what_stands_beside_the_values(ten: TelemetryStore) -> None:
    found = measured(ten, now_us=6 * MINUTE_US)

    assert found["errors"].parameters == {
        "by_class": {"user:KeyError": 1, "system:ValueError": 1},
        "user": 1,
        "system": 1,
        "unnamed": 0,
    }
    assert found["consumers"].parameters == {"by_consumer": {"web": 3, "batch": 1}, "unnamed": 0, "not_stated": 6}
    assert found["cache_hits"].parameters == {"misses": 1, "not_stated": 6}
    assert found["throughput_median"].parameters == {"minutes": 6, "silent_minutes": 3, "unit": "1/min"}
    assert found["freshness"].error_bound == 60


def test_any_quantile_has_a_name() -> None:
    assert quantile_of("latency_p99.9") == "0.999"
    assert quantile_of("latency_p50") == "0.5"
    assert quantile_of("latency_p100") == "1"
    assert [quantile_of(name) for name in ("latency", "latency_p", "latency_p101", "latency_p5.", "p50")] == [None] * 5


def test_a_limit_within_a_bucket_says_how_many_more_there_may_be(ten: TelemetryStore) -> None:
    (found,) = measured(ten, "slow_requests", slow_s=0.1).values()

    assert (found.value, found.error_bound) == (6, 4)  # four took 100 ms: their bucket holds the limit


def test_silent_stretches_count_and_what_was_before_the_first_data_does_not(store: TelemetryStore) -> None:
    put(store, [frame([(60, 1, None, None, None)] * 2, 60), frame([(240, 1, None, None, None)], 240)])

    found = measured(store, window=Window(0, 5 * HOUR_US))

    assert found["throughput_median"].parameters["minutes"] == 4 * 60
    assert (found["activity"].value, found["activity"].parameters) == (0.5, {"hours": 4, "busy_hours": 2})
    assert found["freshness"].value == 59 * 60
    silent = measured(store, window=Window(2 * HOUR_US, 3 * HOUR_US))
    assert (silent["throughput_peak"].value, silent["activity"].value, silent["freshness"].value) == (0, 0, 7140)
    assert silent["error_rate"].reason == silent["latency_p50"].reason == "no_rows"


def test_nothing_is_known_before_anything_came(store: TelemetryStore) -> None:
    found = measured(store)

    assert {name for name, one in found.items() if one.value is not None} == {
        "requests", "predictions", "errors", "slow_requests", "consumers", "cache_hits"
    }  # fmt: skip
    assert {one.reason for one in found.values() if one.value is None} == {"no_rows"}


def test_all_versions_together_are_those_that_answer_callers(store: TelemetryStore) -> None:
    call: list[Call] = [(0, 1, None, None, None)]
    shadow = frame(call * 8, 0, version="2", role=pb.ROLE_CHALLENGER)
    put(store, [frame(call, 0), frame(call * 2, 0, version="0"), shadow])

    assert [measured(store, "requests", version=one)["requests"].value for one in ("1", "0", "2", "")] == [1, 2, 8, 3]
    assert measured(store, "throughput_peak", version="")["throughput_peak"].value == 3


def test_segments_are_measured_but_for_what_failed(store: TelemetryStore) -> None:
    put(store, [frame(TEN[:3], 0, segment="carrier=UA")])

    found = measured(store, segment="carrier=UA")

    assert (found["requests"].value, found["throughput_peak"].value, found["cache_hits"].value) == (3, 3, 1)
    undefined = {name for name, one in found.items() if one.reason == "not_applicable"}
    assert undefined == {"errors", "error_rate", "user_error_rate", "availability"}


def test_load_of_minutes_that_became_hours_is_not_known_and_the_rest_stays(ten: TelemetryStore) -> None:
    before = measured(ten)
    settle(ten, lambda _: "UTC", before_us=DAY_US)
    assert measured(ten) == before

    expire(ten, Retention(minutes_us=0), now_us=2 * DAY_US)
    after = measured(ten)

    gone = {name for name, one in after.items() if one.reason == "too_old"}
    assert gone == {"throughput_median", "throughput_peak"}
    kept = [name for name in METRICS if name not in gone | {"freshness"}]
    assert [after[name].value for name in kept] == [before[name].value for name in kept]
    assert (after["freshness"].value, after["freshness"].error_bound) == (0, 3600)

    expire(ten, Retention(minutes_us=0, hours_us=0), now_us=2 * DAY_US)
    day = measured(ten, window=Window(0, DAY_US))
    assert (day["requests"].value, day["activity"].reason) == (10, "too_old")


def drawn(rng: random.Random) -> list[Call]:
    faults, callers = [None, None, "user:KeyError", "system:ValueError"], [None, "a", "b"]
    return [
        (rng.randrange(180), rng.choice([1, 80, 900, 1_100]), rng.choice(faults), rng.choice(callers), rng.choice([None, True, False]))
        for _ in range(rng.randrange(1, 60))
    ]  # fmt: skip


@pytest.mark.parametrize("seed", range(4))
def test_values_do_not_depend_on_how_frames_were_cut_or_merged(store: TelemetryStore, seed: int) -> None:
    rng = random.Random(seed)
    some, agents, whole = drawn(rng), rng.randrange(1, 6), Window(0, 3 * HOUR_US)
    parts: dict[tuple[int, int], list[Call]] = {}
    for number, call in enumerate(some):
        parts.setdefault((call[0], number % agents), []).append(call)
    frames = [frame(group, minute, version="often") for (minute, _), group in parts.items()]
    rng.shuffle(frames)
    put(store, [frame([one for one in some if one[0] == at], at, version="once") for at in {one[0] for one in some}])
    put(store, frames[: len(frames) // 2])
    put(store, frames[len(frames) // 2 :])
    compact(store, before_us=HOUR_US)

    once, often = (measured(store, window=whole, version=version) for version in ("once", "often"))

    assert {name: replace(one, version="") for name, one in often.items()} == {
        name: replace(one, version="") for name, one in once.items()
    }
    load = sorted(sum(one[0] == at for one in some) for at in range(min(one[0] for one in some), 180))
    assert often["throughput_median"].value == load[(len(load) + 1) // 2 - 1]
    assert often["throughput_peak"].value == load[-1]
    assert often["slow_requests"].value == sum(ms > 1_000 for _, ms, *_ in some)


def test_a_minute_counts_in_the_range_that_it_begins_in(ten: TelemetryStore) -> None:
    def load(start_us: int, end_us: int) -> tuple[float | None, object]:
        (found,) = measured(ten, "throughput_peak", window=Window(start_us, end_us)).values()
        return found.value, found.parameters.get("minutes")

    assert load(2 * MINUTE_US, 2 * MINUTE_US + 1) == (5, 1)
    assert load(MINUTE_US + 1, 3 * MINUTE_US + 1) == (5, 2)
    assert load(2 * MINUTE_US + 1, 2 * MINUTE_US + 2) == (None, None)


def test_what_is_folded_between_two_looks_at_a_window_is_not_taken_for_minutes_that_are_gone(
    ten: TelemetryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = service.service_loads

    def folded_before(*asked: Any, **how: Any) -> Any:
        with ThreadPoolExecutor(1) as jobs:
            jobs.submit(put, ten, [frame([(4, 100, None, None, None)], 4)]).result()
        return read(*asked, **how)

    monkeypatch.setattr(service, "service_loads", folded_before)

    found = measured(ten, "requests", "throughput_peak", "activity", now_us=6 * MINUTE_US)

    assert {name: (one.value, one.reason) for name, one in found.items()} == {
        "requests": (10, None),
        "throughput_peak": (5, None),
        "activity": (1, None),
    }
