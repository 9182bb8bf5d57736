"""What leaves the host of a column that is dropped, hashed or masked: the bytes of the spool never hold a value of it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import tidegauge
from tidegauge.testing import capture
from tidegauge.worker.privacy import form_of, keyed_digest

pytestmark = pytest.mark.usefixtures("still_clock")  # what stays at home depends on how many rows a window has

MakeAgent = Callable[..., tidegauge.Agent]
KEY = "a secret of this test"
SECRET = "Ann Müller-4711"
ROW = {"name": SECRET, "city": "Rome", "amount": 5.0}


def bytes_below(root: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file())


@pytest.mark.parametrize("option", [{"drop": ["name"]}, {"hash": ["name"], "hash_key": KEY}, {"mask": ["name"]}])
def test_no_value_of_the_column_is_in_any_byte_of_the_spool(make_agent: MakeAgent, option: dict[str, Any]) -> None:
    agent = make_agent(segments=["city"], **option)
    agent.baseline(pd.DataFrame([ROW] * 50))
    predict = agent.watch(lambda row: 0.5)
    for _ in range(20):
        predict(ROW)
    with agent.context(segment={"city": "Bern"}):
        predict(ROW)

    agent.flush()

    written = bytes_below(agent.settings.root)
    assert b"Rome" in written, "other columns are as ever"
    assert not [part for part in (SECRET, "Ann", "ller-4711") if part.encode() in written]


def test_the_same_agent_without_the_option_would_have_told(make_agent: MakeAgent) -> None:
    agent = make_agent()
    predict = agent.watch(lambda row: 0.5)
    for _ in range(20):
        predict(ROW)

    agent.flush()

    assert SECRET.encode() in bytes_below(agent.settings.root)


def test_a_hashed_column_keeps_its_categories_apart(make_agent: MakeAgent) -> None:
    agent = make_agent(hash=["name"], hash_key=KEY)
    predict = agent.watch(lambda row: 0.5)

    with capture(agent) as seen:
        for name in ["a"] * 30 + ["b"] * 10 + [None] * 5:
            predict({"name": name})

        column = seen.column("name")
        assert column.names == {keyed_digest("a", KEY.encode()): 30, keyed_digest("b", KEY.encode()): 10}
        assert column.missing == 5


def test_segments_of_a_hashed_column_are_named_by_its_digests(make_agent: MakeAgent) -> None:
    agent = make_agent(hash=["city"], hash_key=KEY, segments=["city"])
    predict = agent.watch(lambda row: 0.5)
    digest = keyed_digest("Rome", KEY.encode())

    with capture(agent) as seen:
        predict({"city": "Rome"})
        with agent.context(segment={"city": "Rome"}):
            predict({"amount": 1.0})

        assert (seen.rows(f"city={digest}"), seen.rows("city=Rome")) == (2, 0)


def test_a_masked_number_keeps_its_form(make_agent: MakeAgent) -> None:
    agent = make_agent(mask=["zip"])
    predict = agent.watch(lambda row: 0.5)

    with capture(agent) as seen:
        for value in ["8001", "SW1A 1AA"] * 10:
            predict({"zip": value})

        assert seen.column("zip").names == {"9999": 10, "AA9A 9AA": 10}


def test_matrix_columns_are_known_by_their_names(make_agent: MakeAgent) -> None:
    agent = make_agent(drop=["age"], feature_names=["age", "amount"])
    model = agent.watch(lambda table: table.sum(axis=1))

    with capture(agent) as seen:
        model(np.ones((3, 2)))

        assert set(seen.columns()) == {"amount", "_prediction"}


def test_with_a_key_ids_are_digested_under_it(make_agent: MakeAgent) -> None:
    agent = make_agent(id_column="order", hash_key=KEY)

    with capture(agent) as seen:
        agent.watch(lambda row: 0.5)({"order": "o-1", "amount": 1.0})
        agent.actuals(["o-1"], [1.0])

        assert seen.has_prediction("o-1", hash_key=KEY)
        assert not seen.has_prediction("o-1")
        assert seen.actuals()[0].ids == seen.records()[0].ids


def test_rare_categories_can_be_kept_at_home(make_agent: MakeAgent) -> None:
    agent = make_agent(suppress_below=10)
    predict = agent.watch(lambda row: 0.5)

    with capture(agent) as seen:
        for city in ["Rome"] * 50 + ["Bern"] * 9:
            predict({"city": city})

        column = seen.column("city")
        assert (column.names, column.overflow) == ({"Rome": 50}, 9)


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("Ann-42 müller@example.org", "Aaa-99 aaaaaa@aaaaaaa.aaa"),
        ("", ""),
        ("東京1", "aa9"),
        ("٣", "9"),
        ("_-/", "_-/"),
    ],
)
def test_the_form_of_a_text(text: str, form: str) -> None:
    assert form_of(text) == form


@pytest.mark.parametrize("option", [{"drop": ["name"]}, {"hash": ["name"], "hash_key": KEY}, {"mask": ["name"]}])
def test_a_column_that_a_table_has_twice_is_hidden_twice(make_agent: MakeAgent, option: dict[str, Any]) -> None:
    agent = make_agent(**option)
    table = pd.DataFrame([[SECRET, SECRET, 5.0]] * 30, columns=["name", "name", "amount"])
    agent.baseline(table)
    agent.watch(lambda X: [0.5] * len(X))(table)

    agent.flush()

    assert SECRET.encode() not in bytes_below(agent.settings.root)


def test_a_name_that_is_cut_is_hidden_as_well(make_agent: MakeAgent) -> None:
    long = "name of the applicant " * 10
    agent = make_agent(drop=[long])
    predict = agent.watch(lambda row: 0.5)
    for _ in range(20):
        predict({long: SECRET})

    agent.flush()

    assert SECRET.encode() not in bytes_below(agent.settings.root)


def test_the_second_of_two_id_columns_is_no_feature(make_agent: MakeAgent) -> None:
    agent = make_agent(id_column="name")
    table = pd.DataFrame([[SECRET, SECRET, 5.0]] * 30, columns=["name", "name", "amount"])
    agent.watch(lambda X: [0.5] * len(X))(table)

    agent.flush()

    assert SECRET.encode() not in bytes_below(agent.settings.root)
