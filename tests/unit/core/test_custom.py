"""What people say of their own metrics, and what follows from it for a value."""

import math

import numpy as np
import pytest

from tidegauge_collector.core.custom import CustomMetric, Numbers, change, custom_json, read_custom


@pytest.mark.parametrize(
    ("value", "baseline", "direction", "found"),
    [
        (44.0, 40.0, "higher_is_better", (10.0, "better")),
        (44.0, 40.0, "lower_is_better", (10.0, "worse")),
        (40.0, 40.0, "lower_is_better", (0.0, "same")),
        (44.0, 40.0, "", (10.0, None)),
        (-3.0, -2.0, "higher_is_better", (-50.0, "worse")),
        (1.0, 0.0, "higher_is_better", (None, "better")),
    ],
)
def test_a_change_is_better_or_worse_by_the_direction(value, baseline, direction, found):
    assert change(value, baseline, direction) == found


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ({"direction": "up"}, "write one of , higher_is_better, lower_is_better"),
        ({"basline": 1}, "basline: unknown; known are direction"),
        ({"baseline": "much"}, "write a number"),
        ({"baseline_start": "2026-01-01T00:00:00Z"}, "belong together"),
        ({"baseline_start": "yesterday", "baseline_end": "today"}, "write times such as"),
        ({"baseline_start": "2026-01-01T00:00:00", "baseline_end": "2026-01-02T00:00:00"}, "with their offset"),
        ({"baseline_start": "2026-01-02T00:00:00Z", "baseline_end": "2026-01-01T00:00:00Z"}, "the range is empty"),
        ({"baseline": 1, "baseline_start": "a", "baseline_end": "b"}, "both given"),
        ({"unit": "x" * 41}, "at most 40 characters"),
    ],
)
def test_what_makes_no_sense_is_refused_with_the_fix(said, problem):
    with pytest.raises(ValueError, match=problem):
        read_custom(said)


def test_what_is_said_is_read_back():
    said = CustomMetric(
        direction="lower_is_better",
        unit="s",
        baseline_start="1970-01-01T00:00:01Z",
        baseline_end="1970-01-01T00:00:02Z",
    )

    assert read_custom(custom_json(said)) == said
    assert said.range_us() == (1_000_000, 2_000_000)
    assert CustomMetric(baseline=3.0).range_us() is None


def test_the_standard_error_is_that_of_the_mean():
    values = np.array([1.0, 2.0, 4.0, 9.0])
    numbers = Numbers(4, values.sum(), values.std(), 1.0, 9.0)

    assert numbers.standard_error() == pytest.approx(values.std(ddof=1) / math.sqrt(4))
    assert Numbers(1, 1.0, 0.0, 1.0, 1.0).standard_error() is None
