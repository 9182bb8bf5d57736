"""compose.yaml read as data: what it names is there, what it sets is a setting, nobody has more rights than needed."""

import re
from pathlib import Path

import pytest
import yaml

from tidegauge.settings import parse_settings
from tidegauge_collector.settings import load_settings

from .dockerfiles import DEPLOY, environment, stages

FOLDER = DEPLOY / "compose"
PAGE = yaml.safe_load((FOLDER / "compose.yaml").read_text())
SERVICES = PAGE["services"]
each = pytest.mark.parametrize("name", SERVICES)


def variables(name: str) -> dict[str, str]:
    return {key: value for key, value in SERVICES[name]["environment"].items() if key.startswith("TIDEGAUGE_")}


@each
def test_nobody_has_more_rights_than_needed(name):
    service = SERVICES[name]

    assert service["user"] == "10001:10001"
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not {"privileged", "cap_add", "network_mode", "pid"} & set(service)


@each
def test_ports_are_open_to_this_machine_only(name):
    assert all(port.startswith("127.0.0.1:") for port in SERVICES[name].get("ports", []))


@each
def test_images_are_built_from_a_file_that_is_there_or_pinned_by_tag(name):
    service = SERVICES[name]

    if "build" in service:
        context = (FOLDER / service["build"]["context"]).resolve()
        assert (context / service["build"]["dockerfile"]).is_file()
    else:
        assert re.fullmatch(r"[a-z]+/[a-z]+:v?\d+\.\d+\.\d+", service["image"])


@each
def test_volumes_are_declared_and_files_are_there(name):
    for mount in SERVICES[name].get("volumes", []):
        source = mount.split(":")[0]
        if source.startswith("."):
            assert (FOLDER / source).exists(), source
            assert mount.endswith(":ro")
        else:
            assert source in PAGE["volumes"]


@each
def test_services_wait_for_others_that_there_are(name):
    for other, how in SERVICES[name].get("depends_on", {}).items():
        assert other in SERVICES
        if how["condition"] == "service_healthy":
            assert not SERVICES[other].get("healthcheck", {}).get("disable")


def test_only_who_must_may_write_where_tokens_lie():
    writers = [name for name, one in SERVICES.items() if "access:/access" in one.get("volumes", [])]

    assert writers == ["prepare"]


def test_service_and_shipper_have_spool_and_token_under_the_same_paths():
    mounts = [set(SERVICES[name]["volumes"]) for name in ("model", "shipper")]

    assert mounts[0] == mounts[1] == {"spool:/spool", "access:/access:ro"}


def test_the_collector_starts_with_what_is_set_and_with_tls(tmp_path: Path):
    image = environment(stages(DEPLOY / "docker/Dockerfile.collector")[-1])
    settings = {key: value for key, value in (image | variables("collector")).items() if key.startswith("TIDEGAUGE_")}
    for key in ("TIDEGAUGE_TLS_CERT", "TIDEGAUGE_TLS_KEY"):
        assert settings[key].startswith("/data/tls/"), "where `certs init --data /data` puts them"
        settings[key] = str(tmp_path / Path(settings[key]).name)
        Path(settings[key]).touch()

    assert load_settings(None, environment=settings).base_url == "https://127.0.0.1:8642"


def test_the_agent_takes_what_is_set():
    found = parse_settings({"deployment": "house-prices"}, variables("model"))

    assert found.shipper == "none"
    assert found.collector == "grpcs://collector:8643"


def test_prometheus_shows_its_token_to_the_collector_of_this_page():
    page = yaml.safe_load((FOLDER / "prometheus/prometheus.yaml").read_text())
    [job] = page["scrape_configs"]

    assert job["scheme"] == "https"
    assert job["static_configs"] == [{"targets": ["collector:8642"]}]
    assert job["authorization"]["credentials_file"] == "/access/prometheus.token"
    assert '"prometheus read"' in (FOLDER / "prepare.sh").read_text()
    assert any(mount.endswith(page["rule_files"][0] + ":ro") for mount in SERVICES["prometheus"]["volumes"])
