"""All predictions of a range with their segments, and their actuals where these are known: what groups are compared by."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tidegauge.core.outcomes import NO_LABEL, Labels
from tidegauge_collector.telemetry.joined import ALL, Among
from tidegauge_collector.telemetry.merge import texts
from tidegauge_collector.telemetry.store import Table, TelemetryStore

_NO_LABELS: Table = {"code": np.array([-1]), "name": texts([""])}


@dataclass(frozen=True, slots=True)
class AnsweredRows:
    """n predictions in no order; NaN, NO_LABEL: none. `segment_set` is the number of a list of segments in `segments`."""

    event_us: npt.NDArray[np.int64]
    score: npt.NDArray[np.float64]
    label: Labels
    segment_set: npt.NDArray[np.int64]
    actual_value: npt.NDArray[np.float64]
    actual_label: Labels
    segments: dict[int, tuple[str, ...]]


def answered(
    store: TelemetryStore,
    deployment: str,
    *,
    version: str | None,
    start_us: int,
    end_us: int,
    among: Among = ALL,
) -> AnsweredRows:
    """The rows whose prediction lies in [start_us, end_us)."""
    index = store.index
    deployment_id = index.deployments.known.get(deployment, -1)
    parameters = {
        "deployment_id": deployment_id,
        "version_id": 0 if version is None else index.versions.known.get(version, -1),
        "start_us": start_us,
        "end_us": end_us,
        **among.parameters(),
    }
    with store.snapshot():
        names = tuple(name for (name,) in store.rows("joined_labels", [deployment_id] * 2))
        labels = {"code": np.arange(len(names)), "name": texts(names)} if names else _NO_LABELS
        rows = store.arrays("answered", parameters, tables={"labels": labels})
    said, true = (
        Labels(names, np.where(rows[name] < 0, NO_LABEL, rows[name]).astype(np.uint32))
        for name in ("label", "actual_label")
    )
    return AnsweredRows(
        rows["event_us"],
        rows["score"],
        said,
        rows["segment_set"],
        rows["actual_value"],
        true,
        index.segment_sets.things(),
    )
