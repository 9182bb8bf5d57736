"""Whole rows of KServe's inferences on their way into the intake: what goes wrong with some is told of these, and costs no others."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from tidegauge_collector.ingest.counters import IngestCounters
from tidegauge_collector.uploads.kserve import KServeIntake

TYPE = "org.kubeflow.serving.inference."


class Store:
    """Takes the rows of one deployment after another; what `of` one does is told by its name."""

    def __init__(self) -> None:
        self.rows: list[str] = []
        self.begun, self.may_go_on = asyncio.Event(), asyncio.Event()
        self.may_go_on.set()

    async def take_rows(self, deployment: str, query: Mapping[str, str], rows: Sequence[Mapping[str, Any]]) -> None:
        self.begun.set()
        await self.may_go_on.wait()
        if deployment.startswith("strange"):
            raise ArithmeticError("a fault of ours")
        self.rows.append(deployment)


async def intake_of(store: Store, *services: str) -> tuple[KServeIntake, IngestCounters]:
    counters = IngestCounters()
    intake = KServeIntake(store, lambda: 0, counters)  # type: ignore[arg-type]
    for service in services:
        for half, data in (("request", {"instances": [[1.0]]}), ("response", {"predictions": [0.5]})):
            headers = {
                "ce-specversion": "1.0",
                "ce-id": "a",
                "ce-type": TYPE + half,
                "ce-source": "http://localhost/",
                "ce-time": "2025-06-02T10:00:00Z",
                "ce-inferenceservicename": service,
                "content-type": "application/json",
            }
            await intake.take(headers, json.dumps(data).encode(), {})
    return intake, counters


async def test_rows_that_meet_a_fault_of_ours_are_counted_and_the_others_are_stored() -> None:
    store = Store()
    intake, counters = await intake_of(store, "first", "strange", "last")

    await intake.flush()

    assert store.rows == ["first", "last"]
    assert (counters.value("kserve", "rows_stored"), counters.value("kserve", "rows_failed")) == (2, 1)


async def test_who_is_cancelled_while_rows_are_stored_loses_none_of_them() -> None:
    store = Store()
    store.may_go_on.clear()
    intake, _ = await intake_of(store, "first", "last")
    storing = asyncio.create_task(intake.flush())
    await store.begun.wait()

    storing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await storing
    store.may_go_on.set()
    await intake.flush()  # as at the collector's end

    assert store.rows == ["first", "last"]
