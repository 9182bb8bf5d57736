"""The same observations by an agent over gRPC and over HTTP, in every format, split, shuffled and repeated: equal in the store."""

import random
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from collector_harbour import Harbour, agent_at, harbour
from upload_flights import FEATURES, FORMATS, MEANING, Row, flights

from tidegauge.core.windows import HOUR_US, Window, to_us
from tidegauge_collector.telemetry.counts import column_counts
from tidegauge_collector.telemetry.joined import joined
from tidegauge_collector.telemetry.moments import merged_profiles

ROWS = 2_400
SEGMENTS = ("", "carrier=UA", "carrier=missing")
TRAINED, SERVED = flights(1_000, seed=1), flights(ROWS)
FIRST_US = to_us(datetime.fromisoformat(SERVED[0]["ts"]))
WINDOWS = tuple(Window(FIRST_US + i * HOUR_US, FIRST_US + (i + 1) * HOUR_US) for i in range(72))
WHOLE = Window(WINDOWS[0].start_us, WINDOWS[-1].end_us)


def features(rows: list[Row]) -> list[Row]:
    return [{name: row[name] for name in FEATURES} for row in rows]


def by_agent(port: Harbour, spool: Path, name: str) -> None:
    with agent_at(port, spool, name, task="binary", segments=["carrier"], id_column=None) as agent:
        agent.baseline(
            features(TRAINED), predictions=[r["score"] for r in TRAINED], actuals=[r["delayed"] for r in TRAINED]
        )
        ids, times = [r["flight_id"] for r in SERVED], [datetime.fromisoformat(r["ts"]) for r in SERVED]
        agent.record(features(SERVED), [r["score"] for r in SERVED], prediction_ids=ids, timestamps=times)
        agent.actuals(ids, [r["delayed"] for r in SERVED])
        port.ship(agent, end=True)
    port.settle()


def post(port: Harbour, name: str, target: str, rows: list[Row], format_: str, **options: Any) -> dict[str, Any]:
    kind, encode = FORMATS[format_]
    headers = {"Content-Type": kind, **({"Idempotency-Key": options["key"]} if "key" in options else {})}
    query = {k: v for k, v in MEANING.items() if target == "observations" or k != "segments"}
    path = f"/api/v1/deployments/{name}/{target}"
    body = encode(rows).replace(b'"observations":', f'"{target}":'.encode(), 1)
    answer = port.client.post(path, params=query, content=body, headers=headers)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def by_http(port: Harbour, name: str, format_: str, parts: int) -> None:
    """In so many requests, in any order, one in ten of them twice."""
    post(port, name, "baseline", TRAINED, format_)
    port.settle()  # the bins are known from here on, as they are to an agent
    draws = random.Random(f"{format_}-{parts}")
    requests = list(range(parts)) + [draws.randrange(parts) for _ in range(max(1, parts // 10))]
    draws.shuffle(requests)
    for i in requests:
        rows = SERVED[i * ROWS // parts : (i + 1) * ROWS // parts]
        assert post(port, name, "observations", rows, format_, key=f"part-{i}")["stored"] == len(rows)
    port.settle()


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Harbour]:
    folder = tmp_path_factory.mktemp("same")
    with harbour(folder / "data") as running:
        by_agent(running, folder / "spool", "by-agent")
        yield running


class Stored:
    """What the store holds of a deployment."""

    def __init__(self, port: Harbour, name: str, segment: str) -> None:
        store = port.collector.telemetry
        active = port.collector.sources.baselines.active(name, "v1")
        assert active is not None
        self.bins_id, self.digest = active.baseline.bins.bins_id, active.baseline.digest
        counts = column_counts(store, name, version="v1", segment=segment, bins=active.baseline.bins, windows=WINDOWS)
        self.counts = {
            column: (one.counts.tolist(), one.rows.tolist(), one.approximate.tolist()) for column, one in counts.items()
        }
        self.profiles = merged_profiles(store, name, version="v1", segment=segment, window=WHOLE)
        rows = joined(store, name, version="v1", segment=segment, start_us=WHOLE.start_us, end_us=WHOLE.end_us)
        self.rows = sorted(zip(rows.event_us.tolist(), rows.score.tolist(), rows.actual_value.tolist(), strict=True))


@pytest.fixture(scope="module")
def by_an_agent(port: Harbour) -> dict[str, Stored]:
    """What is stored of each segment where an agent sent it."""
    return {segment: Stored(port, "by-agent", segment) for segment in SEGMENTS}


@pytest.mark.parametrize("parts", [1, 3, 10])
@pytest.mark.parametrize("format_", FORMATS)
def test_observations_over_http_are_stored_as_an_agents_are(
    port: Harbour, by_an_agent: dict[str, Stored], format_: str, parts: int
) -> None:
    name = f"by-{format_}-{parts}"

    by_http(port, name, format_, parts)

    for segment in SEGMENTS:
        mine, agents = Stored(port, name, segment), by_an_agent[segment]
        assert mine.digest == agents.digest
        assert mine.counts == agents.counts
        assert mine.rows == agents.rows
        assert len(mine.rows) == (ROWS if not segment else len(agents.rows))
        assert mine.profiles.keys() == agents.profiles.keys()
        for column, one in mine.profiles.items():
            check_profile(one, agents.profiles[column])


def check_profile(one: Any, other: Any) -> None:
    for attribute in ("kind", "rows", "missing", "non_finite", "invalid", "overflow", "names"):
        assert getattr(one, attribute) == getattr(other, attribute), (one.name, attribute)
    assert (repr(one.minimum), repr(one.maximum)) == (repr(other.minimum), repr(other.maximum))
    scale = np.sqrt(max(1, one.rows) * max(one.sum_squares, 0.0))  # the sum is about a pivot, and may be nearly 0
    assert one.sum == pytest.approx(other.sum, rel=1e-12, abs=1e-12 * scale)
    assert one.sum_squares == pytest.approx(other.sum_squares, rel=1e-12)


@pytest.mark.parametrize("column", ["distance", "hour", "seats"])
def test_sketches_over_http_are_within_their_bound(port: Harbour, column: str) -> None:
    name = f"sketch-{column}"

    by_http(port, name, "parquet", 10)

    sketch = Stored(port, name, "").profiles[column].sketch
    values = np.sort([row[column] for row in SERVED if row[column] is not None])
    below = sketch.counts_below(values), sketch.counts_below(values, inclusive=True)
    ranks = np.searchsorted(values, values, "left"), np.searchsorted(values, values, "right")
    assert sketch.count == len(values)
    worst = max(np.abs(b - r).max() for b, r in zip(below, ranks, strict=True))
    assert worst <= 0.005 * len(values) + 1


def test_multivariate_drift_of_observations_over_http_is_that_of_an_agents(port: Harbour) -> None:
    by_http(port, "moments-by-http", next(iter(FORMATS)), 1)

    (mine,), (agents,) = (
        port.values(name, "multivariate_reconstruction", start=SERVED[0]["ts"])
        for name in ("moments-by-http", "by-agent")
    )

    assert mine["value"] == pytest.approx(agents["value"], rel=1e-12)
    assert mine["n"] == agents["n"] > 0.9 * ROWS
    assert mine["parameters"] == agents["parameters"]
    assert 2 <= mine["parameters"]["d"] <= len(FEATURES)
