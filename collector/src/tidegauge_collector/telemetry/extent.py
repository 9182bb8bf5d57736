"""How much there is of a deployment, from when to when, and how far the fold is."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from tidegauge.core.columns import ColumnKind
from tidegauge_collector.telemetry.index import LogPosition, Mark
from tidegauge_collector.telemetry.spans import WindowSpan
from tidegauge_collector.telemetry.store import TelemetryStore
from tidegauge_collector.telemetry.trends import DailyRows, daily_rows
from tidegauge_collector.telemetry.unpack import ARRIVAL_TIME, EVENT_TIME

_NO_ROWS = DailyRows()


@dataclass(frozen=True, slots=True)
class Reach:
    """From when to when a deployment has data; None where it has none.

    Event times are those of records, arrival times those of records and service columns; where profiles reach further than records,
    the start of the first window or the last microsecond of the last.
    """

    first_event_us: int | None
    last_event_us: int | None
    first_arrival_us: int | None
    last_arrival_us: int | None


@dataclass(frozen=True, slots=True)
class Extent(Reach):
    """The reach, and how much there is at its end. `last_day_rows`: predictions of the newest 24 hours of event time, in whole windows,
    all versions together; `daily`: by profiles only; `received_us`: see `received_us`."""

    last_day_rows: int
    received_us: int | None = None
    daily: DailyRows = _NO_ROWS

    @property
    def last_prediction_us(self) -> int | None:
        """When the newest prediction was made for the user. Of rows without ids only the hour is known, and that it cannot be later
        than the newest frame."""
        if self.last_event_us is None or self.received_us is None:
            return self.last_event_us
        return min(self.last_event_us, self.received_us)


@dataclass(frozen=True, slots=True)
class StoredCounts:
    """What is stored row by row of a deployment, and of how many different prediction ids: exactly up to EXACT_ROWS rows, beyond
    estimated from a share of the ids (`estimated`; rows without repeated ids are still exact, else within 0.5 %).
    """

    prediction_rows: int
    prediction_ids: int
    actual_rows: int
    actual_ids: int
    estimated: bool = False


@dataclass(frozen=True, slots=True)
class Known:
    """Names seen in a deployment's profiles, each sorted; `roles`: the roles (proto numbers) of each version."""

    versions: tuple[str, ...]
    roles: Mapping[str, frozenset[int]]
    columns: Mapping[str, ColumnKind]
    segments: tuple[str, ...]
    batches: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class GapSummary:
    """Numbers that hold nothing, by reason: how many, and how many rows went with them as far as known."""

    reason: str
    numbers: int
    rows: int
    last_received_us: int


def reach(store: TelemetryStore, deployment: str) -> Reach:
    """From when to when there is data of a deployment: from memory, at once."""
    spans = store.index.spans
    events = spans.windows.get((deployment, EVENT_TIME))
    arrivals = spans.windows.get((deployment, ARRIVAL_TIME))
    seen = spans.records.get(deployment) or _NO_RECORDS
    return Reach(
        _first(seen.first_event_us, events),
        _last(seen.last_event_us, events),
        _first(seen.first_arrival_us, arrivals),
        _last(seen.last_arrival_us, arrivals),
    )


def extent(store: TelemetryStore, deployment: str) -> Extent:
    """From when to when there is data of a deployment, and how much in its last day."""
    return extents(store, [deployment])[deployment]


def extents(store: TelemetryStore, deployments: Collection[str]) -> dict[str, Extent]:
    """The same of many deployments at once."""
    spans = store.index.spans
    profiled = {name: spans.windows[name, EVENT_TIME] for name in deployments if (name, EVENT_TIME) in spans.windows}
    daily = daily_rows(store, {name: span.last.end_us for name, span in profiled.items()})
    return {name: _extent(store, name, daily.get(name)) for name in deployments}


def _extent(store: TelemetryStore, deployment: str, daily: DailyRows | None) -> Extent:
    found = reach(store, deployment)
    last_day = daily.week[-1] if daily is not None else 0
    if daily is None and found.last_event_us is not None:
        number = store.index.deployments.known.get(deployment, -1)
        ((last_day,),) = store.rows("last_day_records", [number, found.last_event_us])
    received = received_us(store, deployment)
    arrivals = (found.first_arrival_us, found.last_arrival_us)
    return Extent(found.first_event_us, found.last_event_us, *arrivals, last_day, received, daily or _NO_ROWS)


