"""A watched model answers, raises, pickles and looks as the bare one: over all libraries, for good inputs and bad ones."""

import copy
import inspect
import pickle
import re
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

import tidegauge

from .models import BUILDERS, Case, torch_or_skip

MakeAgent = Callable[..., tidegauge.Agent]
MakeCase = Callable[[str], Case]
CLOCK = re.compile(r"\[\d\d:\d\d:\d\d\]")
every_model = pytest.mark.parametrize("name", BUILDERS)


def outcome(case: Case, model: Any, call: str) -> Any:
    """What a caller sees: the answer bit by bit, or the exception's type and text, but for the time of day that XGBoost puts there."""
    try:
        return "answered", *seen(case.ask(model, call))
    except Exception as error:  # noqa: BLE001 - whatever it raises is what is compared
        return "raised", type(error), CLOCK.sub("[now]", str(error))


def seen(answer: Any) -> tuple[Any, ...]:
    if isinstance(answer, np.ndarray):
        return np.ndarray, answer.dtype, answer.shape, answer.tobytes()
    if isinstance(answer, (pd.Series, pd.DataFrame)):
        return type(answer), list(answer.index), *seen(answer.to_numpy())
    if isinstance(answer, (list, tuple)):
        return type(answer), *map(seen, answer)
    if hasattr(answer, "detach"):
        return type(answer), answer.requires_grad, *seen(answer.detach().numpy())
    return type(answer), answer


@every_model
def test_answers_and_exceptions_are_those_of_the_bare_model(
    make_agent: MakeAgent, make_case: MakeCase, name: str
) -> None:
    case, agent = make_case(name), make_agent()
    watched = agent.watch(case.model)

    outcomes = {call: outcome(case, case.model, call) for call in case.calls}

    assert outcomes["good"][0] == "answered"
    assert "raised" in {one[0] for one in outcomes.values()}
    for call, expected in outcomes.items():
        assert outcome(case, watched, call) == expected, call
    agent.flush()
    assert agent.status()["counters"]["faults"] == 0


@every_model
def test_answers_in_many_threads_are_those_of_the_bare_model(
    make_agent: MakeAgent, make_case: MakeCase, sealed: Any, name: str
) -> None:
    case, agent = make_case(name), make_agent()
    watched, expected = agent.watch(case.model), outcome(case, case.model, "good")

    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(lambda _: outcome(case, watched, "good"), range(20)))

    assert found == [expected] * 20
    assert {column.rows for column in sealed(agent).values()} == {20 * case.rows}


@pytest.mark.filterwarnings("ignore:X does not have valid feature names")
@pytest.mark.parametrize(
    "name", ["sklearn_pipeline", "xgboost_inplace", "torch_module", "onnx_session", "plain_function"]
)
def test_whatever_array_is_given_is_answered_or_refused_as_by_the_bare_model(
    make_agent: MakeAgent, make_case: MakeCase, name: str
) -> None:
    case, agent = make_case(name), make_agent()
    watched, kinds = agent.watch(case.model), Counter[str]()

    for seed in range(60):
        calls = {"odd": odd_call(name, np.random.default_rng(seed))}
        odd = replace(case, calls=calls)
        expected = outcome(odd, case.model, "odd")
        kinds[expected[0]] += 1
        assert outcome(odd, watched, "odd") == expected, f"seed {seed}: {calls}"

    assert min(kinds["answered"], kinds["raised"]) > 0
    agent.flush()
    assert agent.status()["counters"]["faults"] == 0


def odd_call(name: str, rng: np.random.Generator) -> tuple[Any, ...]:
    """A call with an array of some shape, type and values, mostly wrong in one of them."""
    shape = [(4, 3), (1, 3), (0, 3), (3,), (4, 2), (2, 2, 3), (4, 0)][rng.integers(7)]
    tame, wild = [0.0, -0.0, 1.5, -3.25], [-1e30, 1e300, np.nan, np.inf, -np.inf]
    values = rng.choice(tame if rng.random() < 0.5 else tame + wild, size=shape)
    kind = [np.float32, np.float64, np.int64, bool, np.float16][rng.choice(5, p=[0.5, 0.2, 0.1, 0.1, 0.1])]
    with np.errstate(all="ignore"):
        array = values.astype(kind)
    if name == "torch_module":
        return (torch_or_skip().tensor(array),)
    return (None, {"rows": array}) if name == "onnx_session" else (array,)


@every_model
def test_what_is_sealed_has_the_rows_columns_and_kind_of_answer(
    make_agent: MakeAgent, make_case: MakeCase, sealed: Any, name: str
) -> None:
    case, agent = make_case(name), make_agent()

    case.ask(agent.watch(case.model), "good")

    columns = sealed(agent)
    assert set(columns) == case.columns | case.answers
    assert {column.rows for column in columns.values()} == {case.rows}


@every_model
def test_a_watched_model_looks_as_the_bare_one(make_agent: MakeAgent, make_case: MakeCase, name: str) -> None:
    case = make_case(name)
    watched = make_agent().watch(case.model)

    assert isinstance(watched, type(case.model))
    assert watched.__class__ is type(case.model)
    if not inspect.isfunction(case.model):
        assert repr(watched) == repr(case.model)
        assert {*dir(case.model)} <= {*dir(watched)}
    asked, bare = getattr(watched, case.method), getattr(case.model, case.method)
    assert str(inspect.signature(asked)) == str(inspect.signature(bare))  # as text: a default may be NaN


@pytest.mark.parametrize("name", [name for name in BUILDERS if name != "plain_function"])
def test_pickles_and_copies_are_those_of_the_bare_model(make_agent: MakeAgent, make_case: MakeCase, name: str) -> None:
    case = make_case(name)
    watched = make_agent().watch(case.model)

    for copier in (pickled, copy.copy, copy.deepcopy):
        bare = attempt(copier, case.model)
        copied = attempt(copier, watched)

        assert type(copied) is type(bare)
        if isinstance(bare, Exception):
            assert str(copied) == str(bare)
        else:
            assert outcome(case, copied, "good") == outcome(case, bare, "good")


def pickled(model: Any) -> Any:
    data = pickle.dumps(model)
    assert b"tidegauge" not in data
    return pickle.loads(data)


def attempt(function: Callable[[Any], Any], model: Any) -> Any:
    try:
        return function(model)
    except Exception as error:  # noqa: BLE001 - whatever it raises is what is compared
        return error
