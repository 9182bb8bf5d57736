"""Tests of today, or of this month, are not overtaken by midnight."""

import time
from contextlib import AbstractContextManager
from datetime import UTC, datetime

import pytest
from collector_harbour import Tide, amid_a_day, amid_a_month


@pytest.mark.parametrize(
    ("amid", "real", "began"),
    [
        (amid_a_day(), "2026-11-12T23:59:50", "2026-11-13T00:59:50"),
        (amid_a_day(), "2026-11-12T12:00:00", "2026-11-12T12:00:00"),
        (amid_a_day(), "2026-11-30T23:30:00", "2026-12-01T00:30:00"),
        (amid_a_month(), "2026-11-12T23:59:50", "2026-11-12T23:59:50"),
        (amid_a_month(), "2026-11-30T23:59:50", "2026-12-01T00:59:50"),
    ],
)
def test_where_midnight_is_near_it_is_past(
    monkeypatch: pytest.MonkeyPatch, amid: AbstractContextManager[None], real: str, began: str
) -> None:
    real_s = int(datetime.fromisoformat(real).replace(tzinfo=UTC).timestamp())
    monkeypatch.setattr(time, "time_ns", lambda: real_s * 10**9)

    with amid:
        now_us = Tide().now_us()

    assert datetime.fromtimestamp(now_us / 1e6, UTC).isoformat()[:19] == began
