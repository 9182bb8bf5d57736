"""Reads a certificate, its key and the authority of clients from their files: whole and belonging together, or not at all."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from tidegauge_collector.errors import ConfigError

MAX_PEM_BYTES = 1024 * 1024
_INIT = "`tidegauge-collector certs init` makes a pair for a first trial"

Stamp = tuple[tuple[int, int, int] | None, ...]  # what changes with the files' contents


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """Where certificate (with its chain), key and, for mutual TLS, the clients' authorities lie, all in PEM."""

    certificate: Path
    key: Path
    client_ca: Path | None = None

    def stamp(self) -> Stamp:
        """Two equal stamps: the files have not changed between them."""
        return tuple(_stamp(path) for path in (self.certificate, self.key, self.client_ca) if path is not None)


@dataclass(frozen=True, slots=True)
class TlsMaterial:
    """What the files hold, checked: the key is the certificate's."""

    certificate: bytes
    key: bytes = field(repr=False)
    client_ca: bytes | None
    not_after: datetime
    hosts: tuple[str, ...]

    def seconds_left(self, now_us: int) -> float:
        """Until the certificate expires; negative afterwards."""
        return self.not_after.timestamp() - now_us / 1e6


def read_material(files: TlsFiles) -> TlsMaterial:
    """Read and check the files; ConfigError names the file, what is wrong and the fix, and never a content."""
    certificate, key = _read(files.certificate, "tls_cert"), _read(files.key, "tls_key")
    leaf = _certificates(certificate, files.certificate, "tls_cert")[0]
    if _public_key_of(key, files.key) != leaf.public_key().public_bytes(
        Encoding.DER, PublicFormat.SubjectPublicKeyInfo
    ):
        raise ConfigError(
            f"tls_key = '{files.key}': is not the key of {files.certificate}: give both of one pair; {_INIT}"
        )
    client_ca = None
    if files.client_ca is not None:
        client_ca = _read(files.client_ca, "tls_client_ca")
        _certificates(client_ca, files.client_ca, "tls_client_ca")
    return TlsMaterial(certificate, key, client_ca, leaf.not_valid_after_utc, hosts_of(leaf))


def hosts_of(certificate: x509.Certificate) -> tuple[str, ...]:
    """The host names and addresses that a certificate is for, in its order."""
    return tuple(str(value) for kind, value in _alternatives(certificate) if kind is not x509.UniformResourceIdentifier)


def uris_of(certificate: x509.Certificate) -> tuple[str, ...]:
    """The URIs that a certificate names."""
    return tuple(str(value) for kind, value in _alternatives(certificate) if kind is x509.UniformResourceIdentifier)


def days_left(certificate: x509.Certificate, now: datetime) -> float:
    """Until a certificate expires; negative afterwards."""
    return (certificate.not_valid_after_utc - now.astimezone(UTC)).total_seconds() / 86_400


def _alternatives(certificate: x509.Certificate) -> list[tuple[type[x509.GeneralName], object]]:
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return []
    return [(type(one), one.value) for one in found]


def _certificates(content: bytes, path: Path, setting: str) -> Sequence[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(content)
    except ValueError as problem:
        raise ConfigError(f"{setting} = '{path}': holds no certificate in PEM ({problem}); {_INIT}") from problem


def _public_key_of(key: bytes, path: Path) -> bytes:
    try:
        found = load_pem_private_key(key, None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as problem:
        raise ConfigError(f"tls_key = '{path}': holds no private key in PEM without a passphrase; {_INIT}") from problem
    return found.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _read(path: Path, setting: str) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_PEM_BYTES + 1)
    except OSError as problem:
        raise ConfigError(f"{setting} = '{path}': {problem.strerror}; {_INIT}") from problem
    if len(content) > MAX_PEM_BYTES:
        raise ConfigError(f"{setting} = '{path}': is larger than {MAX_PEM_BYTES} bytes: that is no PEM file")
    return content


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        state = path.stat()
    except OSError:
        return None
    return state.st_ino, state.st_mtime_ns, state.st_size
