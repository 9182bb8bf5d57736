"""Nothing that an agent sends is too long for a frame, and cutting it up loses nothing."""

import numpy as np
import pytest

from tidegauge.core.baseline import build_baseline
from tidegauge.core.columns import ColumnKind
from tidegauge.core.ids import digest_ids
from tidegauge.core.outcomes import NO_LABEL, Labels, Outcomes, Truth, encode_labels
from tidegauge.wire.codec import MAX_BODY_BYTES
from tidegauge.wire.rows import (
    ActualRows,
    RecordRows,
    decode_actuals,
    decode_baseline,
    decode_records,
    encode_actuals,
    encode_baseline,
    encode_records,
    fitting,
)

ROWS = 9_000


def scored_rows(classes: int, labels: Labels) -> RecordRows:
    times = np.arange(ROWS, dtype=np.int64)
    outputs = {str(i): np.arange(ROWS) / (i + 1) for i in range(classes)}
    sets = ((), ("carrier=UA",), ("carrier=DL",))
    return RecordRows(digest_ids(range(ROWS)), times, times + 1, outputs, labels, sets, (times % 3).astype(np.uint32))


@pytest.mark.parametrize(
    ("classes", "names"), [(1, 2), (30, 30), (1, ROWS)], ids=["binary", "30 classes", "each row a label of its own"]
)
def test_records_are_cut_into_frames_that_join_to_the_same_rows(classes: int, names: int) -> None:
    labels = encode_labels([f"{'語' * 100}{i % names}" for i in range(ROWS)])
    rows = scored_rows(classes, labels)

    messages = list(fitting(rows.rows, lambda part: encode_records(rows.part(part))))

    assert all(message.ByteSize() <= MAX_BODY_BYTES for message in messages)
    parts = [decode_records(message) for message in messages]
    assert b"".join(part.ids for part in parts) == rows.ids
    for name, values in rows.outputs.items():
        assert np.array_equal(np.concatenate([part.outputs[name] for part in parts]), values)
    decoded = [part.labels.names[code] for part in parts for code in part.labels.codes]
    assert decoded == [labels.names[code] for code in labels.codes]
    segments = [part.segment_sets[code] for part in parts for code in part.segment_codes]
    assert segments == [rows.segment_sets[code] for code in rows.segment_codes]


def test_actuals_are_cut_into_frames_that_join_to_the_same_rows() -> None:
    truth = Truth(np.full(ROWS, np.nan), encode_labels([f"{'x' * 100}{i}" for i in range(ROWS)]))
    rows = ActualRows(digest_ids(range(ROWS)), np.arange(ROWS, dtype=np.int64), truth)

    messages = list(fitting(rows.rows, lambda part: encode_actuals(rows.part(part))))

    parts = [decode_actuals(message) for message in messages]
    assert all(message.ByteSize() <= MAX_BODY_BYTES for message in messages)
    decoded = [part.truth.labels.names[code] for part in parts for code in part.truth.labels.codes]
    assert decoded == list(truth.labels.names)
    assert np.array_equal(np.concatenate([part.times_us for part in parts]), rows.times_us)


def test_no_rows_make_no_message() -> None:
    rows = scored_rows(1, Labels(("a",), np.full(ROWS, NO_LABEL, dtype=np.uint32)))

    assert list(fitting(0, lambda part: encode_records(rows.part(part)))) == []


@pytest.mark.parametrize("columns", [1, 60], ids=["narrow", "60 columns with full sketches and many long names"])
def test_a_baseline_of_any_width_fits_its_frames_and_comes_back_whole(columns: int) -> None:
    rng = np.random.default_rng(3)
    numbers = {f"n{i}": rng.normal(size=4_000) for i in range(columns)}
    names = {f"c{i}": [f"{'語' * 100}{j % 900}" for j in range(4_000)] for i in range(columns // 10)}
    scores = {str(i): rng.random(4_000) for i in range(20)}
    truth = Truth(np.full(4_000, np.nan), encode_labels([f"{j % 20}" for j in range(4_000)]))
    kinds = dict.fromkeys(numbers, ColumnKind.NUMERIC) | dict.fromkeys(names, ColumnKind.CATEGORICAL)
    baseline = build_baseline(
        numbers | names, kinds, importance={"n0": 1.0}, outcomes=Outcomes(scores, truth.labels, truth)
    )

    parts = encode_baseline(baseline)

    assert all(part.ByteSize() <= MAX_BODY_BYTES + 200 for part in parts)
    assert [(part.part, part.parts) for part in parts] == [(i, len(parts)) for i in range(len(parts))]
    decoded = decode_baseline(parts)
    assert decoded.digest == baseline.digest
    assert decoded.bins.bins_id == baseline.bins.bins_id
    assert decoded.outcomes is not None
    assert decoded.outcomes.digest_bytes() == baseline.outcomes.digest_bytes()  # type: ignore[union-attr]


def test_a_baseline_without_any_column_is_one_part() -> None:
    parts = encode_baseline(build_baseline({}, {}))

    assert [(part.part, part.parts) for part in parts] == [(0, 1)]
    assert decode_baseline(parts).profiles == {}


def test_of_many_scored_rows_every_second_one_travels_with_the_baseline() -> None:
    truth = Truth(np.arange(150_000.0), Labels((), np.full(150_000, NO_LABEL, dtype=np.uint32)))
    baseline = build_baseline({"x": np.ones(2)}, {"x": ColumnKind.NUMERIC}, outcomes=Outcomes({}, None, truth))

    decoded = decode_baseline(encode_baseline(baseline)).outcomes

    assert decoded is not None
    assert decoded.actual is not None
    assert np.array_equal(decoded.actual.values, np.arange(0.0, 150_000.0, 2.0))
