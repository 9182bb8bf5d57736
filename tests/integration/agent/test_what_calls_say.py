"""What is stated around calls: consumers, caches, the caller's faults, segments and their intersections, extract, custom metrics."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

import tidegauge
from tidegauge import Observed, UsageError
from tidegauge.testing import capture

MakeAgent = Callable[..., tidegauge.Agent]


def test_consumers_and_cache_hits_are_counted_by_request(make_agent: MakeAgent) -> None:
    agent = make_agent()
    predict = agent.watch(lambda row: 0.5)

    with capture(agent) as seen:
        with agent.context(consumer="checkout"):
            predict({"a": 1.0})
            with agent.context(cached=True):
                predict({"a": 1.0})
        with agent.context(consumer="search", cached=False):
            predict({"a": 1.0})
        predict({"a": 1.0})

        assert seen.consumers() == {"checkout": 2, "search": 1}
        assert seen.cache() == {"hit": 1, "miss": 1}
        assert seen.requests() == 4


def test_the_callers_faults_are_told_from_the_services(make_agent: MakeAgent) -> None:
    agent = make_agent(user_errors="LookupError")

    @agent.watch(user_errors=TypeError)
    def predict(row: Any) -> float:
        raise row

    with capture(agent) as seen:
        for error in (KeyError("a"), TypeError("b"), RuntimeError("c"), IndexError("d")):
            with pytest.raises(type(error)):
                predict(error)

        assert seen.errors() == {
            "user:KeyError": 1, "user:TypeError": 1, "system:RuntimeError": 1, "user:IndexError": 1
        }  # fmt: skip


def test_requests_are_counted_in_each_segment_that_a_row_is_in(make_agent: MakeAgent) -> None:
    agent = make_agent(segments=["carrier"])
    predict = agent.watch(lambda rows: [0.5] * len(rows))

    with capture(agent) as seen:
        predict([{"carrier": "UA"}, {"carrier": "UA"}, {"carrier": "DL"}])
        predict([{"carrier": "UA"}])

        counted = {name: (seen.requests(name), seen.rows(name)) for name in ("", "carrier=UA", "carrier=DL")}
        assert counted == {"": (2, 4), "carrier=UA": (2, 3), "carrier=DL": (1, 1)}


def test_a_declared_intersection_is_a_segment(make_agent: MakeAgent) -> None:
    agent = make_agent(segments=["carrier", "carrier&origin"])
    predict = agent.watch(lambda rows: [0.5] * len(rows))

    with capture(agent) as seen:
        predict([{"carrier": "UA", "origin": "JFK"}, {"carrier": "UA", "origin": "LGA"}])
        with agent.context(segment={"origin": "EWR"}):
            predict([{"carrier": "UA"}])

        rows = {
            name: seen.rows(name)
            for name in ("carrier=UA", "carrier=UA&origin=JFK", "carrier=UA&origin=EWR", "origin=JFK")
        }
        assert rows == {"carrier=UA": 3, "carrier=UA&origin=JFK": 1, "carrier=UA&origin=EWR": 1, "origin=JFK": 0}


def test_more_values_than_a_segment_may_have_are_other_and_counted(make_agent: MakeAgent) -> None:
    agent = make_agent(segments=["k"], segment_values=3)
    predict = agent.watch(lambda rows: [0.5] * len(rows))

    with capture(agent) as seen:
        predict([{"k": i} for i in range(10)])

        assert [seen.rows(name) for name in ("k=0", "k=2", "k=3", "k=other")] == [1, 1, 0, 7]
        assert agent.status()["counters"]["segment_overflow_rows"] == 7


def test_extract_says_what_cannot_be_guessed(make_agent: MakeAgent) -> None:
    agent = make_agent()

    class Request:
        def __init__(self, order: str, basket: float) -> None:
            self.order, self.basket = order, basket

    class Response:
        def __init__(self, score: float) -> None:
            self.score = score

    def read(response: Response, request: Request) -> Observed:
        return Observed(inputs={"basket": request.basket}, predictions=response.score, prediction_ids=[request.order])

    handle = agent.watch(extract=read)(lambda request: Response(request.basket / 100))

    with capture(agent) as seen:
        response = handle(Request("order-7", 40.0))

        assert isinstance(response, Response)
        assert seen.column("basket").sum + seen.column("basket").pivot == 40.0
        assert seen.column("_prediction").sketch.points.tolist() == [0.4]
        assert seen.has_prediction("order-7")


def test_an_extract_that_raises_costs_the_rows_not_the_request(make_agent: MakeAgent) -> None:
    agent = make_agent()
    predict = agent.watch(lambda row: 0.5, extract=lambda result, *args: 1 / 0)

    with capture(agent) as seen:
        assert [predict({"a": 1.0}) for _ in range(20)] == [0.5] * 20

        assert seen.requests() == 20
        assert agent.status()["dropped"] == {"extract_failed": 20}
        assert agent.status()["counters"]["faults"] == 0


def test_custom_metrics_arrive_with_their_times(make_agent: MakeAgent) -> None:
    agent = make_agent()

    with capture(agent) as seen:
        agent.metric("basket_value", 41.5)
        agent.metric("basket_value", [1.0, None, 2.5], timestamps=datetime(2026, 11, 23, 12, tzinfo=UTC))

        metric = seen.metric("basket_value")
        assert metric is not None
        assert (metric.rows, metric.missing, metric.minimum, metric.maximum) == (4, 1, 1.0, 41.5)
        assert metric.sum + metric.pivot * 3 == pytest.approx(45.0)
        assert seen.rows() == 0, "a metric is no prediction"


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [("", 1.0, "metric ''"), ("a b", 1.0, "metric 'a b'"), ("ok", "much", "'much' is no number")],
)
def test_a_metric_that_is_none_is_refused(make_agent: MakeAgent, name: str, value: Any, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        make_agent().metric(name, value)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"user_errors": "ValueError"}, "exception classes"),
        ({"extract": "result"}, "a function of"),
        ({"copy": "none"}, "'private' or 'reference'"),
    ],
)
def test_wrong_options_of_watch_are_refused(make_agent: MakeAgent, options: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        make_agent().watch(lambda row: 0.5, **options)


def test_rows_with_containers_are_copied_deep_from_the_first_call_on(make_agent: MakeAgent) -> None:
    agent = make_agent(kinds={"v": "vector"})
    predict, vector = agent.watch(lambda row: 0.5), [3.0, 4.0]

    with capture(agent) as seen:
        for _ in range(20):
            predict({"v": vector})
            vector[:] = [0.0, 0.0]
            vector[:] = [3.0, 4.0]
        vector[:] = [0.0, 0.0]

        norms = seen.column("v.norm")
        assert (norms.rows, norms.minimum, norms.maximum) == (20, 5.0, 5.0)


@pytest.mark.parametrize("looks", range(5))
def test_rows_with_containers_are_copied_deep_however_often_the_worker_has_looked(
    make_agent: MakeAgent, looks: int
) -> None:
    agent = make_agent(kinds={"v": "vector"})
    predict, vector = agent.watch(lambda row: 0.5), [3.0, 4.0]

    with capture(agent) as seen:
        for _ in range(looks):
            predict({"v": vector})
            agent.flush()  # the worker has seen what came so far: lists alone, like the columns of a table
        predict({"v": vector})
        vector[:] = [0.0, 0.0]

        norms = seen.column("v.norm")
        assert (norms.rows, norms.minimum, norms.maximum) == (looks + 1, 5.0, 5.0)


def test_by_reference_the_worker_sees_the_callers_own_array(make_agent: MakeAgent) -> None:
    agent = make_agent(copy="reference")
    row = np.array([[1.0, 2.0]])

    with capture(agent) as seen:
        agent.watch(lambda table: np.array([0.5]))(row)
        row[:] = 7.0

        assert seen.column("f0").minimum in {1.0, 7.0}, "it is looked at when the worker has time"
        assert seen.rows() == 1


def test_reports_of_metrics_from_many_threads_all_count(make_agent: MakeAgent) -> None:
    agent = make_agent()

    def report() -> None:
        for _ in range(6_000):
            agent.metric("queue", 1.0)

    with capture(agent) as seen:
        threads = [threading.Thread(target=report) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        metric = seen.metric("queue")
        assert metric is not None
        assert metric.rows == 24_000


def test_names_of_metrics_are_bounded(make_agent: MakeAgent) -> None:
    agent = make_agent()
    for i in range(1_000):
        agent.metric(f"m{i}", 1.0)

    with pytest.raises(UsageError, match=r"metric 'one-more': over 1,000 names"):
        agent.metric("one-more", 1.0)
    agent.metric("m7", 2.0)


def test_thousands_of_events_are_sealed_as_they_come(make_agent: MakeAgent) -> None:
    agent = make_agent()

    with capture(agent) as seen:
        for i in range(2_500):
            agent.event(f"note {i}")

        assert seen.events() == [f"note {i}" for i in range(2_500)]


@pytest.mark.parametrize(
    "ask",
    [
        lambda predict: predict(30, 1_000.0),
        lambda predict: predict(30, income=1_000.0),
        lambda predict: predict(age=30, income=1_000.0),
        lambda predict: predict(30),
    ],
    ids=["by position", "mixed", "by name", "with a default"],
)
def test_values_of_a_function_have_the_names_of_its_parameters(
    make_agent: MakeAgent, ask: Callable[..., float]
) -> None:
    agent = make_agent(drop=["age"])

    @agent.watch
    def predict(age: int, income: float = 0.0) -> float:
        return 0.5

    with capture(agent) as seen:
        ask(predict)

        assert set(seen.columns()) <= {"income", "_prediction"}
        assert seen.rows() == 1


def test_stated_feature_names_come_before_those_of_parameters(make_agent: MakeAgent) -> None:
    agent = make_agent(feature_names=["years", "salary"])
    predict = agent.watch(lambda age, income: 0.5)

    with capture(agent) as seen:
        predict(30, 1_000.0)

        assert set(seen.columns()) == {"years", "salary", "_prediction"}


def test_a_table_beside_settings_of_the_function_is_the_input(make_agent: MakeAgent) -> None:
    agent = make_agent()
    predict = agent.watch(lambda rows, threshold=0.5: [0.5] * len(rows))

    with capture(agent) as seen:
        predict([{"x": 1.0}, {"x": 2.0}], 0.7)
        predict([{"x": 3.0}], threshold=0.7)

        assert (seen.rows(), set(seen.columns())) == (3, {"x", "_prediction"})
