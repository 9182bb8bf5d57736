"""Joins the halves of KServe's inferences, and stores the rows of whole ones a few times a minute.

A half waits in memory for the other, at most a minute; whole rows wait at most 10 seconds, so that a service of single predictions makes
few frames. A kill costs what waits, as it costs an agent its last seconds; everything that is lost otherwise is counted with its reason.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import structlog

from tidegauge.core.windows import to_datetime
from tidegauge_collector.ingest.counters import IngestCounters
from tidegauge_collector.ingest.refusals import Overloaded, Refusal
from tidegauge_collector.uploads.cloudevents import InferenceEvent, read_events
from tidegauge_collector.uploads.errors import UploadRefused
from tidegauge_collector.uploads.inference import LABEL, PREDICTION, Row, answer_rows, feature_rows, version_of
from tidegauge_collector.uploads.meaning import DEFAULT_COLUMNS
from tidegauge_collector.uploads.receiving import Uploads

MAX_HALVES = 10_000
MAX_HELD_BYTES = 64 * 1024 * 1024
WAIT_US = 60_000_000
FLUSH_S = 10.0
FLUSH_ROWS = 4_096
MAX_WAITING_ROWS = 20_000
DEFAULT_VERSION = "default"
ID, TIME, LATENCY = "kserve:id", "kserve:time", "kserve:latency"
NOT_FEATURES = frozenset(
    {ID, TIME, LATENCY, *DEFAULT_COLUMNS["label"], *DEFAULT_COLUMNS["actual"], *DEFAULT_COLUMNS["actual_time"]}
)
"""Columns that mean something else here: a feature of such a name is stored as `input.NAME`."""

Key = tuple[str, str]

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Group:
    """Rows that are stored together: of one version, with answers of one form (`answers`: their columns)."""

    deployment: str
    version: str
    answers: tuple[str, ...]

    def query(self) -> Mapping[str, str]:
        """How their columns are read."""
        scores = [name for name in self.answers if name != LABEL]
        found = {"version": self.version, "id": ID, "time": TIME, "latency": LATENCY, "prediction": ",".join(scores)}
        return found | ({"label": LABEL} if LABEL in self.answers else {})


class KServeIntake:
    """Takes the events of all inference services. Methods run in the event loop's thread."""

    def __init__(self, uploads: Uploads, now_us: Callable[[], int], counters: IngestCounters) -> None:
        self._uploads = uploads
        self._now_us = now_us
        self._halves: OrderedDict[Key, tuple[int, InferenceEvent]] = OrderedDict()
        self._done: OrderedDict[Key, None] = OrderedDict()
        self._held_bytes = 0
        self._rows: dict[Group, list[Row]] = {}
        self._flushing = asyncio.Lock()
        self._counters = counters

    @property
    def waiting_rows(self) -> int:
        """Rows that are whole and not stored yet."""
        return sum(map(len, self._rows.values()))

    async def take(self, headers: Mapping[str, str], body: bytes, query: Mapping[str, str]) -> int:
        """Take the events of a request; how many. Raises UploadRefused, or Overloaded where too much waits already."""
        if unknown := query.keys() - {"deployment", "version"}:
            raise UploadRefused(f"unknown parameter {min(unknown)!r}: this path takes deployment, version")
        if self.waiting_rows >= MAX_WAITING_ROWS:
            self._count("overload")
            raise Overloaded(
                "too many rows wait to be stored: send again later", reason="overload", retry_after_ms=1_000
            )
        events = read_events(headers, body, query.get("deployment", ""))
        for event in events:
            self._take(event, query.get("version", ""))
        if self.waiting_rows >= FLUSH_ROWS:
            await self.flush()
        return len(events)

    async def run(self) -> None:
        """Store what is whole and give up what has waited too long, as long as the collector runs."""
        while True:
            await asyncio.sleep(FLUSH_S)
            self.expire()
            await self.flush()

    def expire(self) -> None:
        """Give up halves whose other half did not come in a minute."""
        until = self._now_us() - WAIT_US
        while self._halves and next(iter(self._halves.values()))[0] <= until:
            self._give_up("half_missing")

    async def flush(self) -> None:
        """Store all rows that are whole; those that the intake refuses for now wait for the next time.

        It is finished without whoever goes away meanwhile; the next one waits for it.
        """
        self._storing = asyncio.ensure_future(self._flush())  # kept: nobody else holds it where its caller goes away
        await asyncio.shield(self._storing)

    async def _flush(self) -> None:
        async with self._flushing:
            waiting, self._rows = self._rows, {}
            for group, rows in waiting.items():
                try:
                    await self._uploads.take_rows(group.deployment, group.query(), rows)
                    self._count("rows_stored", len(rows))
                except Overloaded:
                    self._rows[group] = rows + self._rows.get(group, [])
                except (UploadRefused, Refusal) as problem:
                    self._count("rows_refused", len(rows))
                    log.warning("kserve.refused", deployment=group.deployment, rows=len(rows), problem=str(problem))
                except Exception:  # of these rows alone: the other groups, and all that come, are stored
                    self._count("rows_failed", len(rows))
                    log.exception("kserve.failed", deployment=group.deployment, rows=len(rows))

    def _count(self, reason: str, n: int = 1) -> None:
        self._counters.count("kserve", reason, n)

    def _take(self, event: InferenceEvent, version: str) -> None:
        key = (event.deployment, event.id)
        if key in self._done or (key in self._halves and self._halves[key][1].is_request == event.is_request):
            self._count("repeated")
            return
        other = self._halves.pop(key, None)
        if other is None:
            self._halves[key] = (self._now_us(), event)
            self._held_bytes += event.size_bytes
            while len(self._halves) > MAX_HALVES or self._held_bytes > MAX_HELD_BYTES:
                self._give_up("half_dropped")
            return
        self._held_bytes -= other[1].size_bytes
        self._done[key] = None
        while len(self._done) > MAX_HALVES:
            self._done.popitem(last=False)
        self._join(*((event, other[1]) if event.is_request else (other[1], event)), version)

    def _give_up(self, reason: str) -> None:
        _, (_, event) = self._halves.popitem(last=False)
        self._held_bytes -= event.size_bytes
        self._count(reason)

    def _join(self, request: InferenceEvent, response: InferenceEvent, version: str) -> None:
        try:
            features, answers = feature_rows(request.data), answer_rows(response.data)
            if len(features) != len(answers):
                raise UploadRefused(f"{len(answers)} predictions for {len(features)} rows")  # noqa: TRY301 - counted below
        except UploadRefused as problem:
            self._count("unreadable")
            log.info("kserve.unreadable", deployment=request.deployment, problem=str(problem))
            return
        self._count("joined")
        name = version or version_of(response.data) or request.endpoint or DEFAULT_VERSION
        shared = _shared(request, response, self._now_us())
        for number, (own, answer) in enumerate(zip(features, answers, strict=True)):
            row_id = request.id if len(features) == 1 else f"{request.id}.{number}"
            safe = {
                f"input.{key}" if key in answer or key in NOT_FEATURES else key: value for key, value in own.items()
            }
            group = Group(request.deployment, name, tuple(sorted(answer)))
            self._rows.setdefault(group, []).append(
                {**safe, **answer, ID: row_id, **(shared if number == 0 else {**shared, LATENCY: None})}
            )


def _shared(request: InferenceEvent, response: InferenceEvent, now_us: int) -> Row:
    """Time and latency: of a call of several rows the latency counts once."""
    at_us = request.at_us if request.at_us is not None else now_us
    known = request.at_us is not None and response.at_us is not None and response.at_us >= request.at_us
    seconds = (response.at_us - request.at_us) / 1e6 if known else None  # type: ignore[operator]
    return {TIME: to_datetime(at_us).isoformat(), LATENCY: seconds}


__all__ = ["PREDICTION", "Group", "KServeIntake"]
