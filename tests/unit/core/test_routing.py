"""Which alert goes where, with which others, and how soon."""

import pytest

from tidegauge_collector.core.calendar import DAYS, Digest, Hours, duration_us
from tidegauge_collector.core.explaining import Moved, explain
from tidegauge_collector.core.matching import matches, misfit, read_matchers
from tidegauge_collector.core.routing import Route, Routing, group_of, storm_key
from tidegauge_collector.core.silences import Silence, silencing

H = 3_600_000_000
NOON = 1_795_435_200_000_000  # Monday 2026-11-23T12:00:00Z
LABELS = {
    "severity": "warning",
    "deployment": "shop-eu",
    "monitor": "drift",
    "column": "price",
    "owner": "ml",
    "label.team": "pricing",
}
KEY = "4f" * 16


def places(*routes, kinds=None, **labels):
    routing = Routing(routes, kinds or {"hook": "webhook", "chat": "slack"})
    return [(one.channel, one.route) for one in routing.places(KEY, LABELS | labels)]


def test_without_routes_every_channel_hears_of_everything_machines_at_once_and_people_in_groups():
    machine, people = Routing((), {"hook": "webhook", "chat": "slack"}).places(KEY, LABELS)

    assert (machine.key, machine.labels, machine.policy.wait_us, machine.policy.interval_us) == (KEY, {}, 0, 0)
    assert people.labels == {"deployment": "shop-eu", "monitor": "drift"}
    assert (people.policy.wait_us, people.policy.interval_us) == (30_000_000, 300_000_000)


def test_the_first_route_that_matches_takes_it_unless_it_goes_on():
    first = Route(name="a", match={"deployment": ("shop-*",)}, channels=("chat",))
    rest = Route(name="b")

    assert places(first, rest) == [("chat", "a")]
    assert places(first, rest, deployment="loans") == [("hook", "b"), ("chat", "b")]
    goes_on = Route(name="a", match={"deployment": ("shop-*",)}, channels=("chat",), goes_on=True)
    assert places(goes_on, rest) == [("chat", "a"), ("hook", "b")]


def test_what_no_route_matches_is_told_to_nobody():
    assert places(Route(name="a", match={"severity": ("failing",)})) == []


def test_a_route_takes_what_is_less_severe_and_tells_nobody():
    routes = (Route(name="a", min_severity="failing"), Route(name="b"))

    assert places(*routes) == []
    assert places(*routes, severity="failing") == [("hook", "a"), ("chat", "a")]


def test_a_group_has_the_same_key_in_every_channel_and_route_and_another_for_other_labels():
    key, labels = group_of(("deployment", "monitor"), KEY, LABELS)

    assert (len(key), labels) == (32, {"deployment": "shop-eu", "monitor": "drift"})
    assert group_of(("monitor", "deployment"), "another", LABELS)[0] == key
    assert group_of(("deployment",), KEY, LABELS)[0] != key != storm_key("chat")
    assert group_of(("alert",), KEY, LABELS) == (KEY, {})


def test_a_storm_is_told_slowly_whatever_the_route_says():
    routing = Routing((), {"hook": "webhook"})

    assert routing.policy("default", "hook", KEY).interval_us == 0
    assert routing.policy("default", "hook", storm_key("hook")).interval_us == 300_000_000
    assert routing.policy("gone", "hook", KEY).wait_us == 0


def test_each_route_says_why():
    routing = Routing(
        (
            Route(name="night", match={"owner": ("ops",)}),
            Route(name="bad", match={"deployment": ("shop-*",)}, min_severity="failing"),
            Route(name="rest"),
        ),
        {"hook": "webhook"},
    )

    assert [(step.route, step.channels, str(step.reason)) for step in routing.steps(LABELS)] == [
        ("night", (), "owner is 'ml', not 'ops'"),
        ("bad", (), "takes it, but tells from failing on only"),
        ("rest", (), "not asked: bad took it and does not say continue"),
    ]


def test_matchers_are_shell_patterns_of_which_one_must_fit_in_each_field():
    assert matches({}, LABELS)
    assert matches({"deployment": ("loans", "shop-*"), "label.team": ("pricing",)}, LABELS)
    assert not matches({"deployment": ("shop-*",), "label.region": ("?*",)}, LABELS)
    assert misfit({"column": ("p*",)}, LABELS) is None


def test_all_problems_of_matchers_are_told():
    problems = []

    found = read_matchers({"deployment": "a", "colour": "b", "label.": "c", "owner": [], "column": 3}, problems)

    assert found == {"deployment": ("a",)}
    assert [one.split(":")[0].split(" ")[0] for one in problems] == ["colour", "label.", "owner", "column"]


