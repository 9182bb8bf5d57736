"""Refused agents: `doctor` says why and what to do, the spool keeps everything, and shipping goes on after the fix by itself.

Nothing is started again: neither the service (this process) nor its shipper nor the collector.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme

import tidegauge
from tidegauge.process import PROCESS
from tidegauge.shipper.destination import DESTINATION_NAME, read_destination, write_destination
from tidegauge.shipper.lock import is_held, read_holder
from tidegauge.shipper.status import read_status
from tidegauge.spool import list_epochs, read_position
from tidegauge_collector.access.authority import Authority

from .conftest import WAIT_S, Castle, doctor, until

Service = tuple[tidegauge.Agent, Path]


@pytest.fixture
def service(
    castle: Castle, tmp_path: Path, make_agent: Callable[..., tidegauge.Agent]
) -> Iterator[Callable[..., Service]]:
    """Makes agents of the deployment `shop` with their own copy of the authority and a token file."""
    roots = []

    def make(token: str, **options: str) -> Service:
        ca_file, token_file = tmp_path / "ca.pem", tmp_path / "token"
        shutil.copy(castle.tls / "ca.pem", ca_file)
        put(token_file, token)
        given = {"collector": castle.address, "ca_file": str(ca_file), "token_file": str(token_file), **options}
        agent = make_agent("shop", **({"shipper": "process"} | given))
        roots.append(agent.settings.root)
        return agent, agent.settings.root

    yield make
    for root in roots:
        holder = read_holder(root)
        if holder is not None and is_held(root):
            os.kill(holder.pid, signal.SIGKILL)


def put(path: Path, text: str) -> None:
    """Replace a file as a rotation does it."""
    temporary = path.with_suffix(".new")
    temporary.write_text(text)
    temporary.chmod(0o600)
    temporary.replace(path)


def record(agent: tidegauge.Agent, *ids: str) -> None:
    agent.record([{"x": 1.0}] * len(ids), [0.5] * len(ids), prediction_ids=list(ids))
    assert agent.flush(120)


def said(root: Path) -> str:
    """What the shipper says is wrong."""
    status = read_status(root)
    return "" if status is None else f"{status.last_error or ''} {' '.join(status.denied.values())}"


def refused(root: Path, reason: str) -> dict[str, tuple[str, str, str]]:
    """What doctor finds once the shipper was turned away; nothing of the spool is acknowledged."""
    until(lambda: reason in said(root), lambda: said(root))
    found = doctor(root)
    assert found["shipper"][0] == "fail"
    assert found["shipper"][2]
    return found


def goes_on(agent: tidegauge.Agent, castle: Castle, shipper: int) -> None:
    """Everything arrives, over the same shipper and collector."""
    assert agent.flush(120, wait="acknowledged"), said(agent.settings.root)
    holder = read_holder(agent.settings.root)
    assert (holder.pid if holder else None, castle.process.poll() if castle.process else 0) == (shipper, None)


def shipper_of(root: Path) -> int:
    until(lambda: read_holder(root) is not None)
    holder = read_holder(root)
    assert holder is not None
    assert holder.pid != os.getpid()
    return holder.pid


def kept(root: Path) -> list[int]:
    """How far each epoch is acknowledged."""
    return [read_position(epoch.path).acknowledged_seq for epoch in list_epochs(root)]


def test_revoked_token(castle: Castle, service: Callable[..., Service], tmp_path: Path) -> None:
    token = castle.token()
    agent, root = service(token)
    record(agent, "before")
    assert agent.flush(120, wait="acknowledged"), said(root)
    shipper, before = shipper_of(root), kept(root)

    castle.cli("tokens", "revoke", token.split("_")[1])
    refused_at_last, deadline = False, time.monotonic() + WAIT_S
    while not refused_at_last and time.monotonic() < deadline:  # a revocation is seen within seconds
        record(agent, "meanwhile")
        refused_at_last = " was revoked on " in said(root)
    found = refused(root, " was revoked on ")
    stopped = kept(root)
    put(tmp_path / "token", castle.token())
    goes_on(agent, castle, shipper)

    assert refused_at_last
    assert "ask the collector's administrator why" in found["shipper"][2]
    assert "was revoked on" in found["hello"][1]
    assert before <= stopped <= kept(root)


def test_expired_token(castle: Castle, service: Callable[..., Service], tmp_path: Path) -> None:
    token = castle.token()
    castle.expire(token)
    agent, root = service(token.replace("tgk_" + token[4:6], "tgk_00"))
    record(agent, "a")

    found = refused(root, " expired on ")
    shipper, stopped = shipper_of(root), kept(root)
    put(tmp_path / "token", token)
    goes_on(agent, castle, shipper)

    assert set(stopped) == {0}
    assert "for a new token" in found["hello"][2]


def test_unknown_token(castle: Castle, service: Callable[..., Service], tmp_path: Path) -> None:
    agent, root = service("tgk_0123456789_" + "x" * 43)
    record(agent, "a")

    found = refused(root, " is unknown here")
    shipper, stopped = shipper_of(root), kept(root)
    put(tmp_path / "token", castle.token("--deployment", "sh*p"))
    goes_on(agent, castle, shipper)

    assert set(stopped) == {0}
    assert "is it the token of this collector" in found["hello"][2]


def test_token_of_another_deployment(castle: Castle, service: Callable[..., Service], tmp_path: Path) -> None:
    agent, root = service(castle.token("--deployment", "flights"))
    record(agent, "a")

    found = refused(root, "may ship for flights, not for deployment 'shop'")
    shipper, stopped = shipper_of(root), kept(root)
    put(tmp_path / "token", castle.token("--deployment", "shop"))
    goes_on(agent, castle, shipper)

    assert set(stopped) == {0}
    assert "PERMISSION_DENIED" in found["shipper"][1]
    assert "a token of this deployment" in found["shipper"][2]
    assert found["hello"][0] == "ok"


def test_plaintext_to_a_port_that_speaks_tls(castle: Castle, service: Callable[..., Service], tmp_path: Path) -> None:
    """The address belongs to the agent: it has ended here, and a sidecar ships what it left, to another address in the end."""
    agent, root = service(castle.token(), collector=castle.address.replace("grpcs://", "grpc://"), shipper="none")
    record(agent, "a")
    until((root / DESTINATION_NAME).exists)
    PROCESS.close_capture(root)
    sidecar = subprocess.Popen([sys.executable, "-m", "tidegauge.cli", "ship", "--root", str(root)])

    found = refused(root, "UNAVAILABLE")
    stopped = kept(root)
    write_destination(root, replace(read_destination(root), collector=castle.address))
    until(lambda: not list_epochs(root), lambda: said(root))
    running = sidecar.poll() is None
    sidecar.terminate()

    assert (set(stopped), running, sidecar.wait(WAIT_S)) == ({0}, True, 0)
    assert f"speaks TLS there: write {castle.address}" in found["hello"][2]


def test_authority_that_did_not_sign(castle: Castle, service: Callable[..., Service], tmp_path: Path) -> None:
    agent, root = service(castle.token())
    put(tmp_path / "ca.pem", trustme.CA().cert_pem.bytes().decode())
    record(agent, "a")

    found = refused(root, "CERTIFICATE_VERIFY_FAILED")
    shipper, stopped = shipper_of(root), kept(root)
    shutil.copy(castle.tls / "ca.pem", tmp_path / "ca.pem")
    goes_on(agent, castle, shipper)

    assert set(stopped) == {0}
    assert "name the authority of the collector's certificate in ca_file" in found["tls"][2]


@pytest.mark.parametrize(
    ("hosts", "days", "reason", "advice"),
    [
        (["127.0.0.1", "localhost"], 91, "certificate has expired", "have the collector's certificate renewed"),
        (["elsewhere.example"], 0, "", "use the host name that stands in the collector's certificate"),
    ],
    ids=["expired", "another name"],
)
def test_certificate_of_the_collector(
    castle: Castle, service: Callable[..., Service], hosts: list[str], days: int, reason: str, advice: str
) -> None:
    Authority.open(castle.tls).issue_server(hosts, datetime.now(UTC) - timedelta(days=days))
    agent, root = service(castle.token())
    record(agent, "a")

    found = refused(root, reason or "UNAVAILABLE")
    shipper, stopped = shipper_of(root), kept(root)
    castle.cli("certs", "renew")
    goes_on(agent, castle, shipper)

    assert set(stopped) == {0}
    assert found["tls"][0] == "fail"
    assert advice in found["tls"][2]
