"""What is laid side by side is of one state of the store, whatever is folded between the reads."""

from collections.abc import Callable
from threading import Thread
from types import SimpleNamespace
from typing import Any

import pytest

from tidegauge.core.baseline import build_baseline
from tidegauge.core.columns import ColumnKind, numeric_values
from tidegauge.core.profile import profile_numeric
from tidegauge.core.windows import HOUR_US, Window
from tidegauge_collector.api import profiles
from tidegauge_collector.measuring import gauged
from tidegauge_collector.measuring.baselines import ActiveBaseline
from tidegauge_collector.telemetry.fold import LogPosition, fold
from tidegauge_collector.telemetry.store import TelemetryStore
from tidegauge_collector.telemetry.testing import Sender, profile_frame

HERE = LogPosition(b"log", 1)
HOUR = Window(0, HOUR_US)
TRAINED = build_baseline({"age": [float(i) for i in range(100)]}, {"age": ColumnKind.NUMERIC})
ACTIVE = ActiveBaseline(TRAINED, TRAINED.origin, TRAINED.rows)


def put(store: TelemetryStore, rows: int, epoch: bytes) -> None:
    """Ages of so many rows, by an agent of its own."""
    column = profile_numeric("age", numeric_values([float(i) for i in range(rows)]), TRAINED.bins.columns["age"])  # type: ignore[arg-type]
    fold(store, [Sender(epoch * 16).send(profile_frame([column], HOUR, bins_id=TRAINED.bins.bins_id))], HERE)


def folding_before(store: TelemetryStore, read: Callable[..., Any]) -> Callable[..., Any]:
    """The read, with 7 more rows folded by another thread just before it."""

    def read_later(*arguments: Any, **options: Any) -> Any:
        other = Thread(target=put, args=(store, 7, b"\x02"))
        other.start()
        other.join()
        return read(*arguments, **options)

    return read_later


def test_counts_and_distributions_are_of_the_same_rows(store: TelemetryStore, monkeypatch: pytest.MonkeyPatch) -> None:
    put(store, 40, b"\x01")
    monkeypatch.setattr(gauged, "distributions", folding_before(store, gauged.distributions))

    scope = gauged.Scope(deployment="flights", version="1", segment="", windows=[HOUR])
    (column,) = gauged.gauged_columns(store, scope, ACTIVE, ["age"], distances=True)

    assert (column.windows.sum(), column.distributions[0].rows) == (40, 40)


def test_a_profile_counts_as_many_rows_in_its_bins_as_it_says(
    store: TelemetryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(store, 40, b"\x01")
    sources: Any = SimpleNamespace(telemetry=store, baselines=SimpleNamespace(active=lambda *_: ACTIVE))
    monkeypatch.setattr(profiles, "find_deployment", lambda *_: None)
    monkeypatch.setattr(profiles, "find_version", lambda *_: "1")
    monkeypatch.setattr(profiles, "read_scope", lambda *_, **__: SimpleNamespace(windows=[HOUR]))
    monkeypatch.setattr(profiles, "column_counts", folding_before(store, profiles.column_counts))

    found = profiles.show_profile(sources, "flights", {"column": "age"})

    assert found["n"] == sum(one["window_count"] for one in found["bins"]) == 40
