"""docs/your-own-model.md, "What the agent can read": every example of its tables is read as the row says."""

import os
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import scipy.sparse
import xgboost

from tidegauge.copies import private_copy
from tidegauge.core.columns import ColumnKind
from tidegauge.core.derived import PARTS
from tidegauge.errors import UsageError
from tidegauge.worker import responses
from tidegauge.worker.outputs import ModelFacts, read_answers
from tidegauge.worker.rows import answer_columns
from tidegauge.worker.shapes import Unread, count_rows, unpacked
from tidegauge.worker.tables.kind import REASONS
from tidegauge.worker.tabulate import tabulate

from .pages import code_words, rows, section

PAGE = section("docs/your-own-model.md", "## 9. What the agent can read")
INPUTS, UNREAD, ANSWERS = (rows(part) for part in PAGE.split("\n**")[1:])
KINDS = rows(section("docs/your-own-model.md", "## 6. What the columns are"))


@dataclass
class Flight:
    distance: float
    carrier: str


def example(text: str) -> Any:
    """The value of an example in the page."""
    names = {"np": np, "pd": pd, "pl": pl, "pa": pa, "sparse": scipy.sparse, "xgb": xgboost, "Flight": Flight}
    names["xy"] = np.array([[1.0, 2.0], [3.0, 4.0]])
    if "torch" in text:
        names["torch"] = torch()
    return eval(text, names)


def torch() -> Any:
    """PyTorch, or a skip that says how to get it; in CI it must be there."""
    if os.environ.get("CI") == "true":
        import torch as found

        return found
    return pytest.importorskip("torch", reason="not in the lock, its wheels are large: `pip install torch`")


@pytest.mark.parametrize("row", INPUTS, ids=lambda row: row[0])
def test_an_input_is_read_as_the_page_says(row: list[str]) -> None:
    inputs = example(code_words(row[1])[0])

    columns, count = tabulate(unpacked(private_copy(inputs)[0]))

    assert (count, list(columns)) == (int(row[2]), code_words(row[3]))
    assert count_rows(inputs) == count


@pytest.mark.parametrize("row", ANSWERS, ids=lambda row: row[0])
def test_an_answer_is_read_as_the_page_says(row: list[str]) -> None:
    result = example(code_words(row[1])[0])

    answers = read_answers(unpacked(private_copy(result)[0]), int(row[2]), ModelFacts(), method="predict")

    if result is not None:  # nothing is told from nothing before it is read
        assert list(answer_columns(answers)) == code_words(row[3])


@pytest.mark.parametrize("row", [row for row in UNREAD if code_words(row[1])], ids=lambda row: row[0])
def test_what_cannot_be_read_has_the_reason_that_the_page_says(row: list[str]) -> None:
    copied, _ = private_copy(example(code_words(row[1])[0]))

    with pytest.raises(UsageError, match="no table"):
        tabulate(copied)
    assert (copied.reason if isinstance(copied, Unread) else "shape") == code_words(row[0])[0]


def test_every_reason_and_every_kind_has_its_row() -> None:
    assert {code_words(row[0])[0] for row in UNREAD} == {*REASONS, "shape"}
    assert [code_words(row[0])[0] for row in KINDS] == [
        kind.value
        for kind in (
            ColumnKind.NUMERIC,
            ColumnKind.CATEGORICAL,
            ColumnKind.BOOLEAN,
            ColumnKind.DATETIME,
            ColumnKind.TEXT,
            ColumnKind.VECTOR,
        )
    ]


@pytest.mark.parametrize("kind", PARTS)
def test_every_derived_column_is_named(kind: ColumnKind) -> None:
    row = next(row for row in KINDS if code_words(row[0]) == [kind.value])

    assert code_words(row[2]) == [f"NAME.{part}" for part in PARTS[kind]]


def test_every_name_of_a_field_that_means_something_is_named() -> None:
    line = next(line for line in PAGE.replace("\n  ", " ").splitlines() if line.startswith("- A field is a label"))
    words = set(code_words(line))

    for name in (*responses.LABELS, *responses.SCORES, *responses.EITHER):
        assert name in words or name.removesuffix("s") in words, name
