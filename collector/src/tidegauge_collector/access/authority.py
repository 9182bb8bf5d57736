"""A private certificate authority for a first trial, in a directory of its own: enough to encrypt, no replacement for a company's.

<directory>/ca.pem, ca.key                 the authority, a year; whoever has ca.key can be anybody: keep it elsewhere
<directory>/server.pem, server.key         the collector's certificate, 90 days
<directory>/clients/NAME.pem, NAME.key     an agent's certificate, 90 days, with the name agent://DEPLOYMENT/NAME
"""

import ipaddress
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tidegauge_collector.access.certificates import hosts_of
from tidegauge_collector.access.tokens import is_pattern
from tidegauge_collector.errors import ConfigError

CA_DAYS, LEAF_DAYS = 365, 90
SKEW = timedelta(hours=1)  # a certificate is valid for hosts whose clock is behind, too
_HOST = re.compile(r"(?=.{1,253}$)[A-Za-z0-9_*-]{1,63}(\.[A-Za-z0-9_-]{1,63})*")
_CLIENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True, slots=True)
class Pair:
    """Where a certificate and its key were written."""

    certificate: Path
    key: Path
    not_after: datetime


class Authority:
    """The authority in a directory."""

    def __init__(self, directory: Path, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> None:
        self.directory = directory
        self.certificate = certificate
        self._key = key

    @classmethod
    def create(cls, directory: Path, now: datetime) -> "Authority":
        """Make one; ConfigError where there is one already: those who trust it would not trust another."""
        if (directory / "ca.pem").exists() or (directory / "ca.key").exists():
            raise ConfigError(
                f"{directory} holds an authority already: `tidegauge-collector certs renew` makes a new certificate of it; "
                "move the directory away to begin anew, and give the new ca.pem to all agents"
            )
        key = ec.generate_private_key(ec.SECP256R1())
        name = _name("Tidegauge trial authority")
        builder = _builder(name, name, key, now, now + timedelta(days=CA_DAYS))
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        builder = builder.add_extension(_usage(signs_certificates=True), critical=True)
        certificate = builder.sign(key, hashes.SHA256())
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write(directory / "ca.key", _pem_of(key))
        _write(directory / "ca.pem", certificate.public_bytes(Encoding.PEM), mode=0o644)
        return cls(directory, certificate, key)

    @classmethod
    def open(cls, directory: Path) -> "Authority":
        """The one that is there; ConfigError where there is none or its key is not here."""
        try:
            certificate = x509.load_pem_x509_certificate((directory / "ca.pem").read_bytes())
            key = load_pem_private_key((directory / "ca.key").read_bytes(), None)
        except (OSError, ValueError, TypeError) as problem:
            raise ConfigError(
                f"no authority can be opened in {directory} ({problem}): `tidegauge-collector certs init` makes one; "
                "put ca.key back where it was moved away"
            ) from problem
        if not isinstance(key, ec.EllipticCurvePrivateKey) or key.public_key() != certificate.public_key():
            raise ConfigError(f"{directory}/ca.key is not the key of ca.pem beside it: put back the one that is")
        return cls(directory, certificate, key)

    def issue_server(self, hosts: Sequence[str], now: datetime) -> Pair:
        """A certificate for the collector under these names and addresses, in the place of the one before."""
        names = [_host_name(host) for host in dict.fromkeys(hosts)]
        return self._issue("server", "tidegauge-collector", names, ExtendedKeyUsageOID.SERVER_AUTH, now)

    def issue_client(self, name: str, deployments: Sequence[str], now: datetime, *, replaces: bool = False) -> Pair:
        """A certificate for an agent that ships for deployments (patterns with `*`).

        ConfigError where there is one of that name, unless it `replaces` that: whoever has the other goes on with it.
        """
        if not _CLIENT.fullmatch(name):
            raise ConfigError(f"client {name!r}: use letters, digits, '.', '_' and '-', at most 64")
        for pattern in deployments:
            if not is_pattern(pattern):
                raise ConfigError(
                    f"deployment {pattern!r}: write a deployment's name, with * for anything, e.g. shop-*"
                )
        there = self.directory / "clients" / f"{name}.pem"
        if there.exists() and not replaces:
            raise ConfigError(
                f"{there} is there already, perhaps for other deployments: --replace makes another in its place (the one before "
                "stays valid until it ends), or give this agent another name"
            )
        uris: list[x509.GeneralName] = [x509.UniformResourceIdentifier(f"agent://{one}/{name}") for one in deployments]
        return self._issue(f"clients/{name}", name, uris, ExtendedKeyUsageOID.CLIENT_AUTH, now)

    def _issue(
        self, file: str, common_name: str, names: Sequence[x509.GeneralName], use: x509.ObjectIdentifier, now: datetime
    ) -> Pair:
        key = ec.generate_private_key(ec.SECP256R1())
        ends = min(now + timedelta(days=LEAF_DAYS), self.certificate.not_valid_after_utc)
        if ends <= now:
            raise ConfigError(f"the authority in {self.directory} has expired: move the directory away and begin anew")
        builder = _builder(_name(common_name), self.certificate.subject, key, now, ends)
        builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        builder = builder.add_extension(_usage(signs_certificates=False), critical=True)
        builder = builder.add_extension(x509.ExtendedKeyUsage([use]), critical=False)
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        certificate = builder.add_extension(issuer, critical=False).sign(self._key, hashes.SHA256())
        pair = Pair(self.directory / f"{file}.pem", self.directory / f"{file}.key", certificate.not_valid_after_utc)
        pair.key.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write(pair.key, _pem_of(key))
        _write(pair.certificate, certificate.public_bytes(Encoding.PEM), mode=0o644)
        return pair


def hosts_served(directory: Path) -> tuple[str, ...]:
    """The names of the server's certificate in a directory; empty where there is none."""
    try:
        return hosts_of(x509.load_pem_x509_certificate((directory / "server.pem").read_bytes()))
    except (OSError, ValueError):
        return ()


def check_host(host: str) -> None:
    """Raise ConfigError where a certificate cannot be for that."""
    _host_name(host)


def _host_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host.strip("[]")))
    except ValueError:
        pass  # no address, so a name
    if not _HOST.fullmatch(host):
        raise ConfigError(f"host {host!r}: write a host name or an address without a port, e.g. monitor.example")
    return x509.DNSName(host)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, now: datetime, ends: datetime
) -> x509.CertificateBuilder:
    builder = x509.CertificateBuilder(subject_name=subject, issuer_name=issuer, public_key=key.public_key())
    builder = builder.serial_number(x509.random_serial_number()).not_valid_before(now - SKEW).not_valid_after(ends)
    return builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _pem_of(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _write(path: Path, content: bytes, *, mode: int = 0o600) -> None:
    """Put a file in its place at once, so that nobody reads half of it."""
    temporary = path.with_name(f".{path.name}.new")
    temporary.unlink(missing_ok=True)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(descriptor)
    temporary.replace(path)
