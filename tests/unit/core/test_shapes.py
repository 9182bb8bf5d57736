"""Fields of a dataclass: what files may say, how it is written back, and what the schema says of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

import pytest

from tidegauge_collector.core.shapes import duration_text, fields_of, read, schema, written


class Tone(StrEnum):
    LOUD = "loud"
    SOFT = "soft"


@dataclass(frozen=True)
class Range:
    start: str
    end: str = "now"


@dataclass(frozen=True, kw_only=True)
class Rule:
    id: str
    limit: float | None
    rows: int
    every_s: int
    pause_s: float | None = None
    kind: Literal["above", "below"] = "above"
    tone: Tone = Tone.SOFT
    on: bool = True
    hold: tuple[int, int] = (1, 1)
    names: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    ranges: tuple[Range, ...] = field(default=(), metadata={"doc": "left out"})
    note: str | None = None
    level: float | Literal["learned"] = 1.0


FIELDS = {one.name: one for one in fields_of(Rule)}


@pytest.mark.parametrize(
    ("name", "said", "value"),
    [
        ("id", "a", "a"),
        ("limit", 1, 1.0),
        ("limit", "none", None),
        ("limit", None, None),
        ("rows", 3.0, 3),
        ("every_s", 90, 90),
        ("every_s", "90s", 90),
        ("every_s", "5m", 300),
        ("every_s", "1h", 3_600),
        ("every_s", "7d", 604_800),
        ("every_s", "1.5h", 5_400),
        ("pause_s", "0.5s", 0.5),
        ("pause_s", "none", None),
        ("kind", "below", "below"),
        ("tone", "loud", Tone.LOUD),
        ("on", False, False),
        ("hold", [2, 3], (2, 3)),
        ("names", ["a", "b"], ("a", "b")),
        ("labels", {"team": "x-*"}, {"team": "x-*"}),
        ("ranges", [{"start": "a"}], (Range("a"),)),
        ("note", "none", "none"),
        ("level", "learned", "learned"),
        ("level", 2, 2.0),
    ],
)
def test_what_is_written_is_read_as_what_it_means(name, said, value):
    assert read(FIELDS[name], said) == value
    assert type(read(FIELDS[name], said)) is type(value)


@pytest.mark.parametrize(
    ("name", "said", "fix"),
    [
        ("id", 3, "text in quotes"),
        ("id", "\ud800", "whole characters"),
        ("limit", True, "write a number or none"),
        ("limit", float("inf"), "a number"),
        ("limit", "0.1", "a number or none"),
        ("rows", 1.5, "a whole number"),
        ("rows", "90s", "a whole number"),
        ("every_s", "90", '"90s", "5m", "1h", "7d"'),
        ("every_s", "1.5s", "seconds as a number"),
        ("every_s", "1w", '"7d"'),
        ("kind", "beside", "one of above, below"),
        ("tone", "shrill", "one of loud, soft"),
        ("on", 1, "true or false"),
        ("hold", [1], "a list of 2"),
        ("hold", "1 of 2", "a list"),
        ("names", "a", "a list"),
        ("labels", ["a"], "a table"),
        ("labels", {"team": 1}, "for 'team'"),
        ("ranges", [{"end": "b"}], "write start too"),
        ("ranges", [{"start": "a", "stop": "b"}], "'stop' is unknown"),
        ("ranges", [{"start": 1}], "for start"),
        ("level", "taught", "a number or one of learned"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_what_to_write(name, said, fix):
    with pytest.raises(ValueError, match="write ") as refused:
        read(FIELDS[name], said)

    assert fix in str(refused.value)


@pytest.mark.parametrize("name", FIELDS)
def test_a_default_is_read_back_from_how_it_is_written(name):
    one = FIELDS[name]

    if not one.is_required and written(one, one.default) is not None:
        assert read(one, written(one, one.default)) == one.default


def test_seconds_are_written_in_their_largest_whole_unit():
    said = [duration_text(seconds) for seconds in (0, 0.5, 1, 90, 300, 3_600, 5_400, 86_400, 604_800)]

    assert said == [0, 0.5, "1s", "90s", "5m", "1h", "90m", "1d", "7d"]


def test_the_schema_says_what_a_field_means_takes_and_is_by_default():
    assert schema(FIELDS["ranges"])["description"] == "left out"
    assert schema(FIELDS["kind"]) == {"enum": ["above", "below"], "default": "above"}
    assert schema(FIELDS["limit"]) == {"anyOf": [{"type": "number"}, {"enum": ["none", None]}]}
    assert schema(FIELDS["every_s"])["anyOf"][0] == {"type": "integer"}
    assert schema(FIELDS["ranges"])["items"]["required"] == ["start"]


def test_a_kind_that_no_file_can_hold_is_a_fault_of_the_program():
    @dataclass(frozen=True)
    class Odd:
        what: complex = 0j

    with pytest.raises(TypeError, match="complex"):
        read(fields_of(Odd)[0], 1)
