"""Starts the gRPC server with limits and keepalive that suit many agents behind proxies."""

from typing import Any

import grpc
from grpc import aio

from tidegauge.wire.telemetry_pb2_grpc import add_TelemetryServicer_to_server
from tidegauge_collector.errors import CollectorError
from tidegauge_collector.ingest.guarded import Service

MAX_MESSAGE_BYTES = 4 * 1024 * 1024
MAX_CONCURRENT_RPCS = 1024

OPTIONS: tuple[tuple[str, int], ...] = (
    ("grpc.so_reuseport", 0),  # else a second collector binds the same port and each gets half of the agents
    ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
    (
        "grpc.http2.min_recv_ping_interval_without_data_ms",
        20_000,
    ),  # clients ping every 60 s; the default answers with GOAWAY
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.keepalive_time_ms", 120_000),
    ("grpc.keepalive_timeout_ms", 20_000),
    ("grpc.max_connection_age_ms", 600_000),  # so that certificates and addresses are looked at again
    ("grpc.max_connection_age_grace_ms", 30_000),
)


async def start_grpc(
    service: Service, host: str, port: int, *, credentials: grpc.ServerCredentials | None = None
) -> tuple[Any, int]:
    """Serve and return (the server, the port it has: asked for with 0 the system chooses one).

    Stop it with `await server.stop(grace)`. Raises CollectorError where the address cannot be bound.
    """
    server = aio.server(options=OPTIONS, maximum_concurrent_rpcs=MAX_CONCURRENT_RPCS)
    add_TelemetryServicer_to_server(service, server)
    address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    try:
        bound = server.add_secure_port(address, credentials) if credentials else server.add_insecure_port(address)
    except RuntimeError as error:
        bound = 0
        reason = str(error)
    else:
        reason = "no port"
    if not bound:
        await server.stop(None)
        raise CollectorError(
            f"gRPC address {address} cannot be bound ({reason}): stop what listens there or set another address"
        )
    await server.start()
    return server, bound
