"""Ids and digests against their written vectors."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from uuid import UUID

import numpy as np
import pandas as pd
import pytest

from tidegauge.core.bins import ReferenceBins, categorical_bins, numeric_bins, stated_bins
from tidegauge.core.columns import ColumnKind
from tidegauge.core.ids import digest_id, digest_ids, prediction_id_text
from tidegauge.core.schema import schema_id
from tidegauge.errors import UsageError

VECTORS = json.loads((Path(__file__).parents[2] / "golden/wire/ids.json").read_text())


@pytest.mark.parametrize("vector", VECTORS["prediction_ids"], ids=lambda v: repr(v["text"])[:30])
def test_the_digest_of_an_id_is_that_of_the_vectors(vector: Mapping[str, str]) -> None:
    assert digest_id(vector["text"]).hex() == vector["digest"]
    assert hashlib.blake2b(vector["text"].encode(), digest_size=16).hexdigest() == vector["digest"]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (42, "42"),
        (-7, "-7"),
        (np.int64(42), "42"),
        (np.uint8(255), "255"),
        (2**100, str(2**100)),
        (UUID("01890A5D-AC96-774B-BCCE-B302099A8057"), "01890a5d-ac96-774b-bcce-b302099a8057"),
        ("01890A5D", "01890A5D"),
        ("", ""),
    ],
)
def test_an_id_stands_for_its_text(value: object, text: str) -> None:
    assert prediction_id_text(value) == text
    assert digest_id(value) == digest_id(text)


@pytest.mark.parametrize("value", [1.0, True, None, b"a", ("a",), float("nan"), pd.NA, np.float64(3), np.bool_(1)])
def test_an_id_of_another_type_is_refused_with_its_value_and_what_to_give(value: object) -> None:
    with pytest.raises(UsageError, match=r"prediction id .* is a .*: give a string, an integer or a UUID"):
        digest_id(value)


def test_digests_of_several_ids_lie_one_after_another() -> None:
    assert digest_ids(["a", 1]) == digest_id("a") + digest_id("1")
    assert digest_ids([]) == b""


def test_the_schema_id_is_that_of_the_vectors_in_any_order_of_columns() -> None:
    vector = VECTORS["schema_id"]
    columns = {name: ColumnKind(kind) for name, kind in reversed(json.loads(vector["text"]))}

    assert schema_id(columns).hex() == vector["digest"]
    assert hashlib.blake2b(vector["text"].encode(), digest_size=16).hexdigest() == vector["digest"]


def test_the_bins_id_is_that_of_the_vectors() -> None:
    bins = ReferenceBins(
        {
            "distance": numeric_bins("distance", np.sort(np.array([0.0] * 12 + [1.5, 2.25, 3.0, -4.0]))),
            "temp": stated_bins("temp", [0.0, 10.5], np.array([5.0])),
            "carrier": categorical_bins("carrier", {"UA": 3, "Æ": 2, "": 2}),
            "empty": numeric_bins("empty", np.empty(0)),
        }
    )
    vector = VECTORS["bins_id"]

    assert bins.bins_id.hex() == vector["digest"]
    assert hashlib.blake2b(vector["text"].encode(), digest_size=16).hexdigest() == vector["digest"]
    assert ReferenceBins(dict(reversed(bins.columns.items()))).bins_id == bins.bins_id


def test_with_a_key_the_digest_is_another_and_needs_the_same_key():
    key = b"sixteen bytes at"

    assert digest_id("42", key).hex() == "1ac3812aab015a9c8fdf2c3c2879e281"
    assert len({digest_id("42"), digest_id("42", key), digest_id("42", b"another key of it")}) == 3
    assert digest_ids(["42", 42], key) == 2 * digest_id("42", key)
