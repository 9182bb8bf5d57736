"""What the demo promises, held against the evidence: each check is a claim with its grounds. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pandas as pd
from sklearn.metrics import accuracy_score

from flights_demo.data import ZONE
from flights_demo.evidence import Evidence, Json, hex_id
from flights_demo.receiver import RECEIVER, Message
from flights_demo.shift import Shift, parse_shift

QUIET = ("carrier", "origin", "hour")
FOUND_WITHIN = pd.Timedelta(days=2)
TOLERANCE = 1e-9


CLOSED = ("Done", "Resolved", "RESOLVED")  # what tickets say in the end


@dataclass(frozen=True, slots=True)
class Check:
    """A claim, whether it holds, and what it rests on."""

    claim: str
    holds: bool
    grounds: str


def check_all(evidence: Evidence) -> list[Check]:
    """Every claim of the demo that applies to this run."""
    return [check for each in _CHECKS for check in each(evidence)]


def predictions_stored_exactly(seen: Evidence) -> Iterator[Check]:
    """What the ledger is sure of is stored once; nothing else is, but for rows in doubt after a kill."""
    sent = {hex_id(one) for one in seen.ledger.predictions}
    doubtful = {hex_id(one) for one in seen.doubtful_predictions}
    ids = Counter(one["prediction_id"] for one in seen.stored)
    lost, twice = sent - ids.keys(), [one for one, count in ids.items() if count > 1]
    unknown = ids.keys() - sent - doubtful
    counted = seen.status["stored"]
    exact = counted["predictions"] == counted["prediction_ids"] == len(ids)
    grounds = (
        f"{len(sent):,} sent, {len(ids):,} stored, {len(lost)} lost, {len(twice)} twice, {len(unknown)} unknown"
        f"{_doubt(len(doubtful & ids.keys()), len(doubtful))}; status counts {counted['predictions']:,}"
    )
    holds = exact and not lost and not twice and not unknown and not seen.ledger.repeated
    yield Check("predictions stored = predictions sent", holds, grounds)


def actuals_stored_exactly(seen: Evidence) -> Iterator[Check]:
    """As many truths are stored as were sent, and beside each prediction stands its own."""
    sent = seen.ledger.actuals
    truth = {hex_id(one): value for one, value in sent.items()}
    wrong = sum(
        1 for one in seen.stored if one["prediction_id"] in truth and one["actual"] != truth[one["prediction_id"]]
    )
    stored = seen.status["stored"]["actual_ids"]
    surplus = stored - len(sent)
    holds = wrong == 0 and 0 <= surplus <= len(seen.doubtful_actuals) and seen.status["stored"]["actuals"] == stored
    doubt = _doubt(surplus, len(seen.doubtful_actuals))
    yield Check("actuals stored = actuals sent", holds, f"{len(sent):,} sent, {stored:,} stored, {wrong} wrong{doubt}")


def accuracy_is_sklearns(seen: Evidence) -> Iterator[Check]:
    """The accuracy of each month is scikit-learn's on the same rows."""
    worst, wrong = 0.0, []
    for month, value in seen.accuracy:
        rows = seen.labelled(month.number)
        expected = sklearn_accuracy(rows)
        difference = abs(value["value"] - expected) if value["value"] is not None else float("inf")
        worst = max(worst, difference)
        if difference > TOLERANCE or value["n"] != len(rows):
            wrong.append(f"{month.name}: {value['value']} of {value['n']} rows, scikit-learn {expected} of {len(rows)}")
    grounds = "; ".join(wrong) or f"{len(seen.accuracy)} month(s), largest difference {worst:.1e}"
    yield Check("accuracy by month = scikit-learn's", not wrong, grounds)


def quiet_columns_are_quiet(seen: Evidence) -> Iterator[Check]:
    """No more than one alert a month on columns that did not change."""
    opened = Counter(opened_day(one).strftime("%Y-%m") for one in seen.alerts if one["column"] in QUIET)
    listed = ", ".join(f"{month}: {count}" for month, count in sorted(opened.items())) or "none"
    holds = max(opened.values(), default=0) <= 1
    yield Check(f"{', '.join(QUIET)}: at most one alert a month", holds, listed)


def alerts_judged_whole_days(seen: Evidence) -> Iterator[Check]:
    """No drift alert was opened on a part of a day: what was judged is all that is stored of the window."""
    partial = []
    for alert in (one for one in seen.alerts if one["metric"] == "psi"):
        start, end = (pd.Timestamp(alert["opened_window"][each]).tz_localize(None) for each in ("start", "end"))
        there, judged = (
            int(seen.stored_rows["event"].between(start, end, inclusive="left").sum()),
            alert["events"][0]["n"],
        )
        if judged != there:
            partial.append(f"{alert['column']} on {judged} of {there} flights")
    yield Check("drift alerts judged whole days", not partial, "; ".join(partial) or "all of them")


def shift_is_found(seen: Evidence) -> Iterator[Check]:
    """The sensor in other units is found within two event days, told once, and over when it is over."""
    if not seen.plan.shift:
        return
    shift = parse_shift(seen.plan.shift)
    alerts = [one for one in seen.alerts if one["column"] == shift.column and _concerns(one, shift)]
    claim = f"shift of {shift.column}: found in two days, told once, resolved"
    if len(alerts) != 1:
        yield Check(claim, False, f"{len(alerts)} alerts on {shift.column} since {shift.start}")
        return
    (alert,) = alerts
    waited = _judged_at(alert["opened_window"]) - pd.Timestamp(shift.start, tz=ZONE)
    told = Counter(one.type for one in _arrived(seen, alert) if one.type != "alert.updated")
    resolved = alert["status"] == "resolved" and _judged_at(alert["window"]) > pd.Timestamp(shift.end, tz=ZONE)
    replayed_long_enough = seen.rows["day"].max() >= pd.Timestamp(shift.end) + FOUND_WITHIN
    once = told["alert.firing"] == 1 and (told["alert.resolved"] == 1 or not replayed_long_enough)
    holds = waited <= FOUND_WITHIN and once and (resolved or not replayed_long_enough)
    yield Check(claim, holds, f"after {waited / pd.Timedelta(hours=1):.0f} h, {alert['status']}, {_told(told)}")


