"""Encryption: a collector is believed only where its certificate's authority is known."""

import asyncio
import shutil
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc import aio

from tidegauge.shipper.destination import Destination
from tidegauge.shipper.link import GrpcLink
from tidegauge.shipper.outcomes import Greeted, Outcome, Unavailable
from tidegauge.wire import telemetry_pb2 as pb

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="needs the openssl command")


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate for localhost, signed by itself; its key lies beside it."""
    path = tmp_path / "certificate.pem"
    command = (
        "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost"
    )
    arguments = [*command.split(), "-keyout", path.with_suffix(".key"), "-out", path]
    subprocess.run(arguments, capture_output=True, check=True)
    return path


@pytest.fixture
def certificate_pair(certificate: Path) -> tuple[bytes, bytes]:
    """Key and certificate as gRPC wants them."""
    return certificate.with_suffix(".key").read_bytes(), certificate.read_bytes()


@pytest.fixture
async def port(certificate_pair: tuple[bytes, bytes]) -> AsyncIterator[int]:
    """A server that answers every Hello with revision 5."""

    async def hello(request: bytes, context: Any) -> bytes:
        return pb.HelloReply(config_revision=5).SerializeToString()

    server = aio.server()
    handlers = {"Hello": grpc.unary_unary_rpc_method_handler(hello)}
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("tidegauge.v1.Telemetry", handlers),))
    port = server.add_secure_port("localhost:0", grpc.ssl_server_credentials([certificate_pair]))
    await server.start()
    yield port
    await server.stop(None)


async def greet(destination: Destination) -> Outcome:
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[Outcome] = loop.create_future()
    link = GrpcLink(destination)
    link.hello(pb.HelloRequest(), lambda outcome: loop.call_soon_threadsafe(answer.set_result, outcome))
    async with asyncio.timeout(30):
        outcome = await answer
    await asyncio.to_thread(link.close)
    return outcome


async def test_collector_with_a_known_authority_is_greeted(port: int, certificate: Path) -> None:
    outcome = await greet(Destination(f"grpcs://localhost:{port}", str(certificate)))

    assert isinstance(outcome, Greeted)
    assert outcome.reply.config_revision == 5


async def test_collector_with_an_unknown_authority_is_not_believed(port: int) -> None:
    outcome = await greet(Destination(f"grpcs://localhost:{port}"))

    assert isinstance(outcome, Unavailable)


async def test_encrypted_collector_is_not_greeted_in_the_clear(port: int) -> None:
    outcome = await greet(Destination(f"grpc://localhost:{port}"))

    assert isinstance(outcome, Unavailable)


def test_certificate_file_that_is_missing_is_an_error_that_the_shipper_survives(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"nothing\.pem"):
        GrpcLink(Destination("grpcs://localhost:1", str(tmp_path / "nothing.pem")))
