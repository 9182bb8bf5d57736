"""TLS of both ports from one pair of files, taken up anew when they change, without a restart and without a lost connection.

Files that make no sense (half written, or a key that is not the certificate's) change nothing: the pair before goes on, and
the log and `/metrics` say so. Connections that exist stay as they are; a gRPC connection ends after ten minutes anyway.
"""

import contextlib
import os
import ssl
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import grpc
import structlog

from tidegauge_collector.access.certificates import Stamp, TlsFiles, TlsMaterial, read_material
from tidegauge_collector.errors import ConfigError

WARN_DAYS = 14.0
WARN_EVERY_US = 86_400 * 1_000_000

log = structlog.get_logger(__name__)


class Tls:
    """The pair that is in use. `look` may be called from any thread; gRPC does, before each handshake."""

    def __init__(self, files: TlsFiles, now_us: Callable[[], int]) -> None:
        """Read the files; raises ConfigError where they make no sense."""
        self._files = files
        self._now_us = now_us
        self._lock = threading.Lock()  # guards what follows
        self._stamp = files.stamp()
        self._refused: Stamp | None = None
        self._grpc_version = self._version = 0
        self._warned_us: int | None = None
        self.failures = 0
        self.material = read_material(files)
        self._context = _server_context(self.material)
        self.ssl_context = _server_context(self.material)
        self.ssl_context.sni_callback = self._swap

    def look(self) -> None:
        """Take up the files if they have changed and make sense; and say, once a day, that the certificate ends soon."""
        with self._lock:
            stamp = self._files.stamp()
            if stamp not in (self._stamp, self._refused):
                self._reload(stamp)
            self._warn()

    def grpc_credentials(self) -> grpc.ServerCredentials:
        """Credentials of a gRPC server. With a clients' authority each client must show a certificate of it."""
        first = _grpc_configuration(self.material)
        clients = self.material.client_ca is not None
        return grpc.dynamic_ssl_server_credentials(first, self._fetch, require_client_authentication=clients)

    def _reload(self, stamp: Stamp) -> None:
        try:
            material = read_material(self._files)
            context = _server_context(material)
        except (ConfigError, ssl.SSLError, OSError) as problem:
            self.failures += 1
            self._refused = stamp
            log.warning("tls.not_taken_up", problem=str(problem), valid_until=str(self.material.not_after))
            return
        self.material, self._context = material, context
        self._stamp, self._refused = stamp, None
        self._version += 1
        self._warned_us = None
        log.info("tls.taken_up", certificate=str(self._files.certificate), valid_until=str(material.not_after))

    def _warn(self) -> None:
        now_us = self._now_us()
        if self.material.seconds_left(now_us) > WARN_DAYS * 86_400:
            return
        if self._warned_us is None or not 0 <= now_us - self._warned_us < WARN_EVERY_US:
            self._warned_us = now_us
            days = self.material.seconds_left(now_us) / 86_400
            log.warning("tls.certificate_ends_soon", days=round(days, 1), certificate=str(self._files.certificate))

    def _fetch(self) -> grpc.ServerCertificateConfiguration | None:
        """What gRPC asks before each handshake: a new configuration, or None where nothing has changed."""
        try:
            self.look()
            with self._lock:
                if self._grpc_version == self._version:
                    return None
                self._grpc_version = self._version
                return _grpc_configuration(self.material)
        except Exception as problem:  # noqa: BLE001 - an exception would end in gRPC's own threads: the pair before goes on
            log.warning("tls.look_failed", problem=repr(problem))
            return None

    def _swap(self, connection: ssl.SSLObject, _name: str | None, _context: ssl.SSLContext) -> None:
        """Called within each handshake of the HTTP port: go on with the newest pair."""
        connection.context = self._context


def _grpc_configuration(material: TlsMaterial) -> grpc.ServerCertificateConfiguration:
    return grpc.ssl_server_certificate_configuration([(material.key, material.certificate)], material.client_ca)


def _server_context(material: TlsMaterial) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    with _as_file(material.key + b"\n" + material.certificate) as path:
        context.load_cert_chain(path)
    return context


@contextlib.contextmanager
def _as_file(content: bytes) -> Iterator[str]:
    """`ssl` reads files only, and the real ones may be in the midst of a change: what was checked is what is loaded.

    In memory, where the system can: the key is to lie on no other disk.
    """
    in_memory = hasattr(os, "memfd_create")
    descriptor, name = (os.memfd_create("tidegauge-tls"), "") if in_memory else tempfile.mkstemp(prefix="tidegauge-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            yield name or f"/proc/self/fd/{descriptor}"
    finally:
        if name:
            Path(name).unlink()
