"""pandas: every kind of column arrives as what it is."""

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import agent_frames as view
import numpy as np
import pandas as pd
import pytest

import tidegauge

MakeAgent = Callable[..., tidegauge.Agent]

COLUMNS: dict[str, tuple[Any, str, int]] = {
    "float64": ([1.5, None], "COLUMN_KIND_NUMERIC", 1),
    "float32": (pd.Series([1.5, None], dtype="float32"), "COLUMN_KIND_NUMERIC", 1),
    "int8": (pd.Series([1, 2], dtype="int8"), "COLUMN_KIND_NUMERIC", 0),
    "Int64": (pd.array([1, None], dtype="Int64"), "COLUMN_KIND_NUMERIC", 1),
    "Float64": (pd.array([1.5, None], dtype="Float64"), "COLUMN_KIND_NUMERIC", 1),
    "bool": ([True, False], "COLUMN_KIND_BOOLEAN", 0),
    "boolean": (pd.array([True, None], dtype="boolean"), "COLUMN_KIND_BOOLEAN", 1),
    "str": (["a", None], "COLUMN_KIND_CATEGORICAL", 1),
    "object": (pd.Series(["a", None], dtype=object), "COLUMN_KIND_CATEGORICAL", 1),
    "string": (pd.array(["a", None], dtype="string"), "COLUMN_KIND_CATEGORICAL", 1),
    "category": (pd.Categorical(["a", None]), "COLUMN_KIND_CATEGORICAL", 1),
    "category of numbers": (pd.Categorical([1, None]), "COLUMN_KIND_NUMERIC", 1),
    "datetime": (pd.to_datetime(["2026-11-23", None]), "COLUMN_KIND_DATETIME", 1),
    "zoned": (pd.to_datetime(["2026-11-23", None]).tz_localize("Asia/Tokyo"), "COLUMN_KIND_DATETIME", 1),
    "timedelta": (pd.to_timedelta(["1h", None]), "COLUMN_KIND_NUMERIC", 1),
    "dates": ([dt.date(2026, 11, 23), None], "COLUMN_KIND_CATEGORICAL", 1),
    "decimals": ([Decimal("1.5"), None], "COLUMN_KIND_NUMERIC", 1),
    "period": (pd.PeriodIndex(["2026-11", None], freq="M"), "COLUMN_KIND_CATEGORICAL", 1),
    "all missing but one": ([None, 3], "COLUMN_KIND_NUMERIC", 1),
}


@pytest.mark.parametrize("name", COLUMNS)
def test_a_column_has_its_kind_and_its_missing_values(make_agent: MakeAgent, spooled: Any, name: str) -> None:
    values, kind, missing = COLUMNS[name]
    agent = make_agent()

    agent.record(pd.DataFrame({"c": values}))
    agent.flush()

    (column,) = view.profiles(spooled(agent))[0].columns
    from tidegauge.wire import telemetry_pb2 as pb

    assert (pb.ColumnKind.Name(column.kind), column.rows, column.missing) == (kind, 2, missing)
    assert column.non_finite == 0
    assert column.invalid == (1 if name == "period" else 0)  # a period is no category, and is counted


def test_a_zoned_time_is_the_instant(make_agent: MakeAgent, spooled: Any) -> None:
    agent = make_agent()

    agent.record(pd.DataFrame({"t": pd.to_datetime(["2026-11-23T21:00"]).tz_localize("Asia/Tokyo")}))
    agent.flush()

    assert view.column(spooled(agent), "t").minimum == 1_795_435_200.0


@pytest.mark.parametrize("columns", [[0, 1], [("a", 1), ("a", 2)], ["x", "x"], [pd.Timestamp("2026-01-01"), None]])
def test_columns_of_any_name_are_kept_apart(make_agent: MakeAgent, spooled: Any, columns: list[Any]) -> None:
    agent = make_agent()
    frame = pd.DataFrame([[1.0, 2.0]])
    frame.columns = (
        pd.Index(columns, dtype=object) if not isinstance(columns[0], tuple) else pd.MultiIndex.from_tuples(columns)
    )

    agent.record(frame)
    agent.flush()

    found = view.profiles(spooled(agent))[0].columns
    assert sorted(column.minimum for column in found) == [1.0, 2.0]


def test_the_hosts_frame_is_not_changed_nor_kept(make_agent: MakeAgent) -> None:
    agent = make_agent(id_column="id")
    frame = pd.DataFrame({"id": ["a", "b"], "x": [1.0, 2.0]}, index=[7, 7])
    before = frame.copy()

    agent.watch(lambda table: table["x"].to_numpy())(frame)
    agent.flush()

    pd.testing.assert_frame_equal(frame, before)


def test_predictions_with_another_index_are_taken_by_position(make_agent: MakeAgent, spooled: Any) -> None:
    agent = make_agent()

    agent.record(pd.DataFrame({"x": [1.0, 2.0]}), pd.Series([0.25, 0.75], index=[9, 3]), prediction_ids=["a", "b"])
    agent.flush()

    assert view.records(spooled(agent))[0].outputs[""].tolist() == [0.25, 0.75]


def test_an_empty_frame_is_a_request_without_rows(make_agent: MakeAgent, spooled: Any) -> None:
    agent = make_agent()

    agent.watch(lambda table: np.empty(0))(pd.DataFrame({"x": []}))
    agent.flush()

    assert view.column(spooled(agent), "_latency", length_s=view.MINUTE_S).rows == 1
    assert (agent.status()["captured"], agent.status()["dropped"]) == (0, {})
