"""Rows are seen from the commit of their fold on, a moment before the index keeps their numbers: who reads in between misses nothing."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tidegauge.core.ids import digest_id
from tidegauge.core.windows import DAY_US, Window
from tidegauge_collector.telemetry.answered import answered
from tidegauge_collector.telemetry.exporting import export
from tidegauge_collector.telemetry.fold import LogPosition, fold
from tidegauge_collector.telemetry.history import prediction_history
from tidegauge_collector.telemetry.index import Index
from tidegauge_collector.telemetry.joined import joined, predicted_ids
from tidegauge_collector.telemetry.records import records
from tidegauge_collector.telemetry.store import TelemetryStore
from tidegauge_collector.telemetry.testing import Answers, Sender, actuals_frame, records_frame

HERE = LogPosition(b"log", 1)
DAY = Window(0, DAY_US)
PLACE = ("place=harbour",)


@contextmanager
def between_commit_and_keep(patches: pytest.MonkeyPatch, look: Callable[[], None]) -> Iterator[None]:
    keep = Index.keep

    def keep_later(index: Index) -> None:
        look()
        keep(index)

    with patches.context() as patch:
        patch.setattr(Index, "keep", keep_later)
        yield


def of_scores(store: TelemetryStore) -> Any:
    found = joined(store, "flights", version="1", segment="", start_us=0, end_us=DAY_US)
    return {name: sorted(values.tolist()) for name, values in found.class_scores.items()}


def of_segment(store: TelemetryStore) -> Any:
    place, version = PLACE[0], "1"
    rows = joined(store, "flights", version=version, segment=place, start_us=0, end_us=DAY_US)
    return len(rows), predicted_ids(store, "flights", version=version, segment=place, windows=[DAY]).tolist()


def of_records(store: TelemetryStore) -> Any:
    return [one.segments for one in records(store, "flights")]


def of_history(store: TelemetryStore) -> Any:
    return [(one.segments, one.class_scores) for one in prediction_history(store, "flights", digest_id("b")).answers]


def of_answers(store: TelemetryStore) -> Any:
    found = answered(store, "flights", version="1", start_us=0, end_us=DAY_US)
    return sorted(found.segments.get(number, ("unknown",)) for number in found.segment_set.tolist())


def of_export(store: TelemetryStore) -> Any:
    (part,) = export(store, "flights", "records", DAY)
    return part.table.column("segments").to_pylist()


READS = [of_scores, of_segment, of_records, of_history, of_answers, of_export]


@pytest.mark.parametrize("read", READS)
def test_numbers_of_a_fold_that_has_just_been_committed_are_known(
    store: TelemetryStore, monkeypatch: pytest.MonkeyPatch, read: Callable[[TelemetryStore], Any]
) -> None:
    sender = Sender()
    fold(
        store,
        [sender.send(records_frame(["a"], [1], Answers([0.1]))), sender.send(actuals_frame("ab", [1, 1], [9, 9]))],
        HERE,
    )
    answers = Answers(segments=[PLACE], outputs={"early": [0.25], "late": [0.75]})
    found: list[Any] = []

    with between_commit_and_keep(monkeypatch, lambda: found.append(read(store))):
        fold(store, [sender.send(records_frame(["b"], [2], answers))], HERE)

    assert repr(found) == repr([read(store)])  # NaN is NaN
    assert "harbour" in repr(found) or "0.25" in repr(found) or found == [(1, [1])]


def test_numbers_of_a_fold_that_was_undone_are_given_to_what_comes_next(
    store: TelemetryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: str) -> None:
        raise RuntimeError("killed")

    sender = Sender()
    first = sender.send(records_frame(["a"], [1], Answers([0.1], segments=[("place=sea",)])))
    with monkeypatch.context() as patch:
        patch.setattr("tidegauge_collector.telemetry.store.crash_here", fail)
        with pytest.raises(RuntimeError, match="killed"):
            fold(store, [first], HERE)
    sender = Sender()
    fold(store, [sender.send(records_frame(["b"], [2], Answers([0.1], segments=[PLACE])))], HERE)

    assert of_records(store) == [PLACE]
