"""What is kept of baselines in memory is loaded again for the deployment that changed, and only for it."""

from pathlib import Path

import numpy as np
import pytest

from tidegauge.core.baseline import build_baseline
from tidegauge.core.columns import ColumnKind
from tidegauge.wire.rows import encode_baseline
from tidegauge_collector.control import ControlStore
from tidegauge_collector.jobs.baselines import keep_part
from tidegauge_collector.measuring.baselines import Baselines
from tidegauge_collector.measuring.handout import Handout


@pytest.fixture
def store(tmp_path: Path):
    control = ControlStore.open(tmp_path / "control.sqlite")
    yield control
    control.close()


@pytest.fixture
def loaded(store, monkeypatch):
    """Names of deployments whose baseline was read from the store, in order."""
    names: list[str] = []
    real = store.active_baseline

    def counted(deployment: str, version: str):
        names.append(deployment)
        return real(deployment, version)

    monkeypatch.setattr(store, "active_baseline", counted)
    return names


def give_baseline(store: ControlStore, deployment: str) -> None:
    store.ensure_deployment(deployment, proposal={}, now_us=1)
    store.ensure_version(deployment, "v1", role="champion", now_us=1)
    baseline = build_baseline({"age": np.arange(100.0)}, {"age": ColumnKind.NUMERIC})
    for part in encode_baseline(baseline):
        keep_part(store, deployment, "v1", part, now_us=1)


def test_a_new_deployment_does_not_have_the_baselines_of_others_loaded_again(store, loaded):
    give_baseline(store, "flights")
    baselines = Baselines(store)
    first = baselines.active("flights", "v1")

    give_baseline(store, "loans")
    loaded.clear()

    assert baselines.active("flights", "v1") is first
    assert baselines.active("loans", "v1") is not None
    assert loaded == ["loans"]


def test_a_baseline_that_comes_later_is_found(store):
    store.ensure_deployment("flights", proposal={}, now_us=1)
    store.ensure_version("flights", "v1", role="champion", now_us=1)
    baselines = Baselines(store)
    assert baselines.active("flights", "v1") is None

    give_baseline(store, "flights")

    assert baselines.active("flights", "v1") is not None


def test_a_greeting_is_answered_from_memory_and_with_what_has_changed_since(store, loaded):
    give_baseline(store, "flights")
    handout = Handout(store, Baselines(store))
    revision, all_of_them = handout.since(0)
    loaded.clear()

    give_baseline(store, "loans")
    newer, changed = handout.since(revision)

    assert [one.deployment for one in all_of_them] == ["flights"]
    assert [one.deployment for one in changed] == ["loans"]
    assert [one.deployment for one in handout.since(0)[1]] == ["flights", "loans"]
    assert handout.since(newer) == (newer, [])
    assert loaded == ["loans"]


def test_only_the_bins_of_the_deployments_that_are_wanted_are_handed_out(store, loaded):
    for name in ("flights", "loans", "shop"):
        give_baseline(store, name)
    handout = Handout(store, Baselines(store))
    loaded.clear()

    revision, handed = handout.since(0, {"loans", "unheard-of"})

    assert revision == store.config_revision()
    assert [one.deployment for one in handed] == loaded == ["loans"]
    assert handout.since(0, frozenset()) == (revision, [])
