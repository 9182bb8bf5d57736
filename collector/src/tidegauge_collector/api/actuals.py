"""Takes actuals over HTTP: the same frame that an agent would send, through the same intake, durable before the answer."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable
from datetime import datetime
from typing import Any

import numpy as np

from tidegauge.core.ids import digest_ids
from tidegauge.core.outcomes import Labels, Truth, encode_truth
from tidegauge.core.windows import to_us
from tidegauge.errors import UsageError
from tidegauge.spool import new_epoch
from tidegauge.version import __version__ as wire_version
from tidegauge.wire import telemetry_pb2 as pb
from tidegauge.wire.rows import ActualRows, encode_actuals
from tidegauge_collector.api.query import BadRequest
from tidegauge_collector.ingest.intake import Intake

MAX_BODY_BYTES = 4 * 1024 * 1024
ROWS_A_FRAME = 4_000


class ActualsIntake:
    """One writer's life: the epoch of what came over HTTP since the collector started."""

    def __init__(self, intake: Intake, now_us: Callable[[], int]) -> None:
        self._intake = intake
        self._now_us = now_us
        self._epoch = new_epoch().bytes
        self._next_seq = 1
        self._lock = asyncio.Lock()  # guards _next_seq: numbers go out in order

    async def take(self, deployment: str, body: bytes) -> int:
        """Store the actuals of a body; returns how many. Raises BadRequest, with nothing stored, or a Refusal of the intake."""
        rows = read_actuals(body, self._now_us())
        async with self._lock:
            for start in range(0, rows.rows, ROWS_A_FRAME):
                await self._send(deployment, _part(rows, start))
        return rows.rows

    async def _send(self, deployment: str, rows: ActualRows) -> None:
        frame = pb.Frame(deployment=deployment, sealed_at_us=self._now_us(), role=pb.ROLE_CHAMPION)
        frame.actuals.CopyFrom(encode_actuals(rows))
        request = pb.ShipRequest(
            epoch=self._epoch,
            first_seq=self._next_seq,
            frames=[frame.SerializeToString()],
            agent=pb.AgentIdentity(host="http", pid=os.getpid(), agent_version=wire_version),
        )
        await self._intake.accept(request)
        self._next_seq += 1


def read_actuals(body: bytes, now_us: int) -> ActualRows:
    """The rows of {"actuals": [{"prediction_id", "value", "timestamp"}]}; BadRequest names the first row that is wrong."""
    try:
        content = json.loads(body)
    except ValueError as problem:
        raise BadRequest(f"the body is not JSON: {problem}") from problem
    items = content.get("actuals") if isinstance(content, dict) else None
    if not isinstance(items, list) or not items:
        raise BadRequest(
            'the body must be {"actuals": [{"prediction_id": …, "value": …, "timestamp": …}, …]} with at least one'
        )
    rows = [_row(number, item, now_us) for number, item in enumerate(items)]
    try:
        ids = digest_ids(row[0] for row in rows)
    except UsageError as problem:
        raise BadRequest(str(problem)) from problem
    times = np.array([row[2] for row in rows], dtype=np.int64)
    return ActualRows(ids, times, encode_truth([row[1] for row in rows]))


def _row(number: int, item: Any, now_us: int) -> tuple[Any, Any, int]:
    where = f"actuals[{number}]"
    if not isinstance(item, dict):
        raise BadRequest(f'{where} is a {type(item).__name__}: write {{"prediction_id": …, "value": …}}')
    missing = [name for name in ("prediction_id", "value") if item.get(name) is None]
    unknown = [name for name in item if name not in {"prediction_id", "value", "timestamp"}]
    if missing or unknown:
        raise BadRequest(
            f"{where}: " + "; ".join([*(f"{n} is missing" for n in missing), *(f"{n} is unknown" for n in unknown)])
        )
    if not isinstance(item["value"], (int, float, str, bool)):
        raise BadRequest(f"{where}.value is a {type(item['value']).__name__}: write a number, text or a boolean")
    return item["prediction_id"], item["value"], _time(where, item.get("timestamp"), now_us)


def _time(where: str, text: Any, now_us: int) -> int:
    if text is None:
        return now_us
    try:
        return to_us(datetime.fromisoformat(text))
    except (TypeError, ValueError) as problem:
        raise BadRequest(f"{where}.timestamp={text!r}: write a time such as 2026-11-23T13:00:00Z") from problem


def _part(rows: ActualRows, start: int) -> ActualRows:
    part = slice(start, start + ROWS_A_FRAME)
    truth = Truth(rows.truth.values[part], Labels(rows.truth.labels.names, rows.truth.labels.codes[part]))
    return ActualRows(rows.ids[start * 16 : (start + ROWS_A_FRAME) * 16], rows.times_us[part], truth)
