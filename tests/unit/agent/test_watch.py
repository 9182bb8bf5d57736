"""The service cannot tell that its model is watched."""

import asyncio
import copy
import functools
import inspect
import pickle
import traceback
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import numpy as np
import pytest

import tidegauge
from tidegauge.testing import capture

MakeAgent = Callable[..., tidegauge.Agent]


class Model:
    """Doubles a row's first value; `total` calls `predict` of itself."""

    def __init__(self) -> None:
        self.bias = 0.0
        self.calls = 0

    def predict(self, X: Any, scale: float = 2.0) -> float:
        """Answer one row."""
        self.calls += 1
        if X is None:
            raise LookupError("no row")
        return float(X[0]) * scale + self.bias

    def total(self, rows: list[Any]) -> float:
        return sum(self.predict(row) for row in rows)


class Callable_:
    def __call__(self, row: Any) -> float:
        return 1.5


class AsyncModel:
    async def predict(self, row: Any) -> float:
        await asyncio.sleep(0)
        if row is None:
            raise LookupError("no row")
        return 2.5


class Listing:
    """A model that has some special methods of its own."""

    def __len__(self) -> int:
        return 3

    def __iter__(self) -> Iterator[int]:
        return iter([1, 2, 3])

    def predict(self, X: Any) -> Any:
        return X


def captured(agent: tidegauge.Agent) -> int:
    agent.flush()
    return int(agent.status()["captured"])


def test_results_pass_as_the_same_object(make_agent: MakeAgent) -> None:
    agent = make_agent()
    answer = np.array([1.0, 2.0])
    model = agent.watch(lambda row: answer)

    assert model([1.0]) is answer
    assert captured(agent) == 1


def test_an_exception_passes_as_the_same_object_with_the_models_frame(make_agent: MakeAgent) -> None:
    agent = make_agent()
    error = LookupError("mine")

    @agent.watch
    def explode(row: Any) -> float:
        raise error

    with pytest.raises(LookupError) as caught:
        explode([1.0])

    assert caught.value is error
    assert traceback.extract_tb(error.__traceback__)[-1].name == "explode"


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(3), GeneratorExit()])
def test_what_is_no_exception_of_the_model_passes_uncounted(make_agent: MakeAgent, error: BaseException) -> None:
    agent = make_agent()

    @agent.watch
    def stop(row: Any) -> float:
        raise error

    with pytest.raises(type(error)) as caught:
        stop([1.0])

    assert caught.value is error
    assert captured(agent) == 0


def test_the_signature_name_and_doc_are_the_models(make_agent: MakeAgent) -> None:
    agent, bare = make_agent(), Model()
    model = agent.watch(bare)

    assert inspect.signature(model.predict) == inspect.signature(bare.predict)
    assert (model.predict.__name__, model.predict.__doc__) == ("predict", "Answer one row.")
    assert inspect.signature(agent.watch(bare.predict)) == inspect.signature(bare.predict)
    assert repr(model) == repr(bare)


def test_a_watched_model_is_an_instance_of_its_class(make_agent: MakeAgent) -> None:
    bare = Model()
    model = make_agent().watch(bare)

    assert isinstance(model, Model)
    assert model.__class__ is Model
    assert model == bare


def test_attributes_pass_in_both_directions(make_agent: MakeAgent) -> None:
    bare = Model()
    model = make_agent().watch(bare)

    model.bias = 1.0
    bare.extra = "seen"  # type: ignore[attr-defined]

    assert bare.bias == 1.0
    assert model.extra == "seen"  # type: ignore[attr-defined]
    assert model.predict([1.0]) == 3.0
    del model.extra  # type: ignore[attr-defined]
    assert not hasattr(bare, "extra")


@pytest.mark.parametrize("name", ["predict_proba", "decision_function", "__call__", "__iter__", "fit"])
def test_a_watched_model_has_only_what_the_model_has(make_agent: MakeAgent, name: str) -> None:
    assert not hasattr(make_agent().watch(Model()), name)


def test_special_methods_of_the_model_work(make_agent: MakeAgent) -> None:
    model = make_agent().watch(Listing())

    assert (len(model), list(model)) == (3, [1, 2, 3])
    assert not callable(model)


def test_calls_of_the_model_to_itself_are_not_counted(make_agent: MakeAgent) -> None:
    agent, bare = make_agent(), Model()
    model = agent.watch(bare)

    assert model.total([[1.0], [2.0]]) == 6.0
    assert model.predict([1.0]) == 2.0

    assert bare.calls == 3
    assert captured(agent) == 1


