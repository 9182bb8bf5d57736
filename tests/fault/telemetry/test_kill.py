"""kill -9 while folding: whatever was committed, folding the same log again counts every frame exactly once."""

import random
import subprocess
import sys

import numpy as np
import pytest

from tidegauge.core.columns import numeric_values
from tidegauge.core.moments import SecondMoments
from tidegauge.core.profile import profile_numeric
from tidegauge.core.windows import DAY_US, Window
from tidegauge_collector.telemetry.extent import log_position, marks, stored_counts
from tidegauge_collector.telemetry.fold import FoldEntry, LogPosition, fold
from tidegauge_collector.telemetry.moments import column_moments
from tidegauge_collector.telemetry.second_moments import second_moments
from tidegauge_collector.telemetry.store import TelemetryStore
from tidegauge_collector.telemetry.testing import HOUR, Answers, Sender, actuals_frame, profile_frame, records_frame

BATCHES, IN_BATCH = 60, 3
BINS_ID = b"b" * 16

CHILD = """
import sys
sys.path.insert(0, sys.argv[3])
from test_kill import batches
from tidegauge_collector.telemetry.compact import compact
from tidegauge_collector.telemetry.fold import fold
from tidegauge_collector.telemetry.settle import settle
from tidegauge_collector.telemetry.store import TelemetryStore

with TelemetryStore.open(sys.argv[1]) as store:
    for i, (entries, position) in enumerate(batches()):
        fold(store, entries, position)
        if i % 7 == 3:
            store.checkpoint()
        if i % 11 == 5:
            compact(store, before_us=2**60)
        if i % 5 == 2:
            settle(store, lambda _: "UTC", before_us=2**60)
        print(position.log_seq, flush=True)
"""


def batches() -> list[tuple[list[FoldEntry], LogPosition]]:
    """The same log for whoever asks: two epochs, a profile, records and actuals in turn."""
    senders = [Sender(b"\x01" * 16), Sender(b"\x02" * 16)]
    found = []
    for i in range(BATCHES):
        sender = senders[i % 2]
        profile = profile_numeric("temp", numeric_values([float(i), None]))
        moments = SecondMoments(("temp",), 2, np.array([float(i)]), np.array([float(i * i)]))
        frames = [
            profile_frame([profile], bins_id=BINS_ID, moments=moments),
            records_frame([f"id-{i}"], [i], Answers([i / BATCHES])),
            actuals_frame([f"id-{i}"], [1], [i]),
        ]
        found.append(([sender.send(frame) for frame in frames], LogPosition(b"log", i)))
    return found


@pytest.mark.parametrize("seed", range(4))
def test_a_killed_fold_counts_every_frame_once(tmp_path, seed):
    path = tmp_path / "t.duckdb"
    kill_after = random.Random(seed).randrange(2, BATCHES - 5)
    command = [sys.executable, "-c", CHILD, str(path), "", str(__file__.rsplit("/", 1)[0])]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        acknowledged = [int(child.stdout.readline()) for _ in range(kill_after)]
        child.kill()
        acknowledged += [int(line) for line in child.stdout.read().split()]

    with TelemetryStore.open(path) as store:
        assert log_position(store).log_seq >= acknowledged[-1]  # nothing committed is lost
        for entries, position in batches():
            fold(store, entries, position)

        found = column_moments(store, "flights", version="1", segment="", window=HOUR)["temp"]
        counts = stored_counts(store, "flights")
        days = column_moments(store, "flights", version="1", segment="", window=Window(0, DAY_US))["temp"]
        assert (found.rows, found.missing, found.mean) == (2 * BATCHES, BATCHES, (BATCHES - 1) / 2)
        assert (days.rows, days.missing) == (2 * BATCHES, BATCHES)
        (moments,) = second_moments(
            store,
            "flights",
            version="1",
            segment="",
            bins_id=BINS_ID,
            features=("temp",),
            windows=[HOUR],
        )
        assert (moments.rows, moments.products.tolist()) == (2 * BATCHES, [sum(i * i for i in range(BATCHES))])
        assert (counts.prediction_rows, counts.prediction_ids) == (BATCHES, BATCHES)
        assert (counts.actual_rows, counts.actual_ids) == (BATCHES, BATCHES)
        assert {one.mark for one in marks(store).values()} == {BATCHES // 2 * IN_BATCH}
