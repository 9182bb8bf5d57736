"""Named arrays as one table: what stands side by side, what is summed up, what is none."""

from typing import Any

import numpy as np
import pytest

from tidegauge.integrations.tables import as_table, is_wide


def test_arrays_of_different_lengths_are_no_table() -> None:
    assert as_table({"a": np.ones((3, 2)), "b": np.ones(4)}) is None
    assert as_table({}) is None


def test_named_arrays_stand_side_by_side() -> None:
    table = as_table({"a": np.arange(4).reshape(2, 2), "b": np.array([["x"], ["y"]], dtype=object), "c": np.ones(2)})

    assert table is not None
    assert table.dtype.names == ("a.0", "a.1", "b", "c")
    assert table["a.1"].tolist() == [1, 3]
    assert table["b"].tolist() == ["x", "y"]


@pytest.mark.parametrize("rows", [0, 1, 3])
def test_tables_may_be_empty(rows: int) -> None:
    table = as_table({"a": np.ones((rows, 2)), "b": np.ones(rows), "picture": np.ones((rows, 4, 4))})
    bare = as_table({"a": np.ones((rows, 0)), "b": np.ones((rows, 0))})

    assert table is not None
    assert bare is not None
    assert len(table) == len(bare) == rows
    assert bare.shape == (rows, 0)


@pytest.mark.parametrize(("shape", "expected"), [((4, 512), False), ((4, 513), True), ((4, 2, 2), True), ((4,), False)])
def test_pictures_and_embeddings_are_wide(shape: tuple[int, ...], expected: bool) -> None:
    assert is_wide(np.zeros(shape)) is expected


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64, np.int8, np.uint8, bool])
def test_wide_rows_are_summed_up_as_in_full_precision(kind: Any) -> None:
    pictures = (np.random.default_rng(7).uniform(0, 100, size=(3, 2, 200, 200))).astype(kind)

    table = as_table({"picture": pictures})

    exact = pictures.reshape(3, -1).astype(np.float64)
    assert table is not None
    assert table["picture.mean"] == pytest.approx(exact.mean(axis=1), rel=1e-5)
    assert table["picture.norm"] == pytest.approx(np.linalg.norm(exact, axis=1), rel=1e-5)
    assert table["picture.dimensions"].tolist() == [80_000] * 3


@pytest.mark.parametrize(("value", "norm"), [(1e30, 3e31), (np.inf, np.inf), (np.nan, np.nan)])
def test_wide_rows_of_extreme_values_are_summed_up_without_a_warning(value: float, norm: float) -> None:
    table = as_table({"x": np.full((2, 30, 30), value, dtype=np.float32)})

    assert table is not None
    assert table["x.norm"] == pytest.approx([norm, norm], rel=1e-5, nan_ok=True)


def test_wide_rows_of_texts_have_their_width_alone() -> None:
    table = as_table({"words": np.full((2, 3, 4), "word", dtype=object)})

    assert table is not None
    assert table.dtype.names == ("words.dimensions",)
