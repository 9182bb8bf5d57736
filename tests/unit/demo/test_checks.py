"""The checks find what they are for: evidence of a flawless run, with one flaw at a time."""

from dataclasses import replace
from io import StringIO

import pandas as pd
import pytest
from rich.console import Console

from flights_demo.checks import check_all
from flights_demo.evidence import Evidence, hex_id, months_of
from flights_demo.ledger import Ledger
from flights_demo.plan import Plan
from flights_demo.receiver import Message
from flights_demo.report import print_report

DAY = pd.Timedelta(days=1)
SHIFT = "distance:2013-04-10:2013-04-15"


def made_rows():
    days = pd.date_range("2013-04-01", "2013-04-30")
    rows = pd.DataFrame({"day": days, "event": days + DAY / 2, "id": [f"id-{n}" for n in range(30)], "month": 4})
    return rows.assign(late=[n % 2 for n in range(30)], score=[0.9 if n % 3 else 0.1 for n in range(30)])


def made_stored(rows):
    return [
        {"prediction_id": hex_id(row["id"]), "score": row["score"], "actual": float(row["late"])}
        for row in rows.to_dict("records")
    ]


def made_alert(*, opened="2013-04-11", ended="2013-04-17", column="distance"):
    deliveries = [
        {"id": f"msg-{column}-{n}", "channel": "receiver", "status": "delivered", "attempts": 1, "delivered_at": "x"}
        for n in range(2)
    ]
    return {
        "metric": "psi",
        "column": column,
        "severity": "failing",
        "acknowledged_by": "",
        "status": "resolved",
        "value": 0.02,
        "events": [{"kind": "opened", "value": 1.5, "n": 1}],
        "opened_window": {"start": f"{pd.Timestamp(opened) - DAY:%Y-%m-%d}T04:00:00Z", "end": f"{opened}T04:00:00Z"},
        "window": {"start": "", "end": f"{ended}T04:00:00Z"},
        "deliveries": deliveries,
    }


def made_messages(alert):
    types = ["alert.firing", "alert.resolved"]
    return [Message(one["id"], kind, {}, "") for one, kind in zip(alert["deliveries"], types, strict=True)]


@pytest.fixture
def flawless():
    rows, alert = made_rows(), made_alert()
    (month,) = months_of(rows["day"])
    right = float((rows["late"] == (rows["score"] >= 0.5)).mean())
    return Evidence(
        plan=Plan(data=".", collector="", days=30, shift=SHIFT),
        rows=rows,
        ledger=Ledger(
            dict(zip(rows["id"], rows["score"], strict=True)), dict(zip(rows["id"], rows["late"], strict=True))
        ),
        doubtful_predictions=set(),
        doubtful_actuals=set(),
        status={"stored": {"predictions": 30, "prediction_ids": 30, "actuals": 30, "actual_ids": 30}, "dropped": {}},
        stored=made_stored(rows),
        accuracy=[(month, {"value": right, "n": 30, "coverage": 1.0, "reason": None})],
        psi=[{"column": "distance", "value": 1.5, "window": {"start": "2013-04-11T04:00:00Z"}, "verdict": "failing"}],
        alerts=[alert],
        messages=made_messages(alert),
        costs=[{"worker": 0, "calls": 9, "model_us": 5e3, "added_us": 6e2, "added_p99_us": 1e3, "dropped": {}}],
        isolation={"loaded": [], "transparent": True},
    )


def broken(evidence):
    return [one.claim.split(" (")[0] for one in check_all(evidence) if not one.holds]


def with_stored(evidence, stored, **counts):
    status = {**evidence.status, "stored": evidence.status["stored"] | counts}
    return replace(evidence, stored=stored, status=status)


def test_a_flawless_run_passes_every_check(flawless):
    assert broken(flawless) == []
    assert len(check_all(flawless)) == 10


def test_a_lost_prediction_is_found(flawless):
    seen = with_stored(flawless, flawless.stored[1:], predictions=29, prediction_ids=29)

    assert "predictions stored = predictions sent" in broken(seen)


def test_a_prediction_stored_twice_is_found(flawless):
    seen = with_stored(flawless, [*flawless.stored, flawless.stored[0]], predictions=31)

    assert "predictions stored = predictions sent" in broken(seen)


def test_a_prediction_that_nobody_sent_is_found(flawless):
    stranger = {"prediction_id": hex_id("stranger"), "score": 0.5, "actual": None}
    seen = with_stored(flawless, [*flawless.stored, stranger], predictions=31, prediction_ids=31)

    assert broken(seen) == ["predictions stored = predictions sent"]


