"""When the truth of a deployment's predictions last came in."""

from tidegauge_collector.telemetry.store import TelemetryStore


def last_actual_us(store: TelemetryStore, deployment: str) -> int | None:
    """When the newest actual was received, None where none ever was."""
    number = store.index.deployments.known.get(deployment, -1)
    ((newest,),) = store.rows("last_actual", {"deployment_id": number})
    return None if newest is None else int(newest)
