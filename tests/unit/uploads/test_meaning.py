"""What the columns of an upload mean, by its parameters."""

import pytest

from tidegauge_collector.uploads.errors import UploadRefused
from tidegauge_collector.uploads.meaning import DEFAULT_COLUMNS, PARAMETERS, TEXTS, read_meaning


def test_columns_of_the_usual_names_are_known_without_a_word():
    meaning = read_meaning("observations", {"version": "1"})

    present = dict.fromkeys(["prediction_id", "timestamp", "prediction", "actual", "x"])
    assert [meaning.column(name, present) for name in ("id", "time", "prediction", "actual", "label")] == [
        "prediction_id",
        "timestamp",
        "prediction",
        "actual",
        None,
    ]
    assert meaning.stated == frozenset()


def test_columns_that_a_parameter_names_must_be_there():
    meaning = read_meaning("observations", {"id": "a", "prediction": "p,q", "segments": "s,t&u", "features": "x"})

    assert meaning.stated == {"a", "p", "q", "s", "t", "u", "x"}
    assert meaning.segment_columns == ("s", "t", "u")


def test_the_value_of_an_actual_has_two_usual_names():
    meaning = read_meaning("actuals", {})

    assert meaning.column("actual", {"value": 1}) == "value"
    assert meaning.column("actual", {"value": 1, "actual": 1}) == "actual"


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"colour": "x"}, "'colour'"),
        ({"on_error": "ignore"}, "refuse or skip"),
        ({"role": "king"}, "champion or challenger or replay"),
        ({"alerts": "some"}, "live or all"),
        ({"task": "guess"}, "regression or binary or multiclass"),
        ({"time_zone": "Mars/Base"}, "IANA name"),
        ({"time_zone": "../etc/passwd"}, "IANA name"),
        ({"features": "a,a"}, "twice"),
        ({"version": "x" * 129}, "128"),
    ],
)
def test_a_parameter_that_makes_no_sense_is_named(query, words):
    with pytest.raises(UploadRefused, match=words):
        read_meaning("observations", query)


@pytest.mark.parametrize("text", ["a", "a:", "a:x", "a:-1", "a:nan", "a:inf"])
def test_importance_needs_a_weight_for_each_column(text):
    with pytest.raises(UploadRefused, match="COLUMN:WEIGHT"):
        read_meaning("baseline", {"importance": text})


def test_importance_is_read_with_colons_in_names():
    assert read_meaning("baseline", {"importance": "a:0.5,b:c:1"}).importance == {"a": 0.5, "b:c": 1.0}


def test_every_parameter_is_explained():
    named = {name for names in PARAMETERS.values() for name in names} - {"version"}

    assert named == TEXTS.keys()
    assert DEFAULT_COLUMNS.keys() <= TEXTS.keys()