def in_doubt(evidence, lost):
    """The last id was begun and never settled; whether it was stored is open."""
    last = evidence.rows["id"].iloc[-1]
    predictions = {one: score for one, score in evidence.ledger.predictions.items() if one != last}
    seen = replace(
        evidence,
        ledger=Ledger(predictions, evidence.ledger.actuals, [(0, 3)]),
        doubtful_predictions={last},
        kills=["worker"],
    )
    if not lost:
        return seen
    (month, value), rows = evidence.accuracy[0], evidence.rows.iloc[:-1]
    value = value | {"n": 29, "value": float((rows["late"] == (rows["score"] >= 0.5)).mean())}
    seen = replace(seen, accuracy=[(month, value)])
    return with_stored(seen, evidence.stored[:-1], predictions=29, prediction_ids=29)


@pytest.mark.parametrize("lost", [False, True])
def test_a_row_in_doubt_may_be_stored_or_not(flawless, lost):
    assert broken(in_doubt(flawless, lost)) == []


def test_a_wrong_truth_is_found(flawless):
    first = flawless.stored[0]
    seen = with_stored(flawless, [first | {"actual": 1.0 - first["actual"]}, *flawless.stored[1:]])

    assert broken(seen) == ["actuals stored = actuals sent"]


@pytest.mark.parametrize("actual_ids", [29, 31])
def test_lost_and_surplus_truths_are_found(flawless, actual_ids):
    seen = with_stored(flawless, flawless.stored, actuals=actual_ids, actual_ids=actual_ids)

    assert broken(seen) == ["actuals stored = actuals sent"]


@pytest.mark.parametrize("change", [{"value": 0.51}, {"n": 29}, {"value": None}])
def test_another_accuracy_than_sklearns_is_found(flawless, change):
    (month, value) = flawless.accuracy[0]

    assert broken(replace(flawless, accuracy=[(month, value | change)])) == ["accuracy by month = scikit-learn's"]


def test_two_alerts_a_month_on_quiet_columns_are_too_many(flawless):
    more = [made_alert(column="hour"), made_alert(column="origin")]
    messages = [*flawless.messages, *(each for one in more for each in made_messages(one))]
    seen = replace(flawless, alerts=[*flawless.alerts, *more], messages=messages)

    assert broken(seen) == ["carrier, origin, hour: at most one alert a month"]


@pytest.mark.parametrize(
    "alerts",
    [[], [made_alert(opened="2013-04-13")], [made_alert(ended="2013-04-15")], [made_alert(), made_alert()]],
    ids=["never", "late", "resolved early", "twice"],
)
def test_a_shift_found_never_late_or_twice_is_a_flaw(flawless, alerts):
    messages = made_messages(alerts[0]) if alerts else []
    seen = replace(flawless, alerts=alerts, messages=messages)

    assert broken(seen) == ["shift of distance: found in two days, told once, resolved"]


def test_an_alert_on_a_part_of_a_day_is_found(flawless):
    alert = flawless.alerts[0] | {"events": [{"kind": "opened", "value": 1.5, "n": 0}]}

    assert broken(replace(flawless, alerts=[alert])) == ["drift alerts judged whole days"]


def test_an_event_that_never_arrived_is_found(flawless):
    assert "alert events reached the receiver once, signed" in broken(replace(flawless, messages=flawless.messages[:1]))


def test_an_event_that_arrived_twice_is_found_unless_something_was_killed(flawless):
    twice = replace(flawless, messages=[*flawless.messages, flawless.messages[0]])

    assert broken(twice) == ["alert events reached the receiver once, signed"]
    assert broken(replace(twice, kills=["collector"])) == []


def test_a_bad_signature_is_found(flawless):
    bad = replace(flawless.messages[0], problem="webhook-signature does not fit the body")

    assert "alert events reached the receiver once, signed" in broken(
        replace(flawless, messages=[*flawless.messages, bad])
    )


def test_dropped_rows_are_found_at_the_worker_and_on_the_way(flawless):
    status = flawless.status | {"dropped": {"quota": 3}}
    cost = flawless.costs[0] | {"dropped": {"buffer_full": 1}}

    assert broken(replace(flawless, status=status)) == ["no row dropped"]
    assert broken(replace(flawless, costs=[cost])) == ["no row dropped"]


def test_a_heavy_module_and_a_changed_answer_are_found(flawless):
    seen = replace(flawless, isolation={"loaded": ["grpc"], "transparent": False})

    assert len(broken(seen)) == 2


def test_the_table_tells_the_month_the_alert_and_what_did_not_hold(flawless):
    text = StringIO()
    seen = replace(flawless, messages=[])

    print_report(Console(file=text, width=200), seen, check_all(seen))

    table = text.getvalue()
    assert "April" in table
    assert "0.500000000" in table
    assert "2013-04-10" in table
    assert "NO" in table


def test_months_are_new_yorks():
    first, second = months_of(pd.Series(pd.date_range("2013-10-30", "2013-11-04")))

    assert (first.name, str(first.start), str(first.end)) == (
        "October",
        "2013-10-30 04:00:00+00:00",
        "2013-11-01 04:00:00+00:00",
    )
    assert (second.name, str(second.end)) == ("November", "2013-11-05 05:00:00+00:00")
