"""What the usable rows of columns hold, window by window: of which kinds they are, between which numbers, which categories."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tidegauge.core.bins import CategoricalBins, ColumnBins, ReferenceBins
from tidegauge.core.columns import ColumnKind
from tidegauge.core.windows import Window
from tidegauge_collector.telemetry.profiles import finite_or_none
from tidegauge_collector.telemetry.selecting import select
from tidegauge_collector.telemetry.store import TelemetryStore
from tidegauge_collector.telemetry.unpack import EVENT_TIME
from tidegauge_collector.telemetry.windowed import Spot, Windowed, rows_of


@dataclass(slots=True)
class ColumnContents:
    """Of one column in one window. Usable rows are neither missing, nor non-finite, nor invalid.

    `minimum` and `maximum` of finite numbers, None without; `categories` by name; `unnamed`: usable rows of categories that are known
    to the baseline but not by name here; `overflow`: rows whose names were not kept.
    """

    usable_by_kind: dict[str, int] = field(default_factory=dict)
    minimum: float | None = None
    maximum: float | None = None
    categories: set[str] = field(default_factory=set)
    unnamed: int = 0
    overflow: int = 0


def column_contents(
    store: TelemetryStore,
    deployment: str,
    *,
    version: str | None,
    segment: str,
    windows: Sequence[Window],
    columns: Sequence[str],
    bins: ReferenceBins | None,
    batch: str | None = None,
) -> dict[tuple[str, int], ColumnContents]:
    """For every column and position of the window. `bins`: what the names of counted categories are."""
    found = {(name, i): ColumnContents() for name in columns for i in range(len(windows))}
    chosen = select(
        store.index,
        deployment,
        version=version,
        segment=segment,
        batch=batch,
        columns=set(columns),
        time_basis=EVENT_TIME,
    )
    if not chosen or not windows:
        return found
    groups = sorted({(one.key.column, one.key.kind, one.key.bins_id) for one in chosen})
    place = {group: i for i, group in enumerate(groups)}
    with store.snapshot():
        places = [place[one.key.column, one.key.kind, one.key.bins_id] for one in chosen]
        read = Windowed(store, chosen, places, windows)
        cells = list(rows_of(read.cells()))
        has_names = any(ColumnKind(kind).is_categorical for _, kind, _ in groups)
        names: Mapping[Spot, Mapping[str, int]] = read.names() if has_names else {}
        counted: dict[Spot, dict[int, int]] = defaultdict(dict)
        for at, slot, position, count in rows_of(read.bins()) if has_names and bins is not None else ():
            counted[at, slot][position] = count
    for at, slot, rows, missing, non_finite, invalid, overflow, _, _, minimum, maximum in cells:
        column, kind, bins_id = groups[at]
        one = found[column, slot]
        usable = rows - missing - non_finite - invalid
        one.usable_by_kind[kind] = one.usable_by_kind.get(kind, 0) + usable
        one.minimum, one.maximum = _least(one.minimum, minimum), _most(one.maximum, maximum)
        if ColumnKind(kind).is_categorical:
            known = bins.columns.get(column) if bins is not None and bins.bins_id == bins_id else None
            in_bins = _in_categories(known, counted.get((at, slot), {}))
            unknown = names.get((at, slot), {})
            one.categories |= in_bins.keys() | unknown.keys()
            one.overflow += overflow
            one.unnamed += max(0, usable - overflow - sum(in_bins.values()) - sum(unknown.values()))
    return found


def present_columns(
    store: TelemetryStore,
    deployment: str,
    *,
    version: str | None,
    segment: str,
    windows: Sequence[Window],
    batch: str | None = None,
) -> list[dict[str, int]]:
    """Of each window the columns in event time that hold something, with their rows that are not missing."""
    chosen = select(store.index, deployment, version=version, segment=segment, batch=batch, time_basis=EVENT_TIME)
    found: list[dict[str, int]] = [{} for _ in windows]
    if not chosen or not windows:
        return found
    names = sorted({one.key.column for one in chosen})
    places = {name: i for i, name in enumerate(names)}
    with store.snapshot():
        cells = list(rows_of(Windowed(store, chosen, [places[one.key.column] for one in chosen], windows).cells()))
    for at, slot, rows, missing, *_ in cells:
        if rows > missing:
            found[slot][names[at]] = rows - missing
    return found


def _in_categories(bins: ColumnBins | None, counted: Mapping[int, int]) -> dict[str, int]:
    """Rows by the name of their category, those that lie in bins of one category."""
    if not isinstance(bins, CategoricalBins):
        return {}
    return {bins.categories[at]: rows for at, rows in counted.items() if rows and at < len(bins.categories)}


def _least(one: float | None, other: float) -> float | None:
    if finite_or_none(other) is None:
        return one
    return other if one is None else min(one, other)


def _most(one: float | None, other: float) -> float | None:
    if finite_or_none(other) is None:
        return one
    return other if one is None else max(one, other)
