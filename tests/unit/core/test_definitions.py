"""From definitions to the monitors of a deployment, and what a plan says of the way there."""

from dataclasses import replace

import pytest

from tidegauge_collector.core.default_monitors import DRIFT
from tidegauge_collector.core.definitions import (
    DEFAULTS,
    Definition,
    Target,
    merged,
    monitors_of,
    resolved,
    without,
)
from tidegauge_collector.core.plans import fingerprint, plan, table_of

SHOP, BANK = Target("shop-eu", {"team": "checkout"}), Target("bank")
STRICT = Definition(monitor=replace(DRIFT, failing=0.2), origin="file", source="strict.toml")
OWN = Definition(monitor=replace(DRIFT, id="own"), deployments=("shop-*",), origin="file", source="own.toml")


def test_every_deployment_has_the_defaults_where_nothing_is_defined():
    assert list(monitors_of(resolved([]).values(), BANK)) == list(DEFAULTS)


def test_a_definition_takes_the_place_of_the_default_of_its_id():
    assert resolved([STRICT])["drift"] is STRICT
    assert list(resolved([STRICT, OWN])) == [*DEFAULTS, "own"]


@pytest.mark.parametrize(
    ("change", "matched"),
    [
        ({}, True),
        ({"deployments": ("shop-*",)}, True),
        ({"deployments": ("bank", "SHOP-*")}, False),
        ({"labels": {"team": "check*"}}, True),
        ({"labels": {"team": "check*", "tier": "1"}}, False),
        ({"labels": {"tier": "*"}}, True),  # as a label that is not there is an empty one
        ({"enabled": False}, False),
    ],
)
def test_a_rule_stands_where_a_pattern_and_all_labels_match(change, matched):
    assert replace(STRICT, **change).matches(SHOP) is matched


def test_pruning_takes_files_definitions_that_are_in_no_file_and_brings_the_default_back():
    other = replace(OWN, monitor=replace(OWN.monitor, id="other"), origin="api")
    current = resolved([STRICT, OWN, other])

    kept, missing = merged(current, [OWN], prune=False)
    pruned, _ = merged(current, [OWN], prune=True)

    assert missing == ("drift",)
    assert kept == current
    assert pruned["drift"] is DEFAULTS["drift"]
    assert set(pruned) == {*DEFAULTS, "own", "other"}


def test_a_default_cannot_be_deleted_and_what_is_not_there_neither():
    with pytest.raises(ValueError, match="enabled = false"):
        without(resolved([]), "drift")
    with pytest.raises(LookupError, match="nothing"):
        without(resolved([]), "nothing")
    assert without(resolved([STRICT]), "drift") == resolved([])


def test_a_plan_says_by_deployment_what_comes_changes_and_goes():
    off = Definition(monitor=DEFAULTS["auc"].monitor, enabled=False, origin="api")

    found = plan(resolved([]), resolved([STRICT, OWN, off]), [SHOP, BANK])

    assert [(one.kind, one.id) for one in found.changes] == [("change", "drift"), ("change", "auc"), ("create", "own")]
    assert [(one.name, one.before, one.after) for one in found.changes[0].fields] == [("failing", 0.25, 0.2)]
    assert [(one.kind, one.monitor) for one in found.deployments["shop-eu"]] == [
        ("change", "drift"),
        ("remove", "auc"),
        ("create", "own"),
    ]
    assert [(one.kind, one.monitor) for one in found.deployments["bank"]] == [("change", "drift"), ("remove", "auc")]
    assert (found.unchanged, found.is_empty) == (len(DEFAULTS) - 2, False)


def test_seconds_stand_in_a_plan_as_people_write_them():
    slower = Definition(monitor=replace(DRIFT, every_s=2 * 86_400, lag_s=90), origin="file")

    (change,) = plan(resolved([]), resolved([slower]), []).changes

    assert [(one.name, one.before, one.after) for one in change.fields] == [
        ("every_s", "1d", "2d"),
        ("lag_s", 0, "90s"),
    ]


def test_a_file_that_says_what_is_takes_it_over_without_a_change():
    same = replace(DEFAULTS["drift"], origin="file", source="a.toml")

    found = plan(resolved([]), resolved([same]), [SHOP])

    assert (found.is_empty, found.taken_over, dict(found.deployments)) == (True, ("drift",), {})


def test_the_fingerprint_is_of_what_is_said_and_whose_it_is():
    assert fingerprint(resolved([STRICT, OWN])) == fingerprint(resolved([OWN, STRICT]))
    assert fingerprint(resolved([STRICT])) != fingerprint(resolved([]))
    assert fingerprint(resolved([STRICT])) != fingerprint(resolved([replace(STRICT, origin="api")]))


def test_a_table_leaves_out_what_is_assumed_but_says_what_differs_from_the_default_of_its_id():
    loose = Definition(monitor=replace(DRIFT, significance=None), origin="file")

    assert table_of(DEFAULTS["drift"])["significance"] == 0.01
    assert "lag_s" not in table_of(DEFAULTS["drift"])
    assert table_of(loose)["significance"] == "none"
    assert table_of(OWN)["deployments"] == ["shop-*"]
