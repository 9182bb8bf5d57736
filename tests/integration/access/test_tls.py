"""TLS of both ports: versions, and new certificates taken up without a restart."""

import socket
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tidegauge.shipper.outcomes import Greeted, Unavailable
from tidegauge_collector.access.authority import Authority
from tidegauge_collector.errors import ConfigError
from tidegauge_collector.place import ENDPOINTS
from tidegauge_collector.settings import Address

from .fortress import Fortress, fortress


@pytest.fixture
def fresh(folder: Path) -> Iterator[Fortress]:
    with fortress(folder) as running:
        yield running


def handshake(url: str, context: ssl.SSLContext) -> ssl.SSLSocket:
    host, port = url.partition("//")[2].rsplit(":", 1)
    with (
        socket.create_connection((host, int(port)), 10) as plain,
        context.wrap_socket(plain, server_hostname=host) as up,
    ):
        return up


def serial(url: str) -> str:
    """The serial number of the certificate that a port shows."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_alpn_protocols(["h2", "http/1.1"])
    host, port = url.partition("//")[2].rsplit(":", 1)
    with (
        socket.create_connection((host, int(port)), 10) as plain,
        context.wrap_socket(plain, server_hostname=host) as up,
    ):
        shown = up.getpeercert(binary_form=True)
    assert shown is not None
    return shown.hex()


def test_addresses_say_that_they_are_encrypted(guarded: Fortress) -> None:
    content = (guarded.data / ENDPOINTS).read_text()

    assert f'"http": "https://127.0.0.1:{guarded.collector.http_url.rsplit(":", 1)[1]}"' in content
    assert '"grpc": "grpcs://127.0.0.1:' in content


@pytest.mark.parametrize("port", ["http_url", "grpc_url"])
def test_versions_before_1_2_are_refused(guarded: Fortress, port: str) -> None:
    context = ssl.create_default_context(cafile=str(guarded.ca_file))
    context.set_alpn_protocols(["h2", "http/1.1"])
    url = getattr(guarded.collector, port)
    handshake(url, context)

    context.set_ciphers("DEFAULT@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1"):
        context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1

    with pytest.raises((ssl.SSLError, ConnectionError)):
        handshake(url, context)


def test_renewed_certificate_is_shown_by_both_ports_without_a_restart(fresh: Fortress) -> None:
    before = serial(fresh.collector.http_url), serial(fresh.collector.grpc_url)

    fresh.cli("certs", "renew")
    over_grpc = serial(fresh.collector.grpc_url)
    over_http = serial(fresh.collector.http_url)

    assert before[0] == before[1]
    assert over_grpc == over_http != before[0]
    assert isinstance(fresh.greet(fresh.token("ingest")), Greeted)
    with fresh.http(fresh.token("read")) as client:
        assert client.get("/api/v1/deployments").status_code == 200


@pytest.mark.parametrize("damage", ["half a pair", "cut", "gone"])
def test_files_that_make_no_sense_change_nothing_until_they_do(fresh: Fortress, damage: str) -> None:
    before, tls = serial(fresh.collector.grpc_url), fresh.collector.access.tls
    assert tls is not None
    certificate, key = fresh.tls / "server.pem", (fresh.tls / "server.key").read_bytes()
    match damage:
        case "half a pair":
            fresh.cli("certs", "renew")
            (fresh.tls / "server.key").write_bytes(key)
        case "cut":
            certificate.write_bytes(certificate.read_bytes()[:200])
        case "gone":
            certificate.unlink()

    seen = serial(fresh.collector.grpc_url), serial(fresh.collector.http_url)
    failures = fresh.metric("tidegauge_tls_reload_failures_total")
    fresh.cli("certs", "renew")
    after = serial(fresh.collector.grpc_url)

    assert seen == (before, before)
    assert failures == 1
    assert after != before


def test_expiry_is_a_figure_and_said_when_it_is_near(fresh: Fortress, capsys: pytest.CaptureFixture[str]) -> None:
    now = datetime.now(UTC)
    far = fresh.metric("tidegauge_certificate_expires_seconds")
    authority = Authority.open(fresh.tls)
    authority.issue_server(["localhost"], now - timedelta(days=80))
    assert fresh.collector.access.tls is not None

    fresh.collector.access.tls.look()
    near = fresh.metric("tidegauge_certificate_expires_seconds")
    fresh.collector.access.tls.look()

    assert 89 * 86_400 < far <= 90 * 86_400
    assert 9 * 86_400 < near <= 10 * 86_400
    assert capsys.readouterr().out.count("tls.certificate_ends_soon") == 1


def test_expired_certificate_is_not_believed_by_agents_until_it_is_renewed(fresh: Fortress) -> None:
    token = fresh.token("ingest")
    Authority.open(fresh.tls).issue_server(["127.0.0.1"], datetime.now(UTC) - timedelta(days=91))

    expired = fresh.greet(token)
    fresh.cli("certs", "renew")
    renewed = fresh.greet(token)

    assert isinstance(expired, Unavailable)
    assert "certificate has expired" in expired.message
    assert isinstance(renewed, Greeted)


@pytest.mark.parametrize("mixed_up", ["another key", "no certificate", "no file"])
def test_start_with_files_that_make_no_sense_is_refused_by_name(folder: Path, mixed_up: str) -> None:
    wanted = Fortress(folder)
    other = Fortress(folder / "other")
    match mixed_up:
        case "another key":
            wanted.settings["tls_key"] = other.settings["tls_key"]
        case "no certificate":
            wanted.settings["tls_cert"] = wanted.settings["tls_key"]
        case "no file":
            wanted.settings["tls_cert"] = folder / "nothing.pem"

    with pytest.raises(
        ConfigError, match=r"tls_(cert|key) = '.*(is not the key of|no certificate in PEM|No such file)"
    ):
        wanted.start()


def test_listening_beyond_this_machine_needs_tls_and_then_a_token(folder: Path) -> None:
    everywhere = {"http": Address("0.0.0.0", 0), "grpc": Address("0.0.0.0", 0), "access": "auto"}

    with pytest.raises(ConfigError, match=r"without TLS and tokens; run\n +tidegauge-collector certs init --data"):
        Fortress(folder / "a", tls=False, **everywhere).start()
    with pytest.raises(ConfigError, match=r"there is none yet.*run\n +tidegauge-collector tokens create AGENTS"):
        Fortress(folder / "b", **everywhere).start()

    ready = Fortress(folder / "c", **everywhere)
    ready.token("ingest")
    ready.start()
    shown = ready.collector.grpc_url
    refused = ready.collector.access.gate.required
    ready.stop()

    assert shown.startswith("grpcs://collector.example:")
    assert refused


def test_insecure_listens_anywhere_without_either(folder: Path) -> None:
    with fortress(
        folder, tls=False, insecure=True, access="auto", http=Address("0.0.0.0", 0), grpc=Address("0.0.0.0", 0)
    ) as running:
        assert running.collector.http_url.startswith("http://0.0.0.0:")
        assert not running.collector.access.gate.required
