"""Generators and async generators: the consumer sees what it would see without us, and each answer is recorded with its input."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import numpy as np
import pytest

import tidegauge
from tidegauge.testing import capture

MakeAgent = Callable[..., tidegauge.Agent]
ROWS = [{"distance": float(i)} for i in range(5)]


def scores(rows: Any) -> Iterator[float]:
    for row in rows:
        yield row["distance"] / 10


async def scores_async(rows: Any) -> AsyncIterator[float]:
    for row in rows:
        await asyncio.sleep(0)
        yield row["distance"] / 10


def recorded_scores(seen: Any) -> list[float]:
    return sorted(seen.column("_prediction").sketch.points.tolist())


def test_answers_to_a_list_are_one_call_of_so_many_rows(make_agent: MakeAgent) -> None:
    agent = make_agent()

    with capture(agent) as seen:
        answers = list(agent.watch(scores)(ROWS))

        assert answers == list(scores(ROWS))
        assert (seen.rows(), seen.requests(), recorded_scores(seen)) == (5, 1, answers)


def test_each_row_taken_from_an_iterator_is_a_call_of_its_own(make_agent: MakeAgent) -> None:
    agent = make_agent()

    with capture(agent) as seen:
        answers = list(agent.watch(scores)(iter(ROWS)))

        assert answers == list(scores(ROWS))
        assert (seen.rows(), seen.requests(), recorded_scores(seen)) == (5, 5, answers)


def test_batches_taken_and_yielded_are_paired(make_agent: MakeAgent) -> None:
    agent = make_agent()
    batches = [np.full((4, 2), float(i)) for i in range(3)]

    @agent.watch
    def sums(source: Iterator[np.ndarray]) -> Iterator[np.ndarray]:
        for batch in source:
            yield batch.sum(axis=1)

    with capture(agent) as seen:
        answers = np.concatenate(list(sums(iter(batches))))

        assert answers.tolist() == [0.0] * 4 + [2.0] * 4 + [4.0] * 4
        assert (seen.rows(), seen.requests()) == (12, 3)
        assert seen.column("_prediction").rows == 12


def test_batches_that_add_up_to_the_rows_of_a_table_are_their_answers(make_agent: MakeAgent) -> None:
    agent = make_agent()

    @agent.watch
    def predict(table: np.ndarray) -> Iterator[np.ndarray]:
        yield table[:3].sum(axis=1)
        yield table[3:].sum(axis=1)

    with capture(agent) as seen:
        list(predict(np.ones((5, 2))))

        assert recorded_scores(seen) == [2.0] * 5


def test_an_answer_in_words_is_one_request_of_one_row(make_agent: MakeAgent) -> None:
    agent = make_agent()

    @agent.watch
    def tell(row: dict[str, float]) -> Iterator[str]:
        yield from ("it", "is", "late")

    with capture(agent) as seen:
        assert list(tell({"distance": 1.0})) == ["it", "is", "late"]
        assert (seen.rows(), seen.requests()) == (1, 1)


def test_what_the_consumer_sends_and_throws_reaches_the_model(make_agent: MakeAgent) -> None:
    heard: list[object] = []

    def talkative(row: dict[str, float]) -> Iterator[float]:
        try:
            heard.append((yield 1.0))
            yield 2.0
        except KeyError as error:
            heard.append(error)
            yield 3.0
        finally:
            heard.append("closed")

    stream: Any = make_agent().watch(talkative)({"distance": 1.0})

    error = KeyError("x")
    assert [next(stream), stream.send("sent"), stream.throw(error)] == [1.0, 2.0, 3.0]
    stream.close()
    assert heard == ["sent", error, "closed"]


def test_the_return_value_arrives(make_agent: MakeAgent) -> None:
    def returning(row: dict[str, float]) -> Any:
        yield 1.0
        return "done"

    stream = make_agent().watch(returning)({"distance": 1.0})

    next(stream)
    with pytest.raises(StopIteration) as end:
        next(stream)
    assert end.value.value == "done"


def test_an_error_in_the_middle_passes_and_is_counted(make_agent: MakeAgent) -> None:
    agent = make_agent(user_errors=["LookupError"])

    @agent.watch
    def failing(rows: Any) -> Iterator[float]:
        yield 1.0
        raise KeyError("gone")

    with capture(agent) as seen:
        stream = failing(ROWS)
        next(stream)
        with pytest.raises(KeyError, match="gone"):
            next(stream)

        assert seen.errors() == {"user:KeyError": 1}


def test_async_answers_are_recorded(make_agent: MakeAgent) -> None:
    agent = make_agent()

    async def ask() -> list[float]:
        return [answer async for answer in agent.watch(scores_async)(ROWS)]

    with capture(agent) as seen:
        answers = asyncio.run(ask())

        assert answers == list(scores(ROWS))
        assert (seen.rows(), recorded_scores(seen)) == (5, answers)


def test_async_send_throw_and_close_reach_the_model(make_agent: MakeAgent) -> None:
    heard: list[object] = []

    async def talkative(row: dict[str, float]) -> Any:
        try:
            heard.append((yield 1.0))
            yield 2.0
        except KeyError:
            heard.append("KeyError")
            yield 3.0
        finally:
            heard.append("closed")

    async def talk() -> list[float]:
        stream = make_agent().watch(talkative)({"distance": 1.0})
        said = [await anext(stream), await stream.asend("sent"), await stream.athrow(KeyError("x"))]
        await stream.aclose()
        return said

    assert asyncio.run(talk()) == [1.0, 2.0, 3.0]
    assert heard == ["sent", "KeyError", "closed"]


def test_a_method_decorated_in_its_class_has_its_object_for_itself(make_agent: MakeAgent) -> None:
    agent = make_agent()

    class Model:
        factor = 2.0

        @agent.watch
        def predict(self, rows: Any) -> list[float]:
            return [self.factor * row["distance"] for row in rows]

        @agent.watch
        async def predict_async(self, rows: Any) -> list[float]:
            return [self.factor * row["distance"] for row in rows]

    with capture(agent) as seen:
        answers = Model().predict(ROWS) + asyncio.run(Model().predict_async(ROWS))

        assert (seen.rows(), set(seen.columns())) == (10, {"distance", "_prediction"})
        assert recorded_scores(seen) == sorted(answers)
