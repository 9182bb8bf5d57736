"""Whatever a model is fed or answers: every row is counted, every value lands in one place, and nothing raises but a refusal."""

from collections.abc import Callable
from io import StringIO
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tidegauge.copies import private_copy, texts_as_rows
from tidegauge.core.columns import ColumnKind, category_counts, numeric_values
from tidegauge.core.derived import PARTS, derive
from tidegauge.core.kinds import infer_kind
from tidegauge.errors import UsageError
from tidegauge.settings import AgentSettings
from tidegauge.worker.calls import Call, Calls, Origin
from tidegauge.worker.cells import profile_columns
from tidegauge.worker.deployment import DeploymentWorker
from tidegauge.worker.outputs import ModelFacts, read_answers
from tidegauge.worker.shapes import count_rows, size_bytes, slice_rows, unpacked
from tidegauge.worker.tabulate import column_names, tabulate

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**400), 10**400),
    st.floats(),
    st.decimals(allow_nan=True, allow_infinity=True),
    st.text(max_size=30),
    st.text(alphabet=st.characters(categories=["Cs", "L"]), max_size=5),
    st.binary(max_size=8),
    st.datetimes(),
    st.sampled_from([pd.NA, pd.NaT, -0.0, 2**63, "\0", "x" * 100_000, np.float32(0.1), np.True_]),
)
VALUES = st.one_of(SCALARS, st.lists(SCALARS, max_size=3), st.dictionaries(st.text(max_size=2), SCALARS, max_size=2))
NAMES = st.one_of(st.text(max_size=5), st.sampled_from(["", "a", "a.1", "n" * 10_000, "\ud800", "\0", "a.length"]))
ARRAYS = hnp.arrays(
    st.sampled_from(["f4", "f8", "i2", "u8", "?", "M8[s]", "m8[us]", "U3", "S3", "O"]),
    hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3),
)
MASKS = ARRAYS.map(lambda array: np.ma.masked_array(array, mask=np.zeros(array.shape, dtype=bool)))
DICTS = st.dictionaries(NAMES, VALUES, max_size=4)
ANYTHING = st.one_of(
    VALUES,
    DICTS,
    st.lists(DICTS, max_size=3),
    st.lists(st.lists(VALUES, max_size=3), max_size=3),
    st.lists(st.tuples(SCALARS, SCALARS), max_size=3),
    st.tuples(VALUES, VALUES),
    st.dictionaries(NAMES, st.lists(VALUES, min_size=2, max_size=2), max_size=3),
    ARRAYS,
    MASKS,
    st.lists(ARRAYS, max_size=3),
    st.dictionaries(NAMES, ARRAYS, max_size=3),
    ARRAYS.filter(lambda a: a.ndim in {1, 2}).map(lambda a: pd.DataFrame(a.astype(object))),
    st.lists(st.floats(), max_size=3).map(lambda values: pl.DataFrame({"x": values})),
)


def or_refused(look: Callable[[], Any]) -> Any:
    """What comes of it; None where it is refused."""
    try:
        return look()
    except UsageError:
        return None


@given(ANYTHING)
@example(np.array([StringIO(), StringIO()], dtype=object))
def test_any_input_is_a_table_of_as_many_rows_as_were_counted_or_is_refused(inputs: Any) -> None:
    copied, size = private_copy(texts_as_rows(inputs))

    table = or_refused(lambda: tabulate(unpacked(copied)))

    assert size >= 0
    assert size_bytes(inputs) >= 0
    if table is not None and type(copied) is not dict:
        columns, rows = table
        assert rows == count_rows(copied)
        assert {len(values) for values in columns.values()} <= {rows}
        assert all(
            np.ndim(values) == 1 and len(name) <= 200 and name.encode() for name, values in columns.items() if name
        )


@given(ANYTHING)
def test_a_part_of_any_input_is_read_or_refused(inputs: Any) -> None:
    part = slice_rows(inputs, slice(0, 1))

    table = or_refused(lambda: tabulate(part))

    if table is not None:
        assert {len(values) for values in table[0].values()} <= {table[1]}


@given(ANYTHING, st.integers(0, 4), st.sampled_from(["", "regression", "binary", "multiclass"]))
def test_any_answer_is_read_row_by_row_or_refused(result: Any, rows: int, task: str) -> None:
    facts = ModelFacts(task, ("no", "yes") if task == "binary" else ())

    for one in (result, unpacked(private_copy(result)[0])):
        answers = or_refused(lambda one=one: read_answers(one, rows, facts, method="predict"))
        if answers is not None:
            assert answers.rows == rows
            assert all(values.dtype == np.float64 and values.shape == (rows,) for values in answers.scores.values())
            assert answers.labels is None or len(answers.labels.codes) == rows


@given(st.lists(VALUES, max_size=20), st.sampled_from([None, *(kind for kind in ColumnKind if kind != "log_linear")]))
def test_every_value_of_a_column_of_any_stated_kind_is_counted_once(
    values: list[object], stated: ColumnKind | None
) -> None:
    column = np.empty(len(values), dtype=object)
    for i, value in enumerate(values):
        column[i] = value
    kind = stated or infer_kind(column) or ColumnKind.NUMERIC

    derived, kinds = derive({"c": column}, {"c": kind})
    profiles = profile_columns(derived, len(values), {"c": kind, **kinds}, None)

    assert len(profiles) == len(PARTS.get(kind, ("c",)))
    for profile in profiles:
        assert profile.rows == len(values)
        assert profile.finite >= 0
    for values_of in derived.values():
        split = category_counts(values_of, kind) if kind.is_categorical else numeric_values(values_of)
        assert split.rows == len(values)


@given(st.lists(NAMES, max_size=12))
def test_names_of_columns_are_valid_distinct_and_bounded(names: list[str]) -> None:
    found = column_names(tuple(names))

    assert len(set(found)) == len(found) == len(names)
    assert all(len(name) <= 140 and name.encode().decode() == name for name in found if name)


@given(st.lists(st.tuples(DICTS, SCALARS), min_size=1, max_size=6))
def test_calls_of_any_dicts_are_all_counted(calls: list[tuple[dict[str, Any], Any]]) -> None:
    target = DeploymentWorker(
        AgentSettings(deployment="laws"), bins=lambda: None, wall_us=lambda ns: 1_795_435_200_000_000
    )

    rows = 0
    for inputs, result in calls:
        copied = (private_copy(dict(inputs))[0] if result is None else dict(inputs), private_copy(result)[0])
        rows += 1 if type(copied[0]) is dict else count_rows(copied[0])
        target.take(Calls.of([Call(Origin(target, "predict"), *copied, 0, 1_000)]), 1_795_435_200_000_000)
        target.aggregate(1_795_435_200_000_000)
    target.seal(1_795_435_200_000_000, profiles=True, everything=True)

    assert target.counts["dropped:internal_error"] == 0
    assert target.counts["captured"] == rows
    assert sum(n for name, n in target.counts.items() if name.startswith("dropped:")) <= rows
