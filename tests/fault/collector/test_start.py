"""A start that cannot be: one clear line, the exit code that says what to do, and nothing touched."""

import signal
import socket
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from collector_daemon import Daemon
from collector_lives import Launcher

from tidegauge_collector.app import Collector
from tidegauge_collector.cli import main
from tidegauge_collector.errors import ConfigError, NewerDataError
from tidegauge_collector.settings import Address, CollectorSettings


@pytest.fixture(scope="module")
def kept(launcher: Launcher, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory that a collector has made and left in good order."""
    folder = tmp_path_factory.mktemp("kept")
    daemon = Daemon(launcher, folder).start()
    daemon.signal(signal.SIGTERM)
    assert daemon.wait() == 0
    return folder


@pytest.fixture
def daemon(launcher: Launcher, kept: Path, tmp_path: Path) -> Iterator[Daemon]:
    """A daemon on a copy of it."""
    subprocess.run(["cp", "-a", str(kept / "data"), str(tmp_path / "data")], check=True)
    made = Daemon(launcher, tmp_path)
    yield made
    made.end()


def contents(folder: Path) -> dict[str, bytes]:
    return {one.name: one.read_bytes() for one in folder.iterdir() if one.is_file() and one.name != "lock"}


def test_a_port_in_use_is_one_line_and_nothing_is_touched(daemon: Daemon) -> None:
    before = contents(daemon.data)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        daemon.grpc = address
        code, lines = daemon.refused()

    assert (code, len(lines)) == (1, 1)
    assert f"address {address} cannot be bound (Address already in use)" in lines[0]
    assert contents(daemon.data) == before


def test_a_data_directory_in_use_names_the_process_that_uses_it(launcher: Launcher, daemon: Daemon) -> None:
    daemon.start()
    before = daemon.endpoints
    second = Daemon(launcher, daemon.data.parent)

    code, lines = second.refused()

    assert (code, len(lines)) == (75, 1)
    assert f"is in use by process {daemon.pid}: stop that collector, or give another --data" in lines[0]
    assert daemon.endpoints == before
    assert daemon.get("/deployments")["items"] == []


async def started(data: Path) -> None:
    settings = CollectorSettings(data=data, http=Address("127.0.0.1", 0), grpc=Address("127.0.0.1", 0))
    await Collector(settings).start()


async def test_a_control_store_of_a_newer_version_is_refused(daemon: Daemon) -> None:
    with sqlite3.connect(daemon.data / "control.sqlite") as control:
        control.execute("UPDATE alembic_version SET version_num = '9999'")
    control.close()
    before = contents(daemon.data)

    with pytest.raises(NewerDataError, match="newer") as refused:
        await started(daemon.data)

    assert refused.value.exit_code == 78
    assert contents(daemon.data) == before


async def test_a_telemetry_store_of_a_newer_version_is_refused(daemon: Daemon) -> None:
    with duckdb.connect(str(daemon.data / "telemetry.duckdb")) as telemetry:
        telemetry.execute("INSERT INTO schema_steps VALUES (9999, 1)")

    with pytest.raises(NewerDataError, match="upgrade the collector") as refused:
        await started(daemon.data)

    assert refused.value.exit_code == 78


@pytest.mark.parametrize("obstacle", ["a file", "no directory"])
async def test_a_data_directory_that_cannot_be_is_a_configuration_error(tmp_path: Path, obstacle: str) -> None:
    data = tmp_path / "data" if obstacle == "a file" else Path("/proc/nowhere")
    if obstacle == "a file":
        data.write_text("mine")

    with pytest.raises(ConfigError, match=f"data directory {data} cannot be used") as refused:
        await started(data)

    assert refused.value.exit_code == 78


@pytest.mark.parametrize("command", ["serve", "check"])
def test_all_problems_of_a_configuration_are_told_at_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    config = tmp_path / "collector.toml"
    config.write_text('htpp = "127.0.0.1:1"\nmemory_limit_mb = 3\nlog_format = "xml"\n[[channels]]\nname = 7\n')
    arguments = ["check", str(config)]
    if command == "serve":
        arguments = ["serve", "--config", str(config), "--data", str(tmp_path / "data")]

    code = main(arguments)

    told = capsys.readouterr()
    assert (code, told.out) == (78, "")
    assert told.err.startswith(f"tidegauge-collector: 6 problem(s) in {config}:\n  - ")
    for words in (
        "htpp: unknown key; did you mean 'http'?",
        "memory_limit_mb = 3: write a whole number from 128",
        "log_format = 'xml': write one of console, json",
        "channels[1].name = 7: write text in quotes",
        "channels[1].url: missing",
        "channels[1]: give one of secret",
    ):
        assert words in told.err
    assert not (tmp_path / "data").exists()