def deliveries_arrived(seen: Evidence) -> Iterator[Check]:
    """Each event of each alert reached the receiver, signed; once, but where a kill made the sender repeat itself."""
    expected = {one["id"] for alert in seen.alerts for one in to_receiver(alert)}
    arrived = Counter(one.id for one in seen.messages if not one.problem)
    bad = [one.problem for one in seen.messages if one.problem]
    missing, unknown = expected - arrived.keys(), arrived.keys() - expected
    repeated = sum(count - 1 for count in arrived.values())
    untold = sum(1 for alert in seen.alerts if not to_receiver(alert))
    holds = not (missing or unknown or bad or untold) and (repeated == 0 or bool(seen.kills))
    grounds = f"{len(expected)} sent, {len(arrived)} arrived, {repeated} repeated, {len(bad)} badly signed"
    yield Check("alert events reached the receiver once, signed", holds, grounds)


def desk_followed(seen: Evidence) -> Iterator[Check]:
    """Each tool of the people on call shows one ticket of the shift: opened, updated when somebody took it, resolved.

    In a shift of a few days, which are replayed in a moment, nobody has the time to take it.
    """
    if not seen.plan.shift:
        return
    shift = parse_shift(seen.plan.shift)
    alerts = [one for one in seen.alerts if one["column"] == shift.column and _concerns(one, shift)]
    was_taken = any(one["acknowledged_by"] for one in alerts)
    is_over = any(one["status"] == "resolved" for one in alerts)
    for story in seen.stories:
        is_updated = any("acknowledged" in step for step in story.history)
        is_closed = any(word in step for step in story.history[-2:] for word in CLOSED)
        holds = len(story.tickets) == 1 and not story.problems and is_updated is was_taken and is_closed is is_over
        steps = ["opened", *(["updated"] if is_updated else []), *(["resolved"] if is_closed else [])]
        grounds = story.problems[0] if story.problems else f"{len(story.tickets)} ticket(s): {', '.join(steps)}"
        yield Check(f"{story.tool}: one ticket, opened, updated, resolved", holds, grounds)


def nothing_dropped(seen: Evidence) -> Iterator[Check]:
    """No row was dropped, at the workers or on the way."""
    dropped: Counter[str] = Counter(seen.status["dropped"])
    for one in seen.costs:
        dropped.update(one.get("dropped", {}))
    listed = ", ".join(f"{reason}: {rows}" for reason, rows in dropped.items()) or "none"
    yield Check("no row dropped", not any(dropped.values()), listed)


def service_cannot_tell(seen: Evidence) -> Iterator[Check]:
    """The wrapped process loads nothing heavy, and answers and fails as before."""
    loaded = ", ".join(seen.isolation["loaded"]) or "no grpc, duckdb, scipy, pandas, sklearn beside a plain function"
    yield Check("nothing heavy loaded by the agent", not seen.isolation["loaded"], loaded)
    same = bool(seen.isolation["transparent"])
    yield Check("results and exceptions as without the wrap", same, "bit for bit" if same else "they differ")


_CHECKS: tuple[Callable[[Evidence], Iterator[Check]], ...] = (
    predictions_stored_exactly,
    actuals_stored_exactly,
    accuracy_is_sklearns,
    quiet_columns_are_quiet,
    alerts_judged_whole_days,
    shift_is_found,
    deliveries_arrived,
    desk_followed,
    nothing_dropped,
    service_cannot_tell,
)


def to_receiver(alert: Json) -> list[Json]:
    """The messages of an alert that went to the demo's webhook."""
    return [one for one in alert["deliveries"] if one["channel"] == RECEIVER]


def sklearn_accuracy(rows: pd.DataFrame) -> float:
    """Share of right answers at 0.5, by scikit-learn."""
    return float(accuracy_score(rows["late"], rows["score"] >= 0.5)) if len(rows) else float("nan")


def opened_day(alert: Json) -> pd.Timestamp:
    """The day of New York whose flights opened an alert."""
    return pd.Timestamp(alert["opened_window"]["end"]).tz_convert(ZONE) - pd.Timedelta(hours=12)


def _judged_at(window: Json) -> pd.Timestamp:
    return pd.Timestamp(window["end"]).tz_convert(ZONE)


def _concerns(alert: Json, shift: Shift) -> bool:
    return bool(_judged_at(alert["opened_window"]) > pd.Timestamp(shift.start, tz=ZONE))


def _arrived(seen: Evidence, alert: Json) -> list[Message]:
    ids = {one["id"] for one in to_receiver(alert)}
    unique = {one.id: one for one in seen.messages if one.id in ids and not one.problem}
    return list(unique.values())


def _told(told: Counter[str]) -> str:
    return ", ".join(f"{count} × {kind}" for kind, count in told.items()) or "no message"


def _doubt(stored: int, of: int) -> str:
    return f", and {stored} of {of} in doubt when a worker was killed" if of else ""
