"""Private copies cannot be reached by the caller, cost little memory, and keep what the worker needs."""

from collections import OrderedDict
from dataclasses import dataclass
from types import MappingProxyType, SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pydantic import BaseModel

from tidegauge.copies import private_copy, texts_as_rows
from tidegauge.worker.shapes import Unread, count_rows, slice_rows, unpacked
from tidegauge.worker.tabulate import tabulate


@dataclass
class Flight:
    distance: float
    carrier: str


class Request(BaseModel):
    distance: float
    carrier: str


class Tensor:
    """Gives its numbers by numpy's protocol, as tensors of torch and others do."""

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.ones((2, 3))


class DeviceTensor:
    shape = (4, 3)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        raise TypeError("copy it to the host first")


@pytest.mark.parametrize(
    "value",
    [
        np.arange(6.0),
        np.ones((2, 3)),
        np.arange(3),
        np.ones((400, 3)),
        np.arange(12.0)[::2],
        np.ones((2, 3), order="F"),
    ],
    ids=["row", "table", "integers", "large", "strided", "fortran"],
)
def test_a_copied_array_is_the_array_as_it_was(value: np.ndarray) -> None:
    before = value.copy()

    copied, size = private_copy(value)
    rows = count_rows(value)
    value[...] = -1

    assert np.array_equal(unpacked(copied), before)
    assert unpacked(copied).dtype == before.dtype
    assert count_rows(copied) == rows
    assert size == (before.nbytes if before.nbytes > 2_048 else 0)


@pytest.mark.parametrize(
    ("value", "mutate"),
    [
        ({"x": 1.0}, lambda v: v.clear()),
        ([{"x": 1.0}], lambda v: v[0].clear()),
        ([[1.0]], lambda v: v[0].append(2.0)),
        ([np.ones(1)], lambda v: v[0].fill(9.0)),
        (pd.DataFrame({"x": [1.0]}), lambda v: v.__setitem__("x", 9.0)),
        (pd.Series([1.0], index=["x"]), lambda v: v.__setitem__("x", 9.0)),
        (OrderedDict(x=1.0), lambda v: v.clear()),
    ],
    ids=["dict", "dicts", "lists", "arrays", "frame", "series", "ordered"],
)
def test_mutating_the_original_does_not_change_the_copy(value: Any, mutate: Any) -> None:
    copied, _ = private_copy(value)

    mutate(value)

    columns, rows = tabulate(copied, ("x",))
    assert (rows, columns["x"].tolist()) == (1, [1.0])


@pytest.mark.parametrize(
    "value",
    [Flight(1.5, "UA"), Request(distance=1.5, carrier="UA"), MappingProxyType({"distance": 1.5, "carrier": "UA"})],
    ids=["dataclass", "pydantic", "mapping"],
)
def test_objects_with_fields_are_rows(value: object) -> None:
    assert private_copy(value)[0] == {"distance": 1.5, "carrier": "UA"}
    assert private_copy([value, value])[0] == [{"distance": 1.5, "carrier": "UA"}] * 2
    assert count_rows([value, value]) == 2


def test_a_tensor_is_copied_by_numpys_protocol_and_one_on_a_device_is_not_read() -> None:
    assert np.array_equal(private_copy(Tensor())[0], np.ones((2, 3)))
    assert private_copy(DeviceTensor()) == (Unread("DeviceTensor", 4, "object"), 0)


def test_nothing_is_kept_of_a_generator() -> None:
    generator = (i for i in range(3))

    copied, _ = private_copy(generator)

    assert copied == Unread("generator", 1, "stream")
    assert list(generator) == [0, 1, 2]


def test_masked_values_are_missing() -> None:
    copied, _ = private_copy(np.ma.masked_array([[1.0, 2.0]], mask=[[False, True]]))

    assert copied.tolist() == [[1.0, None]]


def test_texts_are_rows_of_one_column_for_models_that_take_them() -> None:
    for texts in (["a", "b"], np.array(["a", "b"]), np.array(["a", "b"], dtype=object), pd.Series(["a", "b"])):
        assert texts_as_rows(texts) == [["a"], ["b"]]
    assert texts_as_rows([1.0, 2.0]) == [1.0, 2.0]
    assert texts_as_rows([]) == []


def test_slices_of_tables_and_answers_are_rows_of_them() -> None:
    frame = pd.DataFrame({"x": [1, 2, 3]})

    assert slice_rows(frame, slice(1, 3))["x"].tolist() == [2, 3]
    assert slice_rows([1, 2, 3], slice(0, 1)) == [1]
    assert slice_rows("2026-11-23", slice(0, 1)) == "2026-11-23"
    assert slice_rows(None, slice(0, 1)) is None


class NoAnswers(type):
    """A class that does not even say what it has."""

    def __getattr__(cls, name: str) -> Any:
        raise RuntimeError(f"no {name} for you")


class Struct:
    """By msgspec's protocol."""

    __struct_fields__ = ("distance", "carrier")

    def __init__(self) -> None:
        self.distance, self.carrier = 1.5, "UA"


class Attrs(Struct):
    """By the protocol of attrs."""

    __struct_fields__ = None
    __attrs_attrs__ = (SimpleNamespace(name="distance"), SimpleNamespace(name="carrier"))


def test_objects_of_msgspec_and_attrs_are_rows() -> None:
    for one in (Struct(), Attrs()):
        assert private_copy(one)[0] == {"distance": 1.5, "carrier": "UA"}
        assert tabulate([one, one])[1] == count_rows([one, one]) == 2


def test_a_class_on_which_every_look_fails_is_no_table_and_no_fault() -> None:
    hostile = NoAnswers("Hostile", (), {})()

    assert private_copy(hostile) == (Unread("Hostile", 1), 0)
    assert (count_rows(hostile), slice_rows(hostile, slice(0, 1)) is hostile) == (1, True)
    assert private_copy([hostile])[0] == [Unread("Hostile", 1)]


def test_numbers_with_names_keep_them() -> None:
    series = pd.Series({"x": 1.0, "y": 2.0})

    assert texts_as_rows(series) is series


@pytest.mark.parametrize("shape", [(0,), (0, 0), (0, 3), (2, 0)])
def test_an_array_of_no_objects_is_copied(shape: tuple[int, ...]) -> None:
    assert private_copy(np.empty(shape, dtype=object))[0].shape == shape
