"""Which limits of monitors a chart shows."""

from typing import Any

import pytest

from tidegauge_collector.web.limits import above, lines, of_ratios


def monitor(**stated: Any) -> dict[str, Any]:
    known = {"metric": "custom_mean", "columns": "*", "comparison": "above", "limits": "stated"}
    return {**known, "warning": None, "failing": None, **stated}


def test_psi_has_the_customary_limits_where_no_monitor_says_others() -> None:
    own = monitor(metric="psi", warning=0.2, failing=0.4)

    assert above([], "psi") == {"warning": 0.1, "failing": 0.25}
    assert above([own], "psi") == {"warning": 0.2, "failing": 0.4}
    assert above([own | {"columns": "amount"}, own | {"limits": "baseline"}], "psi") == above([], "psi")
    assert above([own], "ks") == {"warning": None, "failing": None}


@pytest.mark.parametrize(
    ("stated", "expected"),
    [
        ({"failing": 9.0}, [("failing", 9.0, "value")]),
        ({"comparison": "below", "warning": 5, "failing": 3}, [("warning", 5, "value"), ("failing", 3, "value")]),
        ({"comparison": "outside", "failing": [1, 9]}, [("failing", 1, "value"), ("failing", 9, "value")]),
        ({"comparison": "outside", "failing": 2}, [("failing", -2, "value"), ("failing", 2, "value")]),
        ({"comparison": "drop_from_baseline", "failing": 0.1}, [("failing", 0.1, "drop")]),
        ({"comparison": "rise_from_baseline", "warning": 0.1}, [("warning", 0.1, "rise")]),
        ({"comparison": "rise_from_trailing", "failing": 0.1}, []),
        ({"limits": "trailing", "failing": 3}, []),
        ({"metric": "custom_sum", "failing": 3}, []),
        ({"columns": "other, basket_*", "failing": 3}, [("failing", 3, "value")]),
        ({"columns": "other", "failing": 3}, []),
    ],
)
def test_limits_are_told_as_levels_or_as_fractions_of_the_baseline(
    stated: dict[str, Any], expected: list[tuple[str, float, str]]
) -> None:
    found = lines([monitor(**stated)], "custom_mean", "basket_value")

    assert [(one["severity"], one["value"], one["of"]) for one in found] == expected


def test_limits_of_ratios_are_those_of_the_first_policy_that_has_the_measure() -> None:
    measures = [{"metric": "tpr_min_ratio", "warning": None, "failing": 0.7}]
    policy = {"kind": "fairness", "enabled": True, "measures": measures}
    second = policy | {"measures": [{"metric": "selection_rate_min_ratio", "warning": 0.9, "failing": 0.8}]}

    assert of_ratios([policy, second], "tpr") == {"failing": 0.7}
    assert of_ratios([policy, second], "selection_rate") == {"warning": 0.9, "failing": 0.8}
    assert of_ratios([second | {"enabled": False}, {"kind": "measurement"}], "selection_rate") == {}
