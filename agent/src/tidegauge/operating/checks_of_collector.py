"""Checks of the way to a collector: TCP, TLS, a Hello that names no epoch (so that it has no effect there), its clock.

Importing this loads no gRPC; `check_collector` does, once TCP and TLS are well.
"""

import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from tidegauge.errors import TidegaugeError
from tidegauge.operating.certificates import ends_at
from tidegauge.operating.checks_on_disk import advice_for
from tidegauge.operating.findings import FAIL, OK, WARN, Finding
from tidegauge.shipper.credentials import Credentials
from tidegauge.shipper.destination import Destination
from tidegauge.wire import telemetry_pb2 as pb
from tidegauge.wire.codec import PROTOCOL_VERSION

TIMEOUT_S = 5.0
CERTIFICATE_DAYS = 14.0
SKEW_WARN_S, SKEW_FAIL_S = 60.0, 300.0
SLOW_S = 1.0


def check_collector(destination: Destination, credentials: Credentials) -> Iterator[Finding]:
    """Check one step after the other; stops where the next cannot work."""
    tcp = _tcp(destination)
    yield tcp
    if tcp.state == FAIL:
        return
    if destination.is_tls and credentials.certificate is not None:
        yield client_certificate(credentials.certificate, destination.cert_file or "", datetime.now(UTC))
    tls = _tls(destination, credentials)
    yield tls
    if tls.state != FAIL:
        yield from _hello(destination, credentials)


def _tcp(destination: Destination) -> Finding:
    begun = time.monotonic()
    try:
        socket.create_connection((destination.host, destination.port), TIMEOUT_S).close()
    except OSError as error:
        return Finding(
            "tcp",
            FAIL,
            f"{destination.target} cannot be reached: {error}",
            "is the collector running, the address right, the port open?",
        )
    return Finding("tcp", OK, f"{destination.target} answers in {(time.monotonic() - begun) * 1e3:.1f} ms")


def _tls(destination: Destination, credentials: Credentials) -> Finding:
    if not destination.is_tls:
        if destination.is_loopback:
            return Finding("tls", OK, "in the clear, within this machine")
        return Finding("tls", WARN, "in the clear: whoever listens on the network reads along", "use grpcs://")
    try:
        context = _context(destination, credentials)
        plain = socket.create_connection((destination.host, destination.port), TIMEOUT_S)
        with plain, context.wrap_socket(plain, server_hostname=destination.host) as encrypted:
            return _certificate(encrypted.getpeercert() or {}, str(encrypted.version()))
    except ssl.SSLCertVerificationError as error:
        advice = advice_for(f"CERTIFICATE_VERIFY_FAILED: {error.verify_message}")
        if "match" in error.verify_message:
            advice = advice_for("Hostname Verification")
        return Finding("tls", FAIL, f"the collector's certificate is not believed: {error.verify_message}", advice)
    except (OSError, ValueError) as error:
        return Finding(
            "tls",
            FAIL,
            f"no encrypted connection: {error}",
            "does the collector speak TLS on this port, and do cert_file and key_file belong together?",
        )


def client_certificate(pem: bytes, path: str, now: datetime) -> Finding:
    """Whether the certificate that the agent shows is valid, and goes on to be."""
    try:
        end = ends_at(pem)
    except (ValueError, IndexError) as error:
        return Finding("client_certificate", FAIL, f"{path} cannot be read: {error}", "put a PEM certificate there")
    days = (end - now).total_seconds() / 86_400
    advice = "have it renewed, and put the new one and its key there: the shipper takes them up without a restart"
    if days <= 0:
        return Finding("client_certificate", FAIL, f"{path} expired on {end:%Y-%m-%d}", advice)
    text = f"{path} is valid until {end:%Y-%m-%d} ({days:,.0f} days)"
    return (
        Finding("client_certificate", WARN, text, advice)
        if days < CERTIFICATE_DAYS
        else Finding("client_certificate", OK, text)
    )


def _context(destination: Destination, credentials: Credentials) -> ssl.SSLContext:
    authorities = credentials.authorities.decode("ascii", "replace") if credentials.authorities else None
    context = ssl.create_default_context(cadata=authorities)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["h2"])
    if destination.cert_file and destination.key_file:
        context.load_cert_chain(destination.cert_file, destination.key_file)
    return context