def test_a_pickle_is_that_of_the_bare_model(make_agent: MakeAgent) -> None:
    bare = Model()
    model = make_agent().watch(bare)
    model.bias = 4.0

    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        assert pickle.dumps(model, protocol) == pickle.dumps(bare, protocol)
    assert type(pickle.loads(pickle.dumps(model))) is Model
    assert pickle.loads(pickle.dumps(model.predict))([1.0]) == 6.0


@pytest.mark.parametrize("copier", [copy.copy, copy.deepcopy])
def test_a_copy_is_a_bare_model(make_agent: MakeAgent, copier: Callable[[Any], Any]) -> None:
    model = make_agent().watch(Model())
    model.bias = 5.0

    copied = copier(model)
    copied.bias += 1.0

    assert type(copied) is Model
    assert (model.bias, copied.bias) == (5.0, 6.0)


@pytest.mark.parametrize(
    ("target", "argument"),
    [(Callable_(), [2]), (functools.partial(pow, 3), 2), (max, [2]), (Model().predict, [2]), (lambda row: 1.0, [2])],
    ids=["object", "partial", "builtin", "bound method", "lambda"],
)
def test_anything_callable_can_be_watched(make_agent: MakeAgent, target: Callable[..., Any], argument: Any) -> None:
    agent = make_agent()

    assert agent.watch(target)(argument) == target(argument)
    assert captured(agent) == 1


def test_keyword_and_positional_arguments_arrive_as_they_were_given(make_agent: MakeAgent) -> None:
    agent = make_agent()

    @agent.watch
    def echo(*args: Any, **kwargs: Any) -> Any:
        return args, kwargs

    assert echo() == ((), {})
    assert echo(1, 2, three=3) == ((1, 2), {"three": 3})
    assert echo(None) == ((None,), {})
    assert echo(X=[1.0]) == ((), {"X": [1.0]})


class OneParameter:
    """Its methods take one row, under names that a wrapper may have for something else."""

    def predict(self, X: Any) -> Any:
        return X

    def predict_proba(self, result: Any) -> Any:
        return result

    def decision_function(self, X: Any = 1.0) -> Any:
        return X


@pytest.mark.parametrize(
    ("method", "name"), [("predict", "X"), ("predict_proba", "result"), ("decision_function", "X")]
)
def test_a_method_of_one_parameter_takes_it_by_position_and_by_name(
    make_agent: MakeAgent, method: str, name: str
) -> None:
    agent = make_agent()
    call = getattr(agent.watch(OneParameter()), method)

    assert call(0.5) == call(**{name: 0.5}) == 0.5
    assert captured(agent) == 2


@pytest.mark.parametrize(
    ("args", "kwargs"), [((), {}), ((1, 2), {}), ((1,), {"X": 2}), ((), {"Y": 1}), ((1,), {"Y": 2})]
)
def test_a_wrong_call_of_a_method_of_one_parameter_fails_as_ever(make_agent: MakeAgent, args: Any, kwargs: Any) -> None:
    watched = make_agent().watch(OneParameter())

    with pytest.raises(TypeError) as bare:
        OneParameter().predict(*args, **kwargs)
    with pytest.raises(TypeError) as told:
        watched.predict(*args, **kwargs)

    assert str(told.value) == str(bare.value)


def test_a_class_is_returned_as_it_is(make_agent: MakeAgent) -> None:
    assert make_agent().watch(Model) is Model


def test_watching_twice_counts_once(make_agent: MakeAgent) -> None:
    agent = make_agent()
    model = agent.watch(agent.watch(Model()))
    function = agent.watch(agent.watch(lambda row: 1.0))

    model.predict([1.0])
    function([1.0])

    assert captured(agent) == 2


def test_two_agents_may_watch_one_model(make_agent: MakeAgent) -> None:
    one, other = make_agent("one"), make_agent("other")

    other.watch(one.watch(Model())).predict([1.0])

    one.flush()
    assert one.status()["captured"] == 2  # both share this process's worker


def test_a_switched_off_agent_returns_the_model_itself(make_agent: MakeAgent) -> None:
    bare = Model()

    assert make_agent(enabled=False).watch(bare) is bare


async def test_an_async_model_stays_async(make_agent: MakeAgent) -> None:
    agent = make_agent()
    model = agent.watch(AsyncModel())

    assert inspect.iscoroutinefunction(model.predict)
    assert await model.predict([1.0]) == 2.5
    with pytest.raises(LookupError, match="no row"):
        await model.predict(None)

    assert captured(agent) == 1


