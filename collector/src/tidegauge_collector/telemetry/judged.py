"""How far judging has come."""

from tidegauge_collector.telemetry.store import TelemetryStore


def judged_until(store: TelemetryStore, deployment: str, *, monitor: str, version: str) -> int | None:
    """The newest window end that a monitor has judged of a version, None where it has judged none."""
    number = store.index.deployments.known.get(deployment, -1)
    ((newest,),) = store.rows("judged_until", {"deployment_id": number, "monitor": monitor, "version": version})
    return None if newest is None else int(newest)


def all_judged_until(store: TelemetryStore) -> dict[tuple[str, str, str], int]:
    """The same of every deployment, monitor and version that anything was judged of, at once."""
    return {(name, monitor, version): end_us for name, monitor, version, end_us in store.rows("all_judged_until")}
