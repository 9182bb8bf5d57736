from datetime import date

import pandas as pd
import pytest

from flights_demo.shift import DEFAULT_SHIFT, Shift, apply_shift, parse_shift


def test_a_shift_reads_back_as_it_was_written():
    assert str(parse_shift(DEFAULT_SHIFT)) == DEFAULT_SHIFT


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("distance", "COLUMN:FROM:TO"),
        ("distance:2013-09-01:september", "COLUMN:FROM:TO"),
        ("carrier:2013-09-01:2013-10-01", "'carrier' has no other units"),
        ("distance:2013-10-01:2013-10-01", "ends before it begins"),
    ],
)
def test_a_shift_that_makes_no_sense_is_refused_with_the_cure(text, message):
    with pytest.raises(ValueError, match=message):
        parse_shift(text)


def test_only_the_days_of_the_shift_and_its_column_change():
    days = pd.to_datetime(["2013-08-31", "2013-09-01", "2013-09-30", "2013-10-01"])
    rows = pd.DataFrame({"day": days, "distance": [100.0] * 4, "scheduled_minutes": [60.0] * 4})

    shifted = apply_shift(rows, Shift("distance", date(2013, 9, 1), date(2013, 10, 1)))

    assert shifted["distance"].tolist() == [100.0, 160.9344, 160.9344, 100.0]
    assert shifted["scheduled_minutes"].tolist() == [60.0] * 4
    assert rows["distance"].tolist() == [100.0] * 4
