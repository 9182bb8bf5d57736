import pytest


@pytest.fixture
def give(store):
    store.ensure_deployment("flights", proposal={}, now_us=1)

    def add(digest: bytes, part=0, parts=1, *, origin="given", version="v1", payload=b"", now_us=5):
        return store.add_baseline_part(
            "flights",
            version,
            digest=digest,
            part=part,
            parts=parts,
            payload=payload,
            origin=origin,
            rows=300,
            bins_id=digest[:1],
            now_us=now_us,
        )

    return add


def test_a_baseline_is_unused_until_its_last_part_came_in_whatever_order(store, give):
    assert give(b"one", 2, 3, payload=b"c") == "incomplete"
    assert give(b"one", 0, 3, payload=b"a") == "incomplete"
    assert store.active_baseline("flights", "v1") is None

    assert give(b"one", 1, 3, payload=b"b") == "active"

    active = store.active_baseline("flights", "v1")
    assert active.parts == (b"a", b"b", b"c")
    assert (active.digest, active.origin, active.rows, active.bins_id) == (b"one", "given", 300, b"o")


def test_the_same_part_again_has_no_effect(store, give):
    assert give(b"one", 0, 2, payload=b"a") == give(b"one", 0, 2, payload=b"a") == "incomplete"
    give(b"one", 1, 2, payload=b"b")
    revision = store.config_revision()

    assert give(b"one", 1, 2, payload=b"b", now_us=99) == "active"

    assert store.config_revision() == revision
    assert len(store.baselines("flights")) == 1


def test_the_first_complete_baseline_wins_and_the_next_is_kept_as_proposed(store, give):
    give(b"early", 0, 2)

    assert give(b"whole") == "active"
    assert give(b"early", 1, 2) == "proposed"

    assert store.active_baseline("flights", "v1").digest == b"whole"
    assert {each.digest: each.status for each in store.baselines("flights")} == {
        b"early": "proposed",
        b"whole": "active",
    }


@pytest.mark.parametrize(
    ("first", "second", "winner"),
    [
        ("production", "given", "second"),
        ("given", "production", "first"),
        ("given", "given", "first"),
        ("production", "production", "first"),
    ],
)
def test_only_a_given_baseline_displaces_only_one_from_production(store, give, first, second, winner):
    give(b"first", origin=first)
    give(b"second", origin=second)

    statuses = {each.digest.decode(): each.status for each in store.baselines("flights")}

    assert store.active_baseline("flights", "v1").digest.decode() == winner
    assert sorted(statuses.values()) == ["active", "proposed"]


def test_each_activation_raises_the_deployments_and_the_global_revision(store, give):
    before = store.config_revision()

    give(b"made", origin="production")
    give(b"more", origin="production")
    give(b"given")

    assert store.config_revision() == store.deployment("flights").config_revision == before + 2


def test_versions_have_their_own_baselines(store, give):
    assert give(b"same", version="v1") == give(b"same", version="v2") == "active"


@pytest.mark.parametrize(
    "wrong", [{"part": 3, "parts": 3}, {"part": -1, "parts": 3}, {"part": 0, "parts": 0}, {"origin": "guessed"}]
)
def test_a_part_that_contradicts_itself_is_refused(store, give, wrong):
    with pytest.raises(ValueError, match=b"one".hex()):
        give(b"one", **wrong)

    assert store.baselines("flights") == []


def test_an_incomplete_baseline_does_not_mix_two_cuts(give):
    give(b"one", 0, 3)

    with pytest.raises(ValueError, match="3 parts"):
        give(b"one", 1, 2)