def received_us(store: TelemetryStore, deployment: str) -> int | None:
    """When the newest frame came of those that say how far a deployment is."""
    marks = store.index.marks
    epochs = list(store.index.watermarks.get(deployment, {}).items())  # at once: the fold goes on meanwhile
    return max(
        (mark.received_us for epoch, said in epochs if said and (mark := marks.get(epoch)) is not None), default=None
    )


def predictions_between(store: TelemetryStore, deployment: str, start_us: int, end_us: int) -> int:
    """How many single predictions lie in [start_us, end_us), of all versions."""
    number = store.index.deployments.known.get(deployment, -1)
    asked = {"deployment_id": number, "start_us": start_us, "end_us": end_us}
    ((count,),) = store.rows("predictions_between", asked)
    return int(count)


EXACT_ROWS = 500_000


def stored_counts(store: TelemetryStore, deployment: str) -> StoredCounts:
    """Rows and different ids stored of a deployment."""
    deployment_id = {"deployment_id": store.index.deployments.known.get(deployment, -1)}
    with store.snapshot():
        ((predictions, actuals),) = store.rows("stored_rows", deployment_id)
        bounds = {"prediction_bound": _bound(predictions), "actual_bound": _bound(actuals)}
        ((rows, ids, of_rows, _, actual_ids, of_actuals),) = store.rows("stored_counts", deployment_id | bounds)
    return StoredCounts(
        rows,
        _ids(rows, ids, of_rows),
        actuals,
        _ids(actuals, actual_ids, of_actuals),
        estimated=max(predictions, actuals) > EXACT_ROWS,
    )


def _bound(rows: int) -> int:
    """Ids are digests, so those below a bound are a fair share of all."""
    return _GREATEST_ID // max(1, rows // EXACT_ROWS)


def _ids(rows: int, ids: int, ids_of_rows: int) -> int:
    """From the ids of a share of the rows to those of all."""
    return ids if ids_of_rows in (0, rows) else round(rows * ids / ids_of_rows)


_GREATEST_ID = (1 << 64) - 1


def deployments(store: TelemetryStore) -> tuple[str, ...]:
    """The deployments seen in any frame, sorted."""
    return tuple(sorted(store.index.deployments.known))


def known(store: TelemetryStore, deployment: str) -> Known:
    """What the deployment's profiles speak of: its columns in event time, not the service's; of several kinds the last known one."""
    series = [one.key for one in store.index.series_of(deployment)]
    roles: dict[str, set[int]] = {one.version: set() for one in series}
    for one in series:
        roles[one.version].add(one.role)
    kinds: dict[str, ColumnKind] = {}
    for one in series:
        if one.time_basis == EVENT_TIME and (one.kind != ColumnKind.UNKNOWN or one.column not in kinds):
            kinds[one.column] = ColumnKind(one.kind)
    return Known(
        tuple(sorted(roles)),
        {version: frozenset(some) for version, some in roles.items()},
        dict(sorted(kinds.items())),
        tuple(sorted({one.segment for one in series} - {""})),
        tuple(sorted({one.batch for one in series} - {""})),
    )


def low_watermarks(store: TelemetryStore, deployment: str) -> dict[bytes, int]:
    """For each epoch, the event time before which all its rows of the deployment are folded; 0 where it has not said one yet."""
    return dict(store.index.watermarks.get(deployment, {}))


def marks(store: TelemetryStore) -> dict[bytes, Mark]:
    """How far each epoch is folded."""
    return dict(store.index.marks)


def log_position(store: TelemetryStore) -> LogPosition | None:
    """Up to where the frame log is folded; None where nothing is."""
    return store.index.position


def gap_summary(store: TelemetryStore) -> list[GapSummary]:
    """What never came, by reason."""
    return [GapSummary(*row) for row in store.rows("gap_summary")]


@dataclass(frozen=True, slots=True)
class _NoRecords:
    first_event_us: None = None
    last_event_us: None = None
    first_arrival_us: None = None
    last_arrival_us: None = None


_NO_RECORDS = _NoRecords()


def _first(record_us: int | None, profiles: WindowSpan | None) -> int | None:
    if profiles is None or (record_us is not None and record_us < profiles.first.end_us):
        return record_us
    return profiles.first.start_us


def _last(record_us: int | None, profiles: WindowSpan | None) -> int | None:
    if profiles is None or (record_us is not None and record_us >= profiles.last.start_us):
        return record_us
    return profiles.last.end_us - 1
