"""Export: Arrow tables of one schema, everything of a range once, in pages."""

import io

import numpy as np
import pyarrow.parquet as pq
import pytest

from tidegauge.core.bins import ReferenceBins, numeric_bins
from tidegauge.core.columns import numeric_values
from tidegauge.core.ids import digest_id
from tidegauge.core.profile import profile_numeric
from tidegauge.core.windows import DAY_US, HOUR_US, Window
from tidegauge_collector.errors import ConfigError
from tidegauge_collector.jobs.exporting import export_to, stream
from tidegauge_collector.telemetry import exporting
from tidegauge_collector.telemetry.exporting import KINDS
from tidegauge_collector.telemetry.fold import LogPosition, fold
from tidegauge_collector.telemetry.judgements import Judgement, append_judgements
from tidegauge_collector.telemetry.settle import settle
from tidegauge_collector.telemetry.testing import (
    Answers,
    Sender,
    actuals_frame,
    judgement_columns,
    profile_frame,
    records_frame,
)

BINS = ReferenceBins({"temp": numeric_bins("temp", np.arange(50.0))})
ALL = Window(0, 5 * DAY_US)


@pytest.fixture
def full(store, monkeypatch):
    monkeypatch.setattr(exporting, "PAGE_ROWS", 3)
    sender = Sender()
    column = profile_numeric("temp", numeric_values([1.0, 2.0, 60.0, None]), BINS.columns["temp"])
    names = [f"id {i}" for i in range(10)]
    frames = [
        profile_frame([column], Window(hour * HOUR_US, (hour + 1) * HOUR_US), bins_id=BINS.bins_id)
        for hour in range(30)
    ]
    frames += [
        records_frame(names, [7] * 5 + list(range(5)), Answers([0.5] * 10, segments=[("a=1",)] * 10)),
        actuals_frame(names[:5], [1] * 5, [9] * 5),
        actuals_frame(names[5:], ["x"] * 5, [9] * 5),
    ]
    fold(store, [sender.send(frame) for frame in frames], LogPosition(b"log", 1))
    judged = Judgement("1", "m", "psi", "temp", "", 0, DAY_US, 0.1, None, 4, 100, 1.0, "ok", None, None, 5)
    append_judgements(store, "flights", judgement_columns(judged))
    settle(store, lambda _: "UTC", before_us=DAY_US)
    return store


def read(store, what, window=ALL):
    return pq.read_table(io.BytesIO(b"".join(stream(store, "flights", what, window))))


def test_records_come_once_each_in_the_order_of_time(full):
    table = read(full, "records")

    times = [one.timestamp() * 1e6 for one in table["event_time"].to_pylist()]
    assert times == sorted(times)
    assert sorted(table["prediction_id"].to_pylist()) == sorted(digest_id(f"id {i}").hex() for i in range(10))
    assert table.slice(0, 1).to_pylist()[0]["segments"] == "a=1"


def test_actuals_are_numbers_or_labels(full):
    rows = read(full, "actuals").to_pylist()

    assert len(rows) == 10
    assert {(one["value"], one["label"]) for one in rows} == {(1.0, None), (None, "x")}


def test_profiles_have_windows_with_bins_and_days(full):
    rows = read(full, "profiles").to_pylist()

    windows = [one for one in rows if one["level"] == "window"]
    days = [one for one in rows if one["level"] == "day"]
    assert len(windows) == 30
    assert [(one["rows"], one["missing"]) for one in days] == [(96, 24)]
    assert sum(days[0]["bin_counts"]) == 72
    assert sum(sum(one["bin_counts"]) for one in windows) == 90


def test_judgements_are_exported(full):
    (row,) = read(full, "judgements").to_pylist()

    assert (row["monitor"], row["metric"], row["column"], row["value"]) == ("m", "psi", "temp", 0.1)


@pytest.mark.parametrize("what", list(KINDS))
def test_a_range_without_rows_is_an_empty_table_of_the_same_schema(full, what):
    empty = read(full, what, Window(50 * DAY_US, 51 * DAY_US))

    assert empty.num_rows == 0
    assert empty.schema.names == read(full, what).schema.names


def test_a_folder_gets_a_file_a_kind_and_none_is_overwritten(full, tmp_path):
    told = []

    rows = export_to(
        full,
        "flights",
        tmp_path / "out",
        what=["records", "actuals"],
        window=ALL,
        on_progress=lambda *one: told.append(one),
    )

    assert rows == {"records": 10, "actuals": 10}
    assert sorted(one.name for one in (tmp_path / "out").iterdir()) == ["actuals.parquet", "records.parquet"]
    assert len(told) == 8
    with pytest.raises(ConfigError, match="exists already"):
        export_to(full, "flights", tmp_path / "out", what=["records"], window=ALL, on_progress=lambda *_: None)


@pytest.mark.parametrize(
    ("deployment", "what", "text"), [("hotels", "records", "hotels"), ("flights", "rows", "--what rows")]
)
def test_what_cannot_be_exported_is_refused(full, tmp_path, deployment, what, text):
    with pytest.raises(ConfigError, match=text):
        export_to(full, deployment, tmp_path / "out", what=[what], window=ALL, on_progress=lambda *_: None)

    assert not (tmp_path / "out").exists()


def test_records_that_are_folded_behind_the_page_that_is_read_have_their_segments(full):
    pages = exporting.export(full, "flights", "records", ALL)
    first = next(pages).table
    late = records_frame(["late"], [9], Answers([0.5], segments=[("b=2",)]))
    fold(full, [Sender(b"\x02" * 16).send(late)], LogPosition(b"log", 2))

    found = [one for page in pages for one in page.table["segments"].to_pylist()]

    assert set(first["segments"].to_pylist()) == {"a=1"}
    assert found == ["a=1"] * 7 + ["b=2"]


def test_verdicts_of_days_after_the_last_data_are_exported(full):
    silent = Judgement(
        "", "silence", "predictions", "", "", 0, 9 * DAY_US, 8.0, None, 0, None, None, "failing", None, None, 5
    )
    append_judgements(full, "flights", judgement_columns(silent))

    rows = read(full, "judgements", Window(0, 20 * DAY_US)).to_pylist()

    assert [one["monitor"] for one in rows] == ["m", "silence"]