def _certificate(certificate: Mapping[str, object], version: str) -> Finding:
    ends_at = datetime.fromtimestamp(ssl.cert_time_to_seconds(str(certificate["notAfter"])), UTC)
    days = (ends_at - datetime.now(UTC)).total_seconds() / 86_400
    text = f"{version}; the collector's certificate is valid until {ends_at:%Y-%m-%d} ({days:,.0f} days)"
    if days < CERTIFICATE_DAYS:
        return Finding("tls", WARN, text, "have the collector's certificate renewed")
    return Finding("tls", OK, text)


def _hello(destination: Destination, credentials: Credentials) -> Iterator[Finding]:
    from tidegauge.shipper.link import GrpcLink  # noqa: PLC0415 - gRPC is loaded where it is used, and nowhere else
    from tidegauge.shipper.outcomes import Greeted, Outcome  # noqa: PLC0415

    answered, outcomes = threading.Event(), list[Outcome]()

    def done(outcome: Outcome) -> None:
        outcomes.append(outcome)
        answered.set()

    try:
        link = GrpcLink(destination, credentials)
    except (TidegaugeError, OSError, ValueError) as error:
        yield Finding("hello", FAIL, f"no call can be made: {error}", advice_for(str(error)))
        return
    begun, begun_us = time.monotonic(), time.time_ns() // 1_000
    link.hello(pb.HelloRequest(protocol_version=PROTOCOL_VERSION, sent_at_us=begun_us), done)
    answered.wait(TIMEOUT_S * 3)
    took_s = time.monotonic() - begun
    link.close()
    outcome = outcomes[0] if outcomes else None
    if isinstance(outcome, Greeted):
        yield from _reply(outcome.reply, took_s, begun_us)
    else:
        message = str(getattr(outcome, "message", "no answer"))
        yield Finding(
            "hello", FAIL, f"the collector does not let us in: {message}", _hello_advice(message, destination)
        )


def _hello_advice(message: str, destination: Destination) -> str:
    if "UNIMPLEMENTED" in message:
        return "something else listens there: is it the collector's gRPC port?"
    if "UNAVAILABLE" in message and not destination.is_tls and _speaks_tls(destination):
        return f"the collector speaks TLS there: write grpcs://{destination.target}, and name its authority in ca_file"
    if "UNAVAILABLE" in message and destination.is_tls:
        return "if the collector asks for client certificates, name cert_file and key_file"
    return advice_for(message)


def _speaks_tls(destination: Destination) -> bool:
    """Whether the other side begins a TLS connection; whose certificate it has does not matter, as nothing is sent over it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        plain = socket.create_connection((destination.host, destination.port), TIMEOUT_S)
        with plain, context.wrap_socket(plain, server_hostname=destination.host):
            return True
    except OSError:
        return False


def _reply(reply: pb.HelloReply, took_s: float, begun_us: int) -> Iterator[Finding]:
    text = f"answered in {took_s * 1e3:.0f} ms, configuration revision {reply.config_revision}"
    yield (
        Finding("hello", WARN, text, "the way to the collector is slow")
        if took_s > SLOW_S
        else Finding("hello", OK, text)
    )
    if reply.protocol_version == PROTOCOL_VERSION:
        yield Finding("protocol", OK, f"both speak version {PROTOCOL_VERSION}")
    else:
        older = "the collector" if reply.protocol_version < PROTOCOL_VERSION else "this agent"
        text = f"the collector speaks version {reply.protocol_version}, this agent {PROTOCOL_VERSION}"
        yield Finding("protocol", WARN, text, f"upgrade {older} when you can")
    yield _clock(reply.received_at_us, took_s, begun_us)


def _clock(received_at_us: int, took_s: float, begun_us: int) -> Finding:
    if not received_at_us:
        return Finding("clock", WARN, "the collector does not tell its time", "upgrade the collector")
    skew_s = (begun_us - received_at_us) / 1e6 + took_s / 2
    text = f"this clock is {abs(skew_s):.3f} s {'ahead of' if skew_s > 0 else 'behind'} the collector's (within {took_s / 2:.3f} s)"
    if abs(skew_s) <= SKEW_WARN_S:
        return Finding("clock", OK, text)
    return Finding(
        "clock", FAIL if abs(skew_s) > SKEW_FAIL_S else WARN, text, "set this host's clock (NTP), or the collector's"
    )
