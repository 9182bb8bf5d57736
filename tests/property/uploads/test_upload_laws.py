"""Laws of uploads: any rows by any format are the same frames' worth; any bytes and any JSON end in frames or in a refusal."""

import contextlib
import csv
import io
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tidegauge.wire.codec import decode_frame, decode_profile
from tidegauge_collector.uploads.cloudevents import read_events
from tidegauge_collector.uploads.errors import UploadRefused
from tidegauge_collector.uploads.formats import ARROW, CSV, JSON, NDJSON, PARQUET, Body
from tidegauge_collector.uploads.inference import answer_rows, feature_rows
from tidegauge_collector.uploads.meaning import read_meaning
from tidegauge_collector.uploads.redo import FrameBuffer
from tidegauge_collector.uploads.working import Known, Work, take_actuals, take_baseline, take_observations

NOW_US = 1_780_000_000_000_000
FEW = settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
texts = st.sampled_from(["UA", "AA", "x y", 'quo"ted', "com,ma", "ünï"])
rows = st.lists(
    st.fixed_dictionaries(
        {
            "prediction_id": st.text("abc123", min_size=1, max_size=6).map(lambda text: f"id-{text}"),
            "timestamp": st.integers(1_700_000_000, 1_700_100_000).map(float),
            "prediction": st.one_of(st.none(), st.floats(-1e6, 1e6)),
            "x": st.one_of(st.none(), st.floats(-1e9, 1e9)),
            "c": st.one_of(st.none(), texts),
        }
    ),
    min_size=1,
    max_size=40,
).filter(lambda found: all(any(row[name] is not None for row in found) for name in ("prediction", "x", "c")))
anything = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


def bodies(found: list[dict[str, Any]]) -> dict[str, bytes]:
    text, file, stream = io.StringIO(), io.BytesIO(), io.BytesIO()
    writer = csv.writer(text)
    writer.writerow(found[0])
    writer.writerows([["" if row[name] is None else row[name] for name in found[0]] for row in found])
    table = pa.Table.from_pylist(found)
    pq.write_table(table, file)
    with pa.ipc.new_stream(stream, table.schema) as out:
        out.write_table(table)
    return {
        NDJSON: "\n".join(map(json.dumps, found)).encode(),
        JSON: json.dumps({"observations": found}).encode(),
        CSV: text.getvalue().encode(),
        PARQUET: file.getvalue(),
        ARROW: stream.getvalue(),
    }


def frames_of(path: Path, kind: str, body: bytes) -> list[Any]:
    """All that the frames of a request say, but for the digits of sums."""
    (path / "body").write_bytes(body)
    buffer = FrameBuffer(path / "frames")
    query = {"version": "1", "segments": "c"}
    take_observations(
        Work("d", Body(path / "body", kind), read_meaning("observations", query), Known(), NOW_US), buffer
    )
    said = []
    for frame in map(decode_frame, buffer.held()):
        for column in frame.profile.columns:
            one = decode_profile(column)
            place = (frame.profile.window_start_us, frame.profile.segment, one.name, one.kind.value)
            said.append(
                (
                    *place,
                    one.rows,
                    one.missing,
                    one.invalid,
                    repr(one.minimum),
                    repr(one.maximum),
                    sorted(one.names.items()),
                )
            )
        said.append((frame.records.rows, frame.records.prediction_ids, frame.records.event_times_us))
    return sorted(said, key=repr)


@FEW
@given(rows)
def test_the_same_rows_by_any_format_are_counted_alike(tmp_path: Path, found: list[dict[str, Any]]) -> None:
    said = {kind: frames_of(tmp_path, kind, body) for kind, body in bodies(found).items()}

    for kind, one in said.items():
        assert one == said[PARQUET], kind


@FEW
@pytest.mark.parametrize("kind", [NDJSON, JSON, CSV, PARQUET, ARROW])
@pytest.mark.parametrize("take", [take_observations, take_actuals, take_baseline])
@given(st.one_of(st.binary(max_size=200), anything.map(lambda value: json.dumps(value).encode())))
def test_any_bytes_are_frames_or_a_refusal(tmp_path: Path, kind: str, take: Any, body: bytes) -> None:
    (tmp_path / "body").write_bytes(body)
    target = take.__name__.removeprefix("take_")
    buffer = FrameBuffer(tmp_path / "frames")
    query = {} if target == "actuals" else {"version": "1"}
    try:
        take(Work("d", Body(tmp_path / "body", kind), read_meaning(target, query), Known(), NOW_US), buffer)
    except UploadRefused:
        return

    for frame in buffer.held():
        decode_frame(frame)


@FEW
@given(
    st.lists(
        st.dictionaries(st.sampled_from(["prediction_id", "timestamp", "prediction", "actual", "x"]), anything),
        max_size=5,
    )
)
def test_rows_of_any_values_are_frames_or_a_refusal(tmp_path: Path, found: list[dict[str, Any]]) -> None:
    (tmp_path / "body").write_bytes("\n".join(map(json.dumps, found)).encode())
    buffer = FrameBuffer(tmp_path / "frames")
    meaning = read_meaning("observations", {"version": "1", "on_error": "skip"})
    try:
        take_observations(Work("d", Body(tmp_path / "body", NDJSON), meaning, Known(), NOW_US), buffer)
    except UploadRefused:
        return

    for frame in buffer.held():
        decode_frame(frame)


@settings(max_examples=100, deadline=None)
@given(anything)
def test_any_json_is_an_inference_or_a_refusal(value: Any) -> None:
    keys = ("instances", "predictions", "inputs", "outputs")
    for data in (value, *({key: value} for key in keys), *({key: [value]} for key in keys)):
        for read in (feature_rows, answer_rows):
            try:
                found = read(data)
            except UploadRefused:
                continue
            assert all(isinstance(row, dict) for row in found)


@settings(max_examples=100, deadline=None)
@given(
    anything,
    st.sampled_from(["application/cloudevents+json", "application/cloudevents-batch+json", "application/json"]),
)
def test_any_json_is_events_or_a_refusal(value: Any, kind: str) -> None:
    with contextlib.suppress(UploadRefused):
        assert read_events({"content-type": kind}, json.dumps(value).encode()) == []