async def test_an_async_function_and_partial_stay_async(make_agent: MakeAgent) -> None:
    agent = make_agent()

    async def predict(row: Any, scale: float) -> float:
        return float(row[0]) * scale

    watched = agent.watch(predict)
    partial = agent.watch(functools.partial(predict, scale=3.0))

    assert inspect.iscoroutinefunction(watched)
    assert (await watched([1.0], 2.0), await partial([1.0])) == (2.0, 3.0)
    assert captured(agent) == 2


async def test_generators_pass_untouched(make_agent: MakeAgent) -> None:
    agent = make_agent()

    @agent.watch
    def stream(row: Any) -> Iterator[int]:
        yield from (1, 2)

    @agent.watch
    async def stream_async(row: Any) -> AsyncIterator[int]:
        yield 3

    assert list(stream([1.0])) == [1, 2]
    assert [one async for one in stream_async([1.0])] == [3]
    assert captured(agent) == 2


async def test_tasks_see_their_own_context(make_agent: MakeAgent, spooled: Any) -> None:
    agent = make_agent()
    model = agent.watch(AsyncModel())

    async def request(batch: str) -> None:
        with agent.context(batch=batch):
            await asyncio.sleep(0)
            await model.predict({"x": 1.0})

    await asyncio.gather(*(request(str(i)) for i in range(5)))

    agent.flush()
    batches = {frame.profile.batch for frame in spooled(agent) if frame.WhichOneof("body") == "profile"}
    assert batches == {"", *map(str, range(5))}  # "": the minute of service statistics


@pytest.mark.usefixtures("still_clock")
def test_mutating_inputs_and_results_after_the_call_does_not_change_what_is_recorded(
    make_agent: MakeAgent, spooled: Any
) -> None:
    agent = make_agent()
    model = agent.watch(lambda rows: np.full(len(rows), 7.0))

    for rows in ({"x": 1.0}, np.ones((2, 1)), [[1.0], [1.0]], [{"x": 1.0}]):
        result = model(rows)
        result[...] = -1.0
        if isinstance(rows, np.ndarray):
            rows[...] = -1.0
        else:
            rows.clear()

    agent.flush()
    columns = [c for f in spooled(agent) for c in f.profile.columns if f.profile.window_length_s == 3_600]
    assert {(column.minimum, column.maximum) for column in columns} == {(1.0, 1.0), (7.0, 7.0)}


class Unready:
    """One of its methods is a property that raises more than an AttributeError."""

    @property
    def predict_proba(self) -> Any:
        raise RuntimeError("not fitted")

    def predict(self, X: Any) -> float:
        return 0.5


class AnyAttribute:
    """A stub of a remote model: whatever it is asked for is a method."""

    def __getattr__(self, name: str) -> Any:
        return lambda *args: [0.5]


def test_a_property_that_raises_keeps_the_other_methods_watched(make_agent: MakeAgent) -> None:
    agent = make_agent()
    with capture(agent) as seen:
        model = agent.watch(Unready())

        assert model.predict([1.0]) == 0.5
        with pytest.raises(RuntimeError, match="not fitted"):
            _ = model.predict_proba
        assert (seen.rows(), agent.status()["counters"]["faults"]) == (1, 0)


def test_a_model_that_has_every_attribute_is_watched(make_agent: MakeAgent) -> None:
    agent = make_agent()
    with capture(agent) as seen:
        assert agent.watch(AnyAttribute()).predict([[1.0]]) == [0.5]

        assert (seen.rows(), agent.status()["counters"]["faults"]) == (1, 0)


def test_a_class_method_decorated_in_a_class_takes_its_class_for_no_input(make_agent: MakeAgent) -> None:
    agent = make_agent()

    class Scorer:
        @classmethod
        @agent.watch
        def score(cls, row: Any) -> float:
            return float(row["x"])

    with capture(agent) as seen:
        assert Scorer.score({"x": 2.0}) == 2.0

        assert seen.column("x").maximum == 2.0


@pytest.mark.parametrize(
    ("target", "told"),
    [
        (Unready, "tidegauge: watch: the class Unready is not watched: watch what it makes"),
        (object(), "tidegauge: watch: nothing of a object is recorded: it has none of predict, predict_proba"),
    ],
    ids=["class", "no method"],
)
def test_what_cannot_be_watched_is_told_of(
    make_agent: MakeAgent, caplog: pytest.LogCaptureFixture, target: Any, told: str
) -> None:
    make_agent().watch(target)

    assert [record.getMessage()[: len(told)] for record in caplog.records] == [told]
