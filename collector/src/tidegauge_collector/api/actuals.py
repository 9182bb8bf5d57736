"""Takes actuals over HTTP: the same frame that an agent would send, through the same intake, durable before the answer."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Callable
from datetime import datetime
from typing import Any

import numpy as np

from tidegauge.core.ids import digest_ids
from tidegauge.core.outcomes import encode_truth
from tidegauge.core.windows import clamp_future, to_us
from tidegauge.spool import new_epoch
from tidegauge.version import __version__ as wire_version
from tidegauge.wire import telemetry_pb2 as pb
from tidegauge.wire.rows import ActualRows, encode_actuals, fitting
from tidegauge_collector.api.query import BadRequest
from tidegauge_collector.ingest.intake import Intake

MAX_BODY_BYTES = 4 * 1024 * 1024


class ActualsIntake:
    """One writer's life: the epoch of what came over HTTP since the collector started."""

    def __init__(self, intake: Intake, now_us: Callable[[], int]) -> None:
        self._intake = intake
        self._now_us = now_us
        self._lock = asyncio.Lock()  # guards the two below: numbers go out in order
        self._epoch = new_epoch().bytes
        self._next_seq = 1

    async def take(self, deployment: str, body: bytes) -> int:
        """Store the actuals of a body, all or none; returns how many. Raises BadRequest or a Refusal of the intake."""
        rows = await asyncio.to_thread(read_actuals, body, self._now_us())
        frames = await asyncio.to_thread(self._frames, deployment, rows)
        async with self._lock:
            request = pb.ShipRequest(
                epoch=self._epoch,
                first_seq=self._next_seq,
                frames=frames,
                agent=pb.AgentIdentity(host="http", pid=os.getpid(), agent_version=wire_version),
            )
            try:
                self._next_seq = await self._intake.accept(request) + 1
            except BaseException:
                # Whether these numbers were taken is not known: others under them would be passed over as known.
                self._epoch, self._next_seq = new_epoch().bytes, 1
                raise
        return rows.rows

    def _frames(self, deployment: str, rows: ActualRows) -> list[bytes]:
        sealed_at_us = self._now_us()
        return [
            pb.Frame(
                deployment=deployment, sealed_at_us=sealed_at_us, role=pb.ROLE_CHAMPION, actuals=message
            ).SerializeToString()
            for message in fitting(rows.rows, lambda part: encode_actuals(rows.part(part)))
        ]


def read_actuals(body: bytes, now_us: int) -> ActualRows:
    """The rows of {"actuals": [{"prediction_id", "value", "timestamp"}]}; BadRequest names the first row that is wrong."""
    try:
        content = json.loads(body)
    except RecursionError as problem:
        raise BadRequest("the body is nested too deeply: write a list of flat objects") from problem
    except ValueError as problem:
        raise BadRequest(f"the body is not JSON: {problem}") from problem
    items = content.get("actuals") if isinstance(content, dict) else None
    if not isinstance(items, list) or not items:
        raise BadRequest(
            'the body must be {"actuals": [{"prediction_id": …, "value": …, "timestamp": …}, …]} with at least one'
        )
    rows = [_row(number, item, now_us) for number, item in enumerate(items)]
    times = np.array([row[2] for row in rows], dtype=np.int64)
    times, _ = clamp_future(times, now_us)  # else a slip of the year could never be corrected: the latest time holds
    return ActualRows(digest_ids(row[0] for row in rows), times, encode_truth([row[1] for row in rows]))


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
    if isinstance(item["prediction_id"], bool) or not isinstance(item["prediction_id"], (int, str)):
        raise BadRequest(f"{where}.prediction_id={item['prediction_id']!r:.80}: write text or a whole number")
    if not _is_value(item["value"]):
        raise BadRequest(f"{where}.value={item['value']!r:.80}: write a finite number, text or a boolean")
    return item["prediction_id"], item["value"], _time(where, item.get("timestamp"), now_us)


def _is_value(value: object) -> bool:
    if isinstance(value, (bool, str)):
        return True
    return isinstance(value, (int, float)) and -sys.float_info.max <= value <= sys.float_info.max  # false for NaN


def _time(where: str, text: Any, now_us: int) -> int:
    if text is None:
        return now_us
    try:
        return to_us(datetime.fromisoformat(text))
    except (TypeError, ValueError) as problem:
        raise BadRequest(f"{where}.timestamp={text!r:.80}: write a time such as 2026-11-23T13:00:00Z") from problem
