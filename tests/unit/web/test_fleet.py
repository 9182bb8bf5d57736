"""Which deployments the page of all shows, and in which order."""

from datetime import UTC, datetime
from typing import Any

import pytest

from tidegauge_collector.web.fleet import PAGE, range_of, since_of, view_fleet

from .fake_reader import DEPLOYMENT


def named(name: str, **stated: Any) -> dict[str, Any]:
    calm: dict[str, Any] = {
        "verdict": "ok",
        "open_alerts": 0,
        "health": {},
        "importance": "normal",
        "owner": "",
        "labels": {},
    }
    return DEPLOYMENT | calm | stated | {"name": name}


def names(items: list[dict[str, Any]], **query: str) -> list[str]:
    return [one["name"] for group in view_fleet(items, query).groups for one in group.items]


def test_the_worst_come_first_by_alerts_and_by_blocks_then_the_important_ones() -> None:
    items = [
        named("calm"),
        named("burning", verdict="failing"),
        named("important", verdict="failing", importance="critical"),
        named("drifting", health={"drift": "failing"}, open_alerts=2),
        named("warned", verdict="warning"),
    ]

    assert names(items) == ["important", "drifting", "burning", "warned", "calm"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"q": "PAY fraud"}, ["fraud"]),
        ({"q": "team=risk"}, ["fraud"]),
        ({"q": "nobody"}, []),
        ({"verdict": "failing"}, ["fraud"]),
        ({"owner": "ops"}, ["delay"]),
        ({"importance": "low"}, ["delay"]),
        ({"block": "drift"}, ["fraud"]),
        ({"sort": "name"}, ["delay", "fraud"]),
        ({"sort": "predictions"}, ["delay", "fraud"]),
        ({"sort": "nonsense", "group": "nonsense", "page": "x"}, ["fraud", "delay"]),
    ],
)
def test_the_address_chooses(query: dict[str, str], found: list[str]) -> None:
    items = [
        named("delay", owner="ops", importance="low", predictions_last_day=99),
        named(
            "fraud",
            owner="pay",
            verdict="failing",
            labels={"team": "risk"},
            health={"drift": "warning"},
            predictions_last_day=None,
        ),
    ]

    assert names(items, **query) == found


def test_groups_are_whole_and_in_the_order_of_their_worst() -> None:
    items = [named("a", owner="x"), named("b", owner="y", verdict="failing"), named("c", owner="y"), named("d")]

    view = view_fleet(items, {"group": "owner"})

    assert [(group.name, [one["name"] for one in group.items]) for group in view.groups] == [
        ("y", ["b", "c"]),
        ("x", ["a"]),
        ("", ["d"]),
    ]


def test_a_thousand_come_a_page_at_a_time_and_none_is_lost() -> None:
    items = [named(f"m{i:04}") for i in range(1_000)]

    pages = [names(items, page=str(page)) for page in range(1, 11)]

    assert {len(page) for page in pages} == {PAGE}
    assert sorted(name for page in pages for name in page) == [f"m{i:04}" for i in range(1_000)]
    assert view_fleet(items, {"page": "99"}).page == 10


def test_counts_are_of_what_else_was_chosen_whatever_verdict_is_picked() -> None:
    items = [named("a", owner="x", verdict="failing"), named("b", owner="x"), named("c")]

    view = view_fleet(items, {"owner": "x", "verdict": "ok"})

    assert dict(view.counts) == {"failing": 1, "ok": 1}
    assert (view.found, view.total) == (1, 3)


def test_links_keep_what_is_picked_and_begin_at_the_first_page() -> None:
    view = view_fleet([named("a")], {"q": "a b", "verdict": "ok", "page": "3"})

    assert view.link(verdict="failing") == "/?q=a+b&verdict=failing"
    assert view.link(q="", verdict="") == "/"


@pytest.mark.parametrize(
    ("asked", "range_", "day"), [("7d", "7d", (11, 23)), ("", "30d", (10, 31)), ("x", "30d", (10, 31))]
)
def test_the_summary_counts_alerts_since_the_range_began(asked: str, range_: str, day: tuple[int, int]) -> None:
    now = datetime(2026, 11, 30, tzinfo=UTC)

    assert range_of({"range": asked}) == range_
    assert since_of({"range": asked}, now) == datetime(2026, *day, tzinfo=UTC)
