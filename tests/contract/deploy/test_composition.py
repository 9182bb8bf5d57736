"""What compose.yaml puts together, as processes: prepare.sh, collector with TLS and tokens, service, sidecar shipper, health check."""

import json
import os
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest

from .dockerfiles import DEPLOY

WAIT_S = 120.0
BIN = Path(sys.executable).parent
PLAIN = {name: value for name, value in os.environ.items() if not name.startswith("TIDEGAUGE_")}


def waited(for_what: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + WAIT_S
    while not (found := for_what()):
        assert time.monotonic() < deadline, for_what
        time.sleep(0.05)
    return found


@pytest.fixture
def begin(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts processes that end with the test."""
    begun = []

    def start(*command: str, doors: Sequence[int] = (), **environment: str) -> subprocess.Popen[str]:
        path = f"{BIN}{os.pathsep}{PLAIN['PATH']}"
        with (tmp_path / f"{len(begun)}.log").open("w") as log:
            process = subprocess.Popen(
                command, env=PLAIN | {"PATH": path} | environment, stdout=log, stderr=log, text=True, pass_fds=doors
            )
        begun.append(process)
        return process

    yield start
    for process in reversed(begun):
        process.terminate()
        process.wait(timeout=WAIT_S)


@pytest.fixture
def prepared(tmp_path: Path, begin) -> Path:
    (tmp_path / "access").mkdir()
    where = {"DATA": str(tmp_path / "data"), "ACCESS": str(tmp_path / "access"), "HOST": "localhost"}
    for _ in range(2):  # again at each start, without effect
        assert begin("sh", str(DEPLOY / "compose/prepare.sh"), **where).wait(WAIT_S) == 0, (
            tmp_path / "0.log"
        ).read_text()
    return tmp_path


def test_a_prediction_in_the_service_arrives_at_the_collector_through_the_sidecar(prepared, begin, door):
    folder = prepared
    tls = {
        "TIDEGAUGE_TLS_CERT": str(folder / "data/tls/server.pem"),
        "TIDEGAUGE_TLS_KEY": str(folder / "data/tls/server.key"),
    }
    place = {"TIDEGAUGE_DATA": str(folder / "data"), "TIDEGAUGE_HTTP": "127.0.0.1:0", "TIDEGAUGE_GRPC": "127.0.0.1:0"}
    begin("tidegauge-collector", "serve", **tls, **place, TIDEGAUGE_ACCESS="required")
    announced = json.loads(
        waited((folder / "data/endpoints.json").exists) and (folder / "data/endpoints.json").read_text()
    )
    port = announced["grpc"].rpartition(":")[2]

    health = begin(sys.executable, str(DEPLOY / "docker/healthcheck.py"), **place)
    assert health.wait(WAIT_S) == 0

    credentials = {
        "TIDEGAUGE_CA_FILE": str(folder / "access/ca.pem"),
        "TIDEGAUGE_TOKEN_FILE": str(folder / "access/model.token"),
    }
    to = {
        "TIDEGAUGE_SPOOL": str(folder / "spool"),
        "TIDEGAUGE_COLLECTOR": f"grpcs://localhost:{port}",
        "TIDEGAUGE_SHIPPER": "none",
    }
    service = folder / "service.py"
    text = (DEPLOY / "compose/service/service.py").read_text()
    assert "port=8000" in text
    service.write_text(text.replace("port=8000", f"sock=__import__('socket').socket(fileno={door.fileno()})"))
    begin(sys.executable, str(service), doors=[door.fileno()], **to, **credentials)
    url = f"http://127.0.0.1:{door.getsockname()[1]}"
    waited(lambda: answers(f"{url}/healthz"))
    order = {"order_id": "o-1", "area": 80, "age": 0}
    assert httpx.post(f"{url}/price", json=order, timeout=WAIT_S).json() == {"price": 290_000}
    (folder / "spool").mkdir(exist_ok=True)
    begin("tidegauge", "ship", "--spool", str(folder / "spool"))

    token = (folder / "access/prometheus.token").read_text().strip()
    trusted = ssl.create_default_context(cafile=folder / "access/ca.pem")
    with httpx.Client(verify=trusted, headers={"Authorization": f"Bearer {token}"}, timeout=WAIT_S) as reader:
        seen = waited(lambda: reader.get(f"{announced['http']}/api/v1/deployments").json()["items"])
        figures = reader.get(f"{announced['http']}/metrics")

    assert [one["name"] for one in seen] == ["house-prices"]
    assert figures.status_code == 200


def test_the_health_check_fails_with_the_reason_where_no_collector_is(tmp_path, begin):
    health = begin(sys.executable, str(DEPLOY / "docker/healthcheck.py"), TIDEGAUGE_DATA=str(tmp_path))

    assert health.wait(WAIT_S) == 1
    assert "endpoints.json" in (tmp_path / "0.log").read_text()


def answers(url: str) -> bool:
    try:
        return httpx.get(url).status_code == 200
    except httpx.TransportError:
        return False
