"""What is known of one prediction id: every answer of every version, and every actual, corrections included."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from tidegauge_collector.telemetry.rowwise import split_ids
from tidegauge_collector.telemetry.store import TelemetryStore


@dataclass(frozen=True, slots=True)
class Answer:
    """What one version answered; `role` as in the proto (1 champion, 2 challenger, 3 replay, 0 not said)."""

    version: str
    role: int
    score: float | None
    label: str | None
    class_scores: Mapping[str, float]
    segments: tuple[str, ...]
    batch: str
    event_us: int
    arrival_us: int
    received_us: int


@dataclass(frozen=True, slots=True)
class Actual:
    """One truth: a number or a label."""

    value: float | None
    label: str | None
    actual_us: int
    received_us: int


@dataclass(frozen=True, slots=True)
class PredictionHistory:
    """Answers by event time, actuals by their time; of several the last counts, of the answers the last of each version."""

    answers: tuple[Answer, ...]
    actuals: tuple[Actual, ...]


def prediction_history(store: TelemetryStore, deployment: str, digest: bytes) -> PredictionHistory:
    """All of one prediction id, given as its 16 bytes on the wire."""
    high, low = split_ids(digest)
    number = store.index.deployments.known.get(deployment, -1)
    wanted = {"deployment_id": number, "id_high": int(high[0]), "id_low": int(low[0])}
    with store.snapshot():
        answers = store.rows("predictions_of_id", wanted)
        actuals = store.rows("actuals_of_id", wanted)
    segments = store.index.segment_sets.things()
    classes = store.index.score_classes.things()
    return PredictionHistory(
        tuple(
            Answer(
                version,
                role,
                score,
                label,
                _scores(classes.get(classes_id, ()), scores),
                segments.get(segment_set, ()),
                *rest,
            )
            for version, role, score, label, classes_id, scores, segment_set, *rest in answers
        ),
        tuple(Actual(*row) for row in actuals),
    )


def _scores(names: tuple[str, ...], scores: bytes | None) -> dict[str, float]:
    return dict(zip(names, np.frombuffer(scores or b"", dtype="<f8").tolist(), strict=False))
