"""How much a deployment may put into the frame log on a day."""

from tidegauge_collector.ingest.quotas import DAY_US, Quotas


def test_batch_that_reaches_the_quota_is_taken_and_the_next_is_not() -> None:
    quotas = Quotas(lambda name: 100)

    before = quotas.exceeded({"shop": 500}, 0)
    quotas.charge({"shop": 500}, 0)

    assert before is None
    assert quotas.exceeded({"shop": 1}, 0) == "shop"
    assert quotas.exceeded({"fleet": 1}, 0) is None


def test_next_day_begins_with_nothing_used_and_yesterday_does_not_come_back() -> None:
    quotas = Quotas(lambda name: 100)
    quotas.charge({"shop": 100}, DAY_US - 1)

    assert quotas.exceeded({"shop": 1}, DAY_US) is None
    quotas.charge({"shop": 100}, DAY_US)
    assert quotas.exceeded({"shop": 1}, DAY_US - 1) == "shop"


def test_what_was_counted_before_a_restart_counts_on_the_same_day_only() -> None:
    quotas = Quotas(lambda name: 100)
    quotas.restore(3, {"shop": 100})

    assert quotas.exceeded({"shop": 1}, 3 * DAY_US) == "shop"
    assert quotas.exceeded({"shop": 1}, 4 * DAY_US) is None


def test_names_beyond_the_bound_share_one_account() -> None:
    quotas = Quotas(lambda name: 100, max_deployments=2)
    for name in ("a", "b", "c", "d"):
        quotas.charge({name: 60}, 0)

    assert quotas.used() == {"a": 60, "b": 60, "": 120}
    assert quotas.exceeded({"e": 1}, 0) == "e"
    assert quotas.exceeded({"a": 1}, 0) is None


def test_quota_of_zero_takes_nothing() -> None:
    assert Quotas(lambda name: 0).exceeded({"shop": 1}, 0) == "shop"
