"""Deletion on demand: what is named goes, the rest stays, a dry run only counts, and nothing comes back."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from tidegauge.core.bins import ReferenceBins, numeric_bins
from tidegauge.core.columns import numeric_values
from tidegauge.core.ids import digest_id
from tidegauge.core.profile import profile_numeric
from tidegauge.core.windows import DAY_US, HOUR_US, Window
from tidegauge_collector.telemetry.counts import column_counts
from tidegauge_collector.telemetry.deleting import delete, delete_barred_actuals, deletions_applied, would_delete
from tidegauge_collector.telemetry.events import events
from tidegauge_collector.telemetry.extent import stored_counts
from tidegauge_collector.telemetry.fold import LogPosition, fold
from tidegauge_collector.telemetry.records import records
from tidegauge_collector.telemetry.settle import settle
from tidegauge_collector.telemetry.store import TelemetryStore
from tidegauge_collector.telemetry.testing import (
    Answers,
    Sender,
    Source,
    actuals_frame,
    event_frame,
    profile_frame,
    records_frame,
)
from tidegauge_collector.telemetry.tombstones import Tombstone, Tombstones

BINS = ReferenceBins({"temp": numeric_bins("temp", np.arange(50.0))})
HERE = LogPosition(b"log", 1)
DAYS = [Window(0, DAY_US), Window(DAY_US, 2 * DAY_US)]
SECOND = Source(version="2")
LATER_US = 10**15


def stone(version=None, window=None, prediction=None, deployment="flights"):
    digest = digest_id(prediction) if prediction is not None else None
    return Tombstone("d1", deployment, version, window, digest, LATER_US)


def everything(epoch=b"\x01" * 16, received_us=1):
    """Two versions, two days of hours, records a, b (version 1) and c (version 2), actuals, an event."""
    sender = Sender(epoch, received_us=received_us)
    column = profile_numeric("temp", numeric_values([1.0, 2.0, 60.0]), BINS.columns["temp"])
    frames = [
        profile_frame([column], Window(hour * HOUR_US, (hour + 1) * HOUR_US), bins_id=BINS.bins_id, source=source)
        for hour in range(48)
        for source in (Source(), SECOND)
    ]
    frames += [
        records_frame(["a", "b"], [HOUR_US, DAY_US], Answers([0.1, 0.2])),
        records_frame(["c", "a"], [HOUR_US, HOUR_US], Answers([0.3, 0.4]), source=SECOND),
        actuals_frame(["a", "b", "c"], [1, 0, 1], [5, 5, 5]),
        event_frame("deploy", 5),
    ]
    return [sender.send(frame) for frame in frames]


@pytest.fixture(params=["as folded", "settled"])
def full(store, request):
    fold(store, everything(), HERE)
    if request.param == "settled":
        settle(store, lambda _: "UTC", before_us=DAY_US)
    return store


def rows(store, version="1", windows=DAYS):
    return column_counts(store, "flights", version=version, segment="", bins=BINS, windows=windows)[
        "temp"
    ].rows.tolist()


def ids(store):
    found = {digest_id(name).hex(): name for name in "abc"}
    return sorted((found[one.prediction_id], one.version, one.actual_value) for one in records(store, "flights"))


def test_a_deployment_goes_whole(full):
    removed = delete(full, stone())

    assert (removed["predictions"], removed["actuals"], removed["events"]) == (4, 3, 1)
    assert rows(full) == rows(full, "2") == [0, 0]
    assert ids(full) == []
    assert events(full, "flights", window=DAYS[0]) == []


def test_of_another_deployment_nothing_goes(full):
    assert delete(full, stone(deployment="hotels")) == {}
    assert rows(full) == [72, 72]


def test_a_version_goes_and_the_other_keeps_its_actuals(full):
    delete(full, stone(version="1"))

    assert rows(full) == [0, 0]
    assert rows(full, "2") == [72, 72]
    assert ids(full) == [("a", "2", 1.0), ("c", "2", 1.0)]
    assert stored_counts(full, "flights").actual_rows == 2


def test_a_range_that_cuts_days_leaves_the_rest_of_them(full):
    removed = delete(full, stone(version="1", window=Window(6 * HOUR_US, DAY_US + 6 * HOUR_US)))

    assert removed["predictions"] == 1
    assert rows(full) == [18, 54]
    assert rows(full, windows=[Window(5 * HOUR_US, 7 * HOUR_US)]) == [3]
    assert rows(full, "2") == [72, 72]


def test_a_prediction_id_goes_with_its_actuals_from_all_versions_and_counts_stay(full):
    removed = delete(full, stone(prediction="a"))

    assert removed == {"predictions": 2, "actuals": 1}
    assert ids(full) == [("b", "1", 0.0), ("c", "2", 1.0)]
    assert rows(full) == [72, 72]


@pytest.mark.parametrize("asked", [{}, {"version": "1"}, {"prediction": "a"}, {"window": Window(0, DAY_US)}])
def test_a_dry_run_counts_what_goes_and_removes_nothing(full, asked):
    before = rows(full), ids(full), stored_counts(full, "flights")

    planned = would_delete(full, stone(**asked))

    assert (rows(full), ids(full), stored_counts(full, "flights")) == before
    assert deletions_applied(full) == set()
    assert delete(full, stone(**asked)) == planned
    assert deletions_applied(full) == {"d1"}


@pytest.mark.parametrize("asked", [{}, {"version": "1"}, {"prediction": "a"}, {"window": Window(6 * HOUR_US, DAY_US)}])
def test_the_log_folded_again_does_not_bring_it_back(full, asked):
    delete(full, stone(**asked))
    left = rows(full), rows(full, "2"), ids(full), stored_counts(full, "flights")

    with TelemetryStore.open(None, memory_limit="500MB") as again:
        again.index.tombstones = Tombstones([stone(**asked)])
        for entry in everything():
            fold(again, [entry], HERE)
        delete_barred_actuals(again)

        assert (rows(again), rows(again, "2"), ids(again), stored_counts(again, "flights")) == left


def test_actuals_that_lie_before_their_deleted_predictions_in_the_log_go_as_well_also_after_a_restart(tmp_path):
    actuals = Sender(b"\x02" * 16).send(actuals_frame(["a", "b", "c"], [1, 0, 1], [5, 5, 5]))
    with TelemetryStore.open(tmp_path / "telemetry.duckdb") as store:
        store.index.tombstones = Tombstones([stone(version="2")])
        fold(store, [actuals], HERE)
        fold(store, everything()[:-2], HERE)

    with TelemetryStore.open(tmp_path / "telemetry.duckdb") as store:
        assert store.index.has_barred_ids
        delete_barred_actuals(store)

        assert (stored_counts(store, "flights").actual_ids, store.index.has_barred_ids) == (2, False)
        assert ids(store) == [("a", "1", 1.0), ("b", "1", 0.0)]


def test_an_actual_that_comes_after_the_deletion_stays(store):
    store.index.tombstones = Tombstones([stone(version="1"), stone(version="2")])
    fold(store, everything()[:-2], HERE)
    late = Sender(b"\x02" * 16, received_us=LATER_US + 1)
    fold(store, [late.send(actuals_frame(["a"], [1], [5]))], HERE)

    delete_barred_actuals(store)

    assert stored_counts(store, "flights").actual_rows == 1


def test_what_comes_after_a_deletion_counts_again_but_a_deleted_id_never(store):
    store.index.tombstones = Tombstones([stone(version="1"), stone(prediction="a")])

    fold(store, everything(received_us=LATER_US), HERE)

    assert rows(store) == [72, 72]
    assert ids(store) == [("b", "1", 0.0), ("c", "2", 1.0)]
    assert store.index.tombstones.rows_barred == 3


def test_a_plan_waits_for_nobody_who_writes(full):
    with ThreadPoolExecutor(1) as other, full.write():
        planned = other.submit(would_delete, full, stone()).result(timeout=60)

    assert planned == delete(full, stone())
