"""Service levels: requests, predictions, errors and latency as counted by the agents."""

import numpy as np

from tidegauge.core.columns import ERROR, LATENCY, ROWS, ColumnKind, category_counts, numeric_values
from tidegauge.core.latency import bucket_indexes
from tidegauge.core.profile import limit_names, profile_categories, profile_durations, profile_numeric
from tidegauge.core.windows import MINUTE_US, Window
from tidegauge_collector.telemetry.fold import LogPosition, fold
from tidegauge_collector.telemetry.service import ServiceCounts, service_counts
from tidegauge_collector.telemetry.testing import Sender, Source, profile_frame

HERE = LogPosition(b"log", 1)
MINUTES = tuple(Window(i * MINUTE_US, (i + 1) * MINUTE_US) for i in range(2))


def served(durations_ns, rows, errors, *, window=MINUTES[0], version="1"):
    columns = [
        profile_durations(LATENCY, np.array(durations_ns)),
        profile_numeric(ROWS, numeric_values(list(map(float, rows)))),
        profile_categories(ERROR, category_counts(errors, ColumnKind.CATEGORICAL)),
    ]
    return profile_frame(columns, window, source=Source(version=version), arrival=True)


def test_calls_of_all_frames_add_up(store):
    sender = Sender()
    frames = [
        served([5, 1_000_000, 1_000_000], [1, 10, 2], ["system:ValueError"]),
        served([5, 7], [3, 4], ["user:KeyError", "system:ValueError"]),
    ]
    fold(store, [sender.send(frame) for frame in frames], HERE)

    found, empty = service_counts(store, "flights", windows=MINUTES)

    big = int(bucket_indexes(np.array([1_000_000]))[0])
    assert (found.requests, found.predictions) == (5, 20)
    assert found.errors == {"system:ValueError": 2, "user:KeyError": 1}
    assert (found.system_errors, found.user_errors) == (2, 1)
    assert found.latency == {5: 2, 7: 1, big: 2}
    assert empty == ServiceCounts(MINUTES[1])


def test_one_version_may_be_asked_for(store):
    sender = Sender()
    frames = [served([5], [1], []), served([5, 5], [1, 1], [], version="2")]
    fold(store, [sender.send(frame) for frame in frames], HERE)

    rows = [service_counts(store, "flights", windows=MINUTES[:1], version=v)[0].requests for v in ("1", "2", None)]

    assert rows == [1, 2, 3]


def test_errors_whose_class_was_not_kept_are_the_systems(store):
    errors = profile_categories(ERROR, category_counts(["system:A", "system:B", "user:C"], ColumnKind.CATEGORICAL))
    fold(store, [Sender().send(profile_frame([limit_names(errors, 1)], MINUTES[0], arrival=True))], HERE)

    (found,) = service_counts(store, "flights", windows=MINUTES[:1])

    assert (sum(found.errors.values()), found.unnamed_errors, found.system_errors + found.user_errors) == (1, 2, 3)
