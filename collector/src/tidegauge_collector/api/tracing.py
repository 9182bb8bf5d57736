"""`…/predictions/{prediction_id}`: which version answered a prediction, with what, when, and what turned out to be true."""

from __future__ import annotations

from tidegauge.core.ids import digest_id
from tidegauge_collector.api.query import NotFound, check_known
from tidegauge_collector.api.scope import Json, Query, Sources, find_deployment
from tidegauge_collector.measuring.measurement import finite, rfc3339
from tidegauge_collector.telemetry.history import Actual, Answer, PredictionHistory, prediction_history

_ROLES = {1: "champion", 2: "challenger", 3: "replay"}
_DIGEST_DIGITS = 32


def show_prediction(sources: Sources, name: str, prediction_id: str, query: Query) -> Json:
    """All answers and actuals of a prediction, named by the user's id or by the digest that lists show."""
    check_known(query)
    find_deployment(sources, name)
    for digest in _digests(prediction_id):
        found = prediction_history(sources.telemetry, name, digest)
        if found.answers or found.actuals:
            return _shown(digest, found)
    raise NotFound(
        f"prediction {prediction_id!r:.140} of {name!r} is not stored: it never came with an id, was deleted, or is older than kept"
    )


def _digests(prediction_id: str) -> list[bytes]:
    found = [digest_id(prediction_id)]
    if len(prediction_id) == _DIGEST_DIGITS:
        try:
            found.append(bytes.fromhex(prediction_id))
        except ValueError:
            return found  # a user's id that only has the length of a digest
    return found


def _shown(digest: bytes, found: PredictionHistory) -> Json:
    actuals = [_actual(one) for one in found.actuals]
    return {
        "prediction_id": digest.hex(),
        "answers": [_answer(one) for one in found.answers],
        "actual": actuals[-1]["value"] if actuals else None,
        "actuals": actuals,
    }


def _answer(one: Answer) -> Json:
    return {
        "version": one.version,
        "role": _ROLES.get(one.role),
        "score": finite(one.score),
        "label": one.label,
        "class_scores": {name: finite(score) for name, score in one.class_scores.items()},
        "segments": list(one.segments),
        "batch": one.batch or None,
        "event_time": rfc3339(one.event_us),
        "arrival_time": rfc3339(one.arrival_us),
        "received": rfc3339(one.received_us),
    }


def _actual(one: Actual) -> Json:
    value = one.label if one.label is not None else finite(one.value)
    return {"value": value, "timestamp": rfc3339(one.actual_us), "received": rfc3339(one.received_us)}
