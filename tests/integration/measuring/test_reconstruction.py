"""Multivariate drift from what is stored: equal to the rows themselves for any number of senders, honest where moments are missing."""

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer

from tidegauge.core.baseline import Baseline, build_baseline
from tidegauge.core.columns import ColumnKind, numeric_values
from tidegauge.core.moments import second_moments, standard_of
from tidegauge.core.profile import profile_numeric
from tidegauge.core.windows import DAY_US, HOUR_US, Window
from tidegauge_collector.measuring.baselines import ActiveBaseline
from tidegauge_collector.measuring.gauged import Scope
from tidegauge_collector.measuring.reconstruction import measure_reconstruction, spread_of_blocks
from tidegauge_collector.telemetry.fold import FoldEntry, LogPosition, fold
from tidegauge_collector.telemetry.settle import settle
from tidegauge_collector.telemetry.store import TelemetryStore
from tidegauge_collector.telemetry.testing import Sender, Source, profile_frame

DAY = Window(0, DAY_US)
HERE = LogPosition(b"log", 1)


@pytest.fixture(scope="module")
def table() -> np.ndarray:
    return load_breast_cancer().data


def named(rows: np.ndarray) -> dict[str, np.ndarray]:
    return {f"f{i}": values for i, values in enumerate(rows.T)}


def baseline_of(rows: np.ndarray) -> Baseline:
    columns = named(rows)
    return build_baseline(columns, dict.fromkeys(columns, ColumnKind.NUMERIC))


@pytest.fixture(scope="module")
def active(table: np.ndarray) -> ActiveBaseline:
    baseline = baseline_of(table[:400])
    return ActiveBaseline(baseline, baseline.origin, baseline.rows)


def frames(
    rows: np.ndarray, baseline: Baseline, sender: Sender, *, hours: int = 6, sums: bool = True, batch: str = ""
) -> list[FoldEntry]:
    """The rows spread over hours, a frame each."""
    entries = []
    for i, part in enumerate(np.array_split(rows, hours)):
        columns = named(part)
        profiles = [
            profile_numeric(name, numeric_values(values), baseline.bins.columns[name])
            for name, values in columns.items()
        ]
        moments = second_moments(columns, len(part), standard_of(baseline.bins)) if sums else None
        window = Window(i * HOUR_US, (i + 1) * HOUR_US)
        source, bins_id = Source(batch=batch), baseline.bins.bins_id
        entries.append(sender.send(profile_frame(profiles, window, source=source, bins_id=bins_id, moments=moments)))
    return entries


def measured(store: TelemetryStore, active: ActiveBaseline | None, window: Window = DAY, **scope: str):
    whole = Scope(deployment="flights", version="1", windows=[window], **{"segment": "", **scope})
    (found,) = measure_reconstruction(store, whole, active)
    return found


def by_rows(active: ActiveBaseline, rows: np.ndarray) -> float:
    bins = active.baseline.bins.columns
    z = (rows - [bins[f"f{i}"].pivot for i in range(30)]) / [bins[f"f{i}"].deviation for i in range(30)]
    v = active.components.vectors
    return float(np.square(z - z @ v @ v.T).sum(axis=1).mean() / 30)


@pytest.mark.parametrize("agents", [1, 3, 10])
def test_the_value_does_not_depend_on_how_many_agents_delivered_it(store, table, active, agents):
    draws = np.random.default_rng(agents)
    entries = [
        entry
        for i, part in enumerate(np.array_split(table[400:], agents))
        for entry in frames(part, active.baseline, Sender(bytes([i + 1]) * 16))
    ]
    for some in np.array_split(draws.permutation(agents), min(agents, 3)):
        wanted = {bytes([i + 1]) * 16 for i in some.tolist()}
        fold(store, [one for one in entries if one.epoch in wanted], HERE)

    found = measured(store, active)
    settle(store, lambda _: "UTC", before_us=DAY_US)

    assert found.value == pytest.approx(by_rows(active, table[400:]), rel=1e-9)
    assert measured(store, active).value == pytest.approx(found.value, rel=1e-12)
    assert (found.n, found.baseline_n, found.parameters["rows"]) == (len(table) - 400, 400, len(table) - 400)
    assert found.parameters["threshold"] == active.components.threshold


def test_rows_without_sums_are_told_apart_from_no_rows(store, table, active):
    fold(store, frames(table[400:], active.baseline, Sender(), sums=False), HERE)

    assert (measured(store, active).reason, measured(store, active).n) == ("no_moments", 0)
    assert measured(store, active).parameters["rows"] == len(table) - 400
    assert measured(store, active, Window(DAY_US, 2 * DAY_US)).reason == "no_rows"
    assert measured(store, active, segment="carrier=UA").reason == "no_rows"


def test_sums_by_another_baseline_do_not_count(store, table, active):
    other = baseline_of(table[100:])
    fold(store, frames(table[:60], other, Sender()), HERE)
    fold(store, frames(table[400:], active.baseline, Sender(b"\x02" * 16)), HERE)

    found = measured(store, active)

    assert (found.n, found.parameters["rows"]) == (len(table) - 400, len(table) - 340)
    assert found.value == pytest.approx(by_rows(active, table[400:]), rel=1e-9)


def test_one_batch_is_measured_apart(store, table, active):
    fold(store, frames(table[:400], active.baseline, Sender()), HERE)
    fold(store, frames(table[400:], active.baseline, Sender(b"\x02" * 16), batch="nightly"), HERE)

    found = measured(store, active, batch="nightly")

    assert (found.n, found.parameters["rows"]) == (len(table) - 400, len(table) - 400)
    assert found.value == pytest.approx(by_rows(active, table[400:]), rel=1e-9)
    assert measured(store, active).n == len(table)


def test_without_a_baseline_or_its_sums_it_is_undefined(store, table, active):
    few = baseline_of(table[:150])

    assert measured(store, None).reason == "no_baseline"
    assert measured(store, ActiveBaseline(few, few.origin, few.rows)).reason == "not_applicable"
    assert measured(store, None).as_json()["value"] is None


def test_sums_beyond_a_double_are_out_of_domain(store, table, active):
    rows = table[400:430].copy()
    rows[0, 0] = 1e300
    fold(store, frames(rows, active.baseline, Sender(), hours=1), HERE)

    found = measured(store, active)

    assert (found.value, found.reason) == (None, "out_of_domain")


def test_limits_learned_from_the_blocks_are_the_threshold(active):
    spread = spread_of_blocks(active)

    assert spread.mean + 3 * spread.deviation == pytest.approx(active.components.threshold, rel=1e-12)
    assert spread.windows == 20
