"""docs/wire.md is right about calls, frames, limits, digests and ids."""

import json
from uuid import UUID

import numpy as np
import pytest

from tidegauge.core.bins import ReferenceBins, canonical_bins, categorical_bins, numeric_bins
from tidegauge.core.columns import ColumnKind
from tidegauge.core.ids import digest_id
from tidegauge.core.schema import schema_id
from tidegauge.wire import telemetry_pb2 as pb
from tidegauge.wire.codec import MAX_FRAME_BYTES, PROTOCOL_VERSION
from tidegauge.wire.kinds import FrameKind
from tidegauge_collector.ingest.batch import MAX_FRAMES
from tidegauge_collector.ingest.service import EXPECTED_SEQ, MAX_EPOCHS_A_HELLO, RETRY_AFTER_MS

from .pages import ROOT, blocks, code_words, rows, section, text_of

PAGE = "docs/wire.md"
GOLDEN = ROOT / "tests" / "golden" / "wire" / "ids.json"
TYPES = {"text": str, "integer": int, "uuid": UUID}


def _vectors():
    return [
        (code_words(id_)[0], kind, code_words(digest)[0])
        for id_, kind, digest in rows(section(PAGE, "## Prediction ids"))
    ]


@pytest.mark.parametrize(("text", "kind", "digest"), _vectors())
def test_an_id_vector_is_what_the_code_computes(text, kind, digest):
    assert digest_id(TYPES[kind](text)).hex() == digest


def test_calls_are_those_of_the_proto():
    calls = [name for row in rows(section(PAGE, "## Calls")) for name in code_words(row[0])]
    service = pb.DESCRIPTOR.services_by_name["Telemetry"]

    assert calls[: len(service.methods)] == [method.name for method in service.methods]


def test_bodies_of_frames_and_their_kinds_are_those_of_the_code():
    listed = {code_words(row[0])[0]: int(row[1]) for row in rows(section(PAGE, "## Frames"))}

    assert listed == {kind.name.lower(): int(kind) for kind in FrameKind}
    assert list(listed) == [field.name for field in pb.Frame.DESCRIPTOR.oneofs_by_name["body"].fields]


def test_limits_and_names_are_those_of_the_code():
    page = text_of(PAGE)

    assert f"Protocol version: **{PROTOCOL_VERSION}**" in page
    assert f"{MAX_FRAME_BYTES // 1024} KiB" in page
    assert f"{MAX_FRAMES:,} frames a Ship, {MAX_EPOCHS_A_HELLO:,} epochs a Hello" in page
    assert EXPECTED_SEQ in page
    assert RETRY_AFTER_MS in page


def test_the_worked_bins_id_and_schema_id_are_what_the_code_computes():
    bins = ReferenceBins(
        {
            "hour": numeric_bins("hour", np.array([1.0, 2.0, 3.0, 4.0])),
            "carrier": categorical_bins("carrier", {"UA": 3, "AA": 1}),
        }
    )
    kinds = {"hour": ColumnKind.NUMERIC, "carrier": ColumnKind.CATEGORICAL}
    told = section(PAGE, "## bins_id and schema_id")

    assert [block.strip() for block in blocks(told, "json")] == [canonical_bins(bins.columns.values())]
    assert f"`bins_id` = `{bins.bins_id.hex()}`" in told
    assert f"`{schema_id(kinds).hex()}`" in told


def test_the_page_shows_golden_vectors_as_they_are():
    golden = {one["text"]: one["digest"] for one in json.loads(GOLDEN.read_text(encoding="utf-8"))["prediction_ids"]}
    shown = {str(TYPES[kind](text)): digest for text, kind, digest in _vectors()}

    assert shown.items() <= golden.items()
