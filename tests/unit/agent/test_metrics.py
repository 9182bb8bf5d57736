"""Numbers of one's own on their way to the worker."""

from collections import Counter

import numpy as np

from tidegauge.worker.metrics import MAX_OFFERED, CustomMetrics


def test_many_reports_of_many_numbers_wait_no_longer_than_as_many_numbers_one_by_one() -> None:
    counts: Counter[str] = Counter()
    metrics = CustomMetrics(counts)
    values, times = np.zeros(1_000), np.zeros(1_000, dtype=np.int64)

    offered = 0
    while metrics.offer("basket", values, times):
        offered += len(values)
    metrics.take(0)

    assert offered < MAX_OFFERED
    assert counts["metric_values"] == offered + len(values)
    assert metrics.offer("basket", values, times)