# ---------------------------------------------------------------- times


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        ("Mon-Fri 09:00-18:00 Europe/Berlin", [8, 16.99], [7.99, 17, 24 * 5 + 10]),
        ("Sat,Sun 00:00-24:00 UTC", [24 * 5, 24 * 7 - 0.01], [24 * 5 - 0.01, 24 * 7]),
        ("22:00-06:00 UTC", [22, 23.9, 24, 29.9, 0], [6, 21.99, 30]),
        ("Fri-Mon 00:00-24:00 UTC", [0, 24 * 4, 24 * 6], [24, 24 * 3]),
    ],
)
def test_hours_of_the_week_in_their_zone(text, inside, outside):
    midnight = NOON - 12 * H  # of a Monday
    hours = Hours.parse(text)

    assert [at for at in inside if not hours.contains(midnight + round(at * H))] == []
    assert [at for at in outside if hours.contains(midnight + round(at * H))] == []
    for at in outside:
        start = hours.next_start_us(midnight + round(at * H))
        assert hours.contains(start)
        assert not hours.contains(start - 1)
    for at in inside:
        end = hours.end_us(midnight + round(at * H))
        assert hours.contains(end - 1)
    assert Hours.parse(str(hours)) == hours


def test_hours_follow_summer_time():
    hours = Hours.parse("Mon-Sun 09:00-18:00 Europe/Berlin")
    july = NOON - 140 * 24 * H  # 2026-07-06T12:00Z

    assert hours.next_start_us(july) % (24 * H) == 7 * H
    assert hours.next_start_us(NOON) % (24 * H) == 8 * H


NO_HOURS = """
9-18
Mon-Fri 09:00-18:00
Foo 09:00-18:00 UTC
09:00-09:00 UTC
24:00-06:00 UTC
09:61-18:00 UTC
Mon-Fri 09:00-18:00 Europe/Nowhere
Mon- 09:00-18:00 ../etc
"""


@pytest.mark.parametrize("text", NO_HOURS.split("\n"))
def test_what_are_no_hours_is_refused(text):
    with pytest.raises(ValueError, match=r"write|no "):
        Hours.parse(text)


def test_a_digest_has_its_times():
    daily, hourly = Digest.parse("daily 09:00 Europe/Berlin"), Digest.parse("hourly")

    assert daily.next_us(NOON) == NOON + 20 * H
    assert daily.next_us(NOON + 20 * H) == NOON + 44 * H
    assert (hourly.next_us(NOON), hourly.next_us(NOON - 1)) == (NOON + H, NOON)
    assert (daily.is_time(NOON + 20 * H), daily.is_time(NOON), hourly.is_time(NOON)) == (True, False, True)
    assert [Digest.parse(str(one)) for one in (daily, hourly)] == [daily, hourly]
    with pytest.raises(ValueError, match="write hourly, or daily"):
        Digest.parse("weekly")


@pytest.mark.parametrize(
    ("given", "seconds"), [("30s", 30), ("5 m", 300), ("2h", 7_200), ("1d", 86_400), (1.5, 1.5), (0, 0)]
)
def test_durations(given, seconds):
    assert duration_us(given) == seconds * 1_000_000


@pytest.mark.parametrize("given", ["", "5", "5 minutes", "-5m", -1, True, None, float("nan")])
def test_what_is_no_duration_is_refused(given):
    with pytest.raises(ValueError, match="write a duration"):
        duration_us(given)


def test_silences_hold_once_or_weekly_and_the_longest_counts():
    once = Silence(id="1", matchers={"deployment": ("shop-*",)}, starts_at_us=NOON, ends_at_us=NOON + H)
    weekly = Silence(
        id="2", matchers={}, starts_at_us=NOON, ends_at_us=NOON + 1_000 * H, weekly=Hours.parse("Mon 12:00-14:00 UTC")
    )
    states = [[one.state(at) for at in (NOON - 1, NOON, NOON + H, NOON + 3 * H)] for one in (once, weekly)]

    assert states == [["pending", "active", "ended", "ended"], ["pending", "active", "active", "waiting"]]
    assert (once.until_us(NOON), weekly.until_us(NOON)) == (NOON + H, NOON + 2 * H)
    assert silencing([once, weekly], LABELS, NOON) is weekly
    assert silencing([once], {**LABELS, "deployment": "loans"}, NOON) is None
    assert weekly.is_active(NOON + 7 * 24 * H)


# ---------------------------------------------------------------- explaining


def test_what_moved_most_is_weighted_by_importance():
    moved = [Moved("price", "", 0.4), Moved("age", "", 0.3), Moved("_prediction", "", 9.0), Moved("rate", "", 0.0)]
    moved += [Moved("age", "region=N", 0.5), Moved("price", "region=S", 0.6)]

    explained = explain(moved, {"age": 0.7, "price": 0.3})

    assert [(one.column, one.importance) for one in explained.columns] == [("age", 0.7), ("price", 0.3)]
    assert (explained.segment.segment, explained.segment.column) == ("region=N", "age")
    alike = explain(moved, {})
    assert [(one.column, one.importance) for one in alike.columns] == [("price", None), ("age", None)]
    assert explain([], {}).as_json() == {"columns": [], "segment": None}


def test_days_are_named_as_people_write_them():
    assert [Hours.parse(f"{day} 00:00-24:00 UTC").days for day in DAYS] == [{number} for number in range(7)]
