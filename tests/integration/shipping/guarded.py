"""A collector behind a door: TLS, client certificates, tokens. Keeps what it is sent; the rest of a collector is not here."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import grpc
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tidegauge.wire import telemetry_pb2 as pb

KeyPair = tuple[bytes, bytes]
DEADLINE_S = 120.0


class GuardedCollector:
    """Answers on a real port. `tokens` None: everybody may come in; `clients`: whose certificates are asked for."""

    def __init__(self, pair: KeyPair | None, *, clients: bytes | None = None, tokens: set[str] | None = None) -> None:
        self.tokens = tokens
        self.frames: dict[bytes, list[bytes]] = {}
        self.shown: list[str] = []  # what came as authorization
        self.refusal = grpc.StatusCode.UNAUTHENTICATED
        self._changed = threading.Condition()
        self._port = 0
        self.begin(pair, clients=clients)

    def begin(self, pair: KeyPair | None, *, clients: bytes | None = None) -> None:
        """Listen, on the port of the time before."""
        self._server = grpc.server(ThreadPoolExecutor(4), options=(("grpc.so_reuseport", 0),))
        handlers = {
            "Hello": grpc.unary_unary_rpc_method_handler(self._hello, pb.HelloRequest.FromString),
            "Ship": grpc.unary_unary_rpc_method_handler(self._ship, pb.ShipRequest.FromString),
        }
        self._server.add_generic_rpc_handlers(
            (grpc.method_handlers_generic_handler("tidegauge.v1.Telemetry", handlers),)
        )
        address = f"localhost:{self._port}"
        if pair is None:
            self._port = self._server.add_insecure_port(address)
        else:
            door = grpc.ssl_server_credentials([pair], clients, require_client_auth=clients is not None)
            self._port = self._server.add_secure_port(address, door)
        self._server.start()

    def end(self) -> None:
        """Stop listening."""
        self._server.stop(None).wait()

    @property
    def address(self) -> str:
        return f"grpcs://localhost:{self._port}"

    @property
    def address_in_the_clear(self) -> str:
        return f"grpc://localhost:{self._port}"

    def until(self, is_so: Callable[[], bool]) -> None:
        """Return when something is so; looks again after each call."""
        with self._changed:
            assert self._changed.wait_for(is_so, DEADLINE_S), (self.shown, {k: len(v) for k, v in self.frames.items()})

    def _hello(self, request: pb.HelloRequest, context: Any) -> bytes:
        self._let_in(context)
        marks = [pb.EpochMark(epoch=one.epoch, mark=len(self.frames.get(one.epoch, []))) for one in request.epochs]
        now_us = time.time_ns() // 1_000
        reply = pb.HelloReply(protocol_version=1, marks=marks, config_revision=5, received_at_us=now_us)
        return reply.SerializeToString()

    def _ship(self, request: pb.ShipRequest, context: Any) -> bytes:
        self._let_in(context)
        with self._changed:
            kept = self.frames.setdefault(request.epoch, [])
            if request.first_seq > len(kept) + 1:
                context.set_trailing_metadata((("tidegauge-expected-seq", str(len(kept) + 1)),))
                context.abort(grpc.StatusCode.FAILED_PRECONDITION, "a hole in the numbers")
            kept.extend(request.frames[len(kept) + 1 - request.first_seq :])
            self._changed.notify_all()
            return pb.Ack(mark=len(kept), config_revision=5).SerializeToString()

    def _let_in(self, context: Any) -> None:
        given = str(dict(context.invocation_metadata()).get("authorization", ""))
        with self._changed:
            self.shown.append(given)
            self._changed.notify_all()
        if self.tokens is not None and given.removeprefix("Bearer ") not in self.tokens:
            context.abort(self.refusal, "token unknown or revoked")


@contextmanager
def listening() -> Iterator[Callable[..., GuardedCollector]]:
    """Starts collectors, and ends them."""
    running: list[GuardedCollector] = []

    def begin(*arguments: object, **options: object) -> GuardedCollector:
        running.append(GuardedCollector(*arguments, **options))  # type: ignore[arg-type]
        return running[-1]

    yield begin
    for collector in running:
        collector.end()


def pair_of(leaf: trustme.LeafCert) -> KeyPair:
    """Key and certificate as gRPC wants them."""
    return leaf.private_key_pem.bytes(), leaf.cert_chain_pems[0].bytes()


def write_pair(directory: Path, leaf: trustme.LeafCert) -> tuple[str, str]:
    """Certificate and key as files, put in place as a rotation does it."""
    key, certificate = pair_of(leaf)
    for name, content in (("client.pem", certificate), ("client.key", key)):
        put(directory / name, content)
    return str(directory / "client.pem"), str(directory / "client.key")


def put(path: Path, content: bytes) -> str:
    """Replace a file at once."""
    temporary = path.with_suffix(".rotated")
    temporary.write_bytes(content)
    temporary.replace(path)
    return str(path)


def self_signed(host: str) -> KeyPair:
    """A certificate that vouches for itself."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, host)])
    built = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    built = built.serial_number(1).not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
    built = built.add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
    signed = built.sign(key, hashes.SHA256())
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return secret, signed.public_bytes(Encoding.PEM)
