"""The units: commands that there are, restarts by exit code, hardening; judged by systemd's own tool where it is installed."""

import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tidegauge.cli import _parser as shipper_parser
from tidegauge_collector.cli import _parser as collector_parser
from tidegauge_collector.errors import ConfigError, DataDirectoryLocked, StoreFatal
from tidegauge_collector.settings import load_settings

from .dockerfiles import DEPLOY

FOLDER = DEPLOY / "systemd"
SERVICES = sorted(FOLDER.glob("*.service"))
DAEMONS = [FOLDER / "tidegauge-collector.service", FOLDER / "tidegauge-shipper.service"]
EXPOSURE = 20  # tenths: what systemd calls 2.0
PROGRAMS = {"tidegauge": shipper_parser, "tidegauge-collector": collector_parser}

each = pytest.mark.parametrize("path", SERVICES, ids=lambda path: path.name)
each_daemon = pytest.mark.parametrize("path", DAEMONS, ids=lambda path: path.name)
with_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed here"
)


def entries(path: Path) -> dict[str, list[str]]:
    """All values of each key, whatever its section."""
    found: dict[str, list[str]] = {}
    for line in path.read_text().splitlines():
        if "=" in line and not line.startswith("#"):
            key, value = line.split("=", 1)
            found.setdefault(key, []).append(value)
    return found


def variables(path: Path) -> dict[str, str]:
    """What Environment= sets."""
    words = [word for value in entries(path).get("Environment", []) for word in value.split()]
    return dict(word.split("=", 1) for word in words)


@each
def test_units_start_commands_that_there_are(path):
    for line in entries(path)["ExecStart"] + entries(path).get("ExecStartPre", []):
        program, *arguments = shlex.split(line)

        assert Path(program).parent == Path("/opt/tidegauge/bin")
        PROGRAMS[Path(program).name]().parse_args(arguments)


@each_daemon
def test_a_wrong_configuration_is_not_tried_again_and_a_broken_store_is(path):
    found = entries(path)

    assert found["Restart"] == ["on-failure"]
    assert found["RestartPreventExitStatus"] == [str(ConfigError("").exit_code)]
    assert found["RestartForceExitStatus"] == [str(StoreFatal("").exit_code)]
    assert str(DataDirectoryLocked("").exit_code) not in found["RestartPreventExitStatus"], (
        "the other may be just ending"
    )


def test_the_collectors_environment_is_read_as_its_settings(tmp_path):
    path = FOLDER / "tidegauge-collector.service"
    found = {name: value.replace("%d", str(tmp_path)) for name, value in variables(path).items()}
    credentials = [value.split(":")[0] for value in entries(path)["LoadCredential"]]
    for name in credentials:
        (tmp_path / name).touch()

    settings = load_settings(
        None, environment={key: value for key, value in found.items() if key.startswith("TIDEGAUGE_")}
    )

    assert settings.tls_cert == tmp_path / credentials[0]
    assert settings.tls_key == tmp_path / credentials[1]
    assert settings.data == Path("/var/lib") / entries(path)["StateDirectory"][0]


@each
def test_state_is_for_the_service_alone(path):
    assert entries(path)["StateDirectoryMode"] == ["0700"]
    assert entries(path)["UMask"] == ["0077"]
    assert entries(path)["User"] != ["root"]


def test_backups_are_made_by_the_user_of_the_collector_on_a_timer():
    backup, collector = entries(FOLDER / "tidegauge-backup.service"), entries(DAEMONS[0])

    assert backup["User"] == collector["User"]
    assert entries(FOLDER / "tidegauge-backup.timer")["Persistent"] == ["true"]


@with_systemd
@each
def test_systemd_finds_the_exposure_low(path):
    judged = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", f"--threshold={EXPOSURE}", str(path)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert judged.returncode == 0, judged.stdout[-2_000:] + judged.stderr


@with_systemd
def test_systemd_finds_nothing_wrong_with_the_units(tmp_path):
    for path in [*SERVICES, *FOLDER.glob("*.timer")]:
        text = path.read_text().replace("/opt/tidegauge/bin/", f"{Path(sys.executable).parent}/")
        (tmp_path / path.name).write_text(text)
    units = [str(path) for path in sorted(tmp_path.iterdir())]

    verified = subprocess.run(["systemd-analyze", "verify", *units], capture_output=True, text=True, check=False)

    said = [line for line in verified.stderr.splitlines() if "tidegauge" in line]
    assert said == []
    assert verified.returncode == 0, verified.stderr
