"""How far judging has come."""

from collections.abc import Mapping

import numpy as np

from tidegauge_collector.telemetry.merge import texts
from tidegauge_collector.telemetry.store import TelemetryStore


def judged_until(store: TelemetryStore, deployment: str, *, monitor: str, version: str) -> int | None:
    """The newest window end that a monitor has judged of a version, None where it has judged none."""
    number = store.index.deployments.known.get(deployment, -1)
    ((newest,),) = store.rows("judged_until", {"deployment_id": number, "monitor": monitor, "version": version})
    return None if newest is None else int(newest)


def all_judged_until(store: TelemetryStore) -> dict[tuple[str, str, str], int]:
    """The same of every deployment, monitor and version that anything was judged of, at once."""
    return {(name, monitor, version): end_us for name, monitor, version, end_us in store.rows("all_judged_until")}


def next_judged(store: TelemetryStore, deployment: str, lags_us: Mapping[str, int], after_us: int) -> int | None:
    """The first instant after a given one at which any of some monitors judged, each so long after its windows' ends; None: none did."""
    number = store.index.deployments.known.get(deployment, -1)
    members = {"monitor": texts(list(lags_us)), "lag_us": np.array(list(lags_us.values()), dtype=np.int64)}
    asked = {"deployment_id": number, "after_us": after_us}
    ((found,),) = store.rows("next_judged", asked, tables={"members": members})
    return None if found is None else int(found)
