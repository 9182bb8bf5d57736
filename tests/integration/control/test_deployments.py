from concurrent.futures import ThreadPoolExecutor

import pytest

from tidegauge_collector.core.default_monitors import DEFAULT_MONITORS

PROPOSAL = {
    "timezone": "America/New_York",
    "task": "binary",
    "positive_class": "late",
    "classes": ["on_time", "late"],
    "alerts": "all",
    "segments": ["carrier"],
}


def test_a_new_deployment_takes_the_whole_proposal(store):
    made = store.ensure_deployment("flights", proposal=PROPOSAL, now_us=7)

    assert (made.timezone, made.task, made.positive_class) == ("America/New_York", "binary", "late")
    assert (made.classes, made.alerts, made.segments) == (("on_time", "late"), "all", ("carrier",))
    assert made.created_at_us == 7
    assert store.deployment("flights") == made


def test_an_empty_proposal_leaves_the_defaults(store):
    made = store.ensure_deployment("flights", proposal={"task": "", "classes": [], "segments": []}, now_us=1)

    assert (made.timezone, made.task, made.positive_class, made.classes) == ("UTC", None, None, None)
    assert (made.alerts, made.segments) == ("live", ())


def test_a_later_proposal_does_not_change_what_a_deployment_has(store):
    made = store.ensure_deployment("flights", proposal=PROPOSAL, now_us=1)
    other = {"timezone": "UTC", "task": "regression", "positive_class": "x", "alerts": "live", "segments": ["origin"]}

    again = store.ensure_deployment("flights", proposal=other, now_us=2)

    assert again == made
    assert store.config_revision() == made.config_revision


def test_a_later_proposal_fills_a_task_and_classes_that_are_still_unknown(store):
    before = store.ensure_deployment("flights", proposal={}, now_us=1)

    after = store.ensure_deployment("flights", proposal=PROPOSAL, now_us=2)

    assert (after.task, after.positive_class, after.classes) == ("binary", "late", ("on_time", "late"))
    assert (after.timezone, after.alerts, after.segments) == ("UTC", "live", ())
    assert after.config_revision == store.config_revision() == before.config_revision + 1


def test_a_new_deployment_has_the_default_monitors_in_their_order(store):
    store.ensure_deployment("flights", proposal={}, now_us=1)
    store.ensure_deployment("flights", proposal={}, now_us=2)

    assert store.monitors("flights") == list(DEFAULT_MONITORS)


@pytest.mark.parametrize(
    ("proposal", "named"), [({"timezone": "Mars/Olympus"}, "Mars/Olympus"), ({"alerts": "some"}, "some")]
)
def test_a_proposal_that_is_no_setting_is_refused_by_name_and_makes_nothing(store, proposal, named):
    with pytest.raises(ValueError, match=named):
        store.ensure_deployment("flights", proposal=proposal, now_us=1)

    assert store.deployments() == []
    assert store.config_revision() == 0


def test_the_first_role_of_a_version_stays(store):
    store.ensure_deployment("flights", proposal={}, now_us=1)
    first = store.ensure_version("flights", "v1", role="challenger", now_us=3)

    again = store.ensure_version("flights", "v1", role="champion", now_us=9)
    store.ensure_version("flights", "v0", role="champion", now_us=2)

    assert again == first
    assert [(each.name, each.role) for each in store.versions("flights")] == [("v0", "champion"), ("v1", "challenger")]


def test_an_unknown_deployment_is_none_to_ask_for_and_an_error_to_work_on(store):
    assert store.deployment("nobody") is None
    with pytest.raises(LookupError, match="nobody"):
        store.versions("nobody")


def test_many_threads_make_one_deployment_and_count_each_change_once(store):
    names = [f"d{i % 5}" for i in range(40)]

    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda name: store.ensure_deployment(name, proposal={}, now_us=1), names))

    assert {each.name for each in made} == {each.name for each in store.deployments()} == set(names)
    assert store.config_revision() == 5
    assert all(store.monitors(name) == list(DEFAULT_MONITORS) for name in set(names))


def test_what_is_kept_of_all_deployments_follows_every_change(store):
    store.ensure_deployment("b", proposal={}, now_us=1)
    before = list(store.overviews())

    store.ensure_deployment("a", proposal={}, now_us=1)
    store.ensure_version("a", "v1", role="champion", now_us=3)
    store.change_deployment("a", {"owner": "ops"}, actor="anna", now_us=4)

    found = store.overviews()
    assert (before, list(found)) == (["b"], ["a", "b"])
    assert ([each.name for each in found["a"].versions], found["a"].deployment.owner) == (["v1"], "ops")
    assert [each.deployment for each in found.values()] == store.deployments()
