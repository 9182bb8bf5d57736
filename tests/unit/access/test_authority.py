"""The private authority: what its certificates say, and what it refuses."""

import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from tidegauge_collector.access.authority import Authority, hosts_served
from tidegauge_collector.access.certificates import TlsFiles, hosts_of, read_material, uris_of
from tidegauge_collector.errors import ConfigError

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority.create(tmp_path / "tls", NOW)


def load(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def test_certificates_are_signed_by_the_authority_and_end_in_time(authority: Authority) -> None:
    server = authority.issue_server(["monitor.example", "192.0.2.1", "::1", "monitor.example"], NOW)
    client = authority.issue_client("web-1", ["shop-*", "cart"], NOW)

    for pair in (server, client):
        load(pair.certificate).verify_directly_issued_by(authority.certificate)
        assert pair.not_after == NOW + timedelta(days=90)
    assert authority.certificate.not_valid_after_utc == NOW + timedelta(days=365)
    assert hosts_of(load(server.certificate)) == ("monitor.example", "192.0.2.1", "::1")
    assert uris_of(load(client.certificate)) == ("agent://shop-*/web-1", "agent://cart/web-1")


def test_keys_are_for_their_owner_alone(authority: Authority) -> None:
    authority.issue_server(["a"], NOW)
    authority.issue_client("web-1", ["*"], NOW)

    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in authority.directory.rglob("*.key")}

    assert modes == {"ca.key": 0o600, "server.key": 0o600, "web-1.key": 0o600}
    assert stat.S_IMODE(authority.directory.stat().st_mode) == 0o700


def test_a_clients_certificate_is_replaced_only_where_that_is_said(tmp_path: Path) -> None:
    authority = Authority.create(tmp_path, NOW)
    first = authority.issue_client("web-1", ["shop-*"], NOW).certificate.read_bytes()

    with pytest.raises(ConfigError, match="--replace"):
        authority.issue_client("web-1", ["*"], NOW)
    kept = (tmp_path / "clients" / "web-1.pem").read_bytes()
    replaced = authority.issue_client("web-1", ["*"], NOW, replaces=True).certificate.read_bytes()

    assert kept == first != replaced


def test_no_certificate_outlives_its_authority(authority: Authority) -> None:
    late = NOW + timedelta(days=300)

    assert authority.issue_server(["a"], late).not_after == authority.certificate.not_valid_after_utc
    with pytest.raises(ConfigError, match="has expired: move the directory away and begin anew"):
        authority.issue_server(["a"], NOW + timedelta(days=366))


def test_second_authority_in_the_same_place_is_refused(authority: Authority) -> None:
    with pytest.raises(ConfigError, match="holds an authority already: `tidegauge-collector certs renew`"):
        Authority.create(authority.directory, NOW)


def test_authority_is_opened_again_with_its_own_key_only(authority: Authority, tmp_path: Path) -> None:
    authority.issue_server(["a.example"], NOW)
    other = Authority.create(tmp_path / "other", NOW)

    assert Authority.open(authority.directory).certificate == authority.certificate
    assert hosts_served(authority.directory) == ("a.example",)
    (authority.directory / "ca.key").write_bytes((other.directory / "ca.key").read_bytes())
    with pytest.raises(ConfigError, match="is not the key of"):
        Authority.open(authority.directory)
    (authority.directory / "ca.key").unlink()
    with pytest.raises(ConfigError, match=r"put ca\.key back"):
        Authority.open(authority.directory)


@pytest.mark.parametrize("host", ["", "a b", "monitor.example:8643", "http://monitor", "x" * 300])
def test_host_that_is_none_is_refused(authority: Authority, host: str) -> None:
    with pytest.raises(ConfigError, match="write a host name or an address without a port"):
        authority.issue_server([host], NOW)


@pytest.mark.parametrize(("name", "pattern"), [("a/b", "*"), ("", "*"), ("../x", "*"), ("ok", "No Slug")])
def test_client_or_deployment_that_makes_no_sense_is_refused(authority: Authority, name: str, pattern: str) -> None:
    with pytest.raises(ConfigError):
        authority.issue_client(name, [pattern], NOW)


def test_material_shows_no_key(authority: Authority) -> None:
    pair = authority.issue_server(["a.example"], NOW)

    material = read_material(TlsFiles(pair.certificate, pair.key))

    assert "PRIVATE KEY" in material.key.decode()
    assert "PRIVATE KEY" not in repr(material)
    assert material.seconds_left(round(NOW.timestamp() * 1e6)) == 90 * 86_400
